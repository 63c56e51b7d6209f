"""What a pipeline may demand of moves, which deals lie idle, and on which ones nobody works."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from crmkit import NewStage, Pipeline, Ref
from crmkit.errors import RefusedError


def demanding(crm, **policies):
    """Turn policies of the pipeline for sales on."""
    with crm.begin("ada") as uow:
        uow.pipelines.change_pipeline(evolve(uow.pipelines.pipeline("sales").pipeline, **policies))


def open_deal(crm, party, title="Roof", actor="ada", pipeline="sales", **more):
    with crm.begin(actor) as uow:
        return uow.pipelines.open(pipeline=pipeline, party=party, title=title, **more)


def call(uow, party, **more):
    return uow.interactions.record(party=party, channel="phone", direction="out", summary="called", **more)


def codes(crm, rows, deal, to="qualified"):
    """The codes of the refusals of a move that changes nothing."""
    before = rows()
    with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
        uow.pipelines.move(deal.id, to)
    assert rows() == before
    return [r.code for r in caught.value.refusals]


# -- a move may demand an interaction ---------------------------------------------------------------------------------


def test_a_move_without_an_interaction_can_be_made_to_fail(timed, clock, rows, party):
    demanding(timed, move_demands_interaction=True)
    deal = open_deal(timed, party)
    clock.advance(timedelta(days=1))
    assert codes(timed, rows, deal) == ["interaction_missing"]
    with timed.begin("ada") as uow:
        call(uow, party)
        assert uow.pipelines.move(deal.id, "qualified").stage == "qualified"


def test_each_stage_demands_an_interaction_of_its_own(timed, clock, rows, party):
    demanding(timed, move_demands_interaction=True)
    deal = open_deal(timed, party)
    with timed.begin("ada") as uow:
        call(uow, party)
        uow.pipelines.move(deal.id, "qualified")
    clock.advance(timedelta(minutes=1))
    assert codes(timed, rows, deal, "proposal") == ["interaction_missing"]


def test_within_one_unit_what_was_recorded_before_the_stage_was_entered_does_not_count(timed, rows, party):
    demanding(timed, move_demands_interaction=True)
    with timed.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=party, title="Roof")
        call(uow, party)
        uow.pipelines.move(deal.id, "qualified")
    assert codes(timed, rows, deal, "proposal") == ["interaction_missing"]


def test_an_interaction_with_somebody_else_is_none(timed, clock, rows, party, crm):
    from crmkit import Person

    demanding(timed, move_demands_interaction=True)
    deal = open_deal(timed, party)
    clock.advance(timedelta(days=1))
    with timed.begin("ada") as uow:
        call(uow, uow.parties.add(Person(given_name="Per", family_name="Lie")).id)
    assert codes(timed, rows, deal) == ["interaction_missing"]


# -- an open deal may demand a next action ----------------------------------------------------------------------------


def plan(uow, deal, clock):
    return uow.interactions.plan(
        kind="call", subject="Ask again", due_at=clock.now() + timedelta(days=1), about=Ref("deal", deal.id)
    )


def test_a_move_without_a_next_action_can_be_made_to_fail(timed, clock, rows, party):
    demanding(timed, demands_next_action=True)
    deal = open_deal(timed, party)
    assert codes(timed, rows, deal) == ["next_action_missing"]
    with timed.begin("ada") as uow:
        plan(uow, deal, clock)
        assert uow.pipelines.move(deal.id, "qualified").stage == "qualified"


def test_an_end_needs_no_next_action(timed, party):
    demanding(timed, demands_next_action=True)
    deal = open_deal(timed, party)
    with timed.begin("ada") as uow:
        assert uow.pipelines.lose(deal.id, reason="price").category == "lost"


def test_the_last_activity_of_an_open_deal_is_not_closed_without_a_next_one(timed, clock, rows, party):
    demanding(timed, demands_next_action=True)
    deal = open_deal(timed, party)
    with timed.begin("ada") as uow:
        activity = plan(uow, deal, clock)
    before = rows()
    with pytest.raises(RefusedError), timed.begin("ada") as uow:
        uow.interactions.complete(activity.id)
    assert rows() == before


def test_all_refusals_come_together(timed, clock, rows, party):
    demanding(timed, demands_next_action=True, move_demands_interaction=True)
    deal = open_deal(timed, party)
    assert codes(timed, rows, deal) == ["interaction_missing", "next_action_missing"]


# -- deals that nobody works on ---------------------------------------------------------------------------------------


def test_open_deals_without_a_next_action_are_exactly_those_without_an_open_activity(timed, clock, party):
    planned, never, done, lost = (open_deal(timed, party, t) for t in ("planned", "never", "done", "lost"))
    other = open_deal(timed, party, "other", pipeline="partnership")
    with timed.begin("ada") as uow:
        plan(uow, planned, clock)
        uow.interactions.complete(plan(uow, done, clock).id)
        uow.interactions.complete(plan(uow, planned, clock).id)
        uow.pipelines.lose(lost.id, reason="price")
        uow.interactions.plan(kind="call", subject="About nothing", due_at=clock.now(), party=party)
    with timed.begin("ada", read_only=True) as uow:
        assert {d.id for d in uow.pipelines.without_next_action()} == {never.id, done.id, other.id}
        assert {d.id for d in uow.pipelines.without_next_action(pipeline="sales")} == {never.id, done.id}
        first = uow.pipelines.without_next_action(limit=2)
        rest = uow.pipelines.without_next_action(limit=2, after=first.next)
        assert (len(first), len(rest)) == (2, 1)


def test_nobody_sees_the_neglected_deals_of_others(timed, party):
    mine, hers = open_deal(timed, party, actor="sam"), open_deal(timed, party, actor="ada")
    with timed.begin("sam", read_only=True) as uow:
        assert [d.id for d in uow.pipelines.without_next_action()] == [mine.id]
    with timed.begin("ada", read_only=True) as uow:
        assert hers.id in {d.id for d in uow.pipelines.without_next_action()}


# -- deals that lie idle ----------------------------------------------------------------------------------------------


def stale(crm, **more):
    with crm.begin("ada", read_only=True) as uow:
        return [d.title for d in uow.pipelines.stale(**more)]


def test_a_deal_is_stale_after_the_days_that_its_stage_allows(timed, clock, party):
    deal = open_deal(timed, party)
    clock.advance(timedelta(days=14))
    assert stale(timed) == []
    clock.advance(timedelta(microseconds=1))
    assert stale(timed) == stale(timed, pipeline="sales") == ["Roof"]
    assert stale(timed, pipeline="partnership") == []
    with timed.begin("ada") as uow:
        uow.pipelines.move(deal.id, "qualified")
    assert stale(timed) == []


def test_contact_keeps_a_deal_from_being_stale_unless_it_was_about_another(timed, clock, party):
    about_it, about_none = open_deal(timed, party, "about it"), open_deal(timed, party, "about none")
    clock.advance(timedelta(days=20))
    with timed.begin("ada") as uow:
        call(uow, party, about=Ref("deal", about_it.id))
    assert stale(timed) == ["about none"]
    with timed.begin("ada") as uow:
        call(uow, party)
    assert stale(timed) == []
    clock.advance(timedelta(days=15))
    assert sorted(stale(timed)) == [about_it.title, about_none.title]


def test_what_is_closed_or_may_stay_for_ever_is_never_stale(timed, clock, party):
    with timed.begin("ada") as uow:
        stages = [NewStage(key="idle"), NewStage(key="gone", category="lost", stale_after_days=1)]
        uow.pipelines.define_pipeline(Pipeline(key="slow", label="Slow"), stages=stages)
    open_deal(timed, party, "patient", pipeline="slow")
    lost = open_deal(timed, party, "lost", pipeline="slow")
    with timed.begin("ada") as uow:
        uow.pipelines.lose(lost.id, reason="price")
    clock.advance(timedelta(days=1000))
    assert stale(timed) == []
