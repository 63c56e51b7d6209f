"""What can happen to party roles."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["PartyRoleAdded", "PartyRoleEnded"]


@frozen(kw_only=True)
class PartyRoleAdded(Event):
    """A party became something to us.

    Attributes:
        party: the party's id.
        role: key of the role, such as ``supplier``.
    """

    party: UUID
    role: str


@frozen(kw_only=True)
class PartyRoleEnded(Event):
    """A party ceases to be something to us, now or on a day to come.

    Attributes:
        party: the party's id.
        role: key of the role.
    """

    party: UUID
    role: str
