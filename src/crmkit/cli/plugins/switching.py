"""``crmkit plugins enable`` and ``disable``: at run time for tenants, or by what the configuration loads."""

from __future__ import annotations

from collections.abc import Sequence

import click

from crmkit.api import CRM, set_in_file
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.plugins.trying import found_manifest, with_plugins
from crmkit.errors import PluginQuarantinedError, StartupError

__all__ = ["disable", "enable"]

LOADED = "crmkit.plugins"


@click.command()
@click.argument("plugin")
@pass_line
def enable(line: Line, plugin: str) -> None:
    """Enable a plugin.

    For all tenants, or with --tenant for that one. A PLUGIN that is not loaded yet is added to the configuration
    file, and loaded by every process from its next start on.
    One that is loaded is switched on at once, in all processes.

    Example: crmkit plugins enable membership
    """
    found_manifest(line, plugin)
    if plugin not in line.config.crmkit.plugins:
        _load(line, plugin)
        return
    line.crm.plugins.enable(plugin, tenant=line.tenant, actor=line.operator)
    click.echo(f"Enabled {plugin} for {_whom(line)}.")


@click.command()
@click.argument("plugin")
@click.option("--unload", is_flag=True, help="Take it off the configuration's list, so that it is no longer loaded.")
@pass_line
def disable(line: Line, plugin: str, *, unload: bool) -> None:
    """Disable a plugin; its data stays.

    For all tenants, or with --tenant for that one. PLUGIN is switched off at once, in all processes. One that
    fails to load is taken off the configuration's list.

    Example: crmkit plugins disable membership
    """
    if plugin not in line.config.crmkit.plugins:
        found_manifest(line, plugin)
        raise Failure(f"the plugin {plugin!r} is not loaded, so there is nothing to disable")
    if unload or plugin not in line.unstarted.runtime.manifests:
        _unload(line, plugin)
        return
    line.crm.plugins.disable(plugin, tenant=line.tenant, actor=line.operator)
    click.echo(
        f"Disabled {plugin} for {_whom(line)}; its data is kept. Enable it again: crmkit plugins enable {plugin}"
    )


def _whom(line: Line) -> str:
    return f"the tenant {line.tenant}" if line.tenant else "all tenants"


# -- what is loaded ---------------------------------------------------------------------------------------------------


def _load(line: Line, plugin: str) -> None:
    """Add the plugin to the list, if the deployment would start with it.

    Raises:
        PluginQuarantinedError: if it fails to load.
        StartupError: if it brings problems that were not there before.
    """
    wanted = [*line.config.crmkit.plugins, plugin]
    crm = with_plugins(line, wanted)
    if plugin in crm.runtime.quarantined:
        raise PluginQuarantinedError(plugin, crm.runtime.quarantined[plugin])
    if problems := [p for p in crm.assemble().problems if p not in line.unstarted.assemble().problems]:
        raise StartupError(problems)
    _set_loaded(line, wanted)
    click.echo(f"Added {plugin} to the plugins in {line.path}; processes load it when they are started anew.")
    if any(status.id == plugin and status.pending for status in crm.schema.status()):
        click.echo("It brings tables. Run: crmkit db upgrade")
    elif not crm.schema.problems():
        _seed(crm, plugin)
    crm.close()


def _seed(crm: CRM, plugin: str) -> None:
    """Give the tenants that there are what the plugin begins with."""
    crm.start()
    for tenant, _ in crm.tenants.list():
        crm.tenants.seed(tenant, plugin=plugin)


def _unload(line: Line, plugin: str) -> None:
    """Take the plugin off the list, unless another one on it needs it.

    Raises:
        Failure: if one does.
    """
    loaded = line.config.crmkit.plugins
    manifests = line.unstarted.assemble().found.manifests
    if needing := [m.id for m in manifests if m.id in loaded and plugin in m.needs]:
        verbs = "; ".join(f"crmkit plugins disable {id_} --unload" for id_ in needing)
        raise Failure(f"plugin {plugin!r} is needed by {', '.join(map(repr, needing))}; disable first: {verbs}")
    _set_loaded(line, [id_ for id_ in loaded if id_ != plugin])
    click.echo(f"Took {plugin} off the plugins in {line.path}; its data is kept.")


def _set_loaded(line: Line, plugins: Sequence[str]) -> None:
    origin = line.config.origin(LOADED)
    if origin != "default" and not origin.startswith(line.path.name):
        raise Failure(f"{LOADED} is set by {origin}; change it there to {list(plugins)}")
    set_in_file(line.path, LOADED, list(plugins))
