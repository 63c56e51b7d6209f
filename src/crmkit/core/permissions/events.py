"""What happened to roles, teams, shared records, delegations and ownership."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = [
    "EVENTS",
    "ClaimReleased",
    "DelegationGranted",
    "DelegationRevoked",
    "MemberAssigned",
    "MemberUnassigned",
    "OwnershipTransferred",
    "RecordClaimed",
    "RecordShared",
    "RecordUnshared",
    "RoleChanged",
    "RoleDefined",
    "RoleRemoved",
    "TeamAdded",
    "TeamMoved",
    "TeamRemoved",
    "TeamRenamed",
]


@frozen(kw_only=True)
class RoleDefined(Event):
    """A role has been defined.

    Attributes:
        role: its key.
    """

    role: str


@frozen(kw_only=True)
class RoleChanged(Event):
    """A role permits something else, or is called otherwise.

    Attributes:
        role: its key.
    """

    role: str


@frozen(kw_only=True)
class RoleRemoved(Event):
    """A role is gone.

    Attributes:
        role: its key.
    """

    role: str


@frozen(kw_only=True)
class MemberAssigned(Event):
    """An actor has been given a role, or has become a member of a team.

    Attributes:
        actor: the actor's id.
        kind: role or team.
        key: of the role or team.
    """

    actor: str
    kind: Literal["role", "team"]
    key: str


@frozen(kw_only=True)
class MemberUnassigned(Event):
    """An actor no longer has a role, or is no longer a member of a team.

    Attributes:
        actor: the actor's id.
        kind: role or team.
        key: of the role or team.
    """

    actor: str
    kind: Literal["role", "team"]
    key: str


@frozen(kw_only=True)
class TeamAdded(Event):
    """A team has been added.

    Attributes:
        team: its key.
        parent: key of the team above it.
    """

    team: str
    parent: str | None = None


@frozen(kw_only=True)
class TeamMoved(Event):
    """A team has come under another one.

    Attributes:
        team: its key.
        parent: key of the team above it now.
    """

    team: str
    parent: str | None = None


@frozen(kw_only=True)
class TeamRenamed(Event):
    """A team is called otherwise.

    Attributes:
        team: its key.
        name: its name now.
    """

    team: str
    name: str


@frozen(kw_only=True)
class TeamRemoved(Event):
    """A team is gone.

    Attributes:
        team: its key.
    """

    team: str


@frozen(kw_only=True)
class RecordShared(Event):
    """A record has been shared.

    Attributes:
        entity: the record's entity.
        id: the record.
        grantee_kind: actor or team.
        grantee: the actor's id or the team's key.
        permissions: what is new.
    """

    entity: str
    id: UUID
    grantee_kind: Literal["actor", "team"]
    grantee: str
    permissions: tuple[str, ...]


@frozen(kw_only=True)
class RecordUnshared(Event):
    """A record is no longer shared.

    Attributes:
        entity: the record's entity.
        id: the record.
        grantee_kind: actor or team.
        grantee: the actor's id or the team's key.
    """

    entity: str
    id: UUID
    grantee_kind: Literal["actor", "team"]
    grantee: str


@frozen(kw_only=True)
class DelegationGranted(Event):
    """An actor has lent rights to another.

    Attributes:
        delegation: its id.
        from_actor: who lends.
        to_actor: who borrows.
        expires_at: until when, UTC.
    """

    delegation: UUID
    from_actor: str
    to_actor: str
    expires_at: datetime


@frozen(kw_only=True)
class DelegationRevoked(Event):
    """What was lent has been taken back.

    Attributes:
        delegation: its id.
        from_actor: who had lent.
        to_actor: who had borrowed.
    """

    delegation: UUID
    from_actor: str
    to_actor: str


@frozen(kw_only=True)
class OwnershipTransferred(Event):
    """Everything that an actor owned has been handed over.

    Attributes:
        from_actor: who owned it.
        to_actor: who owns it now.
        counts: how many records, by entity.
    """

    from_actor: str
    to_actor: str
    counts: Mapping[str, int]


@frozen(kw_only=True)
class RecordClaimed(Event):
    """An actor has claimed a record, or prolonged the claim.

    Attributes:
        entity: the record's entity.
        id: the record.
        actor: who owns it now.
        expires_at: until when, UTC.
    """

    entity: str
    id: UUID
    actor: str
    expires_at: datetime


@frozen(kw_only=True)
class ClaimReleased(Event):
    """A claim has ended; nobody owns the record unless it was given to somebody since.

    Attributes:
        entity: the record's entity.
        id: the record.
        actor: who had claimed it.
        expired: whether its time was over; else it was given up.
    """

    entity: str
    id: UUID
    actor: str
    expired: bool


EVENTS: tuple[type[Event], ...] = (
    ClaimReleased,
    DelegationGranted,
    DelegationRevoked,
    MemberAssigned,
    MemberUnassigned,
    OwnershipTransferred,
    RecordClaimed,
    RecordShared,
    RecordUnshared,
    RoleChanged,
    RoleDefined,
    RoleRemoved,
    TeamAdded,
    TeamMoved,
    TeamRemoved,
    TeamRenamed,
)
