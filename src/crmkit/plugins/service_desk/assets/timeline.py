"""What stands on the timelines of parties about their assets, and about what came back."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import Final
from uuid import UUID

from crmkit.plugins.service_desk.assets.model import Asset
from crmkit.sdk import Ref, UnitOfWork

__all__ = ["NOON", "called", "enter"]

NOON: Final = time(12, tzinfo=UTC)
LONGEST: Final = 1_000
"""Characters in the one line of an entry."""


def enter(uow: UnitOfWork, party: UUID, kind: str, summary: str, about: Ref, *, on: date, body: str = "") -> None:
    """Enter on a party's timeline what happened on a day, in the unit in which it is stored.

    Args:
        uow: the unit of work; its actor has to record interactions.
        party: whose timeline.
        kind: of the entry, after the plugin's name.
        summary: what happened, in one line.
        about: the asset or the return; who may not see it does not see the entry either.
        on: the day; of today and later ones the entry is of now.
        body: more about it.

    Raises:
        ForbiddenError: if the actor may not record interactions.
        NotFoundError: if the party is not there, or hidden.
    """  # raised by what this calls; callers want to know
    at = uow.now if on >= uow.now.date() else datetime.combine(on, NOON)
    uow.interactions.note(
        party=party, kind=f"service_desk.{kind}", summary=summary[:LONGEST], about=about, body=body, occurred_at=at
    )


def called(asset: Asset) -> str:
    """An asset as one names it to somebody: its name and product, with the serial number if that is known."""
    serial = "" if asset.serial is None else f" no. {asset.serial}"
    return f"{asset.name} ({asset.product}{serial})"
