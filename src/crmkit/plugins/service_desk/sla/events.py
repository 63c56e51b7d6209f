"""What happened to promises."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.plugins.service_desk.sla.model import Measure
from crmkit.sdk import Event

__all__ = ["PromiseBroken", "PromiseEndangered"]


@frozen(kw_only=True)
class PromiseEndangered(Event):
    """So much of a promised time is over that somebody should look at the case; told once for each due time.

    Attributes:
        case: the case.
        measure: first_response or resolution.
        due_at: until when the promise has to be kept, UTC.
    """

    case: UUID
    measure: Measure
    due_at: datetime | None = None


@frozen(kw_only=True)
class PromiseBroken(Event):
    """A promised time is over, and the promise was not kept; told once for each due time.

    Attributes:
        case: the case.
        measure: first_response or resolution.
        due_at: until when the promise had to be kept, UTC.
        escalated_to: the actor who has got something to do about it; None for nobody.
    """

    case: UUID
    measure: Measure
    due_at: datetime | None = None
    escalated_to: str | None = None
