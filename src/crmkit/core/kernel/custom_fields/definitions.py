"""The custom fields of one tenant, as a process keeps them until one is changed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen
from sqlalchemy import bindparam, select

from crmkit.core.kernel.custom_fields.model import CustomField, FieldKind
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD, custom_field_table
from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.entities.columns import LogicalType
from crmkit.core.kernel.entities.custom import DECIMAL_PLACES, MONEY_PLACES, NO_CUSTOM, CustomShapes, physical_name
from crmkit.core.kernel.entities.shape import FieldShape, Reference
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.access.policy import Rights
    from crmkit.core.kernel.storage.database import Db

__all__ = ["NONE", "Definitions", "EntityFields", "read_definitions", "with_custom"]

_LOGICAL: Final[Mapping[FieldKind, LogicalType]] = {
    "number": "integer",
    "decimal": "decimal",
    "money": "money",
    "date": "date",
    "instant": "instant",
    "boolean": "boolean",
    "choices": "choices",
    "reference": "id",
}
_READ: Final = Statement(
    select(*(c for c in custom_field_table.columns if c.name != "tenant_id"))
    .where(custom_field_table.c.tenant_id == bindparam("tenant"))
    .order_by(custom_field_table.c.entity, custom_field_table.c.position, custom_field_table.c.key)
)
_CODECS: Final[dict[str, RowCodec[CustomField]]] = {}


@frozen(eq=False)
class EntityFields:
    """The custom fields of one entity.

    Attributes:
        entity: its name.
        live: those in use, by key, in order.
        removed: those that were removed and not purged, by key.
        required: of those in use, by key.
        defaulted: those in use that have a default, by key.
        unique: of those in use and removed, by key; a removed one still holds its values.
        references: those in use that refer to records, by key.
        searchable: of those in use.
    """

    entity: str
    live: Mapping[str, CustomField]
    removed: Mapping[str, CustomField]
    required: Mapping[str, CustomField] = field(init=False)
    defaulted: Mapping[str, CustomField] = field(init=False)
    unique: Mapping[str, CustomField] = field(init=False)
    references: Mapping[str, CustomField] = field(init=False)
    searchable: tuple[CustomField, ...] = field(init=False)

    def __attrs_post_init__(self) -> None:
        every = {**self.removed, **self.live}
        for name, found in (
            ("required", _where(self.live, lambda one: one.required)),
            ("defaulted", _where(self.live, lambda one: one.default is not None)),
            ("unique", _where(every, lambda one: one.unique)),
            ("references", _where(every, lambda one: one.kind == "reference")),
            ("searchable", tuple(one for one in self.live.values() if one.searchable)),
        ):
            object.__setattr__(self, name, found)

    def find(self, key: str) -> CustomField | None:
        """The field of that key, be it removed."""
        return self.live.get(key) or self.removed.get(key)


def _where(fields: Mapping[str, CustomField], fits: Callable[[CustomField], bool]) -> dict[str, CustomField]:
    return {key: one for key, one in fields.items() if fits(one)}


@frozen(eq=False)
class Definitions:
    """The custom fields of a tenant.

    Attributes:
        entities: by name, those that have any.
        shapes: the same, as criteria and rights see them.
    """

    entities: Mapping[str, EntityFields]
    shapes: CustomShapes

    @classmethod
    def of(cls, fields: Iterable[CustomField]) -> Definitions:
        """The definitions that these records make."""
        given: dict[str, tuple[dict[str, CustomField], dict[str, CustomField]]] = {}
        for one in fields:
            live, removed = given.setdefault(one.entity, ({}, {}))
            (live if one.removed_at is None else removed)[one.key] = one
        if not given:
            return NONE
        entities = {name: EntityFields(name, live, removed) for name, (live, removed) in given.items()}
        shapes = CustomShapes(
            {name: {one.name: _shape(one) for one in of.live.values()} for name, of in entities.items()},
            {name: frozenset(one.name for one in of.removed.values()) for name, of in entities.items() if of.removed},
            {
                name: {o.name: o.data_class for o in (*of.live.values(), *of.removed.values()) if o.data_class}
                for name, of in entities.items()
            },
            {name: frozenset(one.name for one in of.live.values() if one.indexed) for name, of in entities.items()},
        )
        return cls(entities, shapes)

    def __iter__(self) -> Iterator[CustomField]:
        for of in self.entities.values():
            yield from of.live.values()
            yield from of.removed.values()

    def find(self, entity: str, key: str) -> CustomField | None:
        """The field of that entity and key, be it removed."""
        of = self.entities.get(entity)
        return None if of is None else of.find(key)

    def referring(self, entity: str) -> list[CustomField]:
        """The fields, of any entity, whose values name records of ``entity``."""
        return [one for of in self.entities.values() for one in of.references.values() if one.refers_to == entity]

    def but(self, id_: UUID, now: CustomField | None) -> Definitions:
        """The same, where one definition is ``now`` what it is to be, or gone."""
        kept = [one for one in self if one.id != id_]
        return Definitions.of([*kept, now] if now is not None else kept)


NONE: Final = Definitions({}, NO_CUSTOM)
"""Of a tenant that has defined none."""


def _shape(one: CustomField) -> FieldShape:
    columns: tuple[str, ...] = (one.physical,)
    if one.kind == "money":
        columns = (one.physical, physical_name("k", one.key))
    reference = None
    if one.kind == "reference":
        reference = Reference(column=one.physical, entity=one.refers_to, name=one.name)
    return FieldShape(
        name=one.name,
        type=_LOGICAL.get(one.kind, "text"),
        columns=columns,
        nullable=True,
        label=one.label,
        data_class=one.data_class,
        searchable=one.searchable,
        reference=reference,
        scale={"decimal": DECIMAL_PLACES, "money": MONEY_PLACES}.get(one.kind),
    )


def read_definitions(db: Db, tenant: str) -> Definitions:
    """The definitions as they are stored."""
    codec = _CODECS.get(db.dialect)
    if codec is None:
        codec = _CODECS[db.dialect] = RowCodec(CUSTOM_FIELD, db.dialect)
    rows = db.rows(_READ, {"tenant": tenant})
    return Definitions.of(map(codec.load, rows)) if rows else NONE


def with_custom(rights: Rights, shapes: CustomShapes) -> Rights:
    """The same rights, of a tenant with these custom fields."""
    if rights.custom is shapes:
        return rights
    return evolve(
        rights,
        custom=shapes,
        delegated=tuple(evolve(one, rights=with_custom(one.rights, shapes)) for one in rights.delegated),
        restrictions=tuple(with_custom(one, shapes) for one in rights.restrictions),
    )


def texts_of(one: CustomField, custom: Mapping[str, Any]) -> Iterator[str]:
    """The texts of a field that search covers; choices by their labels."""
    value, labels = custom.get(one.key), one.labels
    if isinstance(value, tuple):
        yield from (labels.get(key, key) for key in value)
    elif value is not None:
        yield labels.get(value, value) if one.kind == "choice" else value
