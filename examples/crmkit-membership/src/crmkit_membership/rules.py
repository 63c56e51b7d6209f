"""What is decided about cards, as functions of values: no clock, no database, no settings."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import ROUND_DOWN, Decimal

from crmkit.sdk import Criteria, Money, f
from crmkit_membership.model import Card

__all__ = ["is_valid", "last_day", "needs_card", "points_for", "valid_on"]


def is_valid(card: Card, day: date) -> bool:
    """Whether ``card`` is valid on ``day``."""
    return card.cancelled_on is None and card.valid_from <= day <= card.valid_until


def valid_on(day: date) -> Criteria:
    """The cards for which `is_valid` holds on ``day``."""
    return (f.valid_from <= day) & (f.valid_until >= day) & f.cancelled_on.is_empty()


def last_day(first: date, months: int) -> date:
    """The last of ``months`` months that begin with the day ``first``: of one from 31 January on, 27 February."""
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    longest = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(first.day, longest)) - timedelta(days=1)


def points_for(amount: Money, rate: Decimal) -> int:
    """The points for a deal of ``amount`` at ``rate`` points for each unit of currency; whole ones only."""
    return int((amount.amount * rate).to_integral_value(ROUND_DOWN))


def needs_card(amount: Money | None, card_above: Money | None) -> bool:
    """Whether a deal of ``amount`` is won only with holders of a card. Other currencies than the limit's are free."""
    if amount is None or card_above is None or amount.currency != card_above.currency:
        return False
    return amount.amount > card_above.amount
