"""``crmkit db``: the database's tables."""

from __future__ import annotations

import click

from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table
from crmkit.errors import StartupError

__all__ = ["db"]


@click.group()
def db() -> None:
    """See and upgrade the database's tables.

    Example: crmkit db upgrade
    """


@db.command()
@json_option
@pass_line
def status(line: Line, *, to_json: bool) -> None:
    """Show which migrations are applied and which are pending.

    Example: crmkit db status
    """
    found = line.unstarted.schema.status()
    if to_json:
        print_json(found)
        return
    print_table(
        ["part", "at", "newest", "pending"],
        [(s.id, s.current or "-", s.head or "-", ", ".join(s.pending) or ("?" if s.newer else "-")) for s in found],
    )
    for one in found:
        if one.newer:
            click.echo(f"{one.id} is newer than the code; install the version that brought {one.current}", err=True)


@db.command()
@click.argument("plugin", required=False)
@pass_line
def upgrade(line: Line, plugin: str | None) -> None:
    """Apply pending migrations.

    Of all or of one PLUGIN; then every tenant is given the rows that plugins begin with. Each migration is a
    transaction: one that fails leaves nothing, and those before it stay.

    Example: crmkit db upgrade
    """
    crm = line.unstarted
    if problems := crm.assemble().problems:
        raise StartupError(problems)
    applied: list[str] = []
    crm.schema.upgrade(plugin, progress=lambda revision: _tell(applied, revision))
    if not applied:
        click.echo("Nothing to do: every migration is applied.")
    if crm.schema.problems():  # another plugin's are still pending
        return
    for tenant, _ in line.crm.tenants.list():
        line.crm.tenants.seed(tenant)


def _tell(applied: list[str], revision: str) -> None:
    applied.append(revision)
    click.echo(f"Applying {revision}")


@db.command()
@pass_line
def compact(line: Line) -> None:
    """Write the database anew, so that nothing erased is left in its files.

    Takes time and room, and keeps others from writing meanwhile; run it at night, after persons were erased.

    Example: crmkit db compact
    """
    line.unstarted.schema.compact()
    click.echo("The database has been written anew.")


@db.command()
@click.argument("plugin", required=False)
@pass_line
def sql(line: Line, plugin: str | None) -> None:
    """Print the SQL of all migrations.

    Of all or of one PLUGIN, from the first on, for a database administrator to read or run.

    Example: crmkit db sql > schema.sql
    """
    click.echo(line.unstarted.schema.sql(plugin), nl=False)
