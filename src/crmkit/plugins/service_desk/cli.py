"""What this plugin adds to the command line: ``crmkit service_desk``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import click

from crmkit.plugins.service_desk.assets.model import Asset, Cover
from crmkit.plugins.service_desk.assets.service import Assets
from crmkit.plugins.service_desk.cases.model import KINDS, PRIORITIES, STATUSES, UNDER_WAY, Case, Status
from crmkit.plugins.service_desk.problems.model import SolutionUse, Suggestion
from crmkit.plugins.service_desk.reports.cli import report
from crmkit.plugins.service_desk.service import ServiceDesk
from crmkit.plugins.service_desk.sla.cli import sla
from crmkit.sdk import CommandLine, UnitOfWork

__all__ = ["group"]


@click.group()
def group() -> None:
    """Cases: what somebody must resolve.

    Cases are named by their numbers. `crmkit service_desk page` shows what is to be done next, `show` one case, and
    `open`, `assign`, `answer`, `resolve` and `merge` work on cases. What one of them does, `crmkit undo` takes back.
    """


group.add_command(sla)
group.add_command(report)


@group.command("open")
@click.argument("party", type=click.UUID)
@click.argument("subject")
@click.option("--body", default="", help="What it is about.")
@click.option("--kind", type=click.Choice(KINDS), default="question", show_default=True)
@click.option("--detail", metavar="FIELD=VALUE", multiple=True, help="What the kind asks for.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="That of the rule, queue or settings by default.")
@click.option("--deadline", type=click.DateTime(["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"]), help="With its offset.")
@click.option("--asset", type=click.UUID, help="The id of the asset that it is about.")
@click.option("--channel", help="Over which it came, such as phone.")
@click.option("--queue", help="Its key; by the routing rules by default.")
@click.option("--assignee", help="The actor who works on it.")
@click.pass_obj
def open_case(line: CommandLine, /, *, detail: tuple[str, ...], **said: Any) -> None:
    """Open a case of the party with the id PARTY.

    Example: crmkit --actor ada service_desk open 0192... "Leaking roof" --kind incident --detail severity=major
    """
    details = dict(map(_pair, detail))
    with line.begin() as uow:
        case = uow.use(ServiceDesk).open_case(details=details, **said)
        cover = _cover(uow, case)
    click.echo(_one_line(case))
    _tell_cover(cover)


@group.command()
@click.option("--queue", help="Only those of the queue of this key.")
@click.option("--assignee", help="Only those on which this actor works.")
@click.option("--unassigned", is_flag=True, help="Only those on which nobody works.")
@click.option("--status", type=click.Choice(STATUSES), multiple=True, help="Those under way by default.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.pass_obj
def page(  # the options are the page's own
    line: CommandLine,
    /,
    *,
    queue: str | None,
    assignee: str | None,
    unassigned: bool,
    status: tuple[str, ...],
    limit: int,
) -> None:
    """Show cases, first those at which somebody must look next: number, status, priority, due, assignee, subject.

    Example: crmkit --actor ada service_desk page --queue roofs --unassigned
    """
    asked: Sequence[Status] = [one for one in STATUSES if one in status] or UNDER_WAY
    with line.begin(read_only=True) as uow:
        found = uow.use(ServiceDesk).page(
            queue=queue, assignee=assignee, unassigned=unassigned, status=asked, limit=limit
        )
    for case in found:
        click.echo(_one_line(case))
    if not found.items:
        click.echo("No case")
    elif found.next is not None:
        click.echo("... and more; ask for them with --limit")


@group.command()
@click.argument("number", type=int)
@click.pass_obj
def show(line: CommandLine, /, *, number: int) -> None:
    """Show the case of a NUMBER: what it says, where it has been, and what may resolve it.

    Example: crmkit --actor ada service_desk show 17
    """
    with line.begin(read_only=True) as uow:
        desk = uow.use(ServiceDesk)
        case = desk.case(number)
        stays, found, cover = desk.stays(case.id), desk.suggest(case.id), _cover(uow, case)
    click.echo(_one_line(case))
    _tell_cover(cover)
    for name, value in case.details.items():
        click.echo(f"  {name}: {_shown(value)}")
    if case.body:
        click.echo(_shown(case.body))
    for stay in stays:
        click.echo(f"  {stay.entered_at:%Y-%m-%d %H:%M} {stay.status} by {_shown(stay.entered_by)}")
    for one in found:
        click.echo(f"  may help: {_solution(one)}")


@group.command()
@click.argument("number", type=int)
@click.argument("assignee", required=False)
@click.pass_obj
def assign(line: CommandLine, /, *, number: int, assignee: str | None) -> None:
    """Let ASSIGNEE work on the case of a NUMBER; nobody if none is named.

    Example: crmkit --actor ada service_desk assign 17 sam
    """
    with line.begin() as uow:
        case = uow.use(ServiceDesk).assign(_id(uow, number), assignee)
    click.echo(_one_line(case))


@group.command()
@click.argument("number", type=int)
@click.argument("text")
@click.option("--channel", required=True, help="Over which the party was answered, such as phone.")
@click.option("--wait", is_flag=True, help="The case waits for the party now.")
@click.pass_obj
def answer(line: CommandLine, /, *, number: int, text: str, channel: str, wait: bool) -> None:
    """Record what the party of the case of a NUMBER was answered.

    Example: crmkit --actor sam service_desk answer 17 "We come on Monday" --channel phone
    """
    with line.begin() as uow:
        case = uow.use(ServiceDesk).answer(_id(uow, number), text, channel=channel, wait=wait)
    click.echo(_one_line(case))


@group.command()
@click.argument("number", type=int)
@click.option("--outcome", help="How it ended.")
@click.option("--solution", type=click.UUID, help="The solution that resolved it.")
@click.pass_obj
def resolve(line: CommandLine, /, *, number: int, outcome: str | None, solution: UUID | None) -> None:
    """Say that the case of a NUMBER is resolved, in words or by a solution.

    Example: crmkit --actor sam service_desk resolve 17 --outcome "New tiles"
    """
    _check_one_of(outcome, solution)
    with line.begin() as uow:
        desk, id_ = uow.use(ServiceDesk), _id(uow, number)
        case = desk.resolve(id_, outcome=outcome or "") if solution is None else desk.solve(id_, solution)
    click.echo(_one_line(case))


@group.command()
@click.argument("number", type=int)
@click.option("--reason", required=True, help="Why, in one line.")
@click.pass_obj
def reopen(line: CommandLine, /, *, number: int, reason: str) -> None:
    """Let the case of a NUMBER be under way again.

    Example: crmkit --actor sam service_desk reopen 17 --reason "it drips again"
    """
    with line.begin() as uow:
        case = uow.use(ServiceDesk).reopen(_id(uow, number), reason=reason)
    click.echo(_one_line(case))


@group.command()
@click.argument("loser", type=int)
@click.argument("winner", type=int)
@click.pass_obj
def merge(line: CommandLine, /, *, loser: int, winner: int) -> None:
    """Make the case of the number LOSER part of that of the number WINNER.

    Example: crmkit --actor ada service_desk merge 18 17
    """
    with line.begin() as uow:
        case = uow.use(ServiceDesk).merge(_id(uow, loser), _id(uow, winner))
        unit = uow.id
    click.echo(f"{_one_line(case)}\nto take it back: crmkit undo {unit}")


@group.command()
@click.pass_obj
def distribute(line: CommandLine, /) -> None:
    """Assign the cases that wait in queues with a strategy, as the worker does every minute.

    Example: crmkit --actor ada service_desk distribute
    """
    with line.begin() as uow:
        given = uow.use(ServiceDesk).distribute()
    click.echo(f"{sum(one.actor is not None for one in given)} of {len(given)} cases assigned")


@group.command()
@click.pass_obj
def queues(line: CommandLine, /) -> None:
    """Show the queues that take cases: key, strategy, label and agents.

    Example: crmkit --actor ada service_desk queues
    """
    with line.begin(read_only=True) as uow:
        desk = uow.use(ServiceDesk)
        for queue in desk.queues():
            names = ", ".join(agent.actor_id for agent in desk.agents(queue.id))
            click.echo(f"{queue.key:20} {queue.strategy:12} {_shown(queue.label)}  {_shown(names)}".rstrip())


@group.command()
@click.pass_obj
def solutions(line: CommandLine, /) -> None:
    """Show the solutions that have resolved cases, the most used first: how many, id and title.

    Example: crmkit --actor ada service_desk solutions
    """
    with line.begin(read_only=True) as uow:
        for one in uow.use(ServiceDesk).uses():
            click.echo(_solution(one))


# -- inside -----------------------------------------------------------------------------------------------------------


def _id(uow: UnitOfWork, number: int) -> UUID:
    return uow.use(ServiceDesk).case(number).id


def _cover(uow: UnitOfWork, case: Case) -> Cover | None:
    """Whether what the case is about is covered; None if it is about no asset, or about one that is hidden."""
    if case.asset_id is None or not uow.sees(Asset, [case.asset_id]):
        return None
    return uow.use(Assets).case_cover(case.id)


def _tell_cover(cover: Cover | None) -> None:
    if cover is not None:
        click.echo(f"  {'covered' if cover.covered else 'not covered'}: {_shown(cover.reason)}")


def _check_one_of(outcome: str | None, solution: UUID | None) -> None:
    if (outcome is None) is (solution is None):
        raise click.UsageError("say how it ended: either --outcome or --solution")


def _pair(text: str) -> tuple[str, object]:
    name, sign, value = text.partition("=")
    if not sign:
        raise click.BadParameter(f"{text!r} is not FIELD=VALUE, such as 'severity=major'", param_hint="--detail")
    value = value.strip()
    flags: dict[str, object] = {"true": True, "false": False}
    return name.strip(), int(value) if value.isdecimal() else flags.get(value, value)


def _one_line(case: Case) -> str:
    due = "" if case.next_due_at is None else f"{case.next_due_at:%Y-%m-%d %H:%M}"
    who = case.assignee_id or "-"
    return _shown(f"#{case.number:<6} {case.status:8} {case.priority:6} {due:16} {who:10} {case.subject or ''}")


def _solution(one: SolutionUse | Suggestion) -> str:
    return f"{one.cases:5}  {one.solution.id}  {_shown(one.solution.title)}"


def _shown(text: object) -> str:
    return "".join(c if c.isprintable() else " " for c in str(text))
