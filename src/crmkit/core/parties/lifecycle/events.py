"""What can happen in the lifecycle."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["LifecycleMoved"]


@frozen(kw_only=True)
class LifecycleMoved(Event):
    """A party stands at another stage of the lifecycle.

    Attributes:
        party: the party's id.
        before: key of the stage that it left; None if it stood at none.
        stage: key of the stage that it came to.
    """

    party: UUID
    before: str | None
    stage: str
