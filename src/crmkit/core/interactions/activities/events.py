"""What happened to activities. Events carry ids and keys, never texts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.ref import Ref

__all__ = [
    "ActivityCancelled",
    "ActivityCompleted",
    "ActivityPlanned",
    "ActivityReassigned",
    "ActivityRescheduled",
]


@frozen(kw_only=True)
class ActivityPlanned(Event):
    """Something has been planned.

    Attributes:
        activity: its id.
        kind: such as ``call``.
        due_at: when it is due, UTC.
        assignee: who shall do it; None for anybody of its team.
        party: the id of the party, if it concerns one.
        about: the record that it is about.
    """

    activity: UUID
    kind: str
    due_at: datetime
    assignee: str | None
    party: UUID | None = None
    about: Ref | None = None


@frozen(kw_only=True)
class ActivityCompleted(Event):
    """Something planned has been done.

    Attributes:
        activity: its id.
        kind: such as ``call``.
        interaction: the id of the interaction that it yielded; None where it concerns no party.
        party: the id of the party, if it concerns one.
        about: the record that it is about.
    """

    activity: UUID
    kind: str
    interaction: UUID | None = None
    party: UUID | None = None
    about: Ref | None = None


@frozen(kw_only=True)
class ActivityReassigned(Event):
    """Somebody else shall do it.

    Attributes:
        activity: its id.
        before: who should have done it.
        assignee: who shall do it; None for anybody of its team.
        team: the team whose work it is.
    """

    activity: UUID
    before: str | None
    assignee: str | None
    team: str | None


@frozen(kw_only=True)
class ActivityRescheduled(Event):
    """It is due at another time.

    Attributes:
        activity: its id.
        before: when it was due, UTC.
        due_at: when it is due, UTC.
    """

    activity: UUID
    before: datetime
    due_at: datetime


@frozen(kw_only=True)
class ActivityCancelled(Event):
    """It shall not be done.

    Attributes:
        activity: its id.
        party: the id of the party, if it concerns one.
        about: the record that it is about.
    """

    activity: UUID
    party: UUID | None = None
    about: Ref | None = None
