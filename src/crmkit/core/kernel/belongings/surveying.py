"""Counts what belongs to a plugin: the plan of removing it. Only reads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, column, func, select, table

from crmkit.core.kernel.belongings.holdings import Holdings
from crmkit.core.kernel.belongings.model import ReferenceCount, TableCount
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, job_table, plugin_state_table

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Survey"]

_JOBS = Statement(
    select(job_table.c.state, func.count())
    .where(job_table.c.tenant_id == bindparam("tenant"), job_table.c.plugin == bindparam("of_plugin"))
    .group_by(job_table.c.state)
)
_STATES = Statement(
    select(plugin_state_table.c.tenant_id, plugin_state_table.c.enabled).where(
        plugin_state_table.c.plugin == bindparam("of_plugin")
    )
)


class Survey:
    """What a plugin has in some tenants, counted.

    Args:
        db: where.
        holdings: what belongs to the plugin.
        tenants: ids of the tenants.
    """

    def __init__(self, db: Db, holdings: Holdings, tenants: Sequence[str]) -> None:
        self._db, self._holdings, self._tenants = db, holdings, tenants

    def tables(self) -> tuple[TableCount, ...]:
        """Its tables, by name."""
        names = {entity.table.name: name for name, entity in self._holdings.entities.items()}
        return tuple(
            TableCount(table=one, entity=names.get(one), rows=self._rows(one)) for one in self._holdings.tables
        )

    def _rows(self, name: str) -> int:
        if "tenant_id" in self._holdings.further.get(name, ("tenant_id",)):
            rows = table(name, column("tenant_id"), schema=self._db.schema)
            of_tenant = rows.c.tenant_id == bindparam("tenant")
            return self._count(Statement(select(func.count()).select_from(rows).where(of_tenant)))
        bare = table(name, schema=self._db.schema)
        return int(self._db.rows(Statement(select(func.count()).select_from(bare)), {})[0][0])

    def changes(self) -> int:
        """How many rows of history tell of its records."""
        rows = select(func.count()).select_from(change_table)
        of_tenant = change_table.c.tenant_id == bindparam("tenant")
        return self._count(Statement(rows.where(of_tenant, self._holdings.names(change_table.c.entity))))

    def jobs(self) -> dict[str, int]:
        """Its jobs, by state."""
        found: Counter[str] = Counter()
        for tenant in self._tenants:
            found.update(dict(self._db.rows(_JOBS, {"tenant": tenant, "of_plugin": self._holdings.plugin})))
        return dict(sorted(found.items()))

    def states(self) -> dict[str, bool]:
        """Who has said whether the plugin is used: tenants, and ``*`` for all of them."""
        rows = self._db.rows(_STATES, {"of_plugin": self._holdings.plugin})
        return {tenant: bool(enabled) for tenant, enabled in sorted(rows)}

    def mentions(self) -> dict[str, int]:
        """Rows of the kernel's tables about its entities."""
        found = {}
        for named in self._holdings.mentioned():
            rows: Any = named.table
            fits = rows.c.tenant_id == bindparam("tenant"), self._holdings.names(named)
            found[f"rows of {rows.name}"] = self._count(Statement(select(func.count()).select_from(rows).where(*fits)))
        return {what: many for what, many in found.items() if many}

    def references(self) -> Iterator[ReferenceCount]:
        """Its own records that name others, then records of others that name its own; none that nobody is in."""
        counted = (*self._outward(), *self._inward())
        yield from (one for one in counted if one.records)

    def _outward(self) -> Iterator[ReferenceCount]:
        for name, entity in self._holdings.entities.items():
            for reference in entity.shape.references:
                to = reference.entity
                if to is not None and to not in self._holdings.entities:
                    many = self._naming(entity, entity.table.c[reference.column].is_not(None))
                    yield ReferenceCount(entity=name, field=reference.column, to=to, records=many, fate="gone")

    def _inward(self) -> Iterator[ReferenceCount]:
        plugin = self._holdings.plugin
        for one in self._holdings.attached:
            many = self._naming(one.entity, one.fits)
            yield ReferenceCount(entity=one.entity.name, field=one.field, to=one.to, records=many, fate="gone")
        for entity, reference in self._holdings.kept():
            many = self._naming(entity, self._names(entity, reference))
            field = reference.column
            yield ReferenceCount(entity=entity.name, field=field, to=plugin, records=many, fate="kept")
        for entity, reference in self._holdings.refusing():
            many = self._naming(entity, self._names(entity, reference))
            field = reference.column
            yield ReferenceCount(entity=entity.name, field=field, to=plugin, records=many, fate="refused")

    def _names(self, entity: EntityType[Any], reference: Reference) -> Any:
        return self._holdings.names(entity.table.c[reference.entity_column or ""])

    def _naming(self, entity: EntityType[Any], fits: Any) -> int:
        rows = entity.table
        of_tenant = rows.c.tenant_id == bindparam("tenant")
        return self._count(Statement(select(func.count()).select_from(rows).where(of_tenant, fits)))

    def _count(self, statement: Statement) -> int:
        return sum(int(self._db.rows(statement, {"tenant": tenant})[0][0]) for tenant in self._tenants)
