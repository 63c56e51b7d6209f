"""``crmkit jobs``: what waits, what failed, and what to do about it."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, get_args
from uuid import UUID

import click

from crmkit.api import JobState
from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table
from crmkit.errors import ConflictError, NotFoundError

__all__ = ["jobs"]

STATES: Final[tuple[JobState, ...]] = get_args(JobState)


@click.group()
def jobs() -> None:
    """See what durable subscribers and schedules have to do.

    Example: crmkit jobs stats
    """


@jobs.command("list")
@click.option("--state", type=click.Choice(STATES), help="Only those in this state.")
@click.option("--plugin", help="Only those of this plugin.")
@click.option("--limit", type=click.IntRange(1), default=50, show_default=True, help="How many at most.")
@json_option
@pass_line
def list_(line: Line, state: JobState | None, plugin: str | None, limit: int, *, to_json: bool) -> None:
    """List the jobs of a tenant, the latest first.

    Dead ones were given up after their last try, refused ones since their actor lacked a right.

    Example: crmkit jobs list --state dead
    """
    found = line.crm.jobs.list(tenant=line.named_tenant, state=state, plugin=plugin, limit=limit)
    if to_json:
        print_json(found)
        return
    rows = [
        (j.id, j.state, j.plugin, j.name, j.attempts, f"{j.due_at:%Y-%m-%d %H:%M:%S}" if j.due_at else None)
        for j in found
    ]
    notes = [job.waiting_for or job.last_error for job in found]
    print_table(
        ["job", "state", "plugin", "about", "failed", "due (UTC)", "note"],
        [(*row, note) for row, note in zip(rows, notes, strict=True)],
    )


@jobs.command()
@click.argument("job", type=click.UUID, required=False)
@click.option("--all", "everything", is_flag=True, help="All that are dead or refused.")
@click.option("--plugin", help="With --all: only those of this plugin.")
@pass_line
def retry(line: Line, job: UUID | None, plugin: str | None, *, everything: bool) -> None:
    """Try a job again as if it had never failed.

    JOB is its id. It runs by the rights that its actor has then.

    Example: crmkit jobs retry --all --plugin membership
    """
    if (job is None) != everything:
        raise click.UsageError("name a job, or say --all")
    if job is None:
        many = line.crm.jobs.retry_all(tenant=line.named_tenant, plugin=plugin)
        click.echo(f"{many} {'job is' if many == 1 else 'jobs are'} queued again.")
        return
    try:
        line.crm.jobs.retry(job, tenant=line.named_tenant)
    except (ConflictError, NotFoundError) as error:
        raise Failure(error.message) from None
    click.echo(f"Job {job} is queued again.")


@jobs.command()
@click.argument("job", type=click.UUID)
@pass_line
def drop(line: Line, job: UUID) -> None:
    """Give a job up for good.

    JOB is its id. It stays in the list for some days.

    Example: crmkit jobs drop 01890000-0000-7000-8000-000000000001
    """
    try:
        line.crm.jobs.drop(job, tenant=line.named_tenant)
    except (ConflictError, NotFoundError) as error:
        raise Failure(error.message) from None
    click.echo(f"Job {job} is dropped.")


@jobs.command()
@json_option
@pass_line
def stats(line: Line, *, to_json: bool) -> None:
    """Count the jobs in each state, tenant by tenant.

    Late says for how long the one that has waited longest has been due. With --tenant, only that tenant.

    Example: crmkit jobs stats
    """
    found = line.crm.jobs.stats(tenant=line.tenant)
    if to_json:
        print_json(found)
        return
    rows = [(one.tenant, *(one.counts.get(state, 0) for state in STATES), _late(one.late)) for one in found]
    print_table(["tenant", *STATES, "late"], rows)


def _late(late: timedelta | None) -> str:
    return str(late).partition(".")[0] if late else ""
