"""``crmkit tenants``: who the deployment is for."""

from __future__ import annotations

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table
from crmkit.errors import AlreadyExistsError

__all__ = ["tenants"]


@click.group()
def tenants() -> None:
    """List and create tenants.

    Example: crmkit tenants list
    """


@tenants.command("list")
@json_option
@pass_line
def list_(line: Line, *, to_json: bool) -> None:
    """List the tenants by id.

    Example: crmkit tenants list
    """
    found = line.crm.tenants.list()
    if to_json:
        print_json([{"id": id_, "name": name} for id_, name in found])
    else:
        print_table(["tenant", "name"], found)


@tenants.command()
@click.argument("tenant")
@click.option("--name", help="For people; the id by default.")
@click.option("--administrator", metavar="ACTOR", help="Give this actor every right in it.")
@pass_line
def create(line: Line, tenant: str, name: str | None, administrator: str | None) -> None:
    """Create a tenant.

    It has the id TENANT and begins with the default roles, pipelines and channels. An administrator can be appointed
    where crmkit itself keeps who has which role (access.membership = "database").

    Example: crmkit tenants create acme --name "Acme Ltd" --administrator ada
    """
    crm = line.crm
    if administrator is not None and line.config.access.membership != "database":
        raise Failure(
            '--administrator needs access.membership = "database"; here the directory says who has which role'
        )
    try:
        crm.tenants.create(tenant, name=name)
    except AlreadyExistsError:
        raise Failure(f"there is a tenant {tenant!r} already") from None
    click.echo(f"Created the tenant {tenant}.")
    if administrator is not None:
        crm.appoint(administrator, tenant=tenant)
        click.echo(f"{administrator} is its administrator.")
