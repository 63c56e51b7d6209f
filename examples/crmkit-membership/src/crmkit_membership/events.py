"""What happened to cards."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["CardCancelled", "CardIssued", "CardRenewed", "PointsCredited"]


@frozen(kw_only=True)
class CardIssued(Event):
    """A party has got a card.

    Attributes:
        card_id: the card.
        party_id: its party.
        level: the card's.
    """

    card_id: UUID
    party_id: UUID
    level: str


@frozen(kw_only=True)
class CardRenewed(Event):
    """A card is valid for longer.

    Attributes:
        card_id: the card.
        valid_until: its new last day.
    """

    card_id: UUID
    valid_until: date


@frozen(kw_only=True)
class CardCancelled(Event):
    """A card is no longer valid.

    Attributes:
        card_id: the card.
        reason: why.
    """

    card_id: UUID
    reason: str


@frozen(kw_only=True)
class PointsCredited(Event):
    """A card has more points.

    Attributes:
        card_id: the card.
        points: how many more.
    """

    card_id: UUID
    points: int
