"""Deals as values, and the rules of their own."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from attrs import evolve

from crmkit.core.pipelines.events import DealLost, DealReopened, DealWon
from crmkit.core.pipelines.model import Deal
from crmkit.core.pipelines.rules import check_edit, outcome
from crmkit.errors import (
    InvalidMoneyError,
    InvalidValueError,
    LimitExceededError,
    NaiveDatetimeError,
    UnknownCurrencyError,
)
from crmkit.values.ids import new_id
from crmkit.values.money import Money

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)


def deal(**more):
    given = {"pipeline": "sales", "stage": "lead", "stage_entered_at": NOW, "title": "Roof", "party_id": new_id()}
    return Deal(**given | more)


WON = deal(stage="won", category="won", closed_at=NOW)
LOST = deal(stage="lost", category="lost", closed_at=NOW, lost_reason="price")


@pytest.mark.parametrize("amount", [12000, 12000.0, "12000 EUR", Decimal(1)])
def test_an_amount_is_money(amount):
    with pytest.raises(InvalidMoneyError):
        deal(amount=amount)


def test_an_amount_is_no_float_and_of_a_known_currency():
    with pytest.raises(InvalidMoneyError):
        deal(amount=Money(0.1, "EUR"))
    with pytest.raises(UnknownCurrencyError):
        deal(amount=Money("1", "EURO"))


@pytest.mark.parametrize("probability", [0.5, "1.5", -1])
def test_a_probability_of_its_own_is_checked_as_that_of_a_stage(probability):
    with pytest.raises(InvalidValueError, match="probability"):
        deal(probability=probability)


@pytest.mark.parametrize("day", ["2026-03-31", datetime(2026, 3, 31, tzinfo=UTC)])
def test_the_expected_close_is_a_date(day):
    with pytest.raises(InvalidValueError, match="expected_close"):
        deal(expected_close=day)


@pytest.mark.parametrize("title", ["", " ", None])
def test_a_deal_has_a_title(title):
    with pytest.raises(InvalidValueError, match="title"):
        deal(title=title)


@pytest.mark.parametrize("source", ["", "a\0b", "\ud800", 7])
def test_texts_can_be_stored(source):
    with pytest.raises(InvalidValueError, match="source"):
        deal(source=source)


def test_texts_are_bounded():
    with pytest.raises(LimitExceededError, match="characters in title"):
        deal(title="x" * 1001)


def test_instants_are_aware():
    with pytest.raises(NaiveDatetimeError):
        deal(stage_entered_at=datetime(2026, 3, 1))  # noqa: DTZ001  # naive on purpose
    with pytest.raises(NaiveDatetimeError):
        deal(closed_at=datetime(2026, 3, 1))  # noqa: DTZ001  # naive on purpose


def test_editing_changes_anything_but_the_stage():
    before = deal()
    check_edit(before, evolve(before, title="Bigger roof", expected_close=date(2026, 6, 1)))
    for change in ({"stage": "won"}, {"pipeline": "other"}, {"category": "won"}, {"closed_at": NOW}):
        with pytest.raises(InvalidValueError, match="is changed by move"):
            check_edit(before, evolve(before, **change))


def test_the_reason_of_a_lost_deal_may_be_corrected_but_not_removed():
    check_edit(LOST, evolve(LOST, lost_reason="too late"))
    with pytest.raises(InvalidValueError, match="lost_reason"):
        check_edit(LOST, evolve(LOST, lost_reason=None))
    with pytest.raises(InvalidValueError, match="lost_reason"):
        check_edit(WON, evolve(WON, lost_reason="price"))


def test_a_move_decides_something_only_if_the_category_changes():
    before = deal(amount=Money("5", "EUR"))
    won = evolve(before, stage="won", category="won", closed_at=NOW)
    lost = evolve(before, stage="lost", category="lost", closed_at=NOW, lost_reason="price")
    who = {"deal_id": before.id, "party_id": before.party_id, "pipeline": "sales"}
    assert outcome(before, evolve(before, stage="qualified")) is None
    assert outcome(before, won) == DealWon(**who, amount=Money("5", "EUR"))
    assert outcome(before, lost) == DealLost(**who, reason="price", amount=Money("5", "EUR"))
    assert outcome(lost, before) == DealReopened(**who, stage="lead")
