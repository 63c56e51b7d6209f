"""What an entity is: an attrs model, a table, and the `EntityType` that joins them.

Registering an `EntityType` gives storage, versions, history, permissions on rows and fields, criteria and catalogue,
with no code of its own. Its pure-data half, the `Shape`, is what everything that must also work for absent plugins
relies on.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, TypeVar, cast
from uuid import UUID

import attrs
from attrs import field, frozen
from sqlalchemy import Index, Table, UniqueConstraint

from crmkit.core.kernel.entities.columns import EMPTY
from crmkit.core.kernel.entities.personal import is_personal
from crmkit.core.kernel.entities.shape import FieldShape, Shape, TableKind
from crmkit.errors import InvalidValueError, UnknownFieldError
from crmkit.values.ids import new_id

__all__ = ["EntityType", "Field", "Record", "nearest", "order_key"]


def _read_only(values: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if not values:
        return EMPTY
    if not isinstance(values, Mapping):
        raise InvalidValueError("custom", values, "is no mapping of keys to values, such as {'size': 42}")
    return MappingProxyType(dict(values))


@frozen(kw_only=True)
class Record:
    """The base of all models. Records are values: `attrs.evolve` makes a changed one, a command stores it.

    Attributes:
        id: made when the record is constructed.
        version: 0 until stored; raised by every change of the record or of its parts.
        created_at: when it was stored first, UTC; None until then.
        updated_at: when it was stored last, UTC; None until then.
        custom: values of custom fields by key, as a tenant has defined them.
    """

    id: UUID = field(factory=new_id)
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None
    custom: Mapping[str, Any] = field(default=EMPTY, converter=_read_only)


M = TypeVar("M", bound=Record)


def _names(given: str | Iterable[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


@frozen(kw_only=True)
class Field:
    """What an entity says about one of its fields beyond what its column says.

    Attributes:
        label: for people; made from the name by default.
        data_class: a class of data that permissions can name, such as ``personal`` or ``financial``.
        searchable: whether full-text search covers it.
        personal: whether it tells of a person, so that erasing the person takes its value. By default: what is of the
            class ``personal``, and every text in a table that refers to another, unless it is clear that it holds a
            word of a list, an actor or a team.
    """

    label: str | None = None
    data_class: str | None = None
    searchable: bool = False
    personal: bool | None = None


# -- the entity -------------------------------------------------------------------------------------------------------


@frozen(eq=False, kw_only=True)
class EntityType(Generic[M]):
    """Joins a model and a table.

    Attributes:
        name: ``noun`` in the core, ``plugin.noun`` in a plugin.
        model: the attrs class; each attribute is a column of the same name (money: two columns).
        table: made by `entity_table`.
        label: for people, singular.
        display: the field that names a record to people.
        owner: the field that holds the owning actor's id, if records are owned.
        team: the field that holds the owning team's key, if records belong to teams.
        orders: keyset orders, such as ``-updated_at``; each gets its indexes. The first one is the default.
        fields: what is to be said about fields beyond their columns.
        part_of: the field that refers to the record that this one is part of: shares its version and permissions.
        visible_with: the fields that refer to records without whose visibility this one is hidden; one may be given by
            its name alone. What refers to a record of any kind whose plugin is absent, or that is gone, is seen by
            those who may read everything.
        goes_with: the fields that refer to records that this one hangs on, as a comment does: whoever reads such a
            record reads what hangs on it, unless a rule forbids it; and whoever may delete it, merge it or bring it
            back needs no further right for what this does to the ones that go with it.
        kind: entity; derived, which follows from other records and is rewritten with them; or fact, which is recorded
            once and never taken back: no undo removes it, unless what it is declared to be deleted with goes, too. It
            follows merges, and what undoes them, like an entity.
        discriminator: the field that tells which of ``variants`` a record is.
        variants: subclasses of ``model`` by the value of the discriminator.
        staged: whether records move through the stages of a pipeline.
    """

    name: str
    model: type[M]
    table: Table
    label: str
    display: str
    owner: str | None = None
    team: str | None = None
    orders: tuple[str, ...] = ("-updated_at",)
    fields: Mapping[str, Field] = field(factory=dict)
    part_of: str | None = None
    visible_with: tuple[str, ...] = field(default=(), converter=_names)
    goes_with: tuple[str, ...] = field(default=(), converter=_names)
    kind: TableKind = "entity"
    discriminator: str | None = None
    variants: Mapping[str, type[M]] = field(factory=dict)
    staged: bool = False
    shape: Shape = field(init=False)

    def __attrs_post_init__(self) -> None:
        object.__setattr__(self, "shape", _shape(self))
        _add_order_indexes(self)

    def __repr__(self) -> str:
        return f"<EntityType {self.name}>"

    def field(self, name: str) -> FieldShape:
        """The field called ``name``.

        Raises:
            UnknownFieldError: if there is none; names the nearest one.
        """
        try:
            return self.shape.fields[name]
        except KeyError:
            raise UnknownFieldError(self.name, name, nearest=nearest(name, self.shape.fields)) from None

    @property
    def models(self) -> tuple[type[M], ...]:
        """The model and its variants."""
        return (self.model, *self.variants.values())


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of ``known`` that ``name`` most likely meant, if any is near."""
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return close[0] if close else None


def _model_attributes(entity: EntityType[Any]) -> list[str]:
    names: dict[str, None] = {}
    for model in (entity.model, *entity.variants.values()):
        names.update(dict.fromkeys(a.name for a in attrs.fields(model)))
    return list(names)


def _shape(entity: EntityType[Any]) -> Shape:
    table, columns = entity.table, entity.table.c
    unknown = set(entity.fields) - set(_model_attributes(entity))
    if unknown:
        msg = f"{entity.name}: fields that the model does not have: {', '.join(sorted(unknown))}"
        raise TypeError(msg)
    fields: dict[str, FieldShape] = {}
    for name in _model_attributes(entity):
        if name not in columns:
            msg = f"{entity.name}: the model has {name!r}, but the table {table.name} has no such column"
            raise TypeError(msg)
        column, said = columns[name], entity.fields.get(name, Field())
        currency = column.info.get("money")
        fields[name] = FieldShape(
            name=name,
            type="money" if currency else cast("Any", column.type).logical,
            columns=(name, currency) if currency else (name,),
            nullable=bool(column.nullable),
            label=said.label or name.removesuffix("_id").replace("_", " ").capitalize(),
            data_class=said.data_class,
            searchable=said.searchable,
            reference=column.info.get("reference"),
            scale=getattr(column.type, "scale", None),
            personal=is_personal(entity, name, said),
        )
    held = {c for f in fields.values() for c in f.columns} | {"tenant_id"}
    missing = [c.name for c in columns if c.name not in held]
    if missing:
        msg = f"{entity.name}: columns that the model does not have: {', '.join(missing)}"
        raise TypeError(msg)
    return Shape(
        entity=entity.name,
        table=table.name,
        kind=entity.kind,
        fields=MappingProxyType(fields),
        references=tuple(c.info["reference"] for c in columns if "reference" in c.info),
        # Sorted, since a table's constraints are a set, and shapes of different processes are compared.
        uniques=tuple(
            sorted(tuple(c.name for c in u.columns) for u in table.constraints if isinstance(u, UniqueConstraint))
        ),
        part_of=entity.part_of,
        display=entity.display,
        visible_with=entity.visible_with,
    )


def order_key(order: str) -> tuple[str, bool]:
    """The field of an order such as ``-updated_at``, and whether it descends."""
    return order.removeprefix("-"), order.startswith("-")


def _add_order_indexes(entity: EntityType[Any]) -> None:
    """Indexes ``(tenant_id[, owner | team], [key is null,] key, id)`` for each order, once per table."""
    table, columns = entity.table, entity.table.c
    for order in entity.orders:
        key, _ = order_key(order)
        column = columns[key]
        for scope in (None, entity.owner, entity.team):
            if scope is None and key == "id":
                continue  # that is the primary key
            name = "_".join(["ox", table.name, *([scope] if scope else []), key])
            if any(i.name == name for i in table.indexes):
                continue
            parts: list[Any] = [columns.tenant_id]
            if scope:
                parts.append(columns[scope])
            if column.nullable:
                parts.append(column.is_(None))
            if key != "id":
                parts.append(column)
            Index(name, *parts, columns.id)
