"""The command ``crmkit``: its global options, its own commands, and those that plugins bring."""

from __future__ import annotations

import pkgutil
from typing import Any, Final

import click

from crmkit.cli.failing import Failure, failing_clearly
from crmkit.cli.line import line_of
from crmkit.errors import CrmkitError, UnknownPluginError

__all__ = ["root"]

COMMANDS: Final = {
    "config": "crmkit.cli.config:config",
    "criteria": "crmkit.cli.criteria:criteria",
    "db": "crmkit.cli.db:db",
    "demo": "crmkit.cli.demo:demo",
    "explain": "crmkit.cli.explain:explain",
    "files": "crmkit.cli.files:files",
    "fields": "crmkit.cli.fields:fields",
    "history": "crmkit.cli.history:history",
    "init": "crmkit.cli.init:init",
    "jobs": "crmkit.cli.jobs:jobs",
    "plugins": "crmkit.cli.plugins:plugins",
    "quality": "crmkit.cli.quality:quality",
    "restore": "crmkit.cli.history:restore",
    "search": "crmkit.cli.search:search",
    "show": "crmkit.cli.show:show",
    "tenants": "crmkit.cli.tenants:tenants",
    "undo": "crmkit.cli.history:undo",
    "verify": "crmkit.cli.verify:verify",
    "worker": "crmkit.cli.worker:worker",
}
"""What crmkit itself brings: name, and where the command is."""

OF_PLUGINS: Final = {"export": "exchange", "import": "exchange", "take-back": "exchange"}
"""Commands of bundled plugins that stand at the top, because everybody looks for them there."""


class Root(click.Group):
    """Finds commands by name, and imports no others."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command's name: crmkit's own, and the groups of the plugins that are loaded."""
        return sorted({*COMMANDS, *OF_PLUGINS, *self._plugin_groups(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command called ``cmd_name``; None if there is none."""
        if cmd_name in COMMANDS:
            found: click.Command = pkgutil.resolve_name(COMMANDS[cmd_name])
            return found
        return self._listed(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command that ``args`` call, that of a plugin imported.

        Raises:
            UsageError: if nobody has that name; names the nearest one.
        """
        name, line = args[0], line_of(ctx)
        with failing_clearly(debug=line.debug):
            command = self.get_command(ctx, name) if name in COMMANDS else self._of_plugin(ctx, name)
        if command is None:
            from difflib import get_close_matches

            close = get_close_matches(name, self.list_commands(ctx), n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "; see: crmkit --help"
            raise click.UsageError(f"there is no command {name!r}{hint}", ctx)
        return name, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; whatever it raises ends in one clear line."""
        with failing_clearly(debug=line_of(ctx).debug):
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands, and apart from them what plugins bring."""
        own = [(name, self._help(ctx, name)) for name in sorted({*COMMANDS, *OF_PLUGINS})]
        with formatter.section("Commands"):
            formatter.write_dl(own)
        brought = [(name, summary) for name, summary in sorted(self._plugin_groups(ctx).items())]
        if brought:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(brought)

    def _help(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(70) if command else ""

    # -- plugins ------------------------------------------------------------------------------------------------------

    @staticmethod
    def _plugin_groups(ctx: click.Context) -> dict[str, str]:
        """The plugins whose manifests name a click group, with their summaries; nothing of them is imported."""
        try:
            crm = line_of(ctx).unstarted
            manifests = crm.assemble().resolution.order
        except CrmkitError:  # help must work whatever the configuration says; commands say what is wrong with it
            return {}
        hidden = {*COMMANDS, *OF_PLUGINS.values()}
        return {m.id: m.summary for m in manifests if m.cli and m.id not in hidden}

    def _listed(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in OF_PLUGINS:
            plugin = OF_PLUGINS[name]
            return click.Command(name, short_help=f"{name.capitalize()} parties (plugin {plugin}).")
        groups = self._plugin_groups(ctx)
        return click.Group(name, short_help=groups[name]) if name in groups else None

    @staticmethod
    def _of_plugin(ctx: click.Context, name: str) -> click.Command | None:
        """The group that the plugin ``name`` brings, or one of the commands that stand at the top.

        Raises:
            Failure: if the plugin is installed, but not loaded.
        """
        crm = line_of(ctx).unstarted
        plugin = OF_PLUGINS.get(name, name)
        try:
            found: click.Command | None = crm.commands(plugin)
        except UnknownPluginError:
            installed = {m.id for m in crm.assemble().found.manifests}
            if plugin not in installed:
                if name in OF_PLUGINS:
                    message = f"{name!r} is a command of the plugin {plugin!r}, which is not installed"
                    raise Failure(f'{message}: python -m pip install "crmkit[{plugin}]"') from None
                return None
            message = f"{name!r} is a command of the plugin {plugin!r}, which is not loaded; load it: "
            raise Failure(f"{message}crmkit plugins enable {plugin}") from None
        if name in OF_PLUGINS and isinstance(found, click.Group):
            return found.commands.get(name)
        return found


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="crmkit", message="crmkit %(version)s")
@click.option("--config", metavar="FILE", envvar="CRMKIT_CONFIG", help="The configuration; crmkit.toml by default.")
@click.option("--tenant", metavar="ID", envvar="CRMKIT_TENANT", help="The tenant; the configured default by default.")
@click.option("--actor", metavar="ID", envvar="CRMKIT_ACTOR", help="Who acts; rights and history are theirs.")
@click.option("--debug", is_flag=True, envvar="CRMKIT_DEBUG", help="Show the traceback of a failure.")
def root(**_: Any) -> None:
    """A CRM inside of your application, on the command line.

    Global options stand before the command; CRMKIT_CONFIG, CRMKIT_TENANT, CRMKIT_ACTOR and CRMKIT_DEBUG stand for them.

    Example: crmkit --actor ada show ida@berg.example
    """
