"""What happened to possible duplicates."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["DuplicateApproved", "DuplicateRejected", "DuplicatesProposed"]


@frozen(kw_only=True)
class DuplicatesProposed(Event):
    """Pairs of parties that may be one have come into the queue.

    Attributes:
        pairs: their ids.
    """

    pairs: tuple[UUID, ...]


@frozen(kw_only=True)
class DuplicateApproved(Event):
    """Somebody said that two parties are one, and they were merged. Undoing that unit tells `UnitUndone`.

    Attributes:
        pair: the pair.
        winner: the party that stayed.
        loser: the one that became part of it.
    """

    pair: UUID
    winner: UUID
    loser: UUID


@frozen(kw_only=True)
class DuplicateRejected(Event):
    """Somebody said that two parties are not one; they are not proposed again for what is known now.

    Attributes:
        pair: the pair.
        left: one party.
        right: the other.
    """

    pair: UUID
    left: UUID
    right: UUID
