"""``crmkit plugins``: what is installed, what is loaded, what each brings, what is wrong with it, and a new one."""

from __future__ import annotations

import click

from crmkit.cli.plugins.doctor import doctor
from crmkit.cli.plugins.info import graph, info
from crmkit.cli.plugins.listing import list_
from crmkit.cli.plugins.new import new
from crmkit.cli.plugins.switching import disable, enable

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """See, switch, examine and write plugins.

    Example: crmkit plugins list
    """


for _command in (disable, doctor, enable, graph, info, list_, new):
    plugins.add_command(_command)
