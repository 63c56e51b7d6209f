"""What this plugin does without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

from crmkit.sdk import Activity, Party, Ref, UnitOfWork, f
from crmkit_membership.config import Settings
from crmkit_membership.model import Card
from crmkit_membership.rules import valid_on

__all__ = ["plan_renewals"]

NOON = time(12, tzinfo=UTC)


def plan_renewals(uow: UnitOfWork, at: datetime) -> None:  # it does what is due now, however late
    """Plan a call about each card that ends soon, by whoever looks after its party; once for each period.

    It runs in a unit of its own with the rights of the role ``membership``, so it sees only what they let it see.
    """
    today = uow.now.date()
    ending = f.valid_until <= today + timedelta(days=uow.settings(Settings).notice)
    for card in uow.each(Card, valid_on(today) & ending):
        due_at = datetime.combine(card.valid_until, NOON)
        if not uow.count(Activity, (f.about_id == card.id) & (f.due_at == due_at)):
            uow.interactions.plan(
                kind="call",
                subject=f"Card {card.number} ends; ask about renewal",
                due_at=due_at,
                about=Ref("membership.card", card.id),
                assignee=uow.get(Party, card.party_id).owner_id,
            )
