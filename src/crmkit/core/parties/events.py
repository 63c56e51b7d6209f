"""What can happen to parties. Each event is small: who reacts to it reads the rest with its own rights."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.core.parties.model import PartyKind
from crmkit.values.event import Event

__all__ = ["PartyAdded", "PartyArchived", "PartyAssigned", "PartyRemoved", "PartyUnarchived", "PartyUpdated"]


@frozen(kw_only=True)
class PartyAdded(Event):
    """A party was added, with all that was given at once: no other event tells of its first mechanisms and roles.

    Attributes:
        party: its id.
        kind: person or organisation.
    """

    party: UUID
    kind: PartyKind


@frozen(kw_only=True)
class PartyUpdated(Event):
    """A party's own fields changed.

    Attributes:
        party: its id.
    """

    party: UUID


@frozen(kw_only=True)
class PartyAssigned(Event):
    """A party has another owner or team.

    Attributes:
        party: its id.
        owner_id: the actor who is responsible now; None for nobody.
        team_id: key of the team that it belongs to now; None for none.
        former_owner_id: who was responsible before.
    """

    party: UUID
    owner_id: str | None
    team_id: str | None
    former_owner_id: str | None


@frozen(kw_only=True)
class PartyArchived(Event):
    """A party went out of use.

    Attributes:
        party: its id.
    """

    party: UUID


@frozen(kw_only=True)
class PartyUnarchived(Event):
    """A party came into use again.

    Attributes:
        party: its id.
    """

    party: UUID


@frozen(kw_only=True)
class PartyRemoved(Event):
    """A party was deleted, with all its parts.

    Attributes:
        party: the id that it had.
        kind: person or organisation.
    """

    party: UUID
    kind: PartyKind
