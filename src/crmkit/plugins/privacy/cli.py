"""What this plugin adds to the command line: ``crmkit privacy ...``."""

from __future__ import annotations

from itertools import islice
from typing import Final, TextIO
from uuid import UUID

import click

from crmkit.plugins.privacy.consents.model import ANY_CHANNEL, ConsentState
from crmkit.plugins.privacy.erasing.cli import COMMANDS as ERASING
from crmkit.plugins.privacy.importing import import_lines
from crmkit.plugins.privacy.purposes.model import KINDS, Purpose, PurposeKind
from crmkit.plugins.privacy.retention.cli import COMMANDS as RETENTION
from crmkit.plugins.privacy.service import Privacy
from crmkit.plugins.privacy.suppressions.model import REASONS, SuppressionReason
from crmkit.sdk import CommandLine, parse_instant

__all__ = ["group"]

BATCH: Final = 500
"""How many lines of an import are one unit of work, which is undone as a whole but for what was said."""

SOME_FAILED: Final = 3
"""The status of an import in which lines failed."""


@click.group()
def group() -> None:
    """Who may be written to, who is erased, how long anything is kept."""


@group.command()
@click.argument("key")
@click.option("--label", help="What people call it; made from the key by default.")
@click.option(
    "--kind", type=click.Choice(KINDS), default="consent", show_default=True, help="Whether it needs consent."
)
@click.option("--description", help="What is sent for it.")
@click.pass_obj
def purpose(line: CommandLine, key: str, label: str | None, kind: PurposeKind, description: str | None) -> None:
    """Define what parties are written to for, or change it.

    Example: crmkit privacy purpose newsletter --label Newsletter
    """
    label = label or key.replace("_", " ").capitalize()
    with line.begin() as uow:
        (defined,) = uow.use(Privacy).define_purposes([
            Purpose(key=key, label=label, kind=kind, description=description)
        ])
    click.echo(f"{defined.key}  {defined.kind}  {defined.label}")


@group.command()
@click.argument("party", type=click.UUID)
@click.argument("purpose")
@click.option("--channel", default=ANY_CHANNEL, show_default=True, help="The channel it is about.")
@click.option("--withdrawn", is_flag=True, help="The party takes it back.")
@click.option("--text", "text_version", help="The version of the text in which it was asked.")
@click.option("--proof", help="How it can be shown that the party said so.")
@click.option("--source", help="Where it was said, such as website.")
@click.option("--at", metavar="INSTANT", help="When it was said, with its offset; now by default.")
@click.option("--key", help="Names it where it comes from, so that it is recorded once.")
@click.pass_obj
def consent(
    line: CommandLine,
    party: UUID,
    purpose: str,
    *,
    channel: str,
    withdrawn: bool,
    text_version: str | None,
    proof: str | None,
    source: str | None,
    at: str | None,
    key: str | None,
) -> None:
    """Record that the party with the id PARTY allows to be written to for PURPOSE, or takes that back.

    Example: crmkit privacy consent 01890000-0000-7000-8000-000000000001 newsletter --channel email --source fair
    """
    said_at = None if at is None else parse_instant(at)
    with line.begin() as uow:
        privacy = uow.use(Privacy)
        privacy.record_consent(
            party=party,
            purpose=purpose,
            channel=channel,
            given=not withdrawn,
            text_version=text_version,
            proof=proof,
            source=source,
            at=said_at,
            key=key,
        )
        for state in privacy.consents(party):
            click.echo(_shown(state))


@group.command()
@click.argument("party", type=click.UUID)
@click.pass_obj
def consents(line: CommandLine, party: UUID) -> None:
    """Show what the party with the id PARTY allows, and what it has taken back.

    Example: crmkit privacy consents 01890000-0000-7000-8000-000000000001
    """
    with line.begin(read_only=True) as uow:
        for state in uow.use(Privacy).consents(party):
            click.echo(_shown(state))


@group.command("import")
@click.argument("file", type=click.File(encoding="utf-8"))
@click.pass_obj
def import_(line: CommandLine, file: TextIO) -> None:
    """Take in purposes, texts and consents from FILE, an object in JSON on each line.

    What cannot be taken in is named, and the rest goes on; then it ends with status 3. It may be repeated.

    Example: crmkit privacy import consents.jsonl
    """
    done, failed, lines = 0, 0, enumerate(file, 1)
    while batch := list(islice(lines, BATCH)):
        with line.begin() as uow:
            report = import_lines(uow, batch)
        done, failed = done + report.done, failed + len(report.failed)
        for one in report.failed:
            click.echo(f"line {one.number}: {one.message}", err=True)
    click.echo(f"{done} lines taken in, {failed} failed")
    if failed:
        click.get_current_context().exit(SOME_FAILED)


@group.command("may-contact")
@click.argument("party", type=click.UUID)
@click.argument("purpose")
@click.option("--channel", default="email", show_default=True, help="The channel to write over.")
@click.option("--address", help="Where the message would go; anywhere by default.")
@click.pass_obj
def may_contact(line: CommandLine, party: UUID, purpose: str, channel: str, address: str | None) -> None:
    """Say whether the party with the id PARTY may be written to for PURPOSE, and why.

    Example: crmkit privacy may-contact 01890000-0000-7000-8000-000000000001 newsletter --channel email
    """
    with line.begin(read_only=True) as uow:
        answer = uow.use(Privacy).may_contact(party, channel=channel, purpose=purpose, address=address)
    click.echo("yes" if answer.now else "later" if answer.allowed else "no")
    for reason in answer.reasons:
        click.echo(f"  {reason.code}: {reason.text}")


@group.command()
@click.argument("channel")
@click.argument("address")
@click.option("--reason", type=click.Choice(REASONS), default="manual", show_default=True, help="Why.")
@click.option("--source", help="Who or what said so.")
@click.pass_obj
def suppress(line: CommandLine, channel: str, address: str, reason: SuppressionReason, source: str | None) -> None:
    """Send nothing to ADDRESS over CHANNEL any more. Only a keyed hash of the address is kept.

    Example: crmkit privacy suppress email ida@berg.example --reason complained
    """
    with line.begin() as uow:
        kept = uow.use(Privacy).suppress(channel=channel, address=address, reason=reason, source=source)
    click.echo(f"suppressed over {kept.channel}: {kept.reason}")


@group.command()
@click.argument("channel")
@click.argument("address")
@click.option("--source", help="Who or what said so.")
@click.pass_obj
def unsuppress(line: CommandLine, channel: str, address: str, source: str | None) -> None:
    """Let messages go to ADDRESS over CHANNEL again.

    Example: crmkit privacy unsuppress email ida@berg.example --source "called us"
    """
    with line.begin() as uow:
        lifted = uow.use(Privacy).unsuppress(channel=channel, address=address, source=source)
    click.echo(f"lifted: {', '.join(one.reason for one in lifted) or 'nothing; it was not suppressed'}")


def _shown(state: ConsentState) -> str:
    said = "given" if state.given else "withdrawn"
    return f"{state.purpose}  {state.channel}  {said}  {state.since:%Y-%m-%d %H:%M}"


for _command in (*ERASING, *RETENTION):
    group.add_command(_command)
