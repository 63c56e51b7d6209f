"""``crmkit plugins doctor``: everything that is wrong with plugins and the database under them, each with its fix."""

from __future__ import annotations

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.errors import CrmkitError, Problem

__all__ = ["doctor"]


@click.command()
@pass_line
def doctor(line: Line) -> None:
    """Say everything that is wrong with plugins and their database.

    Each with file and line where there are any, and what to do about it; also the indexes that custom fields want and
    the database lacks, or has begun and not finished. With crmkit --debug also the tracebacks of plugins that failed to
    load.

    Example: crmkit plugins doctor
    """
    crm = line.unstarted
    assembly = crm.assemble()
    installed = {m.id for m in assembly.found.manifests} | assembly.found.broken
    problems = [
        *assembly.problems,
        *assembly.notes,
        *(p for p in assembly.found.problems if p not in assembly.notes and p not in assembly.problems),
        *(
            Problem(e.code, e.key, str(e), "Correct the section's name, or remove it")
            for e in line.config.unknown_plugins(installed)
        ),
        *_of_database(line),
    ]
    for problem in dict.fromkeys(problems):
        click.echo(f"{problem.subject}: {problem.message}\n    {problem.fix}")
    for fault in assembly.runtime.faults:
        if line.debug and fault.traceback:
            click.echo(f"\n{fault.plugin}:\n{fault.traceback}", err=True)
    if count := len(dict.fromkeys(problems)):
        raise Failure(f"{count} {'problem' if count == 1 else 'problems'}")
    loaded = len(assembly.runtime.manifests)
    click.echo(f"No problems; {loaded} of {len(installed)} installed plugins are loaded.")


def _of_database(line: Line) -> list[Problem]:
    """Tables that are behind the code; if none are, indexes of custom fields that are missing or broken."""
    try:
        return line.unstarted.schema.problems() or line.unstarted.custom_fields.problems()
    except CrmkitError as error:
        return [Problem(error.code, "database", error.message, "See: crmkit config show")]
