"""Values of custom fields: in Python, in the JSON column ``custom``, in history, and as they are shown.

The *physical* key in the column carries the type of the value, ``n_size`` or ``t_size``, so rows, history and indexes
can be read without knowing how a tenant has defined its fields, and one index serves all tenants. History has one entry
per field, ``custom.size``, whose value carries the type, too: ``{"n": 42}``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.columns import EMPTY, Codec
from crmkit.core.kernel.entities.erased import is_erased
from crmkit.values.instants import format_instant, parse_instant
from crmkit.values.money import Money

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.shape import FieldShape

__all__ = [
    "DECIMAL_PLACES",
    "NO_CUSTOM",
    "PREFIX",
    "CustomShapes",
    "custom_codec",
    "key_of",
    "letter_of",
    "physical_name",
    "plain_decimal",
    "shown",
    "shown_fields",
    "tagged",
    "untagged",
]

PREFIX: Final = "custom."
"""What the name of a custom field begins with in criteria, rules and history."""
DECIMAL_PLACES: Final = 6
"""Decimal places of every custom decimal; it is stored as a whole number of such parts."""
MONEY_PLACES: Final = 4
OTHER: Final = "j"
"""The letter of a value that is no custom field's, such as one that a host wrote by itself."""

Convert = Callable[[Any], Any]


def plain_decimal(value: Decimal) -> Decimal:
    """The same number without zeros at its end, and without an exponent: 2.5 and 100."""
    short = value.normalize()
    return short.quantize(Decimal(1)) if short.as_tuple().exponent > 0 else short  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue]  # only finite numbers are stored


def _money_to(value: Money) -> list[Any]:
    return [int(value.amount.scaleb(MONEY_PLACES)), value.currency]


def _money_from(raw: Any) -> Money:
    return Money(Decimal(raw[0]).scaleb(-MONEY_PLACES), raw[1])


_LETTERS: Final[Mapping[type[Any], str]] = {
    str: "t",
    bool: "b",
    int: "n",
    Decimal: "x",
    Money: "m",
    datetime: "i",
    date: "d",
    UUID: "r",
    tuple: "c",
}
_TO: Final[Mapping[str, Convert]] = {
    "x": lambda v: int(v.scaleb(DECIMAL_PLACES)),
    "m": _money_to,
    "i": format_instant,
    "d": date.isoformat,
    "r": lambda v: v.hex,  # as SQLite can make of an id, too
    "c": list,
}
_FROM: Final[Mapping[str, Convert]] = {
    "x": lambda raw: plain_decimal(Decimal(raw).scaleb(-DECIMAL_PLACES)),
    "m": _money_from,
    "i": parse_instant,
    "d": date.fromisoformat,
    "r": UUID,
    "c": tuple,
}
_SHOWN: Final[Mapping[str, Convert]] = {
    "x": lambda raw: str(_FROM["x"](raw)),
    "m": lambda raw: [str(_money_from(raw).amount), raw[1]],
    "r": lambda raw: str(UUID(raw)),
}


def _as_it_is(value: Any) -> Any:
    return value


def letter_of(value: Any) -> str:
    """The letter of a value's type in physical keys and history."""
    return _LETTERS.get(type(value), OTHER)


def tagged(value: Any) -> dict[str, Any]:
    """A value in JSON form with its type, as history has it."""
    letter = letter_of(value)
    return {letter: _TO.get(letter, _as_it_is)(value)}


def untagged(given: Mapping[str, Any]) -> Any:
    """The value that `tagged` gave as ``given``."""
    ((letter, raw),) = given.items()
    return _FROM.get(letter, _as_it_is)(raw)


def shown(given: Any) -> Any:
    """A value of history in the JSON form that people and programs are shown; None and what was erased stay as is."""
    if given is None or is_erased(given):
        return given
    ((letter, raw),) = given.items()
    return _SHOWN.get(letter, _as_it_is)(raw)


def shown_fields(image: Mapping[str, Any]) -> dict[str, Any]:
    """An image of history with its custom fields as they are shown."""
    return {name: shown(value) if name.startswith(PREFIX) else value for name, value in image.items()}


def _to_row(values: Mapping[str, Any]) -> dict[str, Any]:
    row = {}
    for key, value in values.items():
        letter = letter_of(value)
        row[f"{letter}_{key}"] = _TO.get(letter, _as_it_is)(value)
    return row


def _from_row(row: Mapping[str, Any]) -> Mapping[str, Any]:
    return MappingProxyType({key[2:]: _FROM.get(key[0], _as_it_is)(raw) for key, raw in row.items()})


def custom_codec(column: Codec) -> Codec:
    """The codec of the column ``custom``, given that of JSON."""
    dump, load = column.to_driver or _as_it_is, column.from_driver or _as_it_is

    def to_driver(values: Mapping[str, Any]) -> Any:
        return dump(_to_row(values) if values else EMPTY)

    def from_driver(raw: Any) -> Mapping[str, Any]:
        row = load(raw)
        return _from_row(row) if row else EMPTY

    return Codec(to_driver, from_driver, column.to_json, column.from_json)


def physical_name(letter: str, key: str) -> str:
    """What stands for a custom field where a column's name is wanted, such as ``custom.n_size``."""
    return f"{PREFIX}{letter}_{key}"


def key_of(name: str) -> str:
    """The key of the custom field that is called ``name``."""
    return name.removeprefix(PREFIX)


@frozen(eq=False)
class CustomShapes:
    """A tenant's custom fields as criteria and rights see them.

    Attributes:
        live: entity to field by its name, such as ``custom.size``.
        hidden: entity to the names of fields that were removed, whose values are kept.
        classes: entity to the data class of each field that has one, also of those that were removed.
        indexed: entity to the names of fields of which an index is wanted.
    """

    live: Mapping[str, Mapping[str, FieldShape]]
    hidden: Mapping[str, frozenset[str]]
    classes: Mapping[str, Mapping[str, str]]
    indexed: Mapping[str, frozenset[str]] = EMPTY

    def of(self, entity: str) -> Mapping[str, FieldShape]:
        """The fields of an entity, by name."""
        return self.live.get(entity, EMPTY)

    def of_class(self, entity: str, data_class: str) -> frozenset[str]:
        """Names of the entity's fields that are of a class of data."""
        return frozenset(n for n, c in self.classes.get(entity, EMPTY).items() if c == data_class)


NO_CUSTOM: Final = CustomShapes({}, {}, {})
"""Of a tenant that has defined none."""
