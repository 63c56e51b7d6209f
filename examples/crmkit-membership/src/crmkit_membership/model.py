"""Membership cards."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from attrs import Factory, frozen

from crmkit.sdk import InvalidValueError, Record

__all__ = ["Card"]


def _number_of_id(card: Card) -> str:
    return f"M-{card.id.hex[-8:].upper()}"  # the last digits of an id are random, its first ones tell the time


@frozen(kw_only=True)
class Card(Record):
    """A membership card of a party.

    Attributes:
        party_id: whose card it is.
        number: what is printed on it; unique in the tenant, made from the id by default.
        level: one of the levels in the settings.
        points: credited so far.
        valid_from: its first day.
        valid_until: its last day.
        cancelled_on: since when it is no longer valid; None unless it was cancelled.

    Raises:
        InvalidValueError: if it would end before it begins, or have less than no points.
    """

    party_id: UUID
    number: str = Factory(_number_of_id, takes_self=True)
    level: str
    points: int = 0
    valid_from: date
    valid_until: date
    cancelled_on: date | None = None

    def __attrs_post_init__(self) -> None:
        if self.valid_until < self.valid_from:
            raise InvalidValueError("valid_until", self.valid_until, f"lies before the first day, {self.valid_from}")
        if self.points < 0:
            raise InvalidValueError("points", self.points, "is less than 0")
