"""Loading: imports the parts that manifests name, and keeps every failure to the plugin that failed.

In two phases, so that what plugins offer each other exists before anybody uses it: first the ``tables`` and ``hooks``
modules of all plugins, then the rest of each, in the order of resolution. The command line's part is loaded only by the
command line.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, TypeVar

import attrs
from attrs import field, frozen
from sqlalchemy import MetaData

from crmkit.core.kernel.entities.entity import nearest
from crmkit.core.kernel.hooks.signatures import check_callable
from crmkit.core.kernel.plugins.manifest import Bridge, Manifest
from crmkit.core.kernel.plugins.plugin import Plugin
from crmkit.core.kernel.plugins.quarantine import Fault
from crmkit.core.kernel.units.service import Service

__all__ = ["LoadedBridge", "LoadedPlugin", "Loading", "load", "load_all", "load_cli"]

T = TypeVar("T")


@frozen(kw_only=True, eq=False)
class LoadedBridge:
    """A bridge whose other plugins are all loaded; active where they are all enabled.

    Attributes:
        when: ids of the other plugins.
        plugin: what it contributes.
    """

    when: tuple[str, ...]
    plugin: Plugin


@frozen(kw_only=True, eq=False)
class LoadedPlugin:
    """A plugin with all its parts.

    Attributes:
        manifest: what it said about itself.
        plugin: what it contributes.
        services: its services.
        settings: its settings class, if it has one.
        metadata: its tables, if it has any.
        bridges: those of its bridges whose other plugins are loaded too.
        runs: what its schedules run, by the schedule's name.
    """

    manifest: Manifest
    plugin: Plugin
    services: tuple[type[Service], ...] = ()
    settings: type[Any] | None = None
    metadata: MetaData | None = None
    bridges: tuple[LoadedBridge, ...] = ()
    runs: Mapping[str, Callable[..., None]] = field(factory=dict)

    @property
    def id(self) -> str:
        """The plugin's id."""
        return self.manifest.id


@frozen(kw_only=True, eq=False)
class Loading:
    """What has been loaded, and what has not.

    Attributes:
        plugins: in the order of resolution.
        faults: one for each plugin or bridge that failed; a plugin whose bridge failed is loaded without it.
    """

    plugins: tuple[LoadedPlugin, ...]
    faults: tuple[Fault, ...] = ()

    @property
    def aborting(self) -> tuple[Fault, ...]:
        """The faults of plugins whose manifests ask that the start be aborted."""
        return tuple(f for f in self.faults if f.abort)


def load_all(order: Iterable[Manifest]) -> Loading:
    """Import plugins, phase by phase.

    Args:
        order: their manifests in the order of resolution. A plugin that needs one that failed fails too.
    """
    run = _Run()
    given = tuple(order)
    metadata = {m.id: run.attempt(m, _import_tables, m) for m in given}
    for manifest in given:
        run.attempt(manifest, _import_hooks, manifest)
    loaded = [one for m in given if (one := run.attempt(m, _import_rest, m, metadata[m.id]))]
    sound = {one.id for one in loaded}
    return Loading(
        plugins=tuple(attrs.evolve(one, bridges=run.bridges(one.manifest, sound)) for one in loaded),
        faults=tuple(run.faults),
    )


def load(manifest: Manifest) -> LoadedPlugin | Fault:
    """Import one plugin, without its bridges, whether or not what it needs is loaded."""
    loading = load_all([attrs.evolve(manifest, needs={}, bridges=())])
    return attrs.evolve(loading.plugins[0], manifest=manifest) if loading.plugins else loading.faults[0]


def load_cli(manifest: Manifest) -> Any | Fault:
    """The click group of a plugin; None if it has none."""
    run = _Run()
    group = run.attempt(manifest, _import_cli, manifest)
    return run.faults[0] if run.faults else group


# -- one run ----------------------------------------------------------------------------------------------------------


class _PartError(Exception):
    """Carries what was being loaded past the error that came of it."""

    def __init__(self, part: str, error: BaseException) -> None:
        super().__init__(part)
        self.part, self.error = part, error


class _Run:
    """Tries one part after another, and skips plugins that have failed."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []
        self.failed: set[str] = set()

    def attempt(self, manifest: Manifest, step: Callable[..., T], *args: Any) -> T | None:
        if manifest.id in self.failed:
            return None
        if absent := sorted(self.failed & set(manifest.needs)):
            self._fail(_inherited(manifest, absent[0]))
            return None
        try:
            return step(*args)
        except _PartError as failure:
            self._fail(_fault(manifest, failure))
            return None

    def bridges(self, manifest: Manifest, loaded: Collection[str]) -> tuple[LoadedBridge, ...]:
        found = []
        for bridge in manifest.bridges:
            if set(bridge.when) <= set(loaded):
                try:
                    found.append(_import_bridge(bridge))
                except _PartError as failure:
                    self.faults.append(_fault(manifest, failure))
        return tuple(found)

    def _fail(self, fault: Fault) -> None:
        self.failed.add(fault.plugin)
        self.faults.append(fault)


def _fault(manifest: Manifest, failure: _PartError) -> Fault:
    return Fault.of(
        failure.error,
        plugin=manifest.id,
        distribution=manifest.distribution,
        part=failure.part,
        packages=_packages(manifest),
        abort=manifest.on_fault == "abort",
    )


def _inherited(manifest: Manifest, needed: str) -> Fault:
    return Fault(
        plugin=manifest.id,
        distribution=manifest.distribution,
        part="dependency",
        reason=f"it needs {needed!r}, which failed to load",
        abort=manifest.on_fault == "abort",
    )


def _packages(manifest: Manifest) -> set[str]:
    """The packages that the manifest's import strings lie in; a fault is looked for in their files."""
    bridges = [bridge.implementation for bridge in manifest.bridges]
    named = [manifest.settings, manifest.tables, manifest.hooks, manifest.cli, manifest.implementation]
    runs = [schedule.run for schedule in manifest.schedules]
    modules = [text.partition(":")[0] for text in (*named, *manifest.services, *bridges, *runs) if text]
    return {module.rpartition(".")[0] or module for module in modules}


# -- the parts --------------------------------------------------------------------------------------------------------


def _import_tables(manifest: Manifest) -> MetaData | None:
    metadata: MetaData | None = _part("tables", manifest.tables and f"{manifest.tables}:metadata", _check_metadata)
    return metadata


def _import_hooks(manifest: Manifest) -> None:
    _part("hooks", manifest.hooks, lambda _: None)


def _import_rest(manifest: Manifest, metadata: MetaData | None) -> LoadedPlugin:
    plugin_class = _part("implementation", manifest.implementation, _check_plugin) or Plugin
    return LoadedPlugin(
        manifest=manifest,
        plugin=_constructed("implementation", plugin_class),
        services=tuple(service for s in manifest.services if (service := _part("services", s, _check_service))),
        settings=_part("settings", manifest.settings, _check_settings),
        metadata=metadata,
        runs={s.name: _part("schedules", s.run, _check_errand if s.errand else _check_run) for s in manifest.schedules},
    )


def _import_bridge(bridge: Bridge) -> LoadedBridge:
    plugin_class = _part("bridge", bridge.implementation, _check_plugin) or Plugin
    return LoadedBridge(when=bridge.when, plugin=_constructed("bridge", plugin_class))


def _import_cli(manifest: Manifest) -> Any:
    return _part("cli", manifest.cli, lambda _: None)


def _part(part: str, text: str | None, check: Callable[[Any], None]) -> Any:
    """What the import string ``text`` names, checked; None if it names nothing.

    Raises:
        _PartError: whatever goes wrong, also an attempt to end the process.
    """
    if not text:
        return None
    try:
        found = _named(text)
        check(found)
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is its own fault, not ours
        raise _PartError(part, error) from None
    return found


def _constructed(part: str, plugin_class: type[Plugin]) -> Plugin:
    try:
        return plugin_class()
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is its own fault, not ours
        raise _PartError(part, error) from None


def _named(text: str) -> Any:
    module_name, _, path = text.partition(":")
    found: Any = importlib.import_module(module_name)
    for name in path.split(".") if path else ():
        if not hasattr(found, name):
            close = nearest(name, vars(found))
            hint = f"; did you mean {close!r}?" if close else ""
            raise AttributeError(f"{module_name} has no {name!r}, which the manifest names{hint}")
        found = getattr(found, name)
    return found


def _check_metadata(found: object) -> None:
    if not isinstance(found, MetaData):
        raise TypeError(f"metadata must be made by new_metadata(), not {found!r:.60}")


def _check_plugin(found: object) -> None:
    if not (isinstance(found, type) and issubclass(found, Plugin)):
        raise TypeError(f"an implementation must be a subclass of Plugin, not {found!r:.60}")


def _check_service(found: object) -> None:
    if not (isinstance(found, type) and issubclass(found, Service)):
        raise TypeError(f"a service must be a subclass of Service, not {found!r:.60}")


def _check_settings(found: object) -> None:
    if not (isinstance(found, type) and attrs.has(found)):
        raise TypeError(f"settings must be a frozen attrs class, not {found!r:.60}")


def _check_run(found: object) -> None:
    check_callable(found, hook="schedule", takes=("uow", "at"))


def _check_errand(found: object) -> None:
    check_callable(found, hook="schedule", takes=("errand", "at"))
