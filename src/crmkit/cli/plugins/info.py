"""``crmkit plugins info`` and ``graph``: what a plugin brings, and what ties plugins together."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import click

from crmkit.api import CRM, Manifest
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.plugins.trying import found_manifest, with_plugins

__all__ = ["graph", "info"]

_ATTRIBUTE = re.compile(r"^    (\w+): (.*(?:\n {5,}.*)*)", re.MULTILINE)


@click.command()
@click.option("--mermaid", is_flag=True, help="As a flowchart for documents, in Mermaid's language.")
@pass_line
def graph(line: Line, *, mermaid: bool) -> None:
    """Show which plugin needs which.

    And which comes after which, and where there are bridges.

    Example: crmkit plugins graph --mermaid
    """
    click.echo(line.unstarted.plugin_graph("mermaid" if mermaid else "text"))


@click.command()
@click.argument("plugin")
@pass_line
def info(line: Line, plugin: str) -> None:
    """Show what a plugin brings.

    Entities, commands, permissions, hooks, schedules, events, settings and command line of PLUGIN, which need not be
    loaded.

    Example: crmkit plugins info exchange
    """
    manifest = found_manifest(line, plugin)
    for label, value in _about(manifest):
        click.echo(f"{label + ':':<14}{value}")
    crm = with_plugins(line, [*line.config.crmkit.plugins, plugin])
    runtime = crm.runtime
    if plugin not in runtime.manifests:
        why = runtime.quarantined.get(plugin) or "; ".join(str(p) for p in crm.assemble().problems)
        raise Failure(f"the rest is not known, since {plugin!r} cannot be loaded: {why}")
    for title, lines in _brought(crm, manifest):
        if shown := list(lines):
            click.echo(f"\n{title}")
            for one in shown:
                click.echo(f"  {one}")


def _about(manifest: Manifest) -> Iterator[tuple[str, str]]:
    yield "plugin", f"{manifest.id} ({manifest.label})"
    if manifest.summary:
        yield "summary", manifest.summary
    yield "distribution", f"{manifest.distribution} {manifest.version or ''}".rstrip()
    yield "api", manifest.api
    yield "scope", manifest.scope
    if manifest.needs:
        yield "needs", ", ".join(f"{plugin} {versions}".rstrip() for plugin, versions in manifest.needs.items())
    if manifest.after:
        yield "after", ", ".join(manifest.after)
    for bridge in manifest.bridges:
        yield "bridge to", " and ".join(bridge.when)


def _brought(crm: CRM, manifest: Manifest) -> Iterator[tuple[str, Iterable[str]]]:
    assembly, runtime, id_ = crm.assemble(), crm.runtime, manifest.id
    parts = [part for owner, part in assembly.parts if owner == id_]
    entities = assembly.entities(id_)
    operations = [o for _, o in sorted(runtime.operations.items()) if runtime.services.get(o.service or object) == id_]
    yield "Entities", (f"{e.name}: {e.label} (table {e.table.name})" for e in entities)
    yield (
        "Commands and queries",
        (f"{o.name} ({o.kind}, needs {o.permission or 'rights on records'})" for o in operations),
    )
    own = [p for name, p in runtime.permissions.items() if name.startswith(f"{id_}.")]
    yield "Permissions", (f"{p.name}: {p.label}" for p in own)
    yield "Hooks implemented", (f"{h.name}: {_first_line(h.fn)}" for part in parts for h in part.hooks if not h.durable)
    yield "Hooks declared", (f"{h.name}: {h.doc}" for part in parts for h in part.declares)
    yield "Schedules", (f"{s.name}: {s.when}, with the role {s.role!r}" for s in manifest.schedules)
    durable = [h for part in parts for h in part.hooks if h.durable]
    yield "Durable subscribers, which are jobs", (f"{h.name}: {_first_line(h.fn)}" for h in durable)
    yield "Events", (f"{e.__name__}: {_first_line(e)}" for part in parts for e in part.events)
    yield f"Settings, section [plugins.{id_}]", _settings(manifest)
    yield "Command line", _commands(crm, manifest)


def _first_line(thing: object) -> str:
    return (inspect.getdoc(thing) or "").partition("\n")[0]


def _settings(manifest: Manifest) -> Iterator[str]:
    if manifest.settings is None:
        return
    settings: type[Any] = pkgutil.resolve_name(manifest.settings)
    said = dict(_ATTRIBUTE.findall((inspect.getdoc(settings) or "").partition("Attributes:\n")[2]))
    for attribute in attrs.fields(settings):
        default = "" if attribute.default is attrs.NOTHING else f" = {_shown(attribute.default)}"
        yield f"{attribute.name}{default}: {' '.join(said.get(attribute.name, '').split())}".rstrip(": ")


def _shown(default: Any) -> str:
    if hasattr(default, "takes_self"):  # made anew by an attrs.Factory, which type checkers take for a function
        return "..."
    return "none" if default is None else str(default)


def _commands(crm: CRM, manifest: Manifest) -> Iterator[str]:
    group = crm.commands(manifest.id) if manifest.cli else None
    for name, command in sorted(getattr(group, "commands", {}).items()):
        yield f"{name}: {command.get_short_help_str(80)}"
