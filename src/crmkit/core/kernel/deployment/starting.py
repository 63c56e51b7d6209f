"""The start: finds, checks and imports plugins, and puts everything together. Reports every problem at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from crmkit.core.kernel.deployment.runtime import RightsSource, Runtime
from crmkit.core.kernel.entities.catalog import catalogue_problems, read_catalogue
from crmkit.core.kernel.entities.registry import EntityRegistry
from crmkit.core.kernel.hooks.bus import Bus
from crmkit.core.kernel.hooks.health import Health
from crmkit.core.kernel.hooks.registry import Contribution, HookRegistry
from crmkit.core.kernel.jobs.planning import planned, resting
from crmkit.core.kernel.plugins.discovery import Found, discover
from crmkit.core.kernel.plugins.loading import Loading, load_all
from crmkit.core.kernel.plugins.manifest import Permission
from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.plugins.resolve import Resolution, resolve
from crmkit.core.kernel.storage.migrations import Unit, current, heads, revisions_of
from crmkit.core.kernel.storage.tables import metadata as core_metadata
from crmkit.core.kernel.units.gate import EVERYBODY, Operation, operations_of
from crmkit.errors import ConfigError, MissingKeysError, Problem

if TYPE_CHECKING:
    from crmkit.core.kernel.access.actors import ActorDirectory
    from crmkit.core.kernel.attachments.store import FileStore
    from crmkit.core.kernel.config.config import Config
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.hooks.hook import Implementation
    from crmkit.core.kernel.plugins.manifest import Manifest
    from crmkit.core.kernel.plugins.plugin import Plugin
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.projecting import Projection
    from crmkit.values.clock import Clock

__all__ = ["Assembly", "assemble", "schema_problems"]

CORE = "core"
VERBS = {
    "entity": {"read": "See", "create": "Add", "update": "Change", "delete": "Delete"},
    "fact": {"read": "See", "record": "Record"},
    "derived": {},
}
"""What may be done to records of each kind, and how people call it."""


@frozen(kw_only=True, eq=False)
class Assembly:
    """Everything that the start has put together, and everything that is wrong with it.

    Attributes:
        runtime: what units of work run on.
        found: what is installed.
        resolution: what was to be loaded.
        parts: plugin id (``core`` for areas) and contribution, in order; for seeding and the catalogue.
        units: migration units of the core and of every plugin with migrations.
        problems: what keeps the deployment from starting; empty if it may.
        notes: what does not, but should be seen.
    """

    runtime: Runtime
    found: Found
    resolution: Resolution
    parts: tuple[tuple[str, Plugin], ...]
    units: tuple[Unit, ...]
    problems: tuple[Problem, ...]
    notes: tuple[Problem, ...] = field(default=())

    @property
    def areas(self) -> tuple[Area, ...]:
        """The core's areas."""
        return tuple(part for _, part in self.parts if isinstance(part, Area))

    def entities(self, plugin: str) -> list[EntityType[Any]]:
        """What the plugin (``core`` for the areas) stores."""
        return [e for owner, part in self.parts if owner == plugin for e in part.entities]


def assemble(  # the choices of a deployment
    config: Config,
    *,
    areas: Sequence[Area],
    wiring: Sequence[Implementation],
    rights_source: RightsSource,
    core_unit: Unit,
    clock: Clock,
    directory: ActorDirectory,
    health: Health,
    files: FileStore,
    manifests: Iterable[Manifest] = (),
) -> Assembly:
    """Find, resolve and import what the configuration wants, and put it together; touches no database.

    Args:
        config: what is wanted.
        areas: the core's.
        wiring: implementations by which the composition root ties areas together.
        rights_source: reads what actors may.
        core_unit: the core's migrations.
        clock: tells the time.
        directory: the host's actors.
        health: of the process.
        files: where the contents of attachments are.
        manifests: further plugins, beside those that are installed.
    """
    found = discover(extra=manifests)
    resolution = resolve(
        found.manifests,
        config.crmkit.plugins,
        broken=found.broken,
        core_tables=tuple(core_metadata.tables),
        core_permissions=tuple(p.name for a in areas for p in a.permissions),
    )
    loading = load_all(resolution.order)
    wanted = frozenset(config.crmkit.plugins)
    faults = (*(f for f in found.faults if f.plugin in wanted), *loading.faults)
    # What raised is set aside like any plugin that fails to load; what is no manifest at all is a mistake to mend.
    unusable = [p for p in found.problems if p.subject in wanted and p.subject not in {f.plugin for f in faults}]
    unknown = config.unknown_plugins({m.id for m in found.manifests} | found.broken)
    problems = [
        *resolution.problems,
        *unusable,
        *(f.problem for f in faults if f.abort),
        *(_setting_problem("plugins", error) for error in unknown),
    ]
    parts = (*((CORE, area) for area in areas), *((p.id, p.plugin) for p in loading.plugins))
    bridged = tuple((p.id, b.plugin) for p in loading.plugins for b in p.bridges)
    registry = _registry_of(tuple((owner, tuple(part.entities)) for owner, part in (*parts, *bridged)))
    problems += registry.problems
    problems += _without_migrations(loading)
    problems += _without_keys(config, loading)
    hooks = HookRegistry(_contributions(areas, wiring, loading), health)
    problems += hooks.problems
    services = _services(areas, loading)
    operations = _operations(services, problems)
    permissions = _permissions(areas, loading, registry)
    problems += _unregistered(operations.values(), permissions, services)
    problems += _staged(registry)
    runtime = Runtime(
        config=config,
        clock=clock,
        directory=directory,
        registry=registry,
        operations=operations,
        permissions=permissions,
        services=services,
        settings=_settings(config, areas, loading, problems),
        hooks=hooks,
        health=health,
        bus=Bus(health),
        rights_source=rights_source,
        manifests={p.id: p.manifest for p in loading.plugins},
        faults=faults,
        schedules=planned(loading.plugins),
        resting=tuple(resting(loading.plugins)),
        projections=_projections(areas, loading),
        files=files,
    )
    return Assembly(
        runtime=runtime,
        found=found,
        resolution=resolution,
        parts=(*parts, *bridged),
        units=(core_unit, *_migration_units(loading)),
        problems=tuple(problems),
        notes=(*resolution.notes, *(f.problem for f in faults if not f.abort), *runtime.resting),
    )


def schema_problems(db: Db, assembly: Assembly) -> list[Problem]:
    """Where the database is behind the code; one that is ahead is no problem: old code runs on it."""
    wanted, there = heads(assembly.units), current(db, assembly.units)
    problems, same = [], []
    for unit in assembly.units:
        applied = there[unit.id]
        if applied is not None and applied not in revisions_of(unit):
            continue
        if wanted[unit.id] != applied:
            message = f"the database is at revision {applied or 'none'}, the code at {wanted[unit.id]}"
            problems.append(Problem("schema_differs", unit.id, message, "Run: crmkit db upgrade"))
        else:
            same.append(unit.id)
    stored = read_catalogue(db) if same else {}
    return problems + [p for plugin in same for p in catalogue_problems(stored, plugin, assembly.entities(plugin))]


# -- the parts --------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def _registry_of(parts: tuple[tuple[str, tuple[EntityType[Any], ...]], ...]) -> EntityRegistry:
    """The one registry of these entities, so that deployments in one process share what is compiled for it."""
    found: dict[str, list[EntityType[Any]]] = {}
    for plugin, entities in parts:
        found.setdefault(plugin, []).extend(entities)
    return EntityRegistry(found)


def _contributions(areas: Sequence[Area], wiring: Sequence[Implementation], loading: Loading) -> list[Contribution]:
    given = [Contribution(plugin=CORE, declares=a.declares, hooks=a.hooks, events=a.events) for a in areas]
    given.append(Contribution(plugin=CORE, hooks=tuple(wiring)))
    for one in loading.plugins:
        needs = frozenset(one.manifest.needs) | frozenset(one.manifest.after)
        part = one.plugin
        given.append(
            Contribution(plugin=one.id, declares=part.declares, hooks=part.hooks, events=part.events, needs=needs)
        )
        given += [
            Contribution(plugin=one.id, hooks=b.plugin.hooks, events=b.plugin.events, when=frozenset(b.when))
            for b in one.bridges
        ]
    return given


def _projections(areas: Sequence[Area], loading: Loading) -> list[tuple[str, frozenset[str], Projection]]:
    """Each with the plugin that lists it, and those that must be enabled beside it."""
    given = [(CORE, frozenset[str](), p) for area in areas for p in area.projections]
    for one in loading.plugins:
        given += [(one.id, frozenset[str](), p) for p in one.plugin.projections]
        given += [(one.id, frozenset(b.when), p) for b in one.bridges for p in b.plugin.projections]
    return given


def _services(areas: Sequence[Area], loading: Loading) -> dict[type[Any], str]:
    services: dict[type[Any], str] = {s: CORE for area in areas for s in area.services}
    services.update({s: one.id for one in loading.plugins for s in one.services})
    return services


def _operations(services: Mapping[type[Any], str], problems: list[Problem]) -> dict[str, Operation]:
    operations: dict[str, Operation] = {}
    for service, plugin in services.items():
        try:
            found = operations_of(service)  # type: ignore[arg-type]  # a class can be hashed, whatever it is
        except TypeError as error:
            problems.append(Problem("bad_operation", plugin, str(error), "Mend the method's signature"))
            continue
        for operation in found:
            other = operations.setdefault(operation.name, operation)
            if other is not operation:
                message = f"{operation.name!r} is also an operation of {services.get(other.service or object, CORE)!r}"
                problems.append(Problem("operation_clash", plugin, message, "Rename one of the two"))
    return operations


def _permissions(areas: Sequence[Area], loading: Loading, registry: EntityRegistry) -> dict[str, Permission]:
    """Those of every entity and fact that stands alone, and what areas and manifests add."""
    permissions: dict[str, Permission] = {}
    for entity in registry:
        if entity.part_of is None:
            for verb, label in VERBS[entity.kind].items():
                name = f"{entity.name}.{verb}"
                permissions[name] = Permission(name, f"{label}: {entity.label.lower()}")
    permissions.update({p.name: p for area in areas for p in area.permissions})
    permissions.update({p.name: p for one in loading.plugins for p in one.manifest.permissions})
    return permissions


def _unregistered(
    operations: Iterable[Operation], permissions: Mapping[str, Permission], services: Mapping[type[Any], str]
) -> list[Problem]:
    return [
        Problem(
            "unknown_permission",
            services.get(operation.service or object, CORE),
            f"{operation.name!r} needs the permission {operation.permission!r}, which nobody registers",
            "Add it to the manifest's permissions, or name one of an entity, such as deal.update",
        )
        for operation in operations
        if operation.permission not in {EVERYBODY, *permissions}
    ]


def _staged(registry: EntityRegistry) -> list[Problem]:
    return [
        Problem(
            "no_stage_entries",
            registry.plugin_of(entity.name),
            f"{entity.name!r} is staged, but nothing records its stays in stages",
            f"Register an entity {entity.name + '_stage_entry'!r} beside it",
        )
        for entity in registry
        if entity.staged and f"{entity.name}_stage_entry" not in registry
    ]


def _settings(config: Config, areas: Sequence[Area], loading: Loading, problems: list[Problem]) -> dict[type[Any], Any]:
    settings: dict[type[Any], Any] = {}
    for area in areas:
        errors = config.area_errors(area.id, area.settings)
        problems += [_setting_problem(area.id, error) for error in errors]
        if area.settings is not None and not errors:
            settings[area.settings] = config.area_settings(area.id, area.settings)
    for one in loading.plugins:
        errors = config.plugin_errors(one.id, one.settings)
        problems += [_setting_problem(one.id, error) for error in errors]
        if one.settings is not None and not errors:
            settings[one.settings] = config.plugin_settings(one.id, one.settings)
    return settings


def _setting_problem(plugin: str, error: ConfigError) -> Problem:
    return Problem(error.code, plugin, str(error), "See: crmkit config show")


def _without_migrations(loading: Loading) -> list[Problem]:
    """Plugins whose entities would have no tables, and no place in the catalogue, which a migration writes."""
    problems = []
    for one in loading.plugins:
        parts = (one.plugin, *(bridge.plugin for bridge in one.bridges))
        names = [entity.name for part in parts for entity in part.entities]
        if names and not one.manifest.migrations:
            message = f"it stores {', '.join(names)}, and its manifest names no migrations to make tables for them"
            fix = "Write the first one with crmkit.sdk.render, and name its folder: migrations='package:folder'"
            problems.append(Problem("no_migrations", one.id, message, fix))
    return problems


def _without_keys(config: Config, loading: Loading) -> list[Problem]:
    """Plugins that sign or hash, where there is no key to do it with."""
    if config.core.secret_keys:
        return []
    message = "it signs links or keeps hashes, and this deployment has no secret key"
    needing = (one.id for one in loading.plugins if one.manifest.needs_keys)
    return [Problem(MissingKeysError.code, plugin, message, MissingKeysError.WAY_OUT) for plugin in needing]


def _migration_units(loading: Loading) -> list[Unit]:
    return [
        Unit(id=one.id, location=one.manifest.migrations, depends=tuple(one.manifest.needs))
        for one in loading.plugins
        if one.manifest.migrations
    ]
