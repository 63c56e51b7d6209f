"""Criteria on single records in Python. That SQL agrees is shown in the integration tests of the compiler."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from attrs import frozen
from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.entities.table import entity_table, money, new_metadata, ref
from crmkit.core.kernel.query.check import Variables
from crmkit.core.kernel.query.evaluate import matches
from crmkit.errors import CriteriaError, LimitExceededError, UnknownFieldError
from crmkit.values.criteria import ALWAYS, NEVER, And, Exists, Variable, ago, f, start_of
from crmkit.values.money import Money

METADATA = new_metadata()


@frozen(kw_only=True)
class Deal(Record):
    party_id: UUID | None = None
    title: str | None = None
    amount: Money | None = None
    score: int | None = None
    at: datetime | None = None


DEAL = EntityType(
    name="deal",
    model=Deal,
    table=entity_table(
        "crm_deal",
        METADATA,
        ref("party", inverse="deals"),
        Column("title", Text(), nullable=True),
        money(nullable=True),
        Column("score", Integer(), nullable=True),
        Column("at", Instant(), nullable=True),
    ),
    label="Deal",
    display="title",
)
ANN = Variables(actor="ann", teams=frozenset({"north"}), subtree=frozenset({"north", "oslo"}))
FULL = Deal(title="Roof 100%_", amount=Money("10", "EUR"), score=3, at=datetime(2025, 1, 1, tzinfo=UTC))
EMPTY = Deal()
NOW = datetime(2025, 1, 31, 12, tzinfo=UTC)


def fits(where, record=FULL, related=None):
    return matches(where, DEAL, record, variables=ANN, related=related, now=NOW)


@pytest.mark.parametrize(
    "where",
    [
        ALWAYS,
        f.title == "Roof 100%_",
        f.title.contains("ROOF"),
        f.title.contains("0%_"),
        f.title.contains(""),
        f.title.starts_with("roof"),
        f.title > "Roof",
        f.title != "roof",
        f.title.in_(["x", "Roof 100%_"]),
        f.amount == Money("10.00", "EUR"),
        f.amount > Money("9", "EUR"),
        f.amount != Money("10", "JPY"),
        f.amount.in_([Money("10", "EUR")]),
        f.amount_currency == "EUR",
        f.score <= 3,
        ~(f.score > 3),
        ~f.score.is_empty(),
        f.at < datetime(2025, 1, 1, 0, 0, 1, tzinfo=UTC),
        f.at < ago(days=30),
        f.at == start_of("month"),
        f.at.in_([start_of("year")]),
        (f.score == 4) | (f.score == 3),
    ],
)
def test_what_fits(where):
    assert fits(where)
    assert not fits(~where)


@pytest.mark.parametrize(
    "where",
    [
        NEVER,
        f.title.contains("%%"),
        f.title.contains("Roof_"),
        f.title.starts_with("oof"),
        f.amount == Money("10", "JPY"),
        f.amount < Money("11", "JPY"),
        f.amount > Money("9", "JPY"),
        f.score.in_([]),
        (f.score == 3) & (f.score == 4),
    ],
)
def test_what_does_not_fit(where):
    assert not fits(where)
    assert fits(~where)


@pytest.mark.parametrize(
    "where",
    [
        f.title == "",
        f.title.contains(""),
        f.title < "x",
        f.title >= "",
        f.score.in_([0, 1]),
        f.amount > Money("-5", "EUR"),
        f.amount_currency == "EUR",
    ],
)
def test_an_empty_field_fits_no_comparison(where):
    assert not fits(where, EMPTY)
    assert fits(~where, EMPTY)


def test_an_empty_field_is_unequal_to_everything():
    assert fits(f.title != "x", EMPTY)
    assert fits(f.amount != Money("1", "EUR"), EMPTY)
    assert fits(f.title.is_empty(), EMPTY)


def test_letters_beyond_a_to_z_are_compared_as_they_are():
    deal = Deal(title="ÄPFEL")
    assert fits(f.title.contains("Äpf"), deal)
    assert not fits(f.title.contains("äpf"), deal)


def test_variables_stand_for_the_actor_and_its_teams():
    assert fits(f.title == Variable("actor"), Deal(title="ann"))
    assert fits(f.title != Variable("actor"), Deal(title="bob"))
    assert fits(f.title.in_(Variable("teams")), Deal(title="north"))
    assert not fits(f.title.in_(Variable("teams")), Deal(title="oslo"))
    assert fits(f.title.in_(Variable("subtree")), Deal(title="oslo"))


def related(*deals):
    return lambda entity, record, relation: (DEAL, deals)


def test_relations_and_aggregates_see_the_related_records_that_are_given():
    some = related(Deal(score=1, amount=Money("2", "EUR")), Deal(amount=Money("3", "JPY")), Deal(score=5))
    assert fits(f.deals.exists(f.score == 5), related=some)
    assert not fits(f.deals.exists(f.score == 6), related=some)
    assert fits(f.deals.count() == 3, related=some)
    assert fits(f.deals.count(f.score > 0) == 2, related=some)
    assert fits(f.deals.sum("score") == 6, related=some)
    assert fits(f.deals.sum("amount") == Money("2", "EUR"), related=some)
    assert fits(f.deals.min("score") == 1, related=some)
    assert fits(f.deals.max("amount") <= Money("3", "JPY"), related=some)


def test_a_sum_over_nothing_is_zero_and_an_extreme_of_nothing_is_empty():
    none = related()
    assert fits(f.deals.sum("score") == 0, related=none)
    assert not fits(f.deals.max("score") < 5, related=none)
    assert fits(f.deals.max("score") != 5, related=none)


def test_a_relation_is_refused_where_no_related_records_are_given():
    with pytest.raises(CriteriaError):
        fits(f.deals.exists())


def test_what_nests_too_deep_is_refused():
    where = f.score == 3
    for _ in range(10_000):
        where = And((where,))
    with pytest.raises(LimitExceededError):
        fits(where)


def test_what_is_unknown_is_refused():
    with pytest.raises(UnknownFieldError):
        fits(f.scoer == 3)
    with pytest.raises(CriteriaError):
        fits("score == 3")
    with pytest.raises(CriteriaError):
        fits(Exists("deals", "score == 3"), related=related(FULL))


def test_a_relative_date_needs_to_know_when_now_is():
    with pytest.raises(CriteriaError, match="30 days ago cannot be worked out here"):
        matches(f.at < ago(days=30), DEAL, FULL, variables=ANN)
