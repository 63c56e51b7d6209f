"""Resolution: which of the installed plugins are loaded, in which order, and everything that is wrong with that.

Pure functions of manifests; nothing is imported, read or asked.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import combinations

from attrs import frozen

from crmkit.core.kernel.entities.entity import nearest
from crmkit.core.kernel.plugins.manifest import API_VERSION, Manifest
from crmkit.errors import Problem

__all__ = ["Resolution", "duplicate", "resolve"]

Edges = dict[str, set[str]]
"""Plugin to those that come before it."""


@frozen(kw_only=True)
class Resolution:
    """What to load.

    Attributes:
        order: the plugins that can be loaded: first those that are needed, then those declared ``after``, then by id.
        problems: what keeps the deployment from starting, each with its fix.
        notes: what does not keep it from starting: plugins set aside because one that they need is broken, and
            wishes about the order that contradict each other.
    """

    order: tuple[Manifest, ...]
    problems: tuple[Problem, ...] = ()
    notes: tuple[Problem, ...] = ()


def resolve(
    manifests: Iterable[Manifest],
    wanted: Iterable[str],
    *,
    broken: Collection[str] = (),
    core_tables: Collection[str] = (),
    core_permissions: Collection[str] = (),
) -> Resolution:
    """What to load of ``manifests``, and everything that is wrong with them, at once.

    Args:
        manifests: what is installed.
        wanted: ids of what shall be loaded; dependencies are not added, but must be among them.
        broken: ids whose manifests could not be read; they and what needs them are set aside.
        core_tables: names of the core's tables.
        core_permissions: names of the core's permissions.
    """
    installed = sorted(manifests, key=lambda m: m.id)
    ids, bad = sorted(set(wanted)), frozenset(broken)
    by_id = {m.id: m for m in installed if m.id in ids}
    chosen = [by_id[i] for i in sorted(by_id)]
    needs: Edges = {m.id: set(m.needs) & set(by_id) for m in chosen}
    problems = [
        *_unknown(ids, installed, bad),
        *(problem for i in ids if (problem := duplicate(i, installed))),
        *(problem for m in chosen for problem in _unmet(m, installed, ids, bad)),
        *(_cycle(ring) for ring in _rings(needs)),
        *_permission_clashes(chosen, core_permissions),
        *_table_clashes(chosen, core_tables),
    ]
    aside = _all_that_need(bad, chosen)
    lost = aside | _all_that_need({p.subject for p in problems}, chosen) | {r for ring in _rings(needs) for r in ring}
    order, notes = _ordered([m for m in chosen if m.id not in lost])
    return Resolution(order=order, problems=tuple(problems), notes=(*_set_aside(aside - bad, chosen), *notes))


# -- what can be wrong ------------------------------------------------------------------------------------------------


def _unknown(ids: Iterable[str], installed: Sequence[Manifest], broken: Collection[str]) -> Iterator[Problem]:
    known = {m.id for m in installed}
    for plugin in ids:
        if plugin in known or plugin in broken:
            continue
        close = nearest(plugin, known)
        hint = f"; did you mean {close!r}?" if close else ""
        fix = f"Install the distribution that offers it, or remove it: crmkit plugins disable {plugin}"
        yield Problem("unknown_plugin", plugin, f"no installed distribution offers this plugin{hint}", fix)


def duplicate(plugin: str, manifests: Iterable[Manifest]) -> Problem | None:
    """The problem that several manifests have one id, if they do."""
    offered = sorted(m.distribution for m in manifests if m.id == plugin)
    if len(offered) < 2:  # noqa: PLR2004  # one is as it should be
        return None
    message = f"is offered by {len(offered)} distributions: {', '.join(offered)}"
    return Problem("duplicate_id", plugin, message, f"Uninstall all but one: python -m pip uninstall {offered[-1]}")


def _unmet(
    manifest: Manifest, installed: Sequence[Manifest], ids: Collection[str], broken: Collection[str]
) -> Iterator[Problem]:
    if not _in_range(API_VERSION, manifest.api):
        message = f"is written for version {manifest.api} of crmkit's plugin API, and this is {API_VERSION}"
        fix = f"Install a version of {manifest.distribution!r} that fits, or another version of crmkit"
        yield Problem("api_out_of_range", manifest.id, message, fix)
    by_id = {m.id: m for m in installed}
    for plugin, versions in sorted(manifest.needs.items()):
        if plugin in broken:
            continue
        if plugin not in by_id or plugin not in ids:
            yield _missing(manifest, plugin, versions, is_installed=plugin in by_id)
        elif not _in_range(by_id[plugin].version, versions):
            message = f"needs {plugin!r} {versions}, and installed is {by_id[plugin].version}"
            fix = f"Install what fits: python -m pip install '{by_id[plugin].distribution}{versions}'"
            yield Problem("dependency_out_of_range", manifest.id, message, fix)


def _missing(manifest: Manifest, plugin: str, versions: str, *, is_installed: bool) -> Problem:
    message = f"needs {f'{plugin!r} {versions}'.rstrip()}, which is {'not loaded' if is_installed else 'not installed'}"
    fix = f"Enable it: crmkit plugins enable {plugin}" if is_installed else "Install the distribution that offers it"
    return Problem("missing_dependency", manifest.id, message, fix)


def _in_range(version: str | None, versions: str) -> bool:
    """Whether a version lies in a range by PEP 440; an unknown version is given the benefit of the doubt."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet  # slow to import; nobody without plugins needs it
    from packaging.version import InvalidVersion

    if version is None or not versions:
        return True
    try:
        return SpecifierSet(versions).contains(version, prereleases=True)
    except (InvalidSpecifier, InvalidVersion):
        return False


def _cycle(ring: Sequence[str]) -> Problem:
    path = " needs ".join(repr(plugin) for plugin in (*ring, ring[0]))
    fix = "Upgrade them to versions that do not need each other, or load none of them"
    return Problem("cycle", ring[0], f"is part of a ring: {path}", fix)


def _permission_clashes(chosen: Sequence[Manifest], core: Collection[str]) -> Iterator[Problem]:
    owners: dict[str, str] = dict.fromkeys(core, "core")
    for manifest in chosen:
        for permission in manifest.permissions:
            owner = owners.setdefault(permission.name, manifest.id)
            if owner != manifest.id:
                message = f"its permission {permission.name!r} also belongs to {owner!r}"
                yield Problem("permission_clash", manifest.id, message, "Load only one of the two")


def _table_clashes(chosen: Sequence[Manifest], core: Collection[str]) -> Iterator[Problem]:
    """Prefixes one of which begins the other: ``crm_sales_plan_step`` could then be a table of either plugin."""
    prefixes = [(f"crm_{m.id}_", m.id) for m in chosen if m.tables]
    for prefix, plugin in prefixes:
        if taken := sorted(table for table in core if f"{table}_".startswith(prefix)):
            message = f"its tables would begin with {prefix!r}, as the core's {taken[0]!r} does"
            yield Problem("table_clash", plugin, message, "Its author must choose another id; do not load it")
    for (shorter, one), (longer, other) in combinations(sorted(prefixes), 2):
        if longer.startswith(shorter):
            message = f"its tables begin with {longer!r}, which may also be tables of {one!r}"
            yield Problem("table_clash", other, message, "Load only one of the two")


# -- order ------------------------------------------------------------------------------------------------------------


def _rings(needs: Mapping[str, Collection[str]]) -> list[list[str]]:
    """Rings in ``needs`` that share no plugin, at least one for each knot; each begins with its smallest id."""
    left: Edges = {plugin: set(before) for plugin, before in needs.items()}
    rings = []
    while ring := _ring(left):
        first = ring.index(min(ring))
        rings.append([*ring[first:], *ring[:first]])
        left = {plugin: before - set(ring) for plugin, before in left.items() if plugin not in ring}
    return rings


def _ring(edges: Mapping[str, Collection[str]]) -> list[str]:
    """One ring, in the direction of the edges; empty if there is none."""
    sorter = TopologicalSorter({plugin: sorted(edges[plugin]) for plugin in sorted(edges)})
    try:
        sorter.prepare()
    except CycleError as error:
        ring: list[str] = error.args[1]
        return ring[:0:-1]  # graphlib names predecessors first, and the first plugin twice
    return []


def _ordered(chosen: Sequence[Manifest]) -> tuple[tuple[Manifest, ...], list[Problem]]:
    """The order of plugins whose needs have no ring; wishes that contradict each other or a need are dropped."""
    by_id = {m.id: m for m in chosen}
    edges: Edges = {m.id: (set(m.needs) | set(m.after)) & set(by_id) - {m.id} for m in chosen}
    notes = []
    while ring := _ring(edges):
        wishes = [
            (one, other) for one, other in zip(ring, [*ring[1:], ring[0]], strict=True) if other not in by_id[one].needs
        ]
        for one, other in wishes:
            edges[one].discard(other)
        path = " after ".join(repr(plugin) for plugin in (*ring, ring[0]))
        notes.append(
            Problem("after_cycle", min(ring), f"cannot all be heeded: {path}", "Their order is by needs and id")
        )
    return tuple(by_id[plugin] for plugin in _sorted(edges)), notes


def _sorted(edges: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Topologically, and by id where that leaves a choice."""
    sorter = TopologicalSorter(edges)
    sorter.prepare()
    ready: list[str] = []
    while sorter.is_active():
        for plugin in sorter.get_ready():
            heapq.heappush(ready, plugin)
        plugin = heapq.heappop(ready)
        sorter.done(plugin)
        yield plugin


def _all_that_need(plugins: Collection[str], chosen: Sequence[Manifest]) -> set[str]:
    """``plugins`` and all that need one of them, directly or not."""
    found = set(plugins)
    while more := {m.id for m in chosen if m.id not in found and found & set(m.needs)}:
        found |= more
    return found


def _set_aside(plugins: Collection[str], chosen: Sequence[Manifest]) -> Iterator[Problem]:
    for manifest in chosen:
        if manifest.id in plugins:
            message = "is set aside, because a plugin that it needs failed to load"
            yield Problem("dependency_failed", manifest.id, message, "See: crmkit plugins doctor")
