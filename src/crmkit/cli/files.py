"""``crmkit files``: what looks after the contents of attachments."""

from __future__ import annotations

from datetime import timedelta

import click

from crmkit.cli.failing import Failure
from crmkit.cli.line import Line, pass_line
from crmkit.cli.showing import json_option, print_json, print_table

__all__ = ["files"]


@click.group()
def files() -> None:
    """Look after the contents of attachments.

    Example: crmkit files check
    """


@files.command()
@click.option("--older-than", type=click.FloatRange(0), default=24, show_default=True, help="Hours in the store.")
@click.option("--yes", is_flag=True, help="Remove them; without it they are only listed.")
@json_option
@pass_line
def clean(line: Line, *, older_than: float, yes: bool, to_json: bool) -> None:
    """List or remove contents that nothing refers to.

    They are left by units of work that failed and by processes that died. What an attachment has is kept, and what
    history names, since the removal of an attachment can be undone. With --tenant, only that tenant.

    Example: crmkit files clean --yes
    """
    found = list(line.crm.files.clean(tenant=line.tenant, older_than=timedelta(hours=older_than), apply=yes))
    if to_json:
        print_json({"applied": yes, "files": found})
        return
    rows = [(one.tenant, one.key, one.size, f"{one.stored_at:%Y-%m-%d %H:%M}") for one in found]
    print_table(["tenant", "content", "bytes", "stored (UTC)"], rows)
    done = "removed" if yes else "to remove; say --yes to do it"
    click.echo(f"{len(found)} files, {sum(one.size for one in found)} bytes {done}.")


@files.command()
@json_option
@pass_line
def check(line: Line, *, to_json: bool) -> None:
    """Read all contents and compare them with what was attached.

    Lists every attachment whose content is missing or has changed. With --tenant, only that tenant.

    Example: crmkit files check
    """
    findings = list(line.crm.files.check(tenant=line.tenant))
    if to_json:
        print_json({"findings": findings})
    else:
        for finding in findings:
            click.echo(str(finding))
    if findings:
        raise Failure(f"{len(findings)} {'attachment is' if len(findings) == 1 else 'attachments are'} damaged")
    if not to_json:
        click.echo("Every attachment has its content.")
