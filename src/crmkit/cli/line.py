"""What commands work with: the configuration, the CRM, the actor and the tenant that the global options name."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from crmkit.api import CRM, Config, UnitOfWork

__all__ = ["Line", "line_of", "pass_line"]

FILE = "crmkit.toml"
OPTIONS = ("config", "tenant", "actor")


class Line:
    """The ``obj`` of every command's context; plugins see it as `crmkit.sdk.CommandLine`.

    Args:
        config: the configuration file; ``crmkit.toml`` in the working directory by default, if there is one.
        tenant: the tenant's id; the configured default by default.
        actor: the id of who acts.
        debug: whether failures show their traceback.
    """

    def __init__(
        self, *, config: str | None = None, tenant: str | None = None, actor: str | None = None, debug: bool = False
    ) -> None:
        self.path = Path(config or FILE)
        self.debug = debug
        self._named, self._tenant, self._actor = config is not None, tenant, actor
        self._started = False

    @functools.cached_property
    def config(self) -> Config:
        """The configuration; with it the folders that it names can be imported from.

        Raises:
            ConfigError: if it cannot be used.
        """
        from crmkit.api import Config  # all of crmkit, which no command has to wait for that needs none of it

        config = Config.load(self.path if self._named else None)
        for folder in config.crmkit.path:
            place = str((self.path.parent / folder).resolve())
            if place not in sys.path:
                sys.path.append(place)  # behind all else, so that nothing installed is replaced
        return config

    @functools.cached_property
    def unstarted(self) -> CRM:
        """The CRM as configured; for commands that must work although it cannot start."""
        from crmkit.api import CRM  # see `config`

        return CRM(self.config)

    @property
    def crm(self) -> CRM:
        """The started CRM.

        Raises:
            StartupError: everything that keeps it from starting.
        """
        if not self._started:
            self.unstarted.start()
            self._started = True
            for plugin in self.unstarted.runtime.quarantined:
                click.echo(f"Note: plugin {plugin!r} failed to load; see: crmkit plugins doctor", err=True)
        return self.unstarted

    @property
    def actor(self) -> str:
        """The id of who acts.

        Raises:
            UsageError: if nobody was named.
        """
        if self._actor is None:
            raise click.UsageError("say who acts: crmkit --actor ID ..., or set CRMKIT_ACTOR")
        return self._actor

    @property
    def operator(self) -> str:
        """Who is recorded for what needs no rights, such as switching a plugin."""
        return self._actor or "operator"

    @property
    def tenant(self) -> str | None:
        """The tenant; None for the configured default."""
        return self._tenant

    @property
    def named_tenant(self) -> str:
        """The tenant that is meant, be it the configured default.

        Raises:
            UnknownTenantError: if none is.
        """
        from crmkit.errors import UnknownTenantError

        tenant = self._tenant or self.config.crmkit.default_tenant
        if tenant is None:
            raise UnknownTenantError(None)
        return tenant

    def close(self) -> None:
        """Give up the connections to the database."""
        if "unstarted" in vars(self):
            self.unstarted.close()

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Generator[UnitOfWork]:
        """A unit of work of that actor in that tenant."""
        with self.crm.begin(self.actor, self._tenant, source="command line", read_only=read_only) as uow:
            yield uow


def line_of(context: click.Context) -> Line:
    """The `Line` of the whole invocation; made from the global options when first asked for."""
    root = context.find_root()
    if not isinstance(root.obj, Line):
        # Help is shown before the options have been parsed; then the variables alone speak.
        said = {name: root.params.get(name, os.environ.get(f"CRMKIT_{name.upper()}")) for name in OPTIONS}
        root.obj = Line(**said, debug=bool(root.params.get("debug")))
        root.call_on_close(root.obj.close)
    context.obj = root.obj
    return root.obj


pass_line = click.make_pass_decorator(Line)
