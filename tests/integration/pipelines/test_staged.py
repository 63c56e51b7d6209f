"""The engine moves records of any entity that registers as staged; a plugin of the tests brings applicants."""

from __future__ import annotations

import importlib
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from attrs import evolve

from crmkit import DealLost, DealMoved, DealOpened, DealReopened, DealWon, Money, NewStage, Pipeline, f
from crmkit.core.pipelines.events import DealChanged, RecordMoved
from crmkit.errors import (
    ForbiddenError,
    InvalidValueError,
    MoveNotAllowedError,
    NotFoundError,
    RefusedError,
    StaleVersionError,
    UnknownPipelineError,
)

TOY = Path(__file__).parent / "toy"


@pytest.fixture
def toy(monkeypatch):
    """The plugin's module."""
    if "crm_toyhire" not in sys.modules:
        monkeypatch.syspath_prepend(str(TOY))
    return importlib.import_module("crm_toyhire")


@pytest.fixture
def hiring(crm_with, clock, toy):
    """A CRM with the plugin, and a pipeline for applicants."""
    more = crm_with(toy.MANIFEST, clock=clock)
    stages = [
        NewStage(key="applied", moves=["invited", "declined"], stale_after_days=10),
        NewStage(key="invited"),
        NewStage(key="hired", category="won"),
        NewStage(key="declined", category="lost"),
    ]
    with more.begin("ada") as uow:
        uow.pipelines.define_pipeline(Pipeline(key="hiring", label="Hiring", entity="toyhire.applicant"), stages=stages)
    return more


@pytest.fixture
def applicant(hiring, toy, party):
    """An applicant of ada's."""
    with hiring.begin("ada") as uow:
        return uow.use(toy.Hiring).apply(party, "Roofer")


def refused(crm, rows, error, command, actor="ada"):
    """What ``command`` raises, having changed nothing."""
    before = rows()
    with pytest.raises(error) as caught, crm.begin(actor) as uow:
        command(uow)
    assert rows() == before
    return caught.value


def move(uow, applicant, to, **more):
    return uow.pipelines.move_staged("toyhire.applicant", applicant.id, to, **more)


def test_a_record_of_a_plugin_enters_moves_and_ends_as_deals_do(hiring, toy, clock, applicant):
    clock.advance(timedelta(hours=5))
    with hiring.begin("ada") as uow:
        move(uow, applicant, "invited", note="on Friday")
        hired = move(uow, applicant, "hired")
        stays = uow.use(toy.Hiring).stays(applicant.id)
    assert (hired.stage, hired.category, hired.closed_at, hired.version) == ("hired", "won", clock.now(), 3)
    assert [(type(s), s.stage, s.seconds, s.note) for s in stays] == [
        (toy.ApplicantStageEntry, "applied", 5 * 3600, None),
        (toy.ApplicantStageEntry, "invited", 0, "on Friday"),
        (toy.ApplicantStageEntry, "hired", None, None),
    ]


def test_moves_of_any_record_obey_its_pipeline(hiring, rows, applicant):
    error = refused(hiring, rows, MoveNotAllowedError, lambda u: move(u, applicant, "hired"))
    assert (error.entity, error.allowed) == ("toyhire.applicant", ("invited", "declined"))
    refused(hiring, rows, InvalidValueError, lambda u: move(u, applicant, "declined"))
    refused(hiring, rows, StaleVersionError, lambda u: move(u, applicant, "invited", version=7))


def test_moves_of_any_record_obey_its_policies(hiring, rows, party, applicant, clock):
    with hiring.begin("ada") as uow:
        pipeline = uow.pipelines.pipeline("hiring").pipeline
        uow.pipelines.change_pipeline(evolve(pipeline, move_demands_interaction=True, demands_next_action=True))
    clock.advance(timedelta(days=1))
    error = refused(hiring, rows, RefusedError, lambda u: move(u, applicant, "invited"))
    assert [r.code for r in error.refusals] == ["interaction_missing", "next_action_missing"]


def test_moving_any_record_needs_the_right_to_change_it(hiring, rows, applicant):
    refused(hiring, rows, (ForbiddenError, NotFoundError), lambda u: move(u, applicant, "invited"), actor="sam")
    refused(hiring, rows, ForbiddenError, lambda u: move(u, applicant, "invited"), actor="nobody")


def test_what_does_not_move_through_stages_is_named(hiring, rows, applicant):
    error = refused(
        hiring, rows, InvalidValueError, lambda u: u.pipelines.move_staged("party", applicant.party_id, "invited")
    )
    assert "deal, toyhire.applicant" in str(error)
    refused(hiring, rows, InvalidValueError, lambda u: u.pipelines.move_staged("nothing", applicant.id, "invited"))


def test_a_pipeline_is_for_one_entity(hiring, toy, rows, party):
    error = refused(
        hiring, rows, UnknownPipelineError, lambda u: u.use(toy.Hiring).apply(party, "Roofer", pipeline="sales")
    )
    assert error.known == ("hiring",)
    refused(hiring, rows, UnknownPipelineError, lambda u: u.pipelines.open(pipeline="hiring", party=party, title="x"))


def test_the_funnel_of_any_records(hiring, clock, applicant):
    clock.advance(timedelta(days=2))
    with hiring.begin("ada") as uow:
        move(uow, applicant, "invited")
        report = uow.pipelines.funnel("hiring")
    assert [(s.stage, s.now, s.entered, s.went_on) for s in report.stages] == [
        ("applied", 0, 1, 1),
        ("invited", 1, 1, 0),
        ("hired", 0, 0, 0),
        ("declined", 0, 0, 0),
    ]
    assert report["applied"].median_time == timedelta(days=2)


def test_a_stage_entry_is_seen_exactly_if_its_record_is(hiring, toy, party, applicant):
    with hiring.begin("sam", read_only=True) as uow:
        assert uow.use(toy.Hiring).stays(applicant.id) == ()
        assert uow.count(toy.ApplicantStageEntry) == 0
    with hiring.begin("ada", read_only=True) as uow:
        assert uow.count(toy.ApplicantStageEntry, f.record.exists(f.post == "Roofer")) == 1


def test_moving_a_deal_as_any_record_is_moving_a_deal(hiring, rows, party):
    with hiring.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=party, title="guarded")
    error = refused(hiring, rows, RefusedError, lambda u: u.pipelines.move_staged("deal", deal.id, "qualified"))
    assert [r.plugin for r in error.refusals] == ["toyhire"]


# -- the hook ---------------------------------------------------------------------------------------------------------


def test_deal_moving(hiring, rows, party):
    """The guard is asked about every kind of move, together with the policies, and its refusal changes nothing."""
    with hiring.begin("ada") as uow:
        pipeline = uow.pipelines.pipeline("sales").pipeline
        uow.pipelines.change_pipeline(evolve(pipeline, demands_next_action=True))
        deal = uow.pipelines.open(pipeline="sales", party=party, title="guarded")
        free = uow.pipelines.open(pipeline="sales", party=party, title="free", stage="proposal")
    error = refused(hiring, rows, RefusedError, lambda u: u.pipelines.move(deal.id, "qualified"))
    assert [(r.plugin, r.code, r.message) for r in error.refusals] == [
        (
            "core",
            "next_action_missing",
            "pipeline 'sales' demands a next action while work is open; plan an activity first",
        ),
        ("toyhire", "reason_missing", "ada must say why a deal moves from lead to qualified"),
    ]
    with hiring.begin("ada") as uow:
        uow.pipelines.win(free.id)
        uow.pipelines.lose(deal.id, reason="price")
    refused(hiring, rows, RefusedError, lambda u: u.pipelines.reopen(deal.id))


# -- events -----------------------------------------------------------------------------------------------------------


def test_what_happens_is_told_after_commit(hiring, party, applicant):
    told = []
    for event in (DealOpened, DealMoved, DealChanged, DealWon, DealLost, DealReopened, RecordMoved):
        hiring.on(event, told.append)
    with hiring.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=party, title="Roof", amount=Money("5", "EUR"))
        uow.pipelines.update(evolve(deal, title="Bigger roof"))
        uow.pipelines.lose(deal.id, reason="price")
        uow.pipelines.reopen(deal.id)
        uow.pipelines.move(deal.id, "qualified")
        uow.pipelines.win(deal.id)
        move(uow, applicant, "invited")
        assert told == []
    who = {"deal_id": deal.id, "party_id": party}
    on = who | {"pipeline": "sales"}
    assert told == [
        DealOpened(**on, stage="lead", amount=Money("5", "EUR")),
        DealChanged(**who),
        DealMoved(**on, from_stage="lead", to_stage="lost", reason="price"),
        DealLost(**on, reason="price", amount=Money("5", "EUR")),
        DealMoved(**on, from_stage="lost", to_stage="lead"),
        DealReopened(**on, stage="lead"),
        DealMoved(**on, from_stage="lead", to_stage="qualified"),
        DealMoved(**on, from_stage="qualified", to_stage="won"),
        DealWon(**on, amount=Money("5", "EUR")),
        RecordMoved(
            entity="toyhire.applicant",
            id=applicant.id,
            pipeline="hiring",
            from_stage="applied",
            to_stage="invited",
        ),
    ]
