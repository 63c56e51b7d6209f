"""The commands about retention on the command line."""

from __future__ import annotations

import json

import click

from crmkit.plugins.privacy.retention.model import ACTIONS, RetentionAction, RetentionRule
from crmkit.plugins.privacy.service import Privacy
from crmkit.sdk import CommandLine

__all__ = ["COMMANDS"]


@click.command()
@click.option("--dry-run", is_flag=True, help="Only tell what would be done.")
@click.option("--limit", type=int, default=1_000, show_default=True, help="How many records to see to.")
@click.pass_obj
def retention(line: CommandLine, *, dry_run: bool, limit: int) -> None:
    """Erase or delete what has been kept for long enough, by the rules of the tenant.

    Example: crmkit privacy retention --dry-run
    """
    with line.begin() as uow:
        report = uow.use(Privacy).apply_retention(dry_run=dry_run, limit=limit)
    for text in report.lines():
        click.echo(text)
    click.echo(f"{len(report.records)} records" + (", nothing was done" if dry_run else ""))


@click.command("retention-rule")
@click.argument("key")
@click.argument("entity")
@click.argument("days", type=int)
@click.option("--since", default="updated_at", show_default=True, help="The field from which the time is counted.")
@click.option("--action", type=click.Choice(ACTIONS), default="erase", show_default=True, help="What happens then.")
@click.option("--condition", help="Which records: criteria as JSON; all by default.")
@click.option("--label", help="What people call it; made from the key by default.")
@click.option("--export-first", is_flag=True, help="Write what is known to the folder of exports before.")
@click.option("--off", is_flag=True, help="Keep the rule, and do not apply it.")
@click.pass_obj
def rule(
    line: CommandLine,
    key: str,
    entity: str,
    days: int,
    *,
    since: str,
    action: RetentionAction,
    condition: str | None,
    label: str | None,
    export_first: bool,
    off: bool,
) -> None:
    """Say that records of ENTITY are kept for DAYS days, under the name KEY; or change that.

    Example: crmkit privacy retention-rule applicants party 180 --since sourced_at
    """
    made = RetentionRule(
        key=key,
        label=label or key.replace("_", " ").capitalize(),
        entity=entity,
        condition=json.loads(condition) if condition else {},
        since=since,
        days=days,
        action=action,
        export_first=export_first,
        active=not off,
    )
    with line.begin() as uow:
        (defined,) = uow.use(Privacy).define_retention([made])
    click.echo(f"{defined.key}  {defined.entity}  {defined.days} days  {defined.action}")


COMMANDS = (retention, rule)
"""What is added to the group of this plugin."""
