"""``crmkit plugins``: what is installed, what is loaded, what each brings, what is wrong with it, and a new one."""

from __future__ import annotations

import click

from crmkit.cli.plugins.doctor import doctor
from crmkit.cli.plugins.info import graph, info
from crmkit.cli.plugins.leaving import export, impact, purge
from crmkit.cli.plugins.listing import list_
from crmkit.cli.plugins.new import new
from crmkit.cli.plugins.switching import disable, enable

__all__ = ["plugins"]


@click.group()
def plugins() -> None:
    """See, switch, remove, examine and write plugins.

    A plugin leaves by four verbs, each of which may be the last. *disable* silences it and keeps its data; *export*
    copies its data; *purge* removes its data for good; uninstalling its package (pip uninstall) removes its
    code. *impact* says beforehand what they mean.

    Example: crmkit plugins list
    """


for _command in (disable, doctor, enable, export, graph, impact, info, list_, new, purge):
    plugins.add_command(_command)
