"""Between rows and records: generated code without validation, since what is stored was validated when it was made.

A loader sets the slots of a record one by one (0.8 us for 14 fields; constructing it anew costs several times that).
The generated source depends on models and tables only, never on data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Generic, cast

import attrs

from crmkit.core.kernel.entities.columns import EMPTY, Codec, codec_of
from crmkit.core.kernel.entities.custom import PREFIX, custom_codec, key_of, tagged, untagged
from crmkit.core.kernel.entities.entity import EntityType, M
from crmkit.core.kernel.entities.erased import is_erased
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.values.money import Money

__all__ = ["Diff", "RowCodec"]

Diff = dict[str, tuple[Any, Any]]
Loader = Callable[[tuple[Any, ...]], Any]
Values = Callable[[Any], tuple[Any, ...]]

STAMPS = frozenset({"id", "version", "created_at", "updated_at"})
"""Fields that the gate sets; they are no part of a diff (but ``created_at`` of an insert or delete)."""


def _stored_money(amount: Decimal, currency: str) -> Money:
    money = object.__new__(Money)
    _set_amount(money, amount)
    _set_currency(money, currency)
    return money


_set_amount: Any = Money.__dict__["amount"].__set__
_set_currency: Any = Money.__dict__["currency"].__set__


class RowCodec(Generic[M]):
    """Turns rows of one entity into records and back, for one dialect.

    Attributes:
        columns: the columns, in the table's order, in which `load` expects and `values` gives them; not ``tenant_id``.
    """

    def __init__(self, entity: EntityType[M], dialect: str) -> None:
        self.entity = entity
        self.fields = entity.shape.fields
        self.columns: tuple[str, ...] = tuple(c.name for c in entity.table.columns if c.name != "tenant_id")
        self._codecs = {c: codec_of(entity.table.c[c].type, dialect) for c in self.columns}
        self._codecs["custom"] = custom_codec(self._codecs["custom"])
        self._json = {name: _json_codec(shape, self._codecs) for name, shape in self.fields.items()}
        self._values = {model: self._generate_values(model) for model in entity.models}
        self._setters = {
            model: {a.name: _setter(model, a.name) for a in attrs.fields(model)} for model in entity.models
        }
        self._copies = {model: _generate_copy(model) for model in entity.models}
        self._compared = {
            model: [a.name for a in attrs.fields(model) if a.name not in STAMPS and a.name != "custom"]
            for model in entity.models
        }
        self._images = {model: self._generate_image(model) for model in entity.models}
        self.load: Callable[[tuple[Any, ...]], M] = self._loader()

    def values(self, record: M) -> tuple[Any, ...]:
        """The driver's values of ``record``, in the order of `columns`."""
        return self._values[type(record)](record)

    def stamped(self, record: M, version: int, created_at: datetime, updated_at: datetime) -> M:
        """A copy of ``record`` with what the gate sets."""
        copy: M = self._copies[type(record)](record)
        setters = self._setters[type(record)]
        setters["version"](copy, version)
        setters["created_at"](copy, created_at)
        setters["updated_at"](copy, updated_at)
        return copy

    def replaced(self, record: M, values: Mapping[str, Any]) -> M:
        """A copy of ``record`` with other values, unvalidated; names that its model does not have are passed over.

        Args:
            record: what is copied.
            values: by field; of a custom field as ``custom.<key>``, None for none.
        """
        copy: M = self._copies[type(record)](record)
        setters = self._setters[type(record)]
        custom: dict[str, Any] = {}
        for name, value in values.items():
            if name in setters:
                setters[name](copy, value)
            elif name.startswith(PREFIX):
                custom[key_of(name)] = value
        if custom:
            kept = {key: value for key, value in {**record.custom, **custom}.items() if value is not None}
            setters["custom"](copy, MappingProxyType(kept) if kept else EMPTY)
        return copy

    def model_of(self, image: Mapping[str, Any]) -> type[M]:
        """The model of the record that an image in JSON form shows.

        Raises:
            KeyError: if its discriminator names no variant that there still is.
        """
        entity = self.entity
        return entity.variants[image[entity.discriminator or ""]] if entity.variants else entity.model

    def from_image(self, id_: Any, version: int, image: Mapping[str, Any]) -> M:
        """The record that an image in JSON form shows, unvalidated; fields that there are no more are passed over."""
        model = self.model_of(image)
        record: M = object.__new__(model)
        stamps = {"id": id_, "version": version, "updated_at": None, "custom": _custom_of(image)}
        for name, set_value in self._setters[model].items():
            value = stamps[name] if name in stamps else self.field_from_json(name, image.get(name))
            set_value(record, value)
        return record

    def rebuilt(self, id_: Any, version: int, image: Mapping[str, Any]) -> M:
        """The same, made by the model, whose validators may refuse it and which derives what is derived.

        Raises:
            Exception: whatever the model raises.
        """
        model = self.model_of(image)
        values: dict[str, Any] = {"id": id_, "version": version, "custom": _custom_of(image)}
        for attribute in attrs.fields(model):
            name = attribute.name
            if attribute.init and name not in values and name != "updated_at":
                if name in image:
                    values[name] = self.field_from_json(name, image[name])
                elif self.fields[name].nullable:
                    values[name] = None
        return model(**values)

    def driver_value(self, column: str, value: Any) -> Any:
        """One column's value as the driver takes it."""
        convert = self._codecs[column].to_driver
        return value if value is None or convert is None else convert(value)

    def image(self, record: M) -> dict[str, Any]:
        """Every field of ``record`` that has a value, but id, version and updated_at, in JSON form."""
        return self._images[type(record)](record)

    def diff(self, before: M, after: M) -> Diff:
        """Field to (before, after) in JSON form, of the fields that differ; custom fields one by one."""
        diff: Diff = {}
        for name in self._compared[type(after)]:
            old, new = getattr(before, name), getattr(after, name)
            if old is not new and old != new:
                to_json = self._json[name].to_json
                diff[name] = (_apply(to_json, old), _apply(to_json, new))
        if before.custom is not after.custom:
            for key in {**before.custom, **after.custom}:
                old, new = _apply(tagged, before.custom.get(key)), _apply(tagged, after.custom.get(key))
                if old != new:  # with their types, since 1 equals Decimal(1)
                    diff[PREFIX + key] = (old, new)
        return diff

    def changed_columns(self, diff: Diff) -> tuple[str, ...]:
        """The columns that an update for ``diff`` must set, besides version and updated_at."""
        names = dict.fromkeys("custom" if name.startswith(PREFIX) else name for name in diff)
        return tuple(c for name in names for c in self.fields[name].columns)

    def column_values(self, record: M, columns: tuple[str, ...]) -> list[Any]:
        """The driver's values of some columns of ``record``."""
        every = dict(zip(self.columns, self.values(record), strict=True))
        return [every[c] for c in columns]

    def field_from_json(self, name: str, value: Any) -> Any:
        """A field's Python value from its JSON form; None if it was erased."""
        return None if is_erased(value) else _apply(self._json[name].from_json, value)

    def field_to_json(self, name: str, value: Any) -> Any:
        """A field's JSON form from its Python value."""
        return _apply(self._json[name].to_json, value)

    # -- generation ---------------------------------------------------------------------------------------------------

    def _loader(self) -> Loader:
        entity = self.entity
        if not entity.variants:
            return self._generate_loader(entity.model)
        if entity.discriminator is None:
            msg = f"{entity.name}: variants need a discriminator"
            raise TypeError(msg)
        loaders = {kind: self._generate_loader(model) for kind, model in entity.variants.items()}
        place = self.columns.index(entity.discriminator)
        return lambda row: loaders[row[place]](row)

    def _generate_loader(self, model: type[Any]) -> Loader:
        names: dict[str, Any] = {"new": object.__new__, "model": model, "money": _stored_money}
        lines = ["def load(row):", f"    ({', '.join(f'c{i}' for i in range(len(self.columns)))},) = row"]
        lines.append("    record = new(model)")
        attributes = {a.name for a in attrs.fields(model)}
        for name, shape in self.fields.items():
            if name not in attributes:
                continue
            names[f"set_{name}"] = _setter(model, name)
            lines.append(f"    set_{name}(record, {self._load_expression(shape, names)})")
        lines.append("    return record")
        return cast("Loader", _compile("load", lines, names))

    def _load_expression(self, shape: FieldShape, names: dict[str, Any]) -> str:
        variables = [f"c{self.columns.index(c)}" for c in shape.columns]
        raw, convert = variables[0], self._codecs[shape.columns[0]].from_driver
        expression = raw
        if convert is not None:
            names[f"read_{shape.name}"] = convert
            expression = f"read_{shape.name}({raw})"
        if shape.type == "money":
            expression = f"money({expression}, {variables[1]})"
        nullable = shape.nullable and expression != raw
        return f"None if {raw} is None else {expression}" if nullable else expression

    def _generate_values(self, model: type[Any]) -> Values:
        names: dict[str, Any] = {}
        lines = ["def values(record):"]
        attributes = {a.name for a in attrs.fields(model)}
        places = dict.fromkeys(self.columns, "None")
        for name, shape in self.fields.items():
            if name not in attributes:
                continue
            lines.append(f"    {name}_ = record.{name}")
            parts = [f"{name}_.amount", f"{name}_.currency"] if shape.type == "money" else [f"{name}_"]
            for column, part in zip(shape.columns, parts, strict=True):
                convert, expression = self._codecs[column].to_driver, part
                if convert is not None:
                    names[f"write_{column}"] = convert
                    expression = f"write_{column}({part})"
                conditional = expression != f"{name}_" and shape.nullable
                places[column] = f"None if {name}_ is None else {expression}" if conditional else expression
        lines.append(f"    return ({', '.join(places.values())},)")
        return cast("Values", _compile("values", lines, names))

    def _generate_image(self, model: type[Any]) -> Callable[[Any], dict[str, Any]]:
        names: dict[str, Any] = {"tagged": tagged}
        lines = ["def image(record):", "    image = {}"]
        for name in (*self._compared[model], "created_at"):
            to_json, expression = self._json[name].to_json, "value"
            if to_json is not None:
                names[f"json_{name}"] = to_json
                expression = f"json_{name}(value)"
            lines.append(f"    if (value := record.{name}) is not None: image[{name!r}] = {expression}")
        lines.append("    for key, value in record.custom.items(): image['custom.' + key] = tagged(value)")
        lines.append("    return image")
        return cast("Callable[[Any], dict[str, Any]]", _compile("image", lines, names))


def _custom_of(image: Mapping[str, Any]) -> Mapping[str, Any]:
    found = {key_of(name): untagged(value) for name, value in image.items() if _is_custom(name, value)}
    return MappingProxyType(found) if found else EMPTY


def _is_custom(name: str, value: Any) -> bool:
    return name.startswith(PREFIX) and not is_erased(value)


def _generate_copy(model: type[Any]) -> Callable[[Any], Any]:
    names: dict[str, Any] = {"new": object.__new__, "model": model}
    lines = ["def copy(record):", "    copied = new(model)"]
    for attribute in attrs.fields(model):
        names[f"set_{attribute.name}"] = _setter(model, attribute.name)
        lines.append(f"    set_{attribute.name}(copied, record.{attribute.name})")
    lines.append("    return copied")
    return cast("Callable[[Any], Any]", _compile("copy", lines, names))


def _apply(convert: Callable[[Any], Any] | None, value: Any) -> Any:
    return value if value is None or convert is None else convert(value)


def _json_codec(shape: FieldShape, codecs: Mapping[str, Codec]) -> Codec:
    if shape.type == "money":
        return Codec(
            to_json=lambda m: [str(m.amount), m.currency],
            from_json=lambda raw: Money(raw[0], raw[1]),
        )
    return codecs[shape.columns[0]]


def _setter(model: type[Any], name: str) -> Callable[[Any, Any], None]:
    for cls in model.__mro__:
        descriptor: Any = cls.__dict__.get(name)
        if hasattr(descriptor, "__set__"):
            setter: Callable[[Any, Any], None] = descriptor.__set__
            return setter
    msg = f"{model.__name__}.{name} is no slot; models are attrs classes made with @frozen(kw_only=True)"
    raise TypeError(msg)


def _compile(name: str, lines: list[str], names: dict[str, Any]) -> Any:
    source = "\n".join(lines)
    exec(compile(source, f"<crmkit {name}>", "exec"), names)  # noqa: S102  # the source is made of code, as attrs does
    return names[name]
