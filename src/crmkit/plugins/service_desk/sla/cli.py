"""Promised times on the command line: ``crmkit service_desk sla``."""

from __future__ import annotations

import click

from crmkit.plugins.service_desk.calendars.model import EVERY_TEAM
from crmkit.plugins.service_desk.sla.model import ANY, Policy
from crmkit.plugins.service_desk.sla.service import Promises
from crmkit.sdk import CommandLine

__all__ = ["sla"]


@click.group()
def sla() -> None:
    """Show what is promised, and count it anew.

    The worker does what `recount` and `tell` do by itself.
    """


@sla.command()
@click.pass_obj
def policies(line: CommandLine, /) -> None:
    """Show what is promised to which cases: customer tier, priority, kind, first answer, resolution.

    Example: crmkit --actor ada service_desk sla policies
    """
    with line.begin(read_only=True) as uow:
        found = uow.use(Promises).policies()
    for policy in found:
        click.echo(_policy(policy))
    if not found:
        click.echo("Nothing is promised")


@sla.command()
@click.pass_obj
def calendars(line: CommandLine, /) -> None:
    """Show when teams work: key, team, time zone, the hours of Monday to Sunday, days off.

    Example: crmkit --actor ada service_desk sla calendars
    """
    with line.begin(read_only=True) as uow:
        found = uow.use(Promises).calendars()
    for one in found:
        team = "all teams" if one.team_id == EVERY_TEAM else one.team_id
        week = " | ".join(hours or "-" for hours in one.week)
        click.echo(
            f"{one.key:<12} {team:<12} {one.timezone:<20} {week}  ({len(one.days) + len(one.holidays)} own days)"
        )
    if not found:
        click.echo("No calendar; time is counted around the clock")


@sla.command()
@click.pass_obj
def recount(line: CommandLine, /) -> None:
    """Count all open cases anew, if policies or calendars have changed since.

    Example: crmkit --actor ada service_desk sla recount
    """
    while True:
        with line.begin() as uow:
            state = uow.use(Promises).recount()
        if state.done_at is not None:
            break
    at = f"{state.done_at:%Y-%m-%d %H:%M} UTC"
    click.echo(f"{state.cases} open cases counted on {at}, {state.changed} of them changed")


@sla.command()
@click.pass_obj
def tell(line: CommandLine, /) -> None:
    """Tell of the promises that are about to be broken, or are.

    Example: crmkit --actor ada service_desk sla tell
    """
    looked, more = 0, 1
    while more:
        with line.begin() as uow:
            more = uow.use(Promises).tell()
        looked += more
    click.echo(f"{looked} cases with something to tell")


def _policy(policy: Policy) -> str:
    scope = " ".join(f"{said if said != ANY else 'any':<10}" for said in (policy.tier, policy.priority, policy.kind))
    times = (policy.first_response, policy.resolution)
    said = " ".join("-".rjust(7) if time is None else f"{time} min".rjust(7) for time in times)
    return f"{scope} {said}  {policy.label}{'' if policy.active else ' (not active)'}"
