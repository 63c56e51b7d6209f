"""What deals obey beyond what all staged records do."""

from __future__ import annotations

from crmkit.core.pipelines.events import DealLost, DealReopened, DealWon
from crmkit.core.pipelines.model import Deal
from crmkit.errors import InvalidValueError
from crmkit.values.event import Event

__all__ = ["check_edit", "outcome"]

_MOVED = ("pipeline", "stage", "category", "stage_entered_at", "closed_at")


def check_edit(before: Deal, after: Deal) -> None:
    """Check that a deal is edited, not moved.

    Raises:
        InvalidValueError: if what only a move changes differs, or the reason for which it was lost does not fit.
    """
    for name in _MOVED:
        if getattr(after, name) != getattr(before, name):
            raise InvalidValueError(name, getattr(after, name), "is changed by move, win, lose and reopen only")
    if (after.lost_reason is not None) != (after.category == "lost"):
        raise InvalidValueError("lost_reason", after.lost_reason, "is told of lost deals, of each and of no other")


def outcome(before: Deal, after: Deal) -> Event | None:
    """What a move has decided, if it has: that the deal was won, lost or reopened."""
    if after.category == before.category:
        return None
    if after.category == "won":
        return DealWon(deal_id=after.id, party_id=after.party_id, pipeline=after.pipeline, amount=after.amount)
    if after.category == "lost":
        return DealLost(
            deal_id=after.id,
            party_id=after.party_id,
            pipeline=after.pipeline,
            reason=after.lost_reason or "",
            amount=after.amount,
        )
    return DealReopened(deal_id=after.id, party_id=after.party_id, pipeline=after.pipeline, stage=after.stage)
