"""What a plugin may import of crmkit and of other plugins, as its manifest says. Pure: modules are read, never run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from crmkit.sdk import Bridge, Manifest
from crmkit.testing.conformance import sources

__all__ = ["import_faults"]

DOOR = "crmkit.sdk"


def import_faults(manifest: Manifest, known: Iterable[Manifest]) -> list[str]:
    """Every import of a plugin that its manifest does not allow, with module and line.

    Allowed are `crmkit.sdk`, the package roots of the plugins that it needs, and in the modules of a bridge those of
    the plugins in its ``when``. What belongs to a bridge is imported by the bridge alone, or by the package root where
    a name is asked for: else the plugin would bring along what it does without.

    Args:
        manifest: the plugin's.
        known: the manifests of all plugins that there are, this one among them.
    """
    named = {m.id: sources.named_modules(m) for m in known}
    roots = {plugin: sources.root_of(modules[0]) for plugin, modules in named.items() if modules}
    if manifest.id not in roots:
        return []  # it has no modules
    own = roots[manifest.id]
    others = {root: plugin for plugin, root in roots.items() if plugin != manifest.id}
    return [
        f"{module}, line {line}, imports {imported}{reason}"
        for module, line, imported in sources.imports(own)
        for reason in _reasons(manifest, others, own, module, imported)
    ]


def _reasons(manifest: Manifest, others: Mapping[str, str], own: str, module: str, imported: str) -> Iterator[str]:
    """Why a module may not import a name; nothing if it may."""
    if _lies_in(imported, own):
        for bridge in manifest.bridges:
            if module != own and _of_bridge(imported, bridge) and not _of_bridge(module, bridge):
                yield f", which is there only with {', '.join(bridge.when)}"
        return
    root = max((root for root in others if _lies_in(imported, root)), key=len, default=None)
    if root is None:
        if _lies_in(imported, "crmkit") and not _lies_in(imported, DOOR):
            yield ""
        return
    allowed = {*manifest.needs, *(w for b in manifest.bridges if _of_bridge(module, b) for w in b.when)}
    inside = imported.removeprefix(root).removeprefix(".").partition(".")[0]
    if others[root] not in allowed:
        yield f", and the manifest does not say that it needs {others[root]!r}"
    elif inside and f"{root}.{inside}" in sources.files(root):
        yield f"; import it from {root}, if it is offered there"


def _of_bridge(name: str, bridge: Bridge) -> bool:
    """Whether a module, or a name in one, belongs to a bridge: its module, or that folder whose ``plugin`` it is."""
    module = bridge.implementation.partition(":")[0]
    folder = module.removesuffix(".plugin")
    return _lies_in(name, module if folder == sources.root_of(module) else folder)


def _lies_in(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")
