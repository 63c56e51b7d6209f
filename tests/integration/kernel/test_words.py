"""Criteria in words: every one can be said, and those that read alike find the same."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st
from populations import ENTITIES, EVERYTHING, REGISTRY, Oracle, criteria, worlds

from crmkit.core.kernel.query.words import in_words
from crmkit.errors import CriteriaError, LimitExceededError
from crmkit.values.criteria import (
    ALWAYS,
    NEVER,
    Aggregate,
    And,
    Compare,
    Exists,
    Not,
    Or,
    Variable,
    ago,
    f,
    now,
    start_of,
    today,
)
from crmkit.values.money import Money


def say(where, entity="deal"):
    return in_words(where, entity, REGISTRY)


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (ALWAYS, "every deal"),
        (NEVER, "no deal"),
        (f.stage == "lead", "deal whose stage is 'lead'"),
        (f.stage != "won", "deal whose stage is not 'won'"),
        (~(f.stage == "won"), "deal whose stage is not 'won'"),
        (f.stage.in_(["lead", "O'Hara"]), "deal whose stage is one of 'lead', \"O'Hara\""),
        (~f.stage.in_([]), "deal whose stage is not one of nothing"),
        (f.stage.contains("x"), "deal whose stage contains 'x'"),
        (~f.stage.starts_with("x"), "deal whose stage does not start with 'x'"),
        (f.stage.is_empty(), "deal whose stage is empty"),
        (~f.stage.is_empty(), "deal whose stage is not empty"),
        (f.amount >= Money("1000", "EUR"), "deal whose amount is at least 1,000 EUR"),
        (f.amount_currency == "EUR", "deal whose amount currency is 'EUR'"),
        (f.rate < Decimal("-0.50"), "deal whose rate is less than -0.5"),
        (~(f.score > 1_000_000), "deal whose score is not more than 1,000,000"),
        (f.won == True, "deal whose won is yes"),  # noqa: E712  # the field makes a criteria
        (f.due <= date(2025, 3, 1), "deal whose due is 2025-03-01 or earlier"),
        (f.due < today(), "deal whose due is before today"),
        (f.seen_at > datetime(2025, 3, 1, 12, 30, tzinfo=UTC), "deal whose seen at is after 2025-03-01 12:30 UTC"),
        (f.seen_at >= start_of("month", months=-1), "deal whose seen at is the start of last month or later"),
        (f.owner_id == Variable("actor"), "deal whose owner is me"),
        (f.team_id.in_(Variable("subtree")), "deal whose team is one of my teams and those below them"),
        (f.id == UUID(int=1), "deal whose id is 00000000-0000-0000-0000-000000000001"),
        (f.lines.exists(), "deal that has lines"),
        (~f.lines.exists(), "deal that has no lines"),
        (f.account.exists(), "deal that has an account"),
        (f.account.name == "x", "deal that has an account whose name is 'x'"),
        (
            f.lines.exists((f.quantity > 1) & (f.quantity < 5)),
            ("deal that has lines (whose quantity is more than 1 and whose quantity is less than 5)"),
        ),
        (
            f.lines.exists(f.quantity > 1) & (f.stage == "a"),
            ("deal that has lines (whose quantity is more than 1) and whose stage is 'a'"),
        ),
        (
            (f.stage == "a") & ((f.score == 1) | (f.won.is_empty())),
            ("deal whose stage is 'a' and (whose score is 1 or whose won is empty)"),
        ),
        (~((f.stage == "a") & (f.score == 1)), "deal that is not one (whose stage is 'a' and whose score is 1)"),
        (f.lines.count() > 2, "deal that has more than 2 lines"),
        (f.lines.count(f.quantity == 7) == 1, "deal that has exactly 1 lines (whose quantity is 7)"),
        (f.lines.sum("quantity") >= 10, "deal whose total quantity of lines is at least 10"),
        (f.account.logs.count() < 3, "deal that has an account that has fewer than 3 logs"),
    ],
)
def test_what_criteria_read_like(where, words):
    assert say(where) == words


def test_the_last_of_something_is_said_as_one_says_it_of_time():
    where = f.deals.last("seen_at", f.stage == "won") < ago(days=30)
    assert say(where, "account") == "account whose last seen at of deals (whose stage is 'won') is before 30 days ago"
    assert say(f.deals.max("score") == 1, "account") == "account whose greatest score of deals is 1"


@pytest.mark.parametrize(
    ("where", "entity", "words"),
    [
        (f.size == 3, "deal", "deal whose 'size' (not there) is 3"),
        (
            f.cards.exists(f.level > 2),
            "deal",
            "deal that has 'cards' (not there) whose 'level' (not there) is more than 2",
        ),
        (f.level < now(), "gone.card", "gone.card whose 'level' (not there) is less than now"),
        (f.a.b.count() > 1, "gone.card", "gone.card that has 'a' (not there) that has more than 1 'b' (not there)"),
    ],
)
def test_what_is_gone_can_still_be_said(where, entity, words):
    assert say(where, entity) == words


@settings(max_examples=300)
@given(data=st.data())
def test_every_criteria_can_be_said(data):
    entity = data.draw(st.sampled_from(ENTITIES)).name
    where = data.draw(criteria(entity))
    words = say(where, entity)
    assert words.startswith((f"{entity} ", "every ", "no "))
    assert say(where, "gone.card")


# -- those that read alike --------------------------------------------------------------------------------------------


def changed(where, draw):
    """``where`` with something changed somewhere, most of all what the structure of a sentence could hide."""
    if isinstance(where, And | Or) and where.terms and draw(st.booleans()):
        at = draw(st.integers(0, len(where.terms) - 1))
        return type(where)((*where.terms[:at], changed(where.terms[at], draw), *where.terms[at + 1 :]))
    if isinstance(where, Not | Exists | Aggregate) and draw(st.booleans()):
        name = "term" if isinstance(where, Not) else "where"
        return evolve(where, **{name: changed(getattr(where, name), draw)})
    match where:
        case And(terms) | Or(terms):
            other = Or if isinstance(where, And) else And
            cut = draw(st.integers(0, len(terms)))
            grouped = type(where)((other(terms[:cut]), *terms[cut:]))
            return draw(st.sampled_from([other(terms), grouped, type(where)(terms[cut:])]))
        case Compare():
            ops = ["eq", "ne", "lt", "le", "gt", "ge"]
            return evolve(where, op=draw(st.sampled_from(ops))) if where.op in ops else Not(where)
        case Exists(relation, And((first, *rest))):
            return And((Exists(relation, first), *rest))
        case _:
            return Not(where)


A, B, C = f.name == "a", f.owner_id == "b", f.team_id == "c"


def groupings():
    """All ways to put three comparisons together, with a relation or a denial around any two or all of them."""
    for one in (And, Or):
        for other in (And, Or):
            yield other((one((A, B)), C))
            yield one((A, other((B, C))))
            for around in (
                Not,
                lambda w: Exists("deals", Exists("account", w)),
                lambda w: f.deals.account.count(w) > 1,
            ):
                yield around(other((one((A, B)), C)))
                yield around(one((A, other((B, C)))))
                yield other((around(one((A, B))), C))
                yield one((A, around(other((B, C)))))
                yield other((one((around(A), B)), C))
                yield one((A, other((around(B), C))))
                yield other((around(around(one((A, B)))), C))
                yield Exists("deals", Exists("account", other((around(A), around(B)))))
                yield other((Exists("deals", Exists("account", around(A))), around(B)))


@pytest.mark.parametrize("alone", [And, Or])
def test_one_of_a_single_term_is_said_as_that_and_hides_no_parentheses(alone):
    for where in (And((Or((A, B)), C)), Exists("deals", Exists("account", Or((A, B)))), Not(Or((A, B)))):
        name = {And: "terms", Exists: "where", Not: "term"}[type(where)]
        inner = getattr(where, name)
        wrapped = (alone((inner[0],)), C) if isinstance(where, And) else alone((inner,))
        assert say(evolve(where, **{name: wrapped}), "account") == say(where, "account")


def test_criteria_put_together_otherwise_read_otherwise():
    different = list(dict.fromkeys(groupings()))
    read = {}
    for where in different:
        read.setdefault(say(where, "account"), []).append(where)
    assert [alike for alike in read.values() if len(alike) > 1] == []
    assert len(read) > 80


@settings(max_examples=300)
@given(data=st.data())
def test_criteria_that_read_alike_find_the_same(data):
    entity = data.draw(st.sampled_from(ENTITIES))
    one = data.draw(criteria(entity.name))
    other = changed(one, data.draw)
    if say(one, entity.name) != say(other, entity.name):
        return
    world = data.draw(worlds())
    oracle = Oracle(world)
    for record in world.records[entity.name]:
        assert oracle.fits(one, entity.name, record, EVERYTHING, EVERYTHING) == oracle.fits(
            other, entity.name, record, EVERYTHING, EVERYTHING
        )


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", [None, "stage == 'x'", 5, f.stage])
def test_what_is_no_criteria_is_refused(where):
    with pytest.raises(CriteriaError):
        say(where)


def test_criteria_too_deep_or_too_large_are_refused():
    deep = f.stage == "x"
    for _ in range(10_000):
        deep = Not(deep)
    with pytest.raises(LimitExceededError):
        say(deep)
    with pytest.raises(LimitExceededError):
        say(And((And((f.stage == "x",) * 1000),) * 1000))
