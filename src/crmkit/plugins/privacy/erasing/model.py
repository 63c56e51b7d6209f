"""What keeps a person from being erased, and what is left of one who was."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import field, frozen

from crmkit.sdk import Record, checks

__all__ = ["Erasure", "Hold"]


def _as_tuple(given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(given)


@frozen(kw_only=True)
class Hold(Record):
    """That a party must not be erased, since the law wants what is known of it kept.

    Attributes:
        party_id: the party.
        reason: why, such as the number of a lawsuit.
        placed_by: the actor who placed it.
        until: when it ends by itself, UTC; None for not before it is released.
        released_at: since when it holds no longer, UTC; None while it does.
        released_by: the actor who released it.
    """

    party_id: UUID
    reason: str = field(validator=checks.text(1_000))
    placed_by: str
    until: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    released_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    released_by: str | None = None

    def holds(self, now: datetime) -> bool:
        """Whether it stands in the way at an instant, UTC."""
        return self.released_at is None and (self.until is None or now < self.until)


@frozen(kw_only=True)
class Erasure(Record):
    """That a person was erased. Recorded once and never changed.

    Attributes:
        party_id: what is left of the party.
        unit_id: the unit of work that erased it; history names it in the place of each value.
        reason: why, in words that name nobody.
        at: when, UTC.
        actor_id: who erased it.
        digests: keyed hashes of what the person could be reached or recognised by, in hexadecimal digits.
    """

    party_id: UUID
    unit_id: UUID
    reason: str = field(validator=checks.text(1_000))
    at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    actor_id: str
    digests: tuple[str, ...] = field(default=(), converter=_as_tuple)
