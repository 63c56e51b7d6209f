"""The catalogue: every entity's shape as stored data, so that absent plugins are covered without their code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import asdict
from sqlalchemy import bindparam, delete, insert, select

from crmkit.core.kernel.entities.columns import Json, codec_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import catalog_table
from crmkit.errors import Problem

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import Shape
    from crmkit.core.kernel.storage.database import Db

__all__ = ["catalogue_problems", "read_catalogue", "shape_to_json", "write_catalogue"]

_READ = Statement(select(catalog_table.c.entity, catalog_table.c.plugin, catalog_table.c.shape))
_DELETE = Statement(delete(catalog_table).where(catalog_table.c.plugin == bindparam("of_plugin")))
_INSERT = Statement(insert(catalog_table).values({c.name: bindparam(c.name) for c in catalog_table.columns}))


def shape_to_json(shape: Shape) -> dict[str, Any]:
    """A shape in JSON form."""
    data = asdict(shape, recurse=False)
    data["fields"] = {name: _field(asdict(field)) for name, field in shape.fields.items()}
    data["references"] = [asdict(r) for r in shape.references]
    data["uniques"] = [list(u) for u in shape.uniques]
    data["visible_with"] = list(shape.visible_with)
    return data


def _field(data: dict[str, Any]) -> dict[str, Any]:
    data["columns"] = list(data["columns"])
    return {key: value for key, value in data.items() if value is not None}


def write_catalogue(db: Db, plugin: str, entities: Iterable[EntityType[Any]]) -> None:
    """Replace what the catalogue says of ``plugin``; called in the transaction of its migration."""
    db.run(_DELETE, {"of_plugin": plugin})
    rows = [{"entity": e.name, "plugin": plugin, "shape": shape_to_json(e.shape)} for e in entities]
    if rows:
        db.run_many(_INSERT, rows)


def read_catalogue(db: Db) -> dict[str, tuple[str, Mapping[str, Any]]]:
    """Entity to (plugin, shape in JSON form), of absent plugins too."""
    load = codec_of(Json(), db.dialect).from_driver
    return {entity: (plugin, load(shape) if load else shape) for entity, plugin, shape in db.rows(_READ, {})}


def catalogue_problems(
    stored: Mapping[str, tuple[str, Mapping[str, Any]]], plugin: str, entities: Iterable[EntityType[Any]]
) -> list[Problem]:
    """Where the code's shapes differ from the ``stored`` catalogue: a migration is missing or was not written."""
    problems = []
    for entity in entities:
        owner, shape = stored.get(entity.name, (None, None))
        if owner != plugin or shape is None or dict(shape) != _shape_of(entity):
            message = f"the code's {entity.name} is not what the database's catalogue says"
            fix = f"Write a migration for the change and run: crmkit db upgrade {plugin}"
            problems.append(Problem("catalogue_differs", plugin, message, fix))
    return problems


@lru_cache(maxsize=4_096)
def _shape_of(entity: EntityType[Any]) -> Mapping[str, Any]:
    """In JSON form, and once for all deployments in a process."""
    return shape_to_json(entity.shape)
