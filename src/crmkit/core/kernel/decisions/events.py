"""What happened to decisions."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.ref import Ref

__all__ = ["DecisionRecorded"]


@frozen(kw_only=True)
class DecisionRecorded(Event):
    """Somebody decided something about a record.

    Attributes:
        decision: the decision's id.
        about: the record.
        author: id of the actor who decided.
        supersedes: the decision that it puts an end to; None for none.
    """

    decision: UUID
    about: Ref
    author: str
    supersedes: UUID | None = None
