"""Profiles: which sets of plugins can be enabled together, for a tenant. Pure functions of manifests."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Literal

from crmkit.core.kernel.plugins.manifest import Bridge, Manifest
from crmkit.errors import PluginDependencyError

__all__ = ["active_bridges", "check_closed", "check_disable", "check_enable", "dependants", "graph"]


def dependants(manifests: Iterable[Manifest], plugin: str) -> tuple[str, ...]:
    """Ids of all plugins that need ``plugin``, directly or through others."""
    given = sorted(manifests, key=lambda m: m.id)
    found = {plugin}
    while more := {m.id for m in given if m.id not in found and found & set(m.needs)}:
        found |= more
    return tuple(sorted(found - {plugin}))


def check_closed(manifests: Iterable[Manifest], enabled: Collection[str]) -> None:
    """Check that with each enabled plugin all that it needs is enabled.

    Raises:
        PluginDependencyError: if something is missing; of several plugins, about the first by id.
    """
    for manifest in sorted(manifests, key=lambda m: m.id):
        if manifest.id in enabled and (missing := sorted(set(manifest.needs) - set(enabled))):
            raise PluginDependencyError(manifest.id, missing, _needs_message(manifest.id, missing))


def check_enable(manifests: Iterable[Manifest], plugin: str, enabled: Collection[str]) -> None:
    """Check that ``plugin`` may be enabled beside those that are.

    Raises:
        PluginDependencyError: if something that it needs is not enabled; ``others`` names that.
    """
    needs = {need for m in manifests if m.id == plugin for need in m.needs}
    if missing := sorted(needs - set(enabled)):
        raise PluginDependencyError(plugin, missing, _needs_message(plugin, missing))


def check_disable(manifests: Iterable[Manifest], plugin: str, enabled: Collection[str]) -> None:
    """Check that ``plugin`` may be disabled.

    Raises:
        PluginDependencyError: if an enabled plugin needs it; ``others`` names all that do.
    """
    if holding := [d for d in dependants(manifests, plugin) if d in enabled]:
        names = ", ".join(repr(d) for d in holding)
        reason = f"cannot be disabled while {names} is enabled; disable first: {_verbs('disable', holding)}"
        raise PluginDependencyError(plugin, holding, f"plugin {plugin!r} {reason}")


def active_bridges(manifests: Iterable[Manifest], enabled: Collection[str]) -> tuple[tuple[str, Bridge], ...]:
    """The bridges that are active where ``enabled`` are, each with the id of its plugin."""
    present = set(enabled)
    return tuple((m.id, b) for m in manifests if m.id in present for b in m.bridges if set(b.when) <= present)


def _needs_message(plugin: str, missing: Collection[str]) -> str:
    names = ", ".join(repr(m) for m in missing)
    return f"plugin {plugin!r} needs {names}, which is not enabled; enable first: {_verbs('enable', missing)}"


def _verbs(verb: str, plugins: Collection[str]) -> str:
    return "; ".join(f"crmkit plugins {verb} {plugin}" for plugin in plugins)


# -- drawing ----------------------------------------------------------------------------------------------------------


def graph(manifests: Iterable[Manifest], form: Literal["text", "mermaid"] = "text") -> str:
    """The plugins and what ties them together.

    Args:
        manifests: what to draw; rings and plugins that are missing do no harm.
        form: ``text``, indented lines for people; ``mermaid``, a flowchart for documents.
    """
    given = sorted(manifests, key=lambda m: m.id)
    lines = ["flowchart TD", *_mermaid(given)] if form == "mermaid" else _text(given)
    return "\n".join(lines)


def _text(manifests: Iterable[Manifest]) -> list[str]:
    lines: list[str] = []
    for manifest in manifests:
        lines.append(f"{manifest.id} {manifest.version or ''}".rstrip())
        lines += [f"  needs {plugin} {versions}".rstrip() for plugin, versions in sorted(manifest.needs.items())]
        lines += [f"  after {plugin}" for plugin in manifest.after]
        lines += [f"  bridge to {' and '.join(bridge.when)}" for bridge in manifest.bridges]
    return lines


def _mermaid(manifests: Iterable[Manifest]) -> list[str]:
    lines: list[str] = []
    for manifest in manifests:
        lines.append(f'    {_node(manifest.id)}["{manifest.label}"]')
        for plugin, versions in sorted(manifest.needs.items()):
            label = f'|"{versions}"|' if versions else ""
            lines.append(f"    {_node(manifest.id)} -->{label} {_node(plugin)}")
        lines += [f"    {_node(manifest.id)} -.->|after| {_node(plugin)}" for plugin in manifest.after]
        lines += [
            f"    {_node(manifest.id)} <-.->|bridge| {_node(plugin)}" for b in manifest.bridges for plugin in b.when
        ]
    return lines


def _node(plugin: str) -> str:
    """The name of a node; prefixed, since words such as ``end`` mean something to Mermaid."""
    return f"p_{plugin}"
