"""What operators do with a started deployment: tenants, plugins, the schema. Not for request handlers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from attrs import frozen
from sqlalchemy import bindparam, delete, false, insert, select, update

from crmkit.core.kernel.deployment.leaving import Leaving
from crmkit.core.kernel.deployment.tenants import check_tenant_id, insert_tenant, plugins_enabled, tenant_ids
from crmkit.core.kernel.entities.columns import Instant, codec_of
from crmkit.core.kernel.jobs.planning import plant
from crmkit.core.kernel.plugins.profile import check_disable, check_enable
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import plugin_state_table, tenant_table
from crmkit.errors import PluginQuarantinedError, UnknownPluginError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from crmkit.core.kernel.belongings.model import Copied, Impact
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.deployment.starting import Assembly
    from crmkit.core.kernel.plugins.manifest import Manifest
    from crmkit.core.kernel.plugins.plugin import Plugin
    from crmkit.core.kernel.units.units import Units

__all__ = ["PluginStatus", "Plugins", "Tenants"]

CORE = "core"
EVERYONE = "*"

_FORGET = Statement(
    delete(plugin_state_table).where(
        plugin_state_table.c.tenant_id == bindparam("tenant"), plugin_state_table.c.plugin == bindparam("named")
    )
)
_DISABLED = Statement(
    select(plugin_state_table.c.at).where(
        plugin_state_table.c.tenant_id.in_([bindparam("tenant"), bindparam("everyone")]),
        plugin_state_table.c.plugin == bindparam("named"),
        plugin_state_table.c.enabled == false(),
    )
)
_SAY = Statement(insert(plugin_state_table).values({c.name: bindparam(c.name) for c in plugin_state_table.columns}))
_RAISE_ONE = Statement(
    update(tenant_table)
    .where(tenant_table.c.tenant_id == bindparam("tenant"))
    .values(plugin_generation=tenant_table.c.plugin_generation + 1)
)
_RAISE_ALL = Statement(update(tenant_table).values(plugin_generation=tenant_table.c.plugin_generation + 1))


@frozen(kw_only=True)
class PluginStatus:
    """One plugin as an operator sees it.

    Attributes:
        id: the plugin's id.
        label: for people.
        summary: what it is good for.
        version: of its distribution; empty if unknown.
        distribution: what installs it.
        state: ``enabled``, ``disabled`` (loaded, but not for this tenant), ``installed`` (not loaded) or
            ``quarantined`` (failed to load).
        reason: why it is quarantined.
    """

    id: str
    label: str
    summary: str
    version: str
    distribution: str
    state: Literal["enabled", "disabled", "installed", "quarantined"]
    reason: str | None = None


class _Office:
    """Reaches the database outside of units of work."""

    def __init__(self, runtime: Runtime, engine: Engine, units: Units[Any]) -> None:
        self._runtime, self._engine, self._units = runtime, engine, units

    def _write(self, do: Callable[[Db], None]) -> None:
        with self._engine.connect() as connection, engines.begin(connection):
            do(self._db(connection))

    def _db(self, connection: Any) -> Db:
        return Db(connection, self._runtime.config.database.schema, self._runtime.guard)


class Tenants(_Office):
    """The tenants of the deployment."""

    def __init__(
        self, runtime: Runtime, engine: Engine, units: Units[Any], seeds: Sequence[tuple[str, Plugin]]
    ) -> None:
        super().__init__(runtime, engine, units)
        self._seeds = seeds

    def create(self, tenant: str, *, name: str | None = None) -> None:
        """Add a tenant, with the default roles, pipelines, channels and whatever else areas and plugins bring.

        Args:
            tenant: its id: 1 to 63 ASCII letters, digits, ``.``, ``_`` and ``-``.
            name: for people; the id by default.

        Raises:
            AlreadyExistsError: if there is one of that id.
            InvalidKeyError: if the id is malformed.
        """
        check_tenant_id(tenant)
        now = self._runtime.clock.now()
        self._write(lambda db: insert_tenant(db, tenant, name or tenant, now))
        self.seed(tenant)

    def seed(self, tenant: str, *, plugin: str | None = None) -> None:
        """Bring the default rows of areas and plugins up to date; of one ``plugin`` only, if named. Idempotent."""
        with self._units.system(tenant) as uow:
            enabled = uow._work.enabled  # noqa: SLF001  # the kernel's own unit
            plant(uow._work.db, self._runtime, tenant, enabled, self._runtime.clock.now())  # noqa: SLF001  # see above
        for owner in dict.fromkeys(owner for owner, _ in self._seeds):
            if plugin in {None, owner} and (owner == CORE or owner in enabled):
                # Each by itself, so that history tells what a plugin has brought.
                with self._units.system(tenant, None if owner == CORE else owner) as uow:
                    for one, part in self._seeds:
                        if one == owner:
                            part.seed(uow)

    def welcome(self, tenant: str, plugin: str, since: datetime | None) -> None:
        """Bring a plugin that has just been enabled up to date: its default rows, and what it missed meanwhile.

        Args:
            tenant: where.
            plugin: which.
            since: when it had been disabled, UTC; None if it never was.
        """
        self.seed(tenant, plugin=plugin)
        with self._units.system(tenant, plugin) as uow:
            for owner, part in self._seeds:
                if owner == plugin:
                    part.on_enable(uow, since)

    def list(self, *, active: bool = False) -> list[tuple[str, str]]:
        """Id and name of every tenant, or of those only that are active, by id."""
        with self._engine.connect() as connection, engines.begin(connection, read_only=True):
            return tenant_ids(self._db(connection), active=active)


class Plugins(_Office):
    """The plugins of the deployment: what is loaded, and what each tenant uses of it.

    What a plugin has stored can be looked at, copied and removed whether or not it is loaded, or its package there.
    """

    def __init__(
        self,
        assembly: Assembly,
        engine: Engine,
        units: Units[Any],
        tenants: Callable[[], Tenants],
    ) -> None:
        super().__init__(assembly.runtime, engine, units)
        self._installed, self._tenants = assembly.found.manifests, tenants
        self._leaving = Leaving(assembly, engine, units)

    def list(self, *, tenant: str | None = None) -> list[PluginStatus]:
        """Every installed plugin by id, as it stands for ``tenant`` (for all tenants, if none is named)."""
        enabled = self.enabled(tenant=tenant)
        return [self._status(m, enabled) for m in sorted(self._installed, key=lambda m: m.id)]

    def enabled(self, *, tenant: str | None = None) -> frozenset[str]:
        """Ids of the plugins enabled for ``tenant``; for all tenants that say nothing else, if none is named."""
        with self._engine.connect() as connection, engines.begin(connection, read_only=True):
            return plugins_enabled(self._db(connection), tenant or EVERYONE, self._runtime.storing)

    def enable(self, plugin: str, *, tenant: str | None = None, actor: str = "system") -> None:
        """Enable a loaded plugin, for one tenant or for all; seen by every process from its next unit on.

        Raises:
            UnknownPluginError: if it is not loaded; adding it to the configuration's list loads it at the next start.
            PluginQuarantinedError: if it failed to load.
            PluginDependencyError: if a plugin that it needs is not enabled.
        """
        self._check_loaded(plugin)
        check_enable(self._runtime.manifests.values(), plugin, self.enabled(tenant=tenant))
        since = self._disabled_since(plugin, tenant)
        self._say(plugin, tenant, enabled=True, actor=actor)
        tenants = self._tenants()
        for one in [tenant] if tenant else [id_ for id_, _ in tenants.list()]:
            tenants.welcome(one, plugin, since)

    def disable(self, plugin: str, *, tenant: str | None = None, actor: str = "system") -> None:
        """Disable a plugin, for one tenant or for all: its hooks fall silent, its services are gone, its data stays.

        Raises:
            UnknownPluginError: if it is not loaded.
            PluginDependencyError: if an enabled plugin needs it.
        """
        self._tenants()  # only in a deployment that has been started
        self._check_loaded(plugin)
        check_disable(self._runtime.manifests.values(), plugin, self.enabled(tenant=tenant))
        self._say(plugin, tenant, enabled=False, actor=actor)

    # -- leaving ------------------------------------------------------------------------------------------------------

    def impact(self, plugin: str) -> Impact:
        """What disabling a plugin silences, and what purging it removes; only reads.

        Works before the start, and for plugins that are disabled, broken or gone.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
        """  # raised by what this calls; callers want to know
        return self._leaving.impact(plugin)

    def export(
        self,
        plugin: str,
        folder: str | Path,
        *,
        tenant: str | None = None,
        progress: Callable[[str, int], None] | None = None,
    ) -> Copied:
        """Copy everything that a plugin has stored into a folder: its records, what is attached to them, history, jobs.

        Each is a file of JSON lines; ``manifest.json`` says how many lines each has, its SHA-256, and what the fields
        of the records are. The folder appears when it is whole. Works before the start, and for plugins that are
        disabled, broken or gone.

        Args:
            plugin: its id.
            folder: where to; it must not be there, or be empty.
            tenant: only what this tenant has; of all tenants by default.
            progress: told each file's name, and how many lines it has so far.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
            UnknownTenantError: if there is no such tenant.
            InvalidValueError: if the folder holds something.
            OSError: if the folder cannot be written.
        """  # raised by what this calls; callers want to know
        return self._leaving.export(plugin, Path(folder), tenant=tenant, progress=progress)

    def purge(self, plugin: str, *, actor: str = "system", progress: Callable[[str], None] | None = None) -> None:
        """Remove everything that a plugin has stored, in all tenants and for good; all of it, or nothing.

        `impact` says what that is. It is one transaction, during which others wait who want to write. Processes that
        still have the plugin loaded see it as disabled from their next unit on.

        Args:
            plugin: its id.
            actor: who asked for it, for history.
            progress: told each step before it is taken.

        Raises:
            UnknownPluginError: if it is not installed and has nothing stored.
            PurgeRefusedError: if it is loaded, or something depends on what it has stored; lists all of it.
        """  # raised by what this calls; callers want to know
        self._tenants()  # only in a deployment that has been started
        self._leaving.purge(plugin, actor=actor, progress=progress)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _disabled_since(self, plugin: str, tenant: str | None) -> datetime | None:
        """Since when the plugin has been disabled there; None if nobody ever disabled it."""
        params = {"tenant": tenant or EVERYONE, "everyone": EVERYONE, "named": plugin}
        with self._engine.connect() as connection, engines.begin(connection, read_only=True):
            db = self._db(connection)
            read = codec_of(Instant(), db.dialect).from_driver
            found = [read(at) if read else at for (at,) in db.rows(_DISABLED, params)]
        return max(found, default=None)

    def _check_loaded(self, plugin: str) -> None:
        runtime = self._runtime
        if plugin in runtime.quarantined:
            raise PluginQuarantinedError(plugin, runtime.quarantined[plugin])
        if plugin not in runtime.manifests:
            raise UnknownPluginError(plugin, loaded=tuple(runtime.manifests))

    def _say(self, plugin: str, tenant: str | None, *, enabled: bool, actor: str) -> None:
        owner, now = tenant or EVERYONE, self._runtime.clock.now()

        def write(db: Db) -> None:
            db.run(_FORGET, {"tenant": owner, "named": plugin})
            row = {"tenant_id": owner, "plugin": plugin, "enabled": enabled, "at": now, "actor_id": actor}
            db.run(_SAY, row)
            if tenant is None:
                db.run(_RAISE_ALL, {})
            else:
                db.run(_RAISE_ONE, {"tenant": tenant})

        self._write(write)

    def _status(self, manifest: Manifest, enabled: frozenset[str]) -> PluginStatus:
        runtime, plugin = self._runtime, manifest.id
        state: Literal["enabled", "disabled", "installed", "quarantined"] = "installed"
        if plugin in runtime.quarantined:
            state = "quarantined"
        elif plugin in runtime.manifests:
            state = "enabled" if plugin in enabled else "disabled"
        return PluginStatus(
            id=plugin,
            label=manifest.label,
            summary=manifest.summary,
            version=manifest.version or "",
            distribution=manifest.distribution,
            state=state,
            reason=runtime.quarantined.get(plugin),
        )
