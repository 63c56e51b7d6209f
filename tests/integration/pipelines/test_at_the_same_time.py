"""Two units at the same time, each of which would be right by itself: the second waits, and decides by what is then."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from attrs import evolve

from crmkit import Activity, Deal, NewStage, Pipeline, Ref, f
from crmkit.errors import (
    ConflictError,
    CrmkitError,
    InUseError,
    InvalidValueError,
    RefusedError,
    UnknownPipelineError,
    UnknownStageError,
)

pytestmark = pytest.mark.usefixtures("verified")

DAY = timedelta(days=1)


@pytest.fixture
def meanwhile(timed):
    """``meanwhile(first, second)``: the error of ``second``, run after ``first`` has written and before it commits.

    Where nothing holds ``second`` up, it ends before ``first`` does, and knows nothing of it.
    """

    def run(first, second):
        errors = []

        def other():
            try:
                with timed.begin("ada") as uow:
                    second(uow)
            except CrmkitError as error:
                errors.append(error)

        thread = threading.Thread(target=other)
        with timed.begin("ada") as uow:
            first(uow)
            thread.start()
            thread.join(0.5)
        thread.join()
        return errors[0] if errors else None

    return run


@pytest.fixture
def pipeline(timed) -> Pipeline:
    """A pipeline of three stages."""
    with timed.begin("ada") as uow:
        stages = [NewStage(key="new"), NewStage(key="spare"), NewStage(key="lost", category="lost")]
        return uow.pipelines.define_pipeline(Pipeline(key="roofs", label="Roofs"), stages=stages).pipeline


@pytest.fixture
def deal(timed, pipeline, party) -> Deal:
    """A deal in the first of these stages."""
    with timed.begin("ada") as uow:
        return uow.pipelines.open(pipeline=pipeline.key, party=party, title="Roof")


# -- stages and pipelines that go -------------------------------------------------------------------------------------


@pytest.fixture(params=["move", "open"])
def enter(request, deal, party):
    """A command by which a deal comes into the stage ``spare``."""
    if request.param == "move":
        return lambda uow: uow.pipelines.move(deal.id, "spare", reason="price")
    return lambda uow: uow.pipelines.open(pipeline="roofs", party=party, title="Door", stage="spare")


def remove_stage(uow):
    uow.pipelines.remove_stage("roofs", "spare")


def make_it_a_closing_one(uow):
    stage = uow.pipelines.pipeline("roofs").stage("spare")
    uow.pipelines.change_stage(evolve(stage, category="lost"))


def misplaced(crm) -> list[str]:
    """Stages of deals that their pipeline does not have, or that are of another category."""
    with crm.begin("ada", read_only=True) as uow:
        stages = {s.key: s.category for s in uow.pipelines.pipeline("roofs").stages}
        return [d.stage for d in uow.each(Deal) if stages.get(d.stage) != d.category]


@pytest.mark.parametrize(("change", "refusal"), [(remove_stage, InUseError), (make_it_a_closing_one, ConflictError)])
def test_a_stage_is_kept_as_it_is_while_a_deal_comes_into_it(timed, meanwhile, enter, change, refusal):
    assert type(meanwhile(enter, change)) is refusal
    assert misplaced(timed) == []


def test_no_deal_comes_into_a_stage_while_it_goes(timed, meanwhile, enter):
    assert isinstance(meanwhile(remove_stage, enter), UnknownStageError)
    assert misplaced(timed) == []


def test_a_deal_comes_into_a_stage_as_it_has_become_meanwhile(timed, meanwhile, enter):
    error = meanwhile(make_it_a_closing_one, enter)
    assert error is None or isinstance(error, InvalidValueError)  # a deal can be moved there, but not begin there
    assert misplaced(timed) == []


def test_no_pipeline_goes_while_a_deal_comes_into_it(meanwhile, pipeline, party):
    def remove(uow):
        uow.pipelines.remove_pipeline("roofs")

    def enter(uow):
        uow.pipelines.open(pipeline="roofs", party=party, title="Door")

    assert isinstance(meanwhile(enter, remove), InUseError)


def test_no_deal_comes_into_a_pipeline_while_it_goes(meanwhile, pipeline, party):
    def enter(uow):
        uow.pipelines.open(pipeline="roofs", party=party, title="Door")

    assert isinstance(meanwhile(lambda uow: uow.pipelines.remove_pipeline("roofs"), enter), UnknownPipelineError)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_moves_within_one_pipeline_do_not_wait_for_each_other(timed, deal, party):
    """Else a pipeline would have one writer at a time, as SQLite has anyway."""
    with timed.begin("ada") as uow:
        other = uow.pipelines.open(pipeline="roofs", party=party, title="Door")
    with timed.begin("ada") as one, timed.begin("ada") as two:
        one.pipelines.move(deal.id, "spare")
        two.pipelines.move(other.id, "spare")


# -- the last activity of a deal that must have one -------------------------------------------------------------------


@pytest.fixture
def demanding(timed, deal) -> Deal:
    """The same deal, whose pipeline demands a next action."""
    with timed.begin("ada") as uow:
        pipeline = uow.pipelines.pipeline("roofs").pipeline
        uow.pipelines.change_pipeline(evolve(pipeline, demands_next_action=True))
    return deal


@pytest.fixture
def plan(timed, clock, demanding):
    """Plans something about the deal, and gives its id."""

    def planned():
        with timed.begin("ada") as uow:
            about = Ref("deal", demanding.id)
            return uow.interactions.plan(kind="call", subject="Call", due_at=clock.now() + DAY, about=about).id

    return planned


def closing(activity):
    return lambda uow: uow.interactions.complete(activity)


def open_activities(crm) -> int:
    with crm.begin("ada", read_only=True) as uow:
        return uow.count(Activity, f.status == "open")


def test_two_who_each_close_one_of_the_last_two_activities_leave_one(timed, meanwhile, plan):
    error = meanwhile(closing(plan()), closing(plan()))
    assert isinstance(error, RefusedError)
    assert [r.code for r in error.refusals] == ["next_action_missing"]
    assert open_activities(timed) == 1


def test_of_three_activities_two_can_be_closed_at_the_same_time(timed, meanwhile, plan):
    plan()
    assert meanwhile(closing(plan()), closing(plan())) is None
    assert open_activities(timed) == 1
