"""How a plugin leaves: what that would mean, a copy of what it has stored, and the removal of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import bindparam, func, select, true

from crmkit.core.kernel.access.actors import SYSTEM
from crmkit.core.kernel.belongings.copying import Copier
from crmkit.core.kernel.belongings.holdings import Holdings, find_holdings, stored_plugins
from crmkit.core.kernel.belongings.model import Copied, Impact, PluginState, ReferenceCount
from crmkit.core.kernel.belongings.purging import Purge
from crmkit.core.kernel.belongings.surveying import Survey
from crmkit.core.kernel.deployment.tenants import read_tenant, tenant_ids
from crmkit.core.kernel.plugins.profile import dependants
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.storage.migrations.runner import ADVISORY_LOCK
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import tenant_table
from crmkit.errors import PurgeRefusedError, UnknownPluginError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from crmkit.core.kernel.deployment.starting import Assembly
    from crmkit.core.kernel.units.units import Units

__all__ = ["Leaving"]

EVERYONE: Final = "*"

_AWAKE = Statement(select(tenant_table.c.tenant_id).where(tenant_table.c.active == true()))
_LOCK = Statement(select(func.pg_advisory_xact_lock(bindparam("lock"))))


@frozen
class Leaving:
    """What can be done with the belongings of a plugin; its code is not needed, nor need it be loaded.

    Attributes:
        assembly: what is loaded and installed.
        engine: where everything is stored.
        units: makes units of work.
    """

    assembly: Assembly
    engine: Engine
    units: Units[Any]

    def impact(self, plugin: str) -> Impact:
        """What disabling ``plugin`` silences, and what purging it removes; only reads.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
        """  # raised by _known
        runtime = self.assembly.runtime
        with self._looking() as db:
            holdings = find_holdings(db, plugin, known=self._known(db, plugin))
            survey = Survey(db, holdings, [tenant for tenant, _ in tenant_ids(db)])
            held, states, references = Counter(survey.mentions()), survey.states(), tuple(survey.references())
            tables, changes, jobs = survey.tables(), survey.changes(), survey.jobs()
            awake = [tenant for (tenant,) in db.rows(_AWAKE, {})]
        for tenant in awake:
            held.update(self._held(tenant, plugin))
        return Impact(
            plugin=plugin,
            state=self._state(plugin, enabled=states.get(EVERYONE, True)),
            tenants={tenant: enabled for tenant, enabled in states.items() if tenant != EVERYONE},
            dependants=self._dependants(plugin),
            tables=tables,
            changes=changes,
            references=references,
            jobs=jobs,
            schedules=tuple(f"{s.schedule.name}: {s.schedule.when}" for s in self._schedules(plugin)),
            handlers=tuple(self._handlers(plugin)),
            permissions=tuple(sorted(p for p in runtime.permissions if p.startswith(f"{plugin}."))),
            held=dict(held),
            hindrances=tuple(self._hindrances(holdings, references)),
        )

    def export(
        self,
        plugin: str,
        folder: Path,
        *,
        tenant: str | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> Copied:
        """Copy what ``plugin`` has stored into a folder of JSON lines; see `Copier`.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
            UnknownTenantError: if there is no such tenant.
            InvalidValueError: if the folder holds something.
        """  # raised by what this calls; callers want to know
        with self._looking() as db:
            holdings = find_holdings(db, plugin, known=self._known(db, plugin))
            if tenant is not None:
                read_tenant(db, tenant)
            tenants = [tenant] if tenant is not None else [id_ for id_, _ in tenant_ids(db)]
            return Copier(db, holdings, tenants, progress=progress).write(folder, at=self.assembly.runtime.clock.now())

    def purge(self, plugin: str, *, actor: str, progress: Callable[[str], None] | None = None) -> None:
        """Remove what ``plugin`` has stored, all of it or nothing.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
            PurgeRefusedError: if something stands in the way; lists all of it.
        """  # the former by _known
        runtime = self.assembly.runtime
        with guarded(), self.engine.connect() as connection, engines.begin(connection):
            db = Db(connection, runtime.config.database.schema, runtime.guard)
            if db.dialect == "postgresql":  # no migration meanwhile
                db.rows(_LOCK, {"lock": ADVISORY_LOCK})
            holdings = find_holdings(db, plugin, known=self._known(db, plugin))
            tenants = [tenant for tenant, _ in tenant_ids(db)]
            if found := tuple(self._hindrances(holdings, tuple(Survey(db, holdings, tenants).references()))):
                raise PurgeRefusedError(plugin, found)
            Purge(db, holdings, tenants, progress=progress).run(self.units, self.assembly.areas, actor=actor)

    # -- inside -------------------------------------------------------------------------------------------------------

    @contextmanager
    def _looking(self) -> Generator[Db]:
        with guarded(), engines.snapshot(self.engine) as connection:
            yield self._db(connection)

    def _db(self, connection: Connection) -> Db:
        return Db(connection, self.assembly.runtime.config.database.schema, self.assembly.runtime.guard)

    def _known(self, db: Db, plugin: str) -> frozenset[str]:
        """Ids of all plugins, installed or not.

        Raises:
            UnknownPluginError: if ``plugin`` is none of them.
        """
        known = {m.id for m in self.assembly.found.manifests} | self.assembly.found.broken | stored_plugins(db)
        if plugin not in known:
            raise UnknownPluginError(plugin, loaded=tuple(sorted(known)))
        return frozenset(known)

    def _held(self, tenant: str, plugin: str) -> Mapping[str, int]:
        held: Counter[str] = Counter()
        with self.units.begin(SYSTEM, tenant, read_only=True) as uow:
            for area in self.assembly.areas:
                held.update(area.held(uow, plugin))
        return held

    def _state(self, plugin: str, *, enabled: bool) -> PluginState:
        runtime = self.assembly.runtime
        if plugin in runtime.manifests:
            return "enabled" if enabled else "disabled"
        if plugin in runtime.quarantined or plugin in self.assembly.found.broken:
            return "quarantined"
        return "installed" if any(m.id == plugin for m in self.assembly.found.manifests) else "gone"

    def _dependants(self, plugin: str) -> dict[str, bool]:
        wanted = self.assembly.runtime.config.crmkit.plugins
        return {one: one in wanted for one in dependants(self.assembly.found.manifests, plugin)}

    def _schedules(self, plugin: str) -> list[Any]:
        return [one for one in self.assembly.runtime.schedules.values() if one.plugin == plugin]

    def _handlers(self, plugin: str) -> Iterator[str]:
        runtime = self.assembly.runtime
        for (event, handler), (_, subscriber) in sorted(runtime.hooks.compile(runtime.manifests).handlers.items()):
            if subscriber.plugin == plugin:
                yield f"{event}: {handler}"

    def _hindrances(self, holdings: Holdings, references: Sequence[ReferenceCount]) -> Iterator[str]:
        plugin, wanted = holdings.plugin, self.assembly.runtime.config.crmkit.plugins
        if plugin in wanted:
            yield f"it is loaded; take it off the list: crmkit plugins disable {plugin} --unload"
        for other, loaded in self._dependants(plugin).items():
            if loaded:
                yield f"{other!r} needs it; take that off first: crmkit plugins disable {other} --unload"
        for table, own in holdings.tied:
            yield f"the table {table} refers to its table {own}; purge the plugin of that first, or drop the reference"
        for one in references:
            if one.fate == "refused":
                yield f"{one.records} of {one.entity} name its records in {one.field} and must not outlive them"
