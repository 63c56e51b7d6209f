"""``crmkit verify``: does what is stored agree with itself?"""

from __future__ import annotations

import sys

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json

__all__ = ["verify"]

WIDTH = 78


@click.command()
@json_option
@pass_line
def verify(line: Line, *, to_json: bool) -> None:
    """Check that what is stored agrees with itself.

    That is tables and keys with the catalogue, references with records, merges and rows with their history: the
    change log is replayed from empty, and every row compared with the outcome; also of plugins that are disabled
    or gone. It only reads, one state of the database all through. With --tenant, only records of that tenant are
    looked at.

    Example: crmkit verify
    """
    crm = line.unstarted
    found = [str(problem) for problem in crm.schema.problems()]
    findings = []
    for finding in crm.verify(tenant=line.tenant, progress=_progress):
        findings.append(finding)
        if not to_json:
            _progress("")
            click.echo(str(finding))
    _progress("")
    if to_json:
        print_json({"findings": findings, "problems": found})
    else:
        for problem in found:
            click.echo(problem)
    if count := len(found) + len(findings):
        raise Failure(f"{count} {'thing is' if count == 1 else 'things are'} wrong")
    if not to_json:
        click.echo("Everything agrees.")


def _progress(step: str) -> None:
    """One line that each step overwrites; nothing where nobody watches."""
    if sys.stderr.isatty():
        click.echo(f"\r{step[:WIDTH]:<{WIDTH}}" + ("" if step else "\r"), err=True, nl=False)
