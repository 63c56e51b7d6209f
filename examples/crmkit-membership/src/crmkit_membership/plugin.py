"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from crmkit.sdk import DealWon, Plugin, Role, Rule, UnitOfWork, deal_moving, f, on, parties_merging, party_viewing
from crmkit_membership.events import CardCancelled, CardIssued, CardRenewed, PointsCredited
from crmkit_membership.hooks import credit_points, demand_card, keep_apart, show_cards
from crmkit_membership.tables import CARD

__all__ = ["MembershipPlugin"]


class MembershipPlugin(Plugin):
    """Membership cards."""

    entities = (CARD,)
    events = (CardIssued, CardRenewed, CardCancelled, PointsCredited)
    hooks = (
        deal_moving.by(demand_card),
        parties_merging.by(keep_apart),
        party_viewing.by(show_cards),
        on(DealWon, credit_points, durable=True),
    )

    def seed(self, uow: UnitOfWork) -> None:
        """Add the role by whose rights the schedule runs; what it permits is the tenant's to change."""
        if not uow.count(Role, f.key == "membership"):
            permitted = ("activity.create", "activity.read", "membership.card.read", "party.read")
            uow.permissions.define_role("membership", [Rule(effect="permit", permission=p) for p in permitted])
