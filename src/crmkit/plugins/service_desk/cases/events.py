"""What happened to cases."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = [
    "CaseAnswered",
    "CaseAssigned",
    "CaseChanged",
    "CaseClosed",
    "CaseMoved",
    "CaseOpened",
    "CaseReopened",
    "CaseReplied",
    "CaseResolved",
    "CaseResumed",
    "CaseWaiting",
    "CasesMerged",
]


@frozen(kw_only=True)
class CaseOpened(Event):
    """A case has been opened.

    Attributes:
        case: the case.
        party: who has it.
        number: what people call it by.
        kind: its kind.
        queue: the queue that it waits in; None for none.
        channel: the key of the channel that it came over.
    """

    case: UUID
    party: UUID
    number: int
    kind: str
    queue: UUID | None = None
    channel: str | None = None


@frozen(kw_only=True)
class CaseChanged(Event):
    """What a case says of itself has changed: subject, priority, details and the like.

    Attributes:
        case: the case.
        fields: the names of the fields that changed.
    """

    case: UUID
    fields: tuple[str, ...]


@frozen(kw_only=True)
class CaseAssigned(Event):
    """Somebody else works on a case now.

    Attributes:
        case: the case.
        assignee: the actor who works on it; None if nobody does.
        before: the actor who did.
    """

    case: UUID
    assignee: str | None
    before: str | None = None


@frozen(kw_only=True)
class CaseMoved(Event):
    """A case has come into another queue.

    Attributes:
        case: the case.
        queue: the queue that it waits in now; None for none.
        before: the one that it waited in.
    """

    case: UUID
    queue: UUID | None
    before: UUID | None = None


@frozen(kw_only=True)
class CaseAnswered(Event):
    """The party was answered.

    Attributes:
        case: the case.
        interaction: the answer; None while it waits to be sent.
        first: whether it is the first one.
    """

    case: UUID
    interaction: UUID | None
    first: bool


@frozen(kw_only=True)
class CaseReplied(Event):
    """The party has said something more.

    Attributes:
        case: the case.
        interaction: what was said.
    """

    case: UUID
    interaction: UUID


@frozen(kw_only=True)
class CaseWaiting(Event):
    """A case waits for the party; its promises are paused.

    Attributes:
        case: the case.
    """

    case: UUID


@frozen(kw_only=True)
class CaseResumed(Event):
    """A case does not wait for the party any more.

    Attributes:
        case: the case.
    """

    case: UUID


@frozen(kw_only=True)
class CaseResolved(Event):
    """A case has been resolved.

    Attributes:
        case: the case.
        party: who had it.
        assignee: the actor who worked on it.
    """

    case: UUID
    party: UUID
    assignee: str | None = None


@frozen(kw_only=True)
class CaseReopened(Event):
    """A case that was resolved or closed is under way again.

    Attributes:
        case: the case.
        reason: why.
    """

    case: UUID
    reason: str


@frozen(kw_only=True)
class CaseClosed(Event):
    """A case has been closed; only reopening it leads back.

    Attributes:
        case: the case.
    """

    case: UUID


@frozen(kw_only=True)
class CasesMerged(Event):
    """A case has become part of another one. Undoing that unit tells `UnitUndone`.

    Attributes:
        winner: the case that stayed.
        loser: the one that became part of it.
    """

    winner: UUID
    loser: UUID
