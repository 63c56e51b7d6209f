"""The plugin's code as it lies in files: where it is, what it imports, and what importing it does in a new process."""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import importlib_metadata

from crmkit.api import Manifest

__all__ = [
    "Import",
    "calls",
    "entry_points",
    "extra_modules",
    "files",
    "imports",
    "manifest_module",
    "named_modules",
    "root_of",
    "run",
]

GROUP = "crmkit.plugins"
BUNDLED = "crmkit.plugins."

Import = tuple[str, int, str]
"""A module of the plugin, a line in it, and what it imports there."""


def entry_points(plugin: str) -> list[tuple[str, str]]:
    """Name and value of the installed entry points that are called like the plugin."""
    found = importlib_metadata.entry_points(group=GROUP)
    return sorted({(point.name, point.value) for point in found if point.name == plugin})


def manifest_module(manifest: Manifest) -> str | None:
    """The module that the manifest is made in; None if it is in no module of its own, such as in a test."""
    roots = {root_of(name) for name in named_modules(manifest)}
    holding = [
        name
        for name, module in list(sys.modules.items())
        if root_of(name) in roots and any(value is manifest for value in vars(module).values())
    ]
    return min(holding, key=lambda name: (not name.endswith(".manifest"), name), default=None)


def named_modules(manifest: Manifest) -> list[str]:
    """The modules that the manifest names, in the order in which they are loaded."""
    bridges = [bridge.implementation for bridge in manifest.bridges]
    parts = [manifest.tables, manifest.hooks, manifest.settings, *manifest.services, manifest.implementation]
    return [part.partition(":")[0] for part in (*parts, *bridges, manifest.cli) if part]


def root_of(module: str) -> str:
    """The package that a module of a plugin lies in: the public surface of that plugin."""
    return ".".join(module.split(".")[:3]) if module.startswith(BUNDLED) else module.partition(".")[0]


def files(root: str) -> dict[str, Path]:
    """Every module of a package, or the one module, with its file."""
    spec = importlib.util.find_spec(root)
    if spec is None:
        return {}
    if not spec.submodule_search_locations:
        return {root: Path(spec.origin)} if spec.origin else {}
    folder = Path(next(iter(spec.submodule_search_locations)))
    found = {}
    for path in sorted(folder.rglob("*.py")):
        parts = [root, *path.relative_to(folder).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(root: str) -> Iterator[Import]:
    """What the plugin's modules import, wherever in them; ``from a import b`` counts as ``a.b``."""
    for name, path in files(root).items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                yield from ((name, node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and not node.level:
                yield from ((name, node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def calls(root: str, function: str) -> Iterator[tuple[str, int, ast.Call]]:
    """Where the plugin's modules call a function of this name."""
    for name, path in files(root).items():
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == function:
                yield name, node.lineno, node


# -- in a new process -------------------------------------------------------------------------------------------------


def run(code: str, *arguments: str) -> tuple[int, str]:
    """Run Python code in a new process that finds the same modules; returns its exit code and what it printed."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    ran = subprocess.run(  # noqa: S603  # this interpreter, code of our own
        [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    return ran.returncode, (ran.stdout if ran.returncode == 0 else ran.stderr).strip()


def extra_modules(distribution: str) -> dict[str, str]:
    """The modules that come only with an extra of the distribution, each with the extra's name."""
    try:
        requirements = importlib_metadata.requires(distribution) or []
    except importlib_metadata.PackageNotFoundError:
        return {}
    always = {_name(r) for r in requirements if "extra" not in r.partition(";")[2]}
    extras = {
        _name(r): found[1]
        for r in requirements
        if (found := re.search(r"extra\s*==\s*['\"]([^'\"]+)", r)) and _name(r) not in {*always, _name(distribution)}
    }
    provided = importlib_metadata.packages_distributions()
    return {
        module: extras[name]
        for module, distributions in provided.items()
        for name in map(_name, distributions)
        if name in extras and not module.startswith("_")
    }


def _name(requirement: str) -> str:
    """The distribution that a requirement names, in the one spelling of PEP 503."""
    name = re.split(r"[^A-Za-z0-9._-]", requirement.strip(), maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()
