"""What is decided about cards. No database is needed to argue about it."""

from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve
from crmkit_membership.model import Card
from crmkit_membership.rules import is_valid, last_day, needs_card, points_for

from crmkit.sdk import InvalidValueError, Money

PARTY = UUID("01890000-0000-7000-8000-000000000001")
CARD = Card(party_id=PARTY, level="gold", valid_from=date(2026, 3, 1), valid_until=date(2027, 2, 28))


@pytest.mark.parametrize(
    ("day", "valid"),
    [
        (date(2026, 2, 28), False),
        (date(2026, 3, 1), True),
        (date(2027, 2, 28), True),
        (date(2027, 3, 1), False),
    ],
)
def test_a_card_is_valid_from_its_first_to_its_last_day(day, valid):
    assert is_valid(CARD, day) is valid


def test_a_cancelled_card_is_not_valid():
    assert not is_valid(evolve(CARD, cancelled_on=date(2026, 4, 1)), date(2026, 3, 2))


def test_a_card_cannot_end_before_it_begins():
    with pytest.raises(InvalidValueError, match="valid_until"):
        evolve(CARD, valid_until=CARD.valid_from - timedelta(days=1))


def test_a_card_cannot_have_less_than_no_points():
    with pytest.raises(InvalidValueError, match="points"):
        evolve(CARD, points=-1)


def test_a_card_has_a_number_of_its_own_unless_it_is_given_one():
    assert CARD.number == f"M-{CARD.id.hex[-8:].upper()}"
    assert evolve(CARD, number="1000").number == "1000"


@pytest.mark.parametrize(
    ("first", "months", "last"),
    [
        (date(2026, 3, 1), 12, date(2027, 2, 28)),
        (date(2026, 1, 31), 1, date(2026, 2, 27)),
        (date(2028, 1, 30), 1, date(2028, 2, 28)),
        (date(2026, 12, 15), 1, date(2027, 1, 14)),
        (date(2026, 11, 1), 1, date(2026, 11, 30)),
    ],
)
def test_a_period_ends_on_the_day_before_the_next_one_begins(first, months, last):
    assert last_day(first, months) == last


@pytest.mark.parametrize(
    ("amount", "rate", "points"), [("999.99", "0.1", 99), ("5", "0.1", 0), ("100", "0", 0), ("12000", "1.5", 18_000)]
)
def test_points_are_whole_and_rounded_down(amount, rate, points):
    assert points_for(Money(amount, "EUR"), Decimal(rate)) == points


LIMIT = Money("1000", "EUR")


@pytest.mark.parametrize(
    ("amount", "card_above", "needed"),
    [
        (Money("1000.01", "EUR"), LIMIT, True),
        (Money("1000", "EUR"), LIMIT, False),
        (Money("5000", "NOK"), LIMIT, False),
        (None, LIMIT, False),
        (Money("5000", "EUR"), None, False),
    ],
)
def test_only_deals_above_the_limit_and_in_its_currency_need_a_card(amount, card_above, needed):
    assert needs_card(amount, card_above) is needed
