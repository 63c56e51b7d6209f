"""Finds what belongs to a plugin: by the catalogue and by the names of tables, so that its code is not needed."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import and_, bindparam, inspect, literal, or_, select

from crmkit.core.kernel.entities.absent import entity_of_shape
from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.table import NAMES_ENTITY
from crmkit.core.kernel.storage.migrations.revisions import VERSION_PREFIX, version_table
from crmkit.core.kernel.storage.tables import metadata as core_metadata

if TYPE_CHECKING:
    from sqlalchemy import Column, ColumnElement, Inspector, Select

    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Attached", "Holdings", "facts_of", "find_holdings", "mentions", "named_by", "stored_plugins"]

CORE: Final = "core"


@frozen(kw_only=True)
class Attached:
    """Records of somebody else that are about records of the plugin, and go with them: grants, comments and the like.

    Attributes:
        entity: of these records.
        field: by which they name what they are about.
        to: the entity that they name; the plugin if that may be any of its own.
        fits: which rows they are, of one tenant.
        naming: the column with the name of an entity of the plugin; None if they name something else that is attached.
    """

    entity: EntityType[Any]
    field: str
    to: str
    fits: ColumnElement[bool]
    naming: str | None = None

    @property
    def ids(self) -> Select[Any]:
        """Their ids, in the tenant that the parameter ``tenant`` names."""
        rows = self.entity.table
        return select(rows.c.id).where(rows.c.tenant_id == bindparam("tenant"), self.fits)


@frozen(kw_only=True)
class Holdings:
    """What belongs to a plugin.

    Attributes:
        plugin: its id.
        entities: its entities, by name, made from the catalogue's shapes.
        shapes: these shapes.
        others: everybody else's entities, by name.
        further: tables of which the catalogue knows nothing, with their columns.
        version_table: the table with its revision; None if there is none.
        attached: records of others that go with its own; what is attached to something comes after that.
        tied: foreign keys of others' tables to its own, each as table and its own table.
    """

    plugin: str
    entities: Mapping[str, EntityType[Any]]
    shapes: Mapping[str, Mapping[str, Any]]
    others: Mapping[str, EntityType[Any]]
    further: Mapping[str, tuple[str, ...]]
    version_table: str | None
    attached: tuple[Attached, ...]
    tied: tuple[tuple[str, str], ...]

    @property
    def tables(self) -> tuple[str, ...]:
        """Its tables but for the one with its revision, by name."""
        return tuple(sorted({*(e.table.name for e in self.entities.values()), *self.further}))

    @property
    def found(self) -> bool:
        """Whether there is any table."""
        return bool(self.tables or self.version_table)

    def names(self, column: Any) -> ColumnElement[bool]:
        """That ``column`` holds the name of an entity of the plugin, be it one that it has dropped since."""
        return named_by(self.plugin, column, self.entities)

    def kept(self) -> Iterator[tuple[EntityType[Any], Reference]]:
        """Where records of others may name its records, and stay as they are when those are gone."""
        return self._open_ended("clear")

    def refusing(self) -> Iterator[tuple[EntityType[Any], Reference]]:
        """Where records of others may name its records, which must then not go."""
        return self._open_ended("refuse")

    def mentioned(self) -> Iterator[Column[Any]]:
        """Where tables of the core that are no entity's name its entities; the rows go with these."""
        entities = {entity.table.name for entity in self.others.values()}
        for table, naming in mentions():
            if table not in entities:
                yield core_metadata.tables[table].c[naming]

    def _open_ended(self, on_delete: str) -> Iterator[tuple[EntityType[Any], Reference]]:
        for entity in self.others.values():
            for reference in entity.shape.references:
                if reference.entity is None and reference.on_delete == on_delete:
                    yield entity, reference


def named_by(plugin: str, column: Any, names: Iterable[str]) -> ColumnElement[bool]:
    """That ``column`` holds one of ``names``, or another that begins with the plugin's id and a dot."""
    first, behind = literal(f"{plugin}.", Text()), literal(f"{plugin}/", Text())  # the character after the dot
    listed = [literal(n, Text()) for n in sorted(names)]
    return or_(*([column.in_(listed)] if listed else []), and_(column > first, column < behind))


def stored_plugins(db: Db) -> frozenset[str]:
    """Ids of the plugins that have something stored, installed or not."""
    revised = {n.removeprefix(VERSION_PREFIX) for n in _there(db) if n.startswith(VERSION_PREFIX)}
    return frozenset({plugin for plugin, _ in read_catalogue(db).values()} | revised) - {CORE}


def find_holdings(db: Db, plugin: str, *, known: Collection[str] = ()) -> Holdings:
    """What belongs to ``plugin``.

    Args:
        db: where.
        plugin: its id.
        known: ids of other plugins; their tables are theirs, although the names may begin alike.
    """
    catalogue = read_catalogue(db)
    made = {name: entity_of_shape(shape) for name, (_, shape) in catalogue.items()}
    own = {name: entity for name, entity in made.items() if catalogue[name][0] == plugin}
    others = {name: entity for name, entity in made.items() if name not in own}
    there = _there(db)
    rivals = {*known, *(p for p, _ in catalogue.values()), *stored_plugins(db)} - {plugin, CORE}
    taken = {e.table.name for e in others.values()} | {t.name for t in core_metadata.tables.values()}
    version = version_table(plugin)
    tables = {e.table.name for e in own.values()} & there
    further = {name for name in there if _is_of(name, plugin, rivals) and name not in taken} - tables
    return Holdings(
        plugin=plugin,
        entities={name: entity for name, entity in own.items() if entity.table.name in there},
        shapes={name: catalogue[name][1] for name in own},
        others=others,
        further={name: _columns(db, name) for name in sorted(further)},
        version_table=version if version in there else None,
        attached=tuple(_attached(plugin, own, others)),
        tied=tuple(_tied(db, tables | further, there)),
    )


def _there(db: Db) -> frozenset[str]:
    inspector: Inspector = inspect(db.connection)
    return frozenset(inspector.get_table_names(db.schema))


def _columns(db: Db, name: str) -> tuple[str, ...]:
    inspector: Inspector = inspect(db.connection)
    return tuple(c["name"] for c in inspector.get_columns(name, db.schema))


def _is_of(table: str, plugin: str, rivals: Iterable[str]) -> bool:
    """Whether the name begins with the plugin's prefix, and with no longer one of another plugin."""
    prefix = f"crm_{plugin}_"
    longer = (f"crm_{rival}_" for rival in rivals if rival.startswith(f"{plugin}_"))
    return table.startswith(prefix) and not any(table.startswith(other) for other in longer)


def _tied(db: Db, tables: Collection[str], there: Iterable[str]) -> Iterator[tuple[str, str]]:
    inspector: Inspector = inspect(db.connection)
    for name in sorted(there):
        if name not in tables:
            for key in inspector.get_foreign_keys(name, db.schema):
                if key["referred_table"] in tables:
                    yield name, key["referred_table"]


# -- what is attached -------------------------------------------------------------------------------------------------


def mentions() -> Iterator[tuple[str, str]]:
    """Table and column of the core's where rows about all records of an entity name it."""
    for table in core_metadata.sorted_tables:
        for column in table.columns:
            if column.info.get("names") == NAMES_ENTITY["names"]:
                yield table.name, column.name


def facts_of(entity: str) -> Iterator[Column[Any]]:
    """Columns of the core's tables of facts that hold the id of a record of ``entity``, and are nothing without it."""
    for table in core_metadata.sorted_tables:
        yield from (column for column in table.columns if column.info.get("of") == entity)


def _attached(
    plugin: str, own: Mapping[str, EntityType[Any]], others: Mapping[str, EntityType[Any]]
) -> Iterator[Attached]:
    """By references that say that a record goes with what it names; then what goes with those records in turn."""
    rows = [*_direct(plugin, own, others)]
    seen: set[tuple[str, str, str]] = set()
    while rows:
        one = rows.pop(0)
        yield one
        for entity, reference in _going(others):
            key = (entity.name, reference.column, one.entity.name)
            if reference.entity not in {None, one.entity.name} or entity is one.entity or key in seen:
                continue
            if reference.entity is None and one.entity.part_of is not None:
                continue  # such references name whole records only
            seen.add(key)
            fits = _names_one(entity, reference, one)
            rows.append(Attached(entity=entity, field=reference.column, to=one.entity.name, fits=fits))


def _direct(
    plugin: str, own: Mapping[str, EntityType[Any]], others: Mapping[str, EntityType[Any]]
) -> Iterator[Attached]:
    for entity, reference in _going(others):
        if reference.entity is None:
            naming = reference.entity_column or ""
            fits = named_by(plugin, entity.table.c[naming], own)
            yield Attached(entity=entity, field=reference.column, to=plugin, fits=fits, naming=naming)
    tables = {entity.table.name: entity for entity in others.values()}
    for table, naming in mentions():
        if table in tables:
            fits = named_by(plugin, tables[table].table.c[naming], own)
            yield Attached(entity=tables[table], field=naming, to=plugin, fits=fits, naming=naming)


def _going(entities: Mapping[str, EntityType[Any]]) -> Iterator[tuple[EntityType[Any], Reference]]:
    for entity in entities.values():
        for reference in entity.shape.references:
            if reference.on_delete == "delete":
                yield entity, reference


def _names_one(entity: EntityType[Any], reference: Reference, one: Attached) -> ColumnElement[bool]:
    columns = entity.table.c
    fits: ColumnElement[bool] = columns[reference.column].in_(one.ids)
    if reference.entity is None:
        fits = and_(columns[reference.entity_column or ""] == literal(one.entity.name, Text()), fits)
    return fits
