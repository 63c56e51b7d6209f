"""Planning that somebody calls a party about which something was noticed."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from crmkit.plugins.feedback.config import Settings
from crmkit.sdk import Activity, Party, UnitOfWork

__all__ = ["plan_call"]


def plan_call(uow: UnitOfWork, party: UUID, *, subject: str) -> Activity | None:
    """Plan that the owner of a party, or anybody of its team, calls it.

    Args:
        uow: the unit in which it was noticed.
        party: whom to call.
        subject: what about, in one line.

    Returns:
        The activity; nothing if the settings do not want it, or nobody looks after the party.
    """
    settings, called = uow.settings(Settings), uow.get(Party, party)
    if not settings.plan_calls or (called.owner_id is None and called.team_id is None):
        return None
    return uow.interactions.plan(
        kind="call",
        subject=subject,
        due_at=uow.now + timedelta(days=settings.call_within_days),
        party=party,
        assignee=called.owner_id,
        team=called.team_id,
    )
