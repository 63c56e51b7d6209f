"""Discovery: which plugins are installed. Reads manifests only; no other module of any plugin is imported.

A manifest module is executed by itself, without its package: a package root names what is public and therefore imports
the plugin's services, which would load every plugin that is merely installed.
"""

from __future__ import annotations

import functools
import importlib
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType
from typing import TYPE_CHECKING

from attrs import evolve, frozen

from crmkit.core.kernel.plugins.manifest import Manifest
from crmkit.core.kernel.plugins.quarantine import Fault
from crmkit.core.kernel.plugins.resolve import duplicate
from crmkit.errors import Problem

if TYPE_CHECKING:
    from importlib_metadata import EntryPoint

__all__ = ["GROUP", "Found", "discover"]

GROUP = "crmkit.plugins"
"""The group of entry points that offer manifests: ``membership = "crmkit_membership.manifest:MANIFEST"``."""


@frozen(kw_only=True)
class Found:
    """What is installed.

    Attributes:
        manifests: by id. Two of one id if two distributions offer it; resolution then refuses both.
        problems: what cannot be used, and why; one per entry point.
        faults: of those problems, manifests that raised, with their tracebacks.
    """

    manifests: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()
    faults: tuple[Fault, ...] = ()

    @property
    def broken(self) -> frozenset[str]:
        """Ids that are offered by something, but by no usable manifest."""
        return frozenset(p.subject for p in self.problems) - {m.id for m in self.manifests}


def discover(*, extra: Iterable[Manifest] = (), entry_points: Iterable[EntryPoint] | None = None) -> Found:
    """What is installed.

    Args:
        extra: further manifests, which take the place of installed ones with the same id.
        entry_points: what to read instead of the process's installed distributions, which are scanned once for each
            ``sys.path``.
    """
    found = _installed() if entry_points is None else _read(entry_points)
    further = tuple(extra)
    distinct = [m for n, m in enumerate(further) if m not in further[:n]]  # two with one id: `resolve` tells of them
    given = {manifest.id for manifest in distinct}
    return Found(
        manifests=tuple(sorted([*(m for m in found.manifests if m.id not in given), *distinct], key=_by_id)),
        problems=tuple(p for p in found.problems if p.subject not in given),
        faults=tuple(f for f in found.faults if f.plugin not in given),
    )


def _installed() -> Found:
    return _found_on(tuple(sys.path))  # which the configuration of a deployment adds folders to


@functools.lru_cache(maxsize=16)
def _found_on(_path: tuple[str, ...]) -> Found:
    import importlib_metadata  # only who discovers pays for it

    return _read(importlib_metadata.entry_points(group=GROUP))


def _read(entry_points: Iterable[EntryPoint]) -> Found:
    manifests: list[Manifest] = []
    problems: list[Problem] = []
    faults: list[Fault] = []
    provenance = _Provenance()
    for point in sorted(entry_points, key=lambda point: (point.name, point.value)):
        distribution, version = provenance(point)
        match _manifest(point, distribution):
            case Manifest() as manifest:
                manifests.append(evolve(manifest, distribution=distribution, version=manifest.version or version))
            case Fault() as fault:
                faults.append(fault)
                problems.append(fault.problem)
            case problem:
                problems.append(problem)
    unique = _without_repetition(manifests)
    return Found(manifests=unique, problems=(*problems, *_offered_twice(unique)), faults=tuple(faults))


class _Provenance:
    """What installs an entry point, and its version. Remembered, since the bundled plugins share one distribution."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[str, str | None]] = {}

    def __call__(self, point: EntryPoint) -> tuple[str, str | None]:
        distribution = point.dist
        if distribution is None:
            return point.module, None
        if id(distribution) not in self._known:  # by identity: not all kinds of distribution can be hashed
            self._known[id(distribution)] = (distribution.name or point.module, distribution.version)
        return self._known[id(distribution)]


def _manifest(point: EntryPoint, distribution: str) -> Manifest | Fault | Problem:
    module, _, attribute = point.value.partition(":")
    try:
        manifest = getattr(_alone(module), attribute or "MANIFEST")
    except (Exception, SystemExit) as error:  # noqa: BLE001  # whatever a plugin raises is its own fault, not ours
        packages = {module.rpartition(".")[0] or module}
        return Fault.of(error, plugin=point.name, distribution=distribution, part="manifest", packages=packages)
    if not isinstance(manifest, Manifest):
        message = f"{point.value} is no Manifest but {manifest!r:.60}"
        return Problem("not_a_manifest", point.name, message, f"Upgrade or uninstall {distribution!r}")
    if manifest.id != point.name:
        message = f"its manifest says that its id is {manifest.id!r}, its entry point in {distribution!r} differs"
        return Problem("id_mismatch", point.name, message, "Name the entry point like the id")
    return manifest


def _alone(name: str) -> ModuleType:
    """The module ``name``, executed without the package that it is in, or imported if it is found in no common way."""
    package, _, _ = name.rpartition(".")
    if name in sys.modules or not package:
        return importlib.import_module(name)
    parent = find_spec(package)  # imports what is above the package, not the package itself
    spec = _spec_in(name, parent.submodule_search_locations) if parent else None
    if spec is None or spec.loader is None:
        return importlib.import_module(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _spec_in(name: str, locations: Sequence[str] | None) -> ModuleSpec | None:
    return PathFinder.find_spec(name, locations) if locations else None


def _without_repetition(manifests: Iterable[Manifest]) -> tuple[Manifest, ...]:
    """One of each; a distribution that is found twice on the path offers the same manifest twice."""
    unique: list[Manifest] = []
    for manifest in manifests:
        if manifest not in unique:
            unique.append(manifest)
    return tuple(sorted(unique, key=_by_id))


def _offered_twice(manifests: Sequence[Manifest]) -> Iterator[Problem]:
    for plugin in sorted({m.id for m in manifests}):
        if problem := duplicate(plugin, manifests):
            yield problem


def _by_id(manifest: Manifest) -> tuple[str, str]:
    return manifest.id, manifest.distribution
