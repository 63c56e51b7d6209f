"""What this plugin says when it is asked: about deals that are to be won, parties to be merged, and parties viewed."""

from __future__ import annotations

from crmkit.sdk import Context, DealMove, DealWon, PartiesMerging, PartyViewing, Refusal, Section, UnitOfWork, f
from crmkit_membership.config import Settings
from crmkit_membership.model import Card
from crmkit_membership.rules import is_valid, needs_card, points_for, valid_on
from crmkit_membership.service import Membership

__all__ = ["credit_points", "demand_card", "keep_apart", "show_cards"]


def demand_card(context: Context, move: DealMove) -> Refusal | None:
    """Refuse that a large deal is won with a party that has no valid card."""
    card_above = context.settings(Settings).card_above
    if move.to.category != "won" or not needs_card(move.deal.amount, card_above):
        return None
    if context.count(Card, (f.party_id == move.deal.party_id) & valid_on(context.now.date())):
        return None
    return Refusal("card_needed", f"deals above {card_above} are won only with holders of a valid card", field="stage")


def keep_apart(context: Context, merging: PartiesMerging) -> Refusal | None:
    """Refuse to merge two holders of valid cards: which of the cards goes on is not for a merge to say."""
    valid = valid_on(context.now.date())
    if all(context.count(Card, (f.party_id == party.id) & valid) for party in (merging.loser, merging.winner)):
        return Refusal("two_cards", "both have a valid card; cancel one of the two first")
    return None


def show_cards(context: Context, viewing: PartyViewing) -> Section | None:
    """Show the cards of the party in its 360 view."""
    cards = tuple(context.each(Card, f.party_id == viewing.party.id, order="-valid_until"))
    today = context.now.date()
    valid = [card for card in cards if is_valid(card, today)]
    if not cards:
        return None
    return Section(
        key="cards",
        title="Membership",
        items=tuple((card.level, f"{card.number}, {card.points} points, until {card.valid_until}") for card in valid)
        or (("", "no valid card"),),
        data={"cards": [str(card.id) for card in cards], "valid": [str(card.id) for card in valid]},
    )


def credit_points(uow: UnitOfWork, won: DealWon) -> None:
    """Credit points for a deal that was won to the party's card that is valid longest.

    It happens after the deal has been stored, as a job: in a unit of its own, with the rights that whoever won the deal
    has then, and again if it fails.
    """
    points = points_for(won.amount, uow.settings(Settings).rate) if won.amount else 0
    cards = uow.find(Card, (f.party_id == won.party_id) & valid_on(uow.now.date()), limit=1)
    if points and cards:
        uow.use(Membership).credit(cards[0].id, points)
