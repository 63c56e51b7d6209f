"""How records move through stages, and what their stage entries then say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.pipelines.definitions.model import Definition, Pipeline, Stage
from crmkit.core.pipelines.model import Deal, DealStageEntry
from crmkit.core.pipelines.staged.model import StageMove
from crmkit.core.pipelines.staged.rules import after_leaving, checked_move, moved, policy_refusals, reopening_stage
from crmkit.errors import InvalidValueError, MoveNotAllowedError, NaiveDatetimeError, UnknownStageError
from crmkit.values.ids import new_id

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SALES = Pipeline(key="sales", label="Sales")
PARTY = new_id()


def stage(key, position, category="open", moves=None):
    return Stage(
        pipeline_id=SALES.id, key=key, label=key, position=position, category=category, probability=None, moves=moves
    )


STAGES = (
    stage("lead", 1, moves=("qualified", "lost")),
    stage("qualified", 2),
    stage("proposal", 3),
    stage("won", 4, "won"),
    stage("lost", 5, "lost"),
)
FIVE = Definition(pipeline=SALES, stages=STAGES)
FREE = Definition(pipeline=SALES, stages=tuple(evolve(s, moves=None) for s in STAGES))


def deal(at="lead", **more):
    category = FIVE.stage(at).category
    return Deal(
        pipeline="sales",
        stage=at,
        category=category,
        stage_entered_at=NOW,
        closed_at=None if category == "open" else NOW,
        lost_reason="price" if category == "lost" else None,
        title="Roof",
        party_id=PARTY,
        **more,
    )


def entry(record, at, entered_at, **more):
    return DealStageEntry(
        record_id=record.id, pipeline="sales", stage=at, entered_at=entered_at, entered_by="ida", **more
    )


def move_of(record, to, definition=FIVE, reason=None):
    return checked_move(definition, record, to, entity="deal", id=record.id, reason=reason)


def test_an_unknown_stage_is_refused_with_the_known_ones():
    with pytest.raises(UnknownStageError) as caught:
        move_of(deal(), "closed")
    assert caught.value.known == FIVE.keys


def test_a_move_that_the_pipeline_does_not_allow_is_refused_with_those_that_it_does():
    record = deal()
    with pytest.raises(MoveNotAllowedError) as caught:
        move_of(record, "won")
    assert caught.value.allowed == ("qualified", "lost")
    assert str(caught.value) == (
        f"deal {record.id} cannot move from 'lead' to 'won'; from 'lead' the pipeline allows: qualified, lost"
    )


def test_a_move_to_where_it_is_already_is_refused():
    with pytest.raises(MoveNotAllowedError):
        move_of(deal("qualified"), "qualified")


@pytest.mark.parametrize("reason", [None, "", "  "])
def test_nothing_is_lost_without_a_reason(reason):
    with pytest.raises(InvalidValueError, match="when a deal is lost"):
        move_of(deal(), "lost", reason=reason)


def test_a_move_enters_the_stage_now():
    later = NOW + timedelta(days=2)
    after = moved(deal(), move_of(deal(), "qualified"), later)
    assert (after.stage, after.category, after.stage_entered_at, after.closed_at) == ("qualified", "open", later, None)


def test_a_move_to_a_closing_stage_closes_and_one_back_reopens():
    open_deal = deal("qualified")
    lost = moved(open_deal, move_of(open_deal, "lost", reason=" price "), NOW)
    assert (lost.category, lost.closed_at, lost.lost_reason) == ("lost", NOW, "price")
    reopened = moved(lost, move_of(lost, "proposal"), NOW + timedelta(hours=1))
    assert (reopened.category, reopened.closed_at, reopened.lost_reason) == ("open", None, None)


def test_a_move_between_two_won_stages_keeps_the_day_it_was_won():
    two = Definition(pipeline=SALES, stages=(*STAGES, stage("paid", 6, "won")))
    won = deal("won")
    paid = moved(won, move_of(won, "paid", two), NOW + timedelta(days=9))
    assert (paid.closed_at, paid.stage_entered_at) == (NOW, NOW + timedelta(days=9))


def test_leaving_closes_the_stay_with_its_duration():
    record = deal()
    stay = entry(record, "lead", NOW)
    ((before, after),) = after_leaving([stay], move_of(record, "qualified"), NOW + timedelta(days=3, microseconds=5))
    assert before is stay
    assert (after.left_to, after.seconds, after.went_on) == ("qualified", 3 * 86_400, True)


def test_a_clock_that_goes_back_gives_no_negative_duration():
    record = deal()
    ((_, after),) = after_leaving([entry(record, "lead", NOW)], move_of(record, "qualified"), NOW - timedelta(days=1))
    assert after.seconds == 0


def test_what_is_lost_has_not_gone_on():
    record = deal()
    ((_, after),) = after_leaving([entry(record, "lead", NOW)], move_of(record, "lost", reason="price"), NOW)
    assert not after.went_on


@given(st.lists(st.tuples(st.sampled_from([s.key for s in STAGES]), st.integers(0, 10**6)), max_size=12))
def test_entries_tell_of_every_walk_what_a_naive_reading_of_it_tells(walk):
    record, now = deal(), NOW
    entries = [entry(record, "lead", NOW)]
    visited = ["lead"]
    for to, seconds in walk:
        if to == record.stage:
            continue
        now += timedelta(seconds=seconds)
        move = move_of(record, to, FREE, reason="because")
        changed = {before.id: after for before, after in after_leaving(entries, move, now)}
        entries = [changed.get(e.id, e) for e in entries]
        record = moved(record, move, now)
        entries.append(entry(record, to, now, first=all(e.stage != to for e in entries)))
        visited.append(to)
    assert [e.stage for e in entries] == visited
    assert [e.left_to for e in entries] == [*visited[1:], None]
    assert sum(e.seconds or 0 for e in entries) == (now - NOW).total_seconds()
    for place, stay in enumerate(entries):
        assert stay.first == (visited.index(stay.stage) == place)
        assert stay.went_on == (stay.first and _went_on(stay.stage, visited[place + 1 :]))


def _went_on(at, later):
    order = {"lead": 1, "qualified": 2, "proposal": 3, "won": 4}
    return at in {"lead", "qualified", "proposal"} and any(order.get(to, 0) > order[at] for to in later)


def test_a_pipeline_without_policies_refuses_nothing():
    record = deal()
    assert policy_refusals(record, move_of(record, "qualified"), contacted=False, planned=False) == []


def test_policies_refuse_together():
    strict = evolve(FIVE, pipeline=evolve(SALES, move_demands_interaction=True, demands_next_action=True))
    record = deal()
    move = move_of(record, "qualified", strict)
    refusals = policy_refusals(record, move, contacted=False, planned=False)
    assert [r.code for r in refusals] == ["interaction_missing", "next_action_missing"]
    assert policy_refusals(record, move, contacted=True, planned=True) == []


def test_a_next_action_is_demanded_of_work_that_is_and_stays_open_only():
    strict = evolve(FIVE, pipeline=evolve(SALES, demands_next_action=True))
    ending, begun_again = deal("qualified"), deal("lost")
    assert not policy_refusals(ending, move_of(ending, "won", strict), contacted=True, planned=False)
    assert not policy_refusals(begun_again, move_of(begun_again, "lead", strict), contacted=True, planned=False)


def test_reopening_returns_to_the_open_stage_that_it_was_in_last():
    record = deal("lost")
    entries = [entry(record, key, NOW) for key in ("lead", "proposal", "won", "lost")]
    assert reopening_stage(FIVE, entries, "lost").key == "proposal"


def test_reopening_begins_anew_where_the_last_stage_is_gone():
    record = deal("lost")
    assert reopening_stage(FIVE, [entry(record, "demo", NOW), entry(record, "lost", NOW)], "lost").key == "lead"


def test_a_stay_lasts_until_it_is_left_or_until_now():
    stay = entry(deal(), "lead", NOW)
    assert stay.duration(NOW + timedelta(hours=5)) == timedelta(hours=5)
    left = evolve(stay, left_at=NOW + timedelta(hours=2))
    assert left.duration(NOW + timedelta(hours=5)) == timedelta(hours=2)
    with pytest.raises(NaiveDatetimeError):
        stay.duration(datetime(2026, 3, 1))  # noqa: DTZ001  # naive on purpose


def test_a_move_is_told_with_its_definition():
    record = deal()
    assert move_of(record, "qualified") == StageMove(definition=FIVE, at="lead", to=FIVE.stage("qualified"))
