"""``crmkit worker``: runs jobs until it is told to stop."""

from __future__ import annotations

import signal
from types import FrameType

import click

from crmkit.cli.line import Line, pass_line

__all__ = ["worker"]


@click.command()
@click.option("--once", is_flag=True, help="Run what is due now, and end.")
@pass_line
def worker(line: Line, *, once: bool) -> None:
    """Run the jobs of all tenants until stopped.

    SIGTERM or Ctrl-C lets the job that is running finish and gives back what was claimed; a second one
    ends at once, which does no harm: what was not finished is done again. Any number of workers may run.
    With --tenant and --once, only jobs of that tenant are run.

    Example: crmkit worker
    """
    crm = line.crm
    if once:
        many = crm.jobs.run_once(tenant=line.tenant)
        click.echo(f"Ran {many} {'job' if many == 1 else 'jobs'}.")
        return
    runner = crm.jobs.runner()

    def stop(number: int, frame: FrameType | None) -> None:  # noqa: ARG001  # a signal handler's signature
        click.echo("Stopping after the job that is running.", err=True)
        runner.ask_to_stop()
        signal.signal(number, signal.SIG_DFL)

    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, stop)
    click.echo("Running jobs; Ctrl-C stops.", err=True)
    runner.run_until_stopped()
