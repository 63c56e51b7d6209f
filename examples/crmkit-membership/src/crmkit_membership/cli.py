"""What this plugin adds to the command line: ``crmkit membership ...``."""

from __future__ import annotations

from uuid import UUID

import click

from crmkit.sdk import CommandLine
from crmkit_membership.model import Card
from crmkit_membership.service import Membership

__all__ = ["group"]


@click.group()
def group() -> None:
    """Membership cards."""


@group.command()
@click.argument("party", type=click.UUID)
@click.option("--level", help="One of the levels in the settings; the lowest by default.")
@click.pass_obj
def issue(line: CommandLine, party: UUID, level: str | None) -> None:
    """Issue a card to the party with the id PARTY.

    Example: crmkit membership issue 01890000-0000-7000-8000-000000000001 --level gold
    """
    with line.begin() as uow:
        card = uow.use(Membership).issue(party, level=level)
    click.echo(_shown(card))


@group.command()
@click.argument("party", type=click.UUID)
@click.pass_obj
def cards(line: CommandLine, party: UUID) -> None:
    """List the cards of the party with the id PARTY.

    Example: crmkit membership cards 01890000-0000-7000-8000-000000000001
    """
    with line.begin(read_only=True) as uow:
        for card in uow.use(Membership).cards(party):
            click.echo(_shown(card))


def _shown(card: Card) -> str:
    state = f"cancelled on {card.cancelled_on}" if card.cancelled_on else f"{card.valid_from} to {card.valid_until}"
    return f"{card.id}  {card.number}  {card.level}  {card.points} points  {state}"
