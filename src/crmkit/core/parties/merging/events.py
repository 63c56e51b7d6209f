"""What happened to parties that turned out to be one."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["PartiesMerged"]


@frozen(kw_only=True)
class PartiesMerged(Event):
    """A party has become part of another one. Undoing the unit that did it tells `UnitUndone`.

    Attributes:
        loser: what is left of it says what it was merged into.
        winner: has everything that the loser had.
    """

    loser: UUID
    winner: UUID
