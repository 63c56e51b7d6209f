"""What this plugin adds to the command line: ``crmkit email``."""

from __future__ import annotations

from pathlib import Path
from typing import get_args
from uuid import UUID

import click

from crmkit.plugins.email.model import Message, MessageState
from crmkit.plugins.email.sending.composing import Enclosure
from crmkit.plugins.email.sending.courier import Courier
from crmkit.plugins.email.service import Email
from crmkit.sdk import CommandLine

__all__ = ["group"]

STATE = click.Choice([*get_args(MessageState), "all"])
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def group() -> None:
    """Send mail, take it in, and see what became of it.

    `crmkit email send` queues a message, and `crmkit worker` or `crmkit email deliver` sends what is queued. `crmkit
    email receive` takes in messages from files. `crmkit email test` shows whether the server answers.
    """


@group.command()
@click.option("--party", type=click.UUID, help="To whom.")
@click.option("--to", help="The address; by default the party's own.")
@click.option("--purpose", required=True, help="What for, as privacy knows it.")
@click.option("--key", required=True, help="Names the message; with the same key and recipient nothing is sent twice.")
@click.option("--template", help="The template that it is made by.")
@click.option("--value", metavar="NAME=TEXT", multiple=True, help="A further value for the template.")
@click.option("--subject", help="Of a message without a template.")
@click.option("--text", help="What it says.")
@click.option("--attach", type=FILE, multiple=True, help="A file that goes with it.")
@click.pass_obj
def send(
    line: CommandLine,
    /,
    *,
    party: UUID | None,
    to: str | None,
    purpose: str,
    key: str,
    template: str | None,
    value: tuple[str, ...],
    subject: str | None,
    text: str | None,
    attach: tuple[Path, ...],
) -> None:
    """Queue a message.

    Example: crmkit --actor ada email send --party 0192... --purpose service --key roof-1 --subject Roof --text "At 9"
    """
    files = [
        Enclosure(name=path.name, media_type="application/octet-stream", content=path.read_bytes()) for path in attach
    ]
    with line.begin() as uow:
        message = uow.use(Email).send(
            purpose=purpose,
            key=key,
            party=party,
            to=to,
            template=template,
            values=dict(map(_name_and_text, value)) if template else None,
            subject=subject,
            text=text,
            attachments=files,
        )
    click.echo(f"{message.id} {message.state}")


@group.command()
@click.argument("files", type=FILE, nargs=-1, required=True)
@click.option("--to", "envelope_to", help="The address that it was delivered to; from its headers by default.")
@click.pass_obj
def receive(line: CommandLine, /, *, files: tuple[Path, ...], envelope_to: str | None) -> None:
    """Take in messages from files, each in a unit of its own.

    Example: crmkit --actor ada email receive message.eml
    """
    for path in files:
        with line.begin() as uow:
            received = uow.use(Email).receive(path.read_bytes(), envelope_to=envelope_to)
        what = "known already" if received.known else received.report or "taken in"
        whose = received.message.party_id or "nobody known"
        click.echo(f"{path.name}: {what}, {received.message.id}, from {whose}")


@group.command()
@click.option("--state", type=STATE, default="queued", show_default=True, help="Which messages.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many at most.")
@click.pass_obj
def queue(line: CommandLine, /, *, state: MessageState, limit: int) -> None:
    """Show messages, the latest first: id, state, when, to whom, subject, and what the server said.

    Example: crmkit --actor ada email queue --state bounced
    """
    with line.begin(read_only=True) as uow:
        page = uow.use(Email).queue(state=None if str(state) == "all" else state, limit=limit)
    for message in page:
        click.echo(_one_line(message))
    if not page.items:
        click.echo(f"No message is {state}")


@group.command()
@click.pass_obj
def deliver(line: CommandLine, /) -> None:
    """Send what is due now, as `crmkit worker` does by itself.

    Example: crmkit --actor ada email deliver
    """
    with line.begin(read_only=True) as uow:
        tenant = uow.tenant
    done = Courier(line.begin, Email, tenant).run()
    click.echo(
        f"{done.accepted} sent, {done.deferred} put off, {done.refused} refused, {done.uncertain} uncertain, "
        f"{done.recovered} recovered"
    )


@group.command()
@click.pass_obj
def test(line: CommandLine, /) -> None:
    """Open the line to the mail server, with TLS and log in as configured, and send nothing.

    Example: crmkit --actor ada email test
    """
    from crmkit.plugins.email.config import Settings
    from crmkit.plugins.email.sending.line import Line

    with line.begin(read_only=True) as uow:
        settings = uow.settings(Settings)
    if not settings.host:
        click.echo("No server is set; set plugins.email.host")
        return
    click.echo(f"{settings.host}:{settings.port} ({settings.security}): {Line(settings).probe()}")


@group.command()
@click.argument("key")
@click.option("--subject", required=True, help="With places such as {{ party.given_name }}.")
@click.option("--text", type=FILE, help="A file with the plain text.")
@click.option("--html", type=FILE, help="A file with HTML or MJML.")
@click.pass_obj
def template(line: CommandLine, /, *, key: str, subject: str, text: Path | None, html: Path | None) -> None:
    """Keep a template under a key.

    Example: crmkit --actor ada email template thanks --subject "Thank you" --html thanks.mjml
    """
    with line.begin() as uow:
        stored = uow.use(Email).save_template(
            key,
            subject=subject,
            text=text.read_text("utf-8") if text else "",
            html=html.read_text("utf-8") if html else None,
        )
    click.echo(f"template {stored.key} at version {stored.version}")


# -- inside -----------------------------------------------------------------------------------------------------------


def _name_and_text(given: str) -> tuple[str, str]:
    name, equals, text = given.partition("=")
    if not equals:
        raise click.BadParameter(f"{given!r} is not NAME=TEXT", param_hint="--value")
    return name, text


def _one_line(message: Message) -> str:
    when = f"{message.created_at:%Y-%m-%d %H:%M}" if message.created_at else ""
    said = f"  ({message.answer})" if message.answer else ""
    return f"{message.id}  {message.state:12}  {when}  {message.address or ''}  {message.subject}{said}"
