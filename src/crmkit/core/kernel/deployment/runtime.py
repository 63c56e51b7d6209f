"""What one started deployment knows: plugins, entities, operations, hooks, rights. Frozen after the start."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from crmkit.core.kernel.access.actors import SYSTEM, Actor, ActorDirectory
from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.custom_fields.definitions import Definitions, read_definitions, with_custom
from crmkit.core.kernel.deployment.tenants import Tenant, plugins_enabled
from crmkit.core.kernel.jobs.waking import Bell
from crmkit.core.kernel.keys.keys import Keys
from crmkit.core.kernel.quality.rulebook import Rulebooks
from crmkit.core.kernel.query.compiler import compiler_of
from crmkit.core.kernel.search.queries import SearchQueries
from crmkit.core.kernel.storage.faults import UniqueKeys, guarded
from crmkit.core.kernel.storage.storing import Store, store_of
from crmkit.core.kernel.storage.tables import once_table, tenant_table
from crmkit.errors import PluginDisabledError, PluginQuarantinedError, UnknownServiceError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.access.gift import Gift
    from crmkit.core.kernel.attachments.store import FileStore
    from crmkit.core.kernel.config.config import Config
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.hooks.bus import Bus
    from crmkit.core.kernel.hooks.health import Health
    from crmkit.core.kernel.hooks.registry import HookRegistry, HookTable
    from crmkit.core.kernel.jobs.planning import Planned
    from crmkit.core.kernel.plugins.manifest import Manifest, Permission
    from crmkit.core.kernel.plugins.quarantine import Fault
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.gate import Operation
    from crmkit.core.kernel.units.projecting import Projection
    from crmkit.errors import Problem
    from crmkit.values.clock import Clock

__all__ = ["RightsSource", "Runtime"]

M = TypeVar("M", bound="Record")
S = TypeVar("S")

_KERNEL_KEYS = {"tenant": tenant_table, "crm_once": once_table}

MAX_CACHED = 4096
"""How many actors' rights, and tenants' profiles, a process keeps."""


class RightsSource(Protocol):
    """Reads what an actor may; the permissions area implements it."""

    def load(self, db: Db, tenant: str, actor: Actor, on_behalf_of: str | None, now: datetime) -> Rights:
        """The rights of ``actor`` at ``now``, narrowed to a delegation if it acts on behalf of another."""
        ...

    def granted(  # noqa: PLR0917  # what names a share
        self,
        db: Db,
        tenant: str,
        entity: str,
        id: UUID,
        permission: str,
        kind: str,
        keys: tuple[str, ...],
    ) -> bool:
        """Whether the record is shared with one of the grantees ``keys`` of ``kind`` (actor or team)."""
        ...

    def gift(self, record: Record) -> Gift | None:
        """What a record gives somebody; None for most."""
        ...


class Runtime:
    """One started deployment.

    Attributes:
        operations: every command and query by name.
        permissions: every registered permission by name.
        services: service class to the plugin that registers it (``core`` for the areas).
        manifests: of every loaded plugin, in dependency order.
        faults: of plugins that failed to load.
        quarantined: their ids, each with the reason.
        schedules: what plugins do again and again, by plugin and name.
        resting: schedules that do not run here, each with its reason.
        files: where the contents of attachments are.
        bell: rung when jobs have been written in this process.
        absent: entities of plugins that are not loaded, as far as somebody asked; see `entities.absent`.
        storing: the loaded plugins, and whether each stores something.
        permission_names: which permission a verb needs on an entity, as far as somebody asked.
    """

    def __init__(  # the parts of a deployment, given by the one place that assembles them
        self,
        *,
        config: Config,
        clock: Clock,
        directory: ActorDirectory,
        registry: EntityRegistry,
        operations: Mapping[str, Operation],
        permissions: Mapping[str, Permission],
        services: Mapping[type[Any], str],
        settings: Mapping[type[Any], Any],
        hooks: HookRegistry,
        health: Health,
        bus: Bus,
        rights_source: RightsSource,
        manifests: Mapping[str, Manifest],
        faults: Sequence[Fault],
        schedules: Mapping[tuple[str, str], Planned],
        resting: Sequence[Problem],
        projections: Sequence[tuple[str, frozenset[str], Projection]],
        files: FileStore,
    ) -> None:
        self.config, self.clock, self.directory, self.registry = config, clock, directory, registry
        self.operations, self.permissions, self.services = operations, permissions, services
        self.hooks, self.health, self.bus = hooks, health, bus
        self.manifests, self.faults, self.schedules, self.files = manifests, tuple(faults), schedules, files
        self.resting = tuple(resting)
        self.bell = Bell()
        self.quarantined = {f.plugin: f.error.reason for f in faults if f.plugin not in manifests}
        self.compiler = compiler_of(registry)
        self.search = SearchQueries(registry)
        self._settings, self.rights_source = settings, rights_source
        self.guard = guarded(UniqueKeys({**{e.name: e.table for e in registry}, **_KERNEL_KEYS}))
        self.absent: dict[str, EntityType[Any]] = {}
        self._rights: OrderedDict[Any, Rights] = OrderedDict()
        self._profiles: OrderedDict[tuple[str, int], tuple[frozenset[str], HookTable]] = OrderedDict()
        self._definitions: OrderedDict[tuple[str, int], Definitions] = OrderedDict()
        self.actors_seen: dict[tuple[str, str], tuple[str, str]] = {}
        self.permission_names: dict[tuple[str, str], str] = {}
        self.rulebooks = Rulebooks()
        self._projections = tuple(projections)
        self._projected: OrderedDict[frozenset[str], tuple[Projection, ...]] = OrderedDict()
        owners = {registry.plugin_of(entity.name) for entity in registry}
        self.storing = {plugin: plugin in owners for plugin in manifests}

    def store(self, entity: EntityType[M], dialect: str) -> Store[M]:
        """The entity's store on ``dialect``."""
        return store_of(entity, dialect)

    def settings_of(self, settings: type[S]) -> S:
        """The settings of the plugin that declares this class.

        Raises:
            UnknownServiceError: if no loaded plugin does.
        """
        try:
            return self._settings[settings]  # type: ignore[no-any-return]  # an instance of its key
        except KeyError:
            raise UnknownServiceError(settings.__name__) from None

    def keys(self, tenant: str) -> Keys:
        """What signs and hashes for a tenant."""
        return Keys(self.config.core.secret_keys, tenant)

    def admit_service(self, service: type[Any], enabled: frozenset[str], tenant: str) -> None:
        """See that the service's plugin is enabled for the tenant.

        Raises:
            PluginDisabledError: if it is not.
            PluginQuarantinedError: if the plugin failed to load.
            UnknownServiceError: if no loaded plugin registers the service.
        """
        plugin = self.services.get(service)
        if plugin is None:
            package = service.__module__.partition(".")[0]
            broken = next((plugin_id for plugin_id in self.quarantined if plugin_id in package), None)
            if broken is not None:
                raise PluginQuarantinedError(broken, self.quarantined[broken])
            raise UnknownServiceError(f"{service.__module__}.{service.__qualname__}")
        if plugin != "core" and plugin not in enabled:
            raise PluginDisabledError(plugin, tenant=tenant)

    def projections(self, enabled: frozenset[str]) -> tuple[Projection, ...]:
        """What keeps derived tables in step where these plugins are enabled."""
        found = self._projected.get(enabled)
        if found is None:
            present = enabled | {"core"}
            found = tuple(p for plugin, when, p in self._projections if {plugin, *when} <= present)
            _keep(self._projected, enabled, found)
        return found

    def profile(self, db: Db, tenant: Tenant) -> tuple[frozenset[str], HookTable]:
        """The plugins enabled for the tenant, and their hooks."""
        key = (tenant.id, tenant.plugin_generation)
        found = self._profiles.get(key)
        if found is None:
            enabled = plugins_enabled(db, tenant.id, self.storing)
            found = enabled, self.hooks.compile(enabled)
            _keep(self._profiles, key, found)
        return found

    def rights(  # who wants what where
        self,
        db: Db,
        tenant: Tenant,
        actor: Actor,
        on_behalf_of: str | None,
        now: datetime,
        *,
        alone: bool = False,
    ) -> Rights:
        """What the actor may; kept per actor until the tenant's policy changes or a delegation or grant expires.

        Args:
            db: where.
            tenant: with its generations as this transaction sees them.
            actor: who.
            on_behalf_of: for whom.
            now: when.
            alone: whether this transaction has changed the policy and may be rolled back; then nothing is kept.
        """
        custom = self.definitions(db, tenant, alone=alone).shapes
        if actor is SYSTEM:
            return with_custom(Rights.unlimited(actor.id, "crmkit setting up"), custom)
        if alone:
            return with_custom(self.rights_source.load(db, tenant.id, actor, on_behalf_of, now), custom)
        key = (tenant.id, tenant.policy_generation, actor.id, actor.roles, actor.teams, on_behalf_of)
        found = self._rights.get(key)
        if found is None or (found.valid_until is not None and found.valid_until <= now):
            found = with_custom(self.rights_source.load(db, tenant.id, actor, on_behalf_of, now), custom)
            _keep(self._rights, key, found)
        return found

    def definitions(self, db: Db, tenant: Tenant, *, alone: bool = False) -> Definitions:
        """The tenant's custom fields; kept until its policy changes, of which they count as a part; see `rights`."""
        if alone:
            return read_definitions(db, tenant.id)
        key = (tenant.id, tenant.policy_generation)
        found = self._definitions.get(key)
        if found is None:
            found = read_definitions(db, tenant.id)
            _keep(self._definitions, key, found)
        return found


def _keep(cache: OrderedDict[Any, Any], key: Any, value: Any) -> None:
    cache[key] = value
    if len(cache) > MAX_CACHED:
        cache.popitem(last=False)
