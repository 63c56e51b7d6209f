"""What happened about erasing."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["HoldPlaced", "HoldReleased", "PersonErased", "PersonReadmitted"]


@frozen(kw_only=True)
class HoldPlaced(Event):
    """A party must not be erased.

    Attributes:
        hold: the record that says so.
        party: the party.
    """

    hold: UUID
    party: UUID


@frozen(kw_only=True)
class HoldReleased(Event):
    """A hold no longer stands in the way.

    Attributes:
        hold: the record.
        party: the party.
    """

    hold: UUID
    party: UUID


@frozen(kw_only=True)
class PersonErased(Event):
    """A person was erased; whoever keeps a copy elsewhere has to erase that.

    Attributes:
        party: what is left of the party.
        erasure: the record that says so.
    """

    party: UUID
    erasure: UUID


@frozen(kw_only=True)
class PersonReadmitted(Event):
    """A person who was erased may be added again, as a new party.

    Attributes:
        erasure: the record of the erasure.
    """

    erasure: UUID
