"""Pipelines and stages as data."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.pipelines.definitions.model import Definition, NewStage, Pipeline, Stage, checked_probability
from crmkit.core.pipelines.definitions.rules import (
    allowed_moves,
    check_stages,
    closing_stage,
    first_stage,
    with_stage_at,
    without_stage,
)
from crmkit.errors import InvalidKeyError, InvalidValueError, UnknownStageError

SALES = Pipeline(key="sales", label="Sales")


def stage(key, position=1, category="open", **more):
    return Stage(
        pipeline_id=SALES.id,
        key=key,
        label=key,
        position=position,
        category=category,
        probability=more.pop("probability", None),
        **more,
    )


def definition(*stages):
    return Definition(pipeline=SALES, stages=stages)


LEAD = stage("lead", 1, moves=("qualified", "lost"))
QUALIFIED = stage("qualified", 2)
WON = stage("won", 3, "won")
LOST = stage("lost", 4, "lost", moves=())
FOUR = definition(WON, LEAD, LOST, QUALIFIED)

probabilities = st.integers(0, 10_000).map(lambda n: Decimal(n) / 10_000)


@pytest.mark.parametrize("key", ["Lead", "1st", "a b", "", "a" * 64, "ä", "a-b", 'a"b', None, 7])
def test_a_key_is_small_letters_digits_and_underscores(key):
    with pytest.raises(InvalidKeyError):
        Pipeline(key=key, label="x")
    with pytest.raises(InvalidKeyError):
        NewStage(key=key)


@pytest.mark.parametrize("label", ["", "  ", None])
def test_a_label_is_not_empty(label):
    with pytest.raises(InvalidValueError, match="label"):
        Pipeline(key="sales", label=label)


@pytest.mark.parametrize("value", [0.5, True, "half", "-0.1", "1.0001", "0.12345", "NaN", "Infinity", [1]])
def test_a_probability_is_exact_and_between_0_and_1(value):
    with pytest.raises(InvalidValueError, match="probability"):
        NewStage(key="lead", probability=value)


@given(probabilities)
def test_a_probability_keeps_its_value(value):
    assert checked_probability(str(value)) == value


def test_what_is_won_is_certain_and_what_is_lost_impossible():
    assert NewStage(key="won", category="won").probability == 1
    assert NewStage(key="lost", category="lost").probability == 0
    assert NewStage(key="lead").probability == 0
    with pytest.raises(InvalidValueError, match="does not fit a stage of category 'won'"):
        NewStage(key="won", category="won", probability="0.9")


@pytest.mark.parametrize("category", ["closed", "", None])
def test_a_category_is_open_won_or_lost(category):
    with pytest.raises(InvalidValueError, match="open, won, lost"):
        NewStage(key="lead", category=category)


@pytest.mark.parametrize("days", [0, -1, 1.5, True, "7"])
def test_staleness_is_a_whole_number_of_days(days):
    with pytest.raises(InvalidValueError, match="stale_after_days"):
        NewStage(key="lead", stale_after_days=days)


def test_a_stage_is_labelled_by_its_key_unless_told():
    assert NewStage(key="first_talk").label == "First talk"
    assert NewStage(key="first_talk", label="Hello").label == "Hello"


def test_moves_are_not_one_text():
    with pytest.raises(InvalidValueError, match="list of stage keys"):
        NewStage(key="lead", moves="lost")


def test_stages_are_in_the_order_of_their_positions():
    assert FOUR.keys == ("lead", "qualified", "won", "lost")


def test_an_unknown_stage_is_refused_with_the_known_ones():
    with pytest.raises(UnknownStageError) as caught:
        FOUR.stage("closed")
    assert caught.value.known == ("lead", "qualified", "won", "lost")


def test_a_stage_without_moves_of_its_own_allows_every_other_stage():
    assert allowed_moves(FOUR, "qualified") == ("lead", "won", "lost")


def test_a_stage_with_moves_allows_these_only():
    assert allowed_moves(FOUR, "lead") == ("qualified", "lost")
    assert allowed_moves(FOUR, "lost") == ()


def test_from_a_stage_that_is_no_more_every_stage_may_follow():
    """A record may be there if the stage was removed while somebody moved the record into it."""
    assert allowed_moves(FOUR, "demo") == FOUR.keys


def test_work_begins_in_the_first_open_stage():
    assert first_stage(FOUR) is LEAD
    with pytest.raises(InvalidValueError, match="no open stage"):
        first_stage(definition(WON))


def test_work_ends_in_the_first_closing_stage_that_may_follow():
    expired = stage("expired", 5, "lost")
    both = definition(*FOUR.stages, expired)
    assert closing_stage(both, "lost", "lead") is LOST
    only_expired = definition(evolve(LEAD, moves=("expired",)), QUALIFIED, WON, LOST, expired)
    assert closing_stage(only_expired, "lost", "lead") is expired


def test_without_a_closing_stage_work_cannot_end():
    with pytest.raises(InvalidValueError, match="no stage of category 'won'"):
        closing_stage(definition(LEAD, LOST), "won", "lead")


def test_stages_make_a_pipeline_only_with_distinct_keys_an_open_one_and_known_moves():
    check_stages("sales", FOUR.stages)
    with pytest.raises(InvalidValueError, match="'lead' occurs twice"):
        check_stages("sales", [LEAD, LEAD])
    with pytest.raises(InvalidValueError, match="no open one"):
        check_stages("sales", [WON, LOST])
    with pytest.raises(UnknownStageError, match="'qualified'"):
        check_stages("sales", [LEAD, LOST])


@given(st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=8), st.data())
def test_a_stage_comes_where_it_is_told_and_positions_have_no_gaps(positions, data):
    stages = [stage(f"s{p}", p) for p in positions]
    new = stage("new")
    before = data.draw(st.sampled_from([None, *(s.key for s in stages)]))
    after = with_stage_at(stages, new, before)
    keys = [s.key for s in after]
    assert [s.position for s in after] == list(range(1, len(stages) + 2))
    assert [k for k in keys if k != "new"] == [f"s{p}" for p in sorted(positions)]
    assert keys[keys.index("new") + 1 :][:1] == ([] if before is None else [before])


def test_a_stage_that_goes_takes_the_moves_to_it_along():
    left = without_stage(FOUR.stages, "qualified")
    assert [(s.key, s.position, s.moves) for s in left] == [
        ("lead", 1, ("lost",)),
        ("won", 2, None),
        ("lost", 3, ()),
    ]


def test_a_stage_whose_only_move_goes_allows_every_one():
    """Otherwise its records would be stuck, which nobody asked for."""
    left = without_stage([evolve(LEAD, moves=("qualified",)), QUALIFIED, WON], "qualified")
    assert left[0].moves is None
