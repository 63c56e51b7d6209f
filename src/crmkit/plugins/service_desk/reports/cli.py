"""Reports on the command line: ``crmkit service_desk report``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import click

from crmkit.plugins.service_desk.reports.model import AGES, GROUPINGS, Grouping
from crmkit.plugins.service_desk.reports.service import DeskReports
from crmkit.plugins.service_desk.returns.service import Returns
from crmkit.plugins.service_desk.sla.model import MEASURES, Measure
from crmkit.sdk import CommandLine

__all__ = ["report"]

_DAY = click.DateTime(["%Y-%m-%d"])
_by = click.option(
    "--by", type=click.Choice(GROUPINGS), default="all", show_default=True, help="What makes the groups."
)
_since = click.option("--since", type=_DAY, help="The first day, UTC.")
_until = click.option("--until", type=_DAY, help="The last day, UTC.")


@click.group()
def report() -> None:
    """Show what the desk tells of itself, of the cases that the actor may see."""


@report.command()
@_by
@_since
@_until
@click.pass_obj
def volumes(line: CommandLine, /, *, by: Grouping, since: datetime | None, until: datetime | None) -> None:
    """Show how many cases came and went: opened, resolved, reopened.

    Example: crmkit --actor ada service_desk report volumes --by product --since 2026-01-01
    """
    begin, end = _period(since, until)
    with line.begin(read_only=True) as uow:
        found = uow.use(DeskReports).volumes(by=by, since=begin, until=end)
    click.echo(f"{by:<24} {'opened':>8} {'resolved':>8} {'reopened':>8}")
    for row in found.rows:
        click.echo(f"{_key(row.key):<24} {row.opened:>8} {row.resolved:>8} {row.reopened:>8}")


@report.command()
@click.argument("measure", type=click.Choice(MEASURES))
@_by
@_since
@_until
@click.pass_obj
def kept(
    line: CommandLine, /, *, measure: Measure, by: Grouping, since: datetime | None, until: datetime | None
) -> None:
    """Show how promises were kept: kept, broken, running, the share kept, the median of the business time it took.

    Example: crmkit --actor ada service_desk report kept resolution --by agent
    """
    begin, end = _period(since, until)
    with line.begin(read_only=True) as uow:
        found = uow.use(DeskReports).kept(measure, by=by, since=begin, until=end)
    click.echo(f"{by:<24} {'kept':>8} {'broken':>8} {'running':>8} {'share':>8}  median")
    for row in found.rows:
        share = "-" if row.share is None else f"{row.share:.1%}"
        median = "-" if row.median_time is None else row.median_time
        numbers = f"{row.kept:>8} {row.broken:>8} {row.running:>8} {share:>8}"
        click.echo(f"{_key(row.key):<24} {numbers}  {median}")


@report.command()
@_by
@click.pass_obj
def backlog(line: CommandLine, /, *, by: Grouping) -> None:
    """Show how old the cases are that somebody still has to resolve, in days.

    Example: crmkit --actor ada service_desk report backlog --by queue
    """
    with line.begin(read_only=True) as uow:
        found = uow.use(DeskReports).backlog(by=by)
    ages = [f"<{age.days}" for age in AGES] + [f">={AGES[-1].days}"]
    click.echo(f"{by:<24} " + " ".join(f"{age:>6}" for age in ages) + f" {'waiting':>8} {'overdue':>8}")
    for row in found.rows:
        counts = " ".join(f"{count:>6}" for count in row.counts)
        click.echo(f"{_key(row.key):<24} {counts} {row.waiting:>8} {row.overdue:>8}")


@report.command()
@click.option("--by", type=click.Choice(["reason", "product"]), default="reason", show_default=True)
@_since
@_until
@click.pass_obj
def returns(line: CommandLine, /, *, by: str, since: datetime | None, until: datetime | None) -> None:
    """Show which few reasons or products most returns come from; the vital few have a star.

    Example: crmkit --actor ada service_desk report returns --by product
    """
    days = {name: day.date() for name, day in (("since", since), ("until", until)) if day is not None}
    with line.begin(read_only=True) as uow:
        found = uow.use(Returns).return_pareto(by="product" if by == "product" else "reason", **days)
    click.echo(f"{by:<24} {'pieces':>8} {'share':>8} {'together':>8}")
    for row in found.rows:
        star = "*" if row.vital else ""
        click.echo(f"{row.key:<24} {row.quantity:>8} {row.share:>8.1%} {row.cumulative:>8.1%} {star}".rstrip())


def _period(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """The period from the beginning of the first day to the end of the last one, UTC."""
    begin = None if since is None else since.replace(tzinfo=UTC)
    return begin, None if until is None else until.replace(tzinfo=UTC) + timedelta(days=1)


def _key(key: str | None) -> str:
    return "-" if key is None else key
