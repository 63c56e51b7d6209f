"""Entities of plugins that are not loaded, made from what the catalogue says of them.

Their models are plain: no validators, no methods, and nobody owns their records, so that only rights on all records
count. That is enough for what must also work for absent plugins: undo, restore and merge.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

import attrs
from sqlalchemy import Column, PrimaryKeyConstraint, Table, UniqueConstraint

from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.columns import Coded, Day, Exact, Flag, Id, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.entity import EntityType, Field, Record
from crmkit.core.kernel.entities.registry import EntityRegistry
from crmkit.core.kernel.entities.shape import Reference
from crmkit.core.kernel.entities.table import new_metadata

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["entity_of_shape", "whole_registry"]

_TYPES: Final[Mapping[str, Callable[[], Coded]]] = {
    "text": Text,
    "integer": Integer,
    "boolean": Flag,
    "date": Day,
    "instant": Instant,
    "id": Id,
    "json": Json,
}


def whole_registry(db: Db, loaded: EntityRegistry, known: dict[str, EntityType[Any]]) -> EntityRegistry:
    """The loaded entities, and those that only the catalogue knows.

    Args:
        db: where the catalogue is.
        loaded: the entities of the deployment.
        known: what was made of shapes before, kept between calls, since making a model takes long.
    """
    catalogue = read_catalogue(db)
    absent = {name: said for name, said in catalogue.items() if name not in loaded and said[1]["kind"] == "entity"}
    if not absent:
        return loaded
    given: dict[str, list[EntityType[Any]]] = {}
    for entity in loaded:
        given.setdefault(loaded.plugin_of(entity.name), []).append(entity)
    for name, (plugin, shape) in absent.items():
        kept = f"{name} {shape!r}"
        made = known.get(kept)
        if made is None:
            made = known[kept] = entity_of_shape(shape)
        given.setdefault(plugin, []).append(made)
    return EntityRegistry(given)


def entity_of_shape(shape: Mapping[str, Any]) -> EntityType[Any]:
    """An entity that reads and writes the table of which the catalogue has this shape."""
    references = {r["column"]: Reference(**r) for r in shape["references"]}
    columns: list[Any] = [Column("tenant_id", Text(), nullable=False)]
    for name, said in shape["fields"].items():
        columns += _columns(said, references.get(name))
    columns += [UniqueConstraint(*unique) for unique in shape["uniques"]]
    own = [name for name in shape["fields"] if name not in {a.name for a in attrs.fields(Record)}]
    return EntityType(
        name=shape["entity"],
        model=attrs.make_class(
            "Absent",
            {name: attrs.field(default=None) for name in own},
            bases=(Record,),
            frozen=True,
            slots=True,
            kw_only=True,
        ),
        table=Table(shape["table"], new_metadata(), *columns, PrimaryKeyConstraint("tenant_id", "id")),
        label=shape["entity"],
        display=shape["display"],
        orders=("id",),
        fields={
            name: Field(label=said["label"], data_class=said.get("data_class"), personal=said.get("personal"))
            for name, said in shape["fields"].items()
            if name in own
        },
        part_of=shape["part_of"],
        visible_with=tuple(shape.get("visible_with", ())),
        kind=shape["kind"],
    )


def _columns(said: Mapping[str, Any], reference: Reference | None) -> list[Column[Any]]:
    first, *more = said["columns"]
    nullable = said["nullable"]
    if said["type"] == "money":
        amount = Column(first, Exact(said.get("scale") or 4), nullable=nullable, info={"money": more[0]})
        return [amount, Column(more[0], Text(), nullable=nullable)]
    info = {} if reference is None else {"reference": reference}
    type_ = Exact(4 if said.get("scale") is None else said["scale"]) if said["type"] == "decimal" else None
    return [Column(first, type_ or _TYPES[said["type"]](), nullable=nullable, info=info)]
