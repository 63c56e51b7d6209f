"""Events: facts in the past tense, delivered after commit."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import field, frozen

__all__ = ["Event", "Origin"]


@frozen(kw_only=True)
class Origin:
    """Where an event comes from.

    Attributes:
        id: the event's own id; the same in every delivery, so that a subscriber can tell a duplicate.
        tenant: the tenant in which it happened.
        unit: the unit of work that committed it.
        actor: who did it.
        on_behalf_of: for whom, under a delegation.
        at: when the unit wrote it, UTC.
    """

    id: UUID
    tenant: str
    unit: UUID
    actor: str
    on_behalf_of: str | None
    at: datetime


@frozen(kw_only=True)
class Event:
    """The base of all events; a subclass is frozen, keyword-only and named in the past tense (``DealWon``).

    The first of its own fields that is an id names the record that it is about: durable subscribers are told of that
    record's events in the order of its versions.

    Attributes:
        origin: filled in by the gate when a command emits the event; None before.
    """

    origin: Origin | None = field(default=None, eq=False)
