"""Removes what belongs to a plugin, in one transaction: all of it is gone, or nothing has happened.

What is the core's stays the core's: units of work stay as facts, marked with the plugin whose changes they have lost;
history of core records stays, and so do the labels that they took of the plugin's records.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from graphlib import CycleError, TopologicalSorter
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import (
    MetaData,
    Table,
    and_,
    bindparam,
    case,
    delete,
    exists,
    false,
    func,
    inspect,
    literal,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.schema import DropTable

from crmkit.core.kernel.access.actors import SYSTEM
from crmkit.core.kernel.belongings.holdings import facts_of
from crmkit.core.kernel.entities.catalog import write_catalogue
from crmkit.core.kernel.entities.columns import Id, Integer, Json, Text, codec_of
from crmkit.core.kernel.search.storing import forget_documents, forget_part
from crmkit.core.kernel.search.tables import search_table
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import CHUNK, chunks
from crmkit.core.kernel.storage.tables import (
    change_table,
    job_table,
    once_table,
    plugin_state_table,
    tenant_table,
    unit_table,
)
from crmkit.core.kernel.units.work import UnitFacts

if TYPE_CHECKING:
    from sqlalchemy import Inspector

    from crmkit.core.kernel.belongings.holdings import Attached, Holdings
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.plugins.plugin import Area
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.units import Units

__all__ = ["Purge"]

Progress = Callable[[str], None]

_C, _U, _O = change_table.c, unit_table.c, once_table.c
_OTHER = change_table.alias("other").c
_TENANT: Any = bindparam("tenant")
_PLUGIN: Any = bindparam("of_plugin", type_=Text())
_IDS: Final = [bindparam(f"id_{n}", type_=Id()) for n in range(CHUNK)]

_JOBS: Final = Statement(delete(job_table).where(job_table.c.tenant_id == _TENANT, job_table.c.plugin == _PLUGIN))
_STATES: Final = Statement(delete(plugin_state_table).where(plugin_state_table.c.plugin == _PLUGIN))
_RAISE: Final = Statement(update(tenant_table).values(plugin_generation=tenant_table.c.plugin_generation + 1))
_GONE: Final = Statement(
    select(_C.record_id, _C.diff)
    .where(
        _C.tenant_id == _TENANT, _C.entity == bindparam("entity"), _C.op == "delete", _C.record_id > bindparam("after")
    )
    .order_by(_C.record_id, _C.version)
    .limit(bindparam("size", type_=Integer()))
)
_WAKE: Final = Statement(update(tenant_table).where(tenant_table.c.active == false()).values(active=true()))
_ASLEEP: Final = Statement(select(tenant_table.c.tenant_id).where(tenant_table.c.active == false()))
_SLEEP: Final = Statement(update(tenant_table).where(tenant_table.c.tenant_id == _TENANT).values(active=false()))
PAGE: Final = 1000
_NIL: Final = UUID(int=0)
NOTHING: Final[Mapping[str, Any]] = MappingProxyType({})


class Purge:
    """Removes what belongs to one plugin.

    Args:
        db: in the transaction that everything happens in.
        holdings: what belongs to the plugin.
        tenants: ids of all tenants.
        progress: told each step before it is taken.
    """

    def __init__(self, db: Db, holdings: Holdings, tenants: Sequence[str], *, progress: Progress | None = None) -> None:
        self._db, self._holdings, self._tenants = db, holdings, tenants
        self._say = progress or (lambda _: None)

    def run(self, units: Units[Any], areas: Sequence[Area], *, actor: str) -> None:
        """Remove everything.

        Args:
            units: makes the units in which areas forget the plugin.
            areas: of the core.
            actor: who asked for it, for history.
        """
        plugin = self._holdings.plugin
        self._db.run(_RAISE, {})  # first, since units at work may hold these rows, and wait for tables later
        asleep = [tenant for (tenant,) in self._db.rows(_ASLEEP, {})]
        self._db.run(_WAKE, {})  # no unit begins in a tenant that is switched off; nobody else sees it awake
        for tenant in self._tenants:
            self._say(f"{tenant}: what others keep for it")
            facts = UnitFacts(reason=f"plugin {plugin} purged by {actor}", source=f"purge:{plugin}")
            with units.join(self._db.connection, SYSTEM, tenant, facts=facts) as uow:
                for area in areas:
                    area.forget(uow, plugin)
            self._forget_answers(tenant)
            self._keep_versions(tenant)
            self._say(f"{tenant}: records of others that are about its own")
            for one in reversed(self._holdings.attached):
                self._detach(tenant, one)
            self._say(f"{tenant}: history and jobs")
            self._unlog(tenant, self._holdings.names(_C.entity))
            self._db.run(_JOBS, {"tenant": tenant, "of_plugin": plugin})
            self._forget_texts(tenant)
            for named in self._holdings.mentioned():
                rows: Any = named.table
                fits = rows.c.tenant_id == _TENANT, self._holdings.names(named)
                self._db.run(Statement(delete(rows).where(*fits)), {"tenant": tenant})
        for tenant in asleep:
            self._db.run(_SLEEP, {"tenant": tenant})
        self._say("tables")
        self._db.run(_STATES, {"of_plugin": plugin})
        write_catalogue(self._db, plugin, ())
        self._drop_tables()

    # -- rows of others -----------------------------------------------------------------------------------------------

    def _detach(self, tenant: str, one: Attached) -> None:
        """Remove records that go with the plugin's, and their history, also of those that were removed before."""
        rows = one.entity.table
        self._forget(tenant, one, one.ids)
        found = search_table.c
        forget_documents(self._db, tenant, and_(found.entity == one.entity.name, found.record_id.in_(one.ids)))
        self._db.run(Statement(delete(rows).where(rows.c.tenant_id == _TENANT, one.fits)), {"tenant": tenant})
        if one.naming:
            for chunk in chunks(self._removed_before(tenant, one)):
                self._forget(tenant, one, _IDS, {f"id_{n}": id_ for n, id_ in enumerate(chunk)})

    def _forget(self, tenant: str, one: Attached, ids: Any, params: Mapping[str, Any] = NOTHING) -> None:
        """Remove the history of attached records, and facts that are nothing without them."""
        for named in facts_of(one.entity.name):
            facts: Any = named.table
            of_record = facts.c.tenant_id == _TENANT, named.in_(ids)
            self._db.run(Statement(delete(facts).where(*of_record)), {"tenant": tenant, **params})
        self._unlog(tenant, _about(one, ids), params)

    def _forget_texts(self, tenant: str) -> None:
        """Let search forget its records, and its parts of records of others."""
        forget_documents(self._db, tenant, self._holdings.names(search_table.c.entity))
        for root, parts in self._foreign_parts().items():
            for part in parts:
                forget_part(self._db, tenant, part, root)

    def _foreign_parts(self) -> dict[str, list[str]]:
        """Its parts of others' entities, by the names of these."""
        found: dict[str, list[str]] = {}
        for name, entity in self._holdings.entities.items():
            reference = entity.field(entity.part_of).reference if entity.part_of else None
            if reference is not None and reference.entity in self._holdings.others:
                found.setdefault(str(reference.entity), []).append(name)
        return found

    def _removed_before(self, tenant: str, one: Attached) -> Iterator[UUID]:
        """Ids of records that are gone and were about records of the plugin, by what history keeps of them."""
        to_json, to_id = (codec_of(t, self._db.dialect).from_driver for t in (Json(), Id()))
        field, after = one.naming, _NIL
        own = {*self._holdings.entities}
        while found := self._db.rows(
            _GONE, {"tenant": tenant, "entity": one.entity.name, "after": after, "size": PAGE}
        ):
            for raw, diff in found:
                after = to_id(raw) if to_id else raw
                said = (to_json(diff) if to_json else diff).get(field, (None,))[0]
                if said in own or str(said).startswith(f"{self._holdings.plugin}."):
                    yield after
            if len(found) < PAGE:
                return

    # -- history ------------------------------------------------------------------------------------------------------

    def _keep_versions(self, tenant: str) -> None:
        """Let records of others, of which something that goes was part, still know all of their versions.

        A change of a part made a version of the whole. That it did so stays, as a change of the whole in nothing.
        """
        for root, parts in self._foreign_roots().items():
            going, also = (or_(*(fits(c) for fits in parts)) for c in (_C, _OTHER))
            self._mark(tenant, and_(going, _C.root_id != _C.record_id))
            same = _OTHER.root_id == _C.root_id, _OTHER.root_version == _C.root_version
            first = or_(~also, _OTHER.seq < _C.seq)  # a version is made by one unit only
            told = exists().where(_OTHER.tenant_id == _TENANT, *same, first)
            empty = update(change_table).where(_C.tenant_id == _TENANT, going, _C.root_id != _C.record_id, ~told)
            as_root = {"entity": literal(root, Text()), "record_id": _C.root_id, "version": _C.root_version}
            values = {**as_root, "op": literal("update", Text()), "diff": bindparam("nothing", type_=Json())}
            self._db.run(Statement(empty.values(values)), {"tenant": tenant, "nothing": {}})

    def _foreign_roots(self) -> dict[str, list[Callable[[Any], Any]]]:
        """Others' entities of which something that goes is part, each with what says whether a change is of that."""
        parts = [(entity, partial(_is_of, name)) for name, entity in self._holdings.entities.items()]
        parts += [(one.entity, partial(_is_about, one)) for one in self._holdings.attached]
        going = {entity.name for entity, _ in parts}
        found: dict[str, list[Callable[[Any], Any]]] = {}
        for entity, fits in parts:
            root = _root(entity)
            if root is not None and root not in going:
                found.setdefault(root, []).append(fits)
        return found

    def _forget_answers(self, tenant: str) -> None:
        """Remove the answers that are kept of units that did nothing but work for the plugin."""
        fits = self._holdings.names(_C.entity)
        mine = select(_C.unit_id).where(_C.tenant_id == _TENANT, fits)
        also = select(_C.unit_id).where(_C.tenant_id == _TENANT, _C.unit_id == _O.unit_id, ~fits).correlate(once_table)
        answers = delete(once_table).where(_O.tenant_id == _TENANT, _O.unit_id.in_(mine), ~exists(also))
        self._db.run(Statement(answers), {"tenant": tenant})

    def _unlog(self, tenant: str, fits: Any, params: Mapping[str, Any] = NOTHING) -> None:
        """Remove rows of history, and mark the units that have written them."""
        self._mark(tenant, fits, params)
        rows = Statement(delete(change_table).where(_C.tenant_id == _TENANT, fits))
        self._db.run(rows, {"tenant": tenant, **params})

    def _mark(self, tenant: str, fits: Any, params: Mapping[str, Any] = NOTHING) -> None:
        """Mark the units that have written rows of history which go."""
        comma = literal(",", Text())
        units = select(_C.unit_id).where(_C.tenant_id == _TENANT, fits)
        fresh = ~func.coalesce(comma + _U.purged + comma, literal("", Text())).contains(comma + _PLUGIN + comma)
        more = case((_U.purged.is_(None), _PLUGIN), else_=_U.purged + comma + _PLUGIN)
        mark = update(unit_table).where(_U.tenant_id == _TENANT, _U.id.in_(units), fresh).values(purged=more)
        self._db.run(Statement(mark), {"tenant": tenant, "of_plugin": self._holdings.plugin, **params})

    # -- tables -------------------------------------------------------------------------------------------------------

    def _drop_tables(self) -> None:
        """Drop all tables, those first that refer to others; on SQLite foreign keys are looked at in the end."""
        holdings, connection, schema = self._holdings, self._db.connection, self._db.schema
        names = [*holdings.tables, *([holdings.version_table] if holdings.version_table else [])]
        if self._db.dialect == "sqlite":
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            for name in _children_first(names, inspect(connection), schema):
                connection.execute(DropTable(Table(name, MetaData(), schema=schema)))
            return
        quote = connection.dialect.identifier_preparer.quote
        within = f"{quote(schema)}." if schema else ""
        if names:
            connection.exec_driver_sql(f"DROP TABLE {', '.join(within + quote(n) for n in names)}")


def _about(one: Attached, ids: Any) -> Any:
    """The changes of attached records, and of what is part of them."""
    own = and_(_C.entity == literal(one.entity.name, Text()), _C.record_id.in_(ids))
    return own if one.entity.part_of is not None else or_(own, _C.root_id.in_(ids))


def _root(entity: EntityType[Any]) -> str | None:
    """The entity that this one is part of."""
    reference = entity.field(entity.part_of).reference if entity.part_of else None
    return reference.entity if reference else None


def _is_of(entity: str, changes: Any) -> Any:
    return changes.entity == literal(entity, Text())


def _is_about(one: Attached, changes: Any) -> Any:
    return and_(_is_of(one.entity.name, changes), changes.record_id.in_(one.ids))


def _children_first(names: Collection[str], inspector: Inspector, schema: str | None) -> list[str]:
    """Tables in an order in which none goes before one that refers to it; any, where they refer in a ring."""
    sorter = TopologicalSorter[str]()
    for name in names:
        sorter.add(name)
        for key in inspector.get_foreign_keys(name, schema):
            if key["referred_table"] in names and key["referred_table"] != name:
                sorter.add(key["referred_table"], name)
    try:
        return list(sorter.static_order())
    except CycleError:
        return list(names)
