"""The commands about erasing on the command line: ``crmkit privacy erase``, ``export``, ``hold`` and others."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from uuid import UUID

import click

from crmkit.plugins.privacy.service import Privacy
from crmkit.sdk import CommandLine

__all__ = ["COMMANDS"]


@click.command()
@click.argument("party", type=click.UUID)
@click.option("--reason", help="Why, in words that name nobody; kept with the fact that somebody was erased.")
@click.option("--dry-run", is_flag=True, help="Only tell what would go.")
@click.option("--yes", is_flag=True, help="Do it; nobody can undo it.")
@click.pass_obj
def erase(line: CommandLine, party: UUID, reason: str | None, *, dry_run: bool, yes: bool) -> None:
    """Erase the person with the id PARTY, in every table and in history, for ever.

    Without --yes it tells what would go. Afterwards run "crmkit db compact", so that the database's files say nothing.

    Example: crmkit privacy erase 01890000-0000-7000-8000-000000000001 --reason "asked for it on 3 March" --yes
    """
    with line.begin(read_only=True) as uow:
        privacy = uow.use(Privacy)
        for text in privacy.plan_erasure(party).lines():
            click.echo(text)
        for hold in privacy.holds(party):
            click.echo(f"in the way: legal hold {hold.id}")
    if dry_run or not yes:
        click.echo("Nothing was erased; say --yes to do it." if not dry_run else "Nothing was erased.")
        return
    why = _said(reason)
    with line.begin() as uow:
        erasure = uow.use(Privacy).erase(party, reason=why)
    click.echo(f"erased: {party} (unit {erasure.unit_id})")


def _said(reason: str | None) -> str:
    """The reason.

    Raises:
        UsageError: if none was given.
    """
    if not reason:
        raise click.UsageError("say why: --reason, in words that name nobody")
    return reason


@click.command()
@click.argument("party", type=click.UUID)
@click.argument("target", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def export(line: CommandLine, party: UUID, target: Path) -> None:
    """Write everything that is known about the party with the id PARTY to the file TARGET, as JSON.

    Example: crmkit privacy export 01890000-0000-7000-8000-000000000001 ida.json
    """
    with line.begin(read_only=True) as uow:
        count = uow.use(Privacy).export_subject(party, target)
    click.echo(f"{count} records written to {target}")


@click.command()
@click.argument("party", type=click.UUID)
@click.option("--reason", required=True, help="Why, such as the number of a lawsuit.")
@click.option("--until", metavar="INSTANT", help="When it ends by itself, with its offset.")
@click.pass_obj
def hold(line: CommandLine, party: UUID, reason: str, until: str | None) -> None:
    """Keep the party with the id PARTY from being erased.

    Example: crmkit privacy hold 01890000-0000-7000-8000-000000000001 --reason "lawsuit 17/2026"
    """
    ends = None if until is None else datetime.fromisoformat(until)
    with line.begin() as uow:
        placed = uow.use(Privacy).hold_party(party, reason=reason, until=ends)
    click.echo(f"held: {placed.party_id} (hold {placed.id})")


@click.command()
@click.argument("hold_id", metavar="HOLD", type=click.UUID)
@click.pass_obj
def release(line: CommandLine, hold_id: UUID) -> None:
    """Let a party be erased again that the legal hold with the id HOLD keeps.

    Example: crmkit privacy release 01890000-0000-7000-8000-000000000002
    """
    with line.begin() as uow:
        released = uow.use(Privacy).release(hold_id)
    click.echo(f"released: {released.party_id}")


@click.command()
@click.pass_obj
def holds(line: CommandLine) -> None:
    """List the legal holds that stand.

    Example: crmkit privacy holds
    """
    with line.begin(read_only=True) as uow:
        for one in uow.use(Privacy).holds():
            until = "" if one.until is None else f"  until {one.until:%Y-%m-%d}"
            click.echo(f"{one.id}  {one.party_id}  {one.reason}{until}")


@click.command()
@click.option("--channel", help="A channel that the person was reached over.")
@click.option("--address", help="What they are reached by there.")
@click.option("--scheme", help="Instead, the scheme of an identifier.")
@click.option("--value", help="Its value.")
@click.option("--reason", required=True, help="Why, in words that name nobody.")
@click.pass_obj
def readmit(
    line: CommandLine, *, channel: str | None, address: str | None, scheme: str | None, value: str | None, reason: str
) -> None:
    """Let a person who was erased be added again, since they came back by themselves.

    Example: crmkit privacy readmit --channel email --address ida@berg.example --reason "wrote to us"
    """
    with line.begin() as uow:
        uow.use(Privacy).readmit(reason=reason, channel=channel, address=address, scheme=scheme, value=value)
    click.echo("readmitted: the person may be added again")


COMMANDS = (erase, export, hold, release, holds, readmit)
"""What is added to the group of this plugin."""
