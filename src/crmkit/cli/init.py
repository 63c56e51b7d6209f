"""``crmkit init``: a first configuration file."""

from __future__ import annotations

import json
import secrets
from importlib.resources import files
from pathlib import Path

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line

__all__ = ["init"]


@click.command()
@click.option(
    "--database", metavar="URL", default="sqlite:///crmkit.db", show_default=True, help="Where the data goes."
)
@click.option("--default-tenant", metavar="ID", default="main", show_default=True, help="The tenant meant by default.")
@pass_line
def init(line: Line, database: str, default_tenant: str) -> None:
    """Write a first crmkit.toml.

    It has comments and says what comes next. No database is touched, and no file that is there.

    Example: crmkit init --database postgresql://crm@db.example/crm
    """
    path = Path(line.path)
    text = files("crmkit.cli").joinpath("crmkit.toml").read_text("utf-8")
    text = text.replace('"<database>"', json.dumps(database)).replace('"<tenant>"', json.dumps(default_tenant))
    text = text.replace('"<key>"', json.dumps(secrets.token_urlsafe(32)))
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise Failure(f"{path} is there already; edit it, or name another file: crmkit --config FILE init") from None
    click.echo(f"Wrote {path}. Next:\n")
    click.echo("  crmkit db upgrade")
    click.echo(f"  crmkit tenants create {default_tenant} --administrator YOUR_ID")
    click.echo("  crmkit plugins list")
