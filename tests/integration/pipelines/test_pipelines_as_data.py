"""Pipelines and stages are data of the tenant, defined and changed at run time."""

from __future__ import annotations

from decimal import Decimal

import pytest
from attrs import evolve

from crmkit import NewStage, Pipeline
from crmkit.errors import (
    AlreadyExistsError,
    ConflictError,
    ForbiddenError,
    InUseError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    UnknownPipelineError,
    UnknownStageError,
)

STAGES = (
    NewStage(key="asked", probability="0.2", moves=["offered", "gone"]),
    NewStage(key="offered", probability="0.6", stale_after_days=7),
    NewStage(key="agreed", category="won"),
    NewStage(key="gone", category="lost", moves=[]),
)


@pytest.fixture
def renewal(crm):
    """A pipeline for renewals."""
    with crm.begin("ada") as uow:
        return uow.pipelines.define_pipeline(Pipeline(key="renewal", label="Renewal"), stages=STAGES)


def refused(crm, rows, error, command, actor="ada"):
    """What ``command`` raises, having changed nothing."""
    before = rows()
    with pytest.raises(error) as caught, crm.begin(actor) as uow:
        command(uow.pipelines)
    assert rows() == before
    return caught.value


def test_a_new_tenant_has_a_pipeline_to_sell_and_one_to_win_partners(crm):
    with crm.begin("sam", read_only=True) as uow:
        assert {d.pipeline.key: d.keys for d in uow.pipelines.pipelines(entity="deal")} == {
            "partnership": ("acquaintance", "discussion", "signing", "signed", "declined"),
            "sales": ("lead", "qualified", "proposal", "negotiation", "won", "lost"),
        }


def test_seeding_again_changes_nothing(crm, rows):
    from crmkit.core.pipelines.plugin import AREA

    before = rows()
    with crm.begin("ada") as uow:
        AREA.seed(uow)
    assert rows() == before


def test_a_pipeline_is_read_as_it_was_defined(crm, renewal):
    with crm.begin("ada", read_only=True) as uow:
        stored = uow.pipelines.pipeline("renewal")
    assert stored == renewal
    asked, offered, agreed, gone = stored.stages
    assert (asked.position, asked.probability, asked.moves) == (1, Decimal("0.2"), ("offered", "gone"))
    assert (offered.stale_after_days, offered.moves) == (7, None)
    assert (agreed.probability, gone.probability, gone.moves) == (1, 0, ())


def test_a_pipeline_of_the_same_key_is_refused(crm, rows):
    error = refused(
        crm, rows, AlreadyExistsError, lambda p: p.define_pipeline(Pipeline(key="sales", label="X"), stages=STAGES)
    )
    assert error.entity == "pipeline"


def test_a_pipeline_is_for_an_entity_that_moves_through_stages(crm, rows):
    wrong = Pipeline(key="parties", label="X", entity="party")
    error = refused(crm, rows, InvalidValueError, lambda p: p.define_pipeline(wrong, stages=STAGES))
    assert "deal" in str(error)


def test_stages_that_make_no_pipeline_are_refused(crm, rows):
    new = Pipeline(key="new", label="X")
    refused(crm, rows, InvalidValueError, lambda p: p.define_pipeline(new, stages=[]))
    refused(crm, rows, InvalidValueError, lambda p: p.define_pipeline(new, stages=[STAGES[1], STAGES[1]]))
    refused(crm, rows, UnknownStageError, lambda p: p.define_pipeline(new, stages=STAGES[:2]))


def test_an_unknown_pipeline_is_refused_with_the_known_ones(crm, rows):
    error = refused(crm, rows, UnknownPipelineError, lambda p: p.remove_pipeline("renewal"))
    assert error.known == ("partnership", "sales")


def test_policies_of_a_pipeline_change_at_its_version(crm, rows, renewal):
    with crm.begin("ada") as uow:
        changed = uow.pipelines.change_pipeline(evolve(renewal.pipeline, move_demands_interaction=True))
    assert (changed.version, changed.move_demands_interaction) == (renewal.pipeline.version + 1, True)
    stale = evolve(renewal.pipeline, label="Old")
    refused(crm, rows, StaleVersionError, lambda p: p.change_pipeline(stale))


def test_what_records_go_by_does_not_change(crm, rows, renewal):
    for change in ({"key": "other"}, {"entity": "party"}):
        wrong = evolve(renewal.pipeline, **change)
        refused(crm, rows, InvalidValueError, lambda p, w=wrong: p.change_pipeline(w))
    wrong = evolve(renewal.stages[0], key="other")
    refused(crm, rows, InvalidValueError, lambda p: p.change_stage(wrong))


def test_a_stage_is_added_where_it_is_told(crm, renewal):
    with crm.begin("ada") as uow:
        new = uow.pipelines.add_stage("renewal", NewStage(key="visited", moves=["offered"]), before="offered")
        assert uow.pipelines.pipeline("renewal").keys == ("asked", "visited", "offered", "agreed", "gone")
        assert new.position == 2
        last = uow.pipelines.add_stage("renewal", NewStage(key="paid", category="won"))
    assert last.position == 6


def test_a_stage_raises_the_version_of_its_pipeline(crm, renewal):
    """So that whoever changes a pipeline has seen all of it."""
    with crm.begin("ada") as uow:
        uow.pipelines.add_stage("renewal", NewStage(key="paid", category="won"))
    with crm.begin("ada", read_only=True) as uow:
        assert uow.pipelines.pipeline("renewal").pipeline.version == renewal.pipeline.version + 1


def test_a_wrong_stage_is_not_added(crm, rows, renewal):
    refused(crm, rows, AlreadyExistsError, lambda p: p.add_stage("renewal", NewStage(key="asked")))
    refused(crm, rows, UnknownStageError, lambda p: p.add_stage("renewal", NewStage(key="x"), before="demo"))
    refused(crm, rows, UnknownStageError, lambda p: p.add_stage("renewal", NewStage(key="x", moves=["demo"])))


def test_a_stage_changes_and_moves_to_another_place(crm, renewal):
    offered = renewal.stages[1]
    with crm.begin("ada") as uow:
        changed = uow.pipelines.change_stage(evolve(offered, probability="0.7", label="Offer"), before="asked")
        assert (changed.position, changed.probability, changed.label) == (1, Decimal("0.7"), "Offer")
        assert uow.pipelines.pipeline("renewal").keys == ("offered", "asked", "agreed", "gone")


def test_a_stale_stage_is_not_changed(crm, rows, renewal):
    with crm.begin("ada") as uow:
        uow.pipelines.change_stage(evolve(renewal.stages[0], label="Asked for"))
    refused(crm, rows, StaleVersionError, lambda p: p.change_stage(evolve(renewal.stages[0], label="Old")))


def test_a_stage_keeps_its_category_while_a_record_is_in_it(crm, rows, renewal, party):
    with crm.begin("ada") as uow:
        uow.pipelines.open(pipeline="renewal", party=party, title="Roof")
    closing = evolve(renewal.stages[0], category="won", probability=1)
    refused(crm, rows, ConflictError, lambda p: p.change_stage(closing))
    with crm.begin("ada") as uow:
        opened = uow.pipelines.change_stage(evolve(renewal.stages[2], category="open", probability="0.9"))
    assert opened.is_open


def test_the_last_open_stage_stays_open_and_stays(crm, rows):
    with crm.begin("ada") as uow:
        uow.pipelines.define_pipeline(Pipeline(key="short", label="Short"), stages=[NewStage(key="only")])
        only = uow.pipelines.pipeline("short").stages[0]
    refused(crm, rows, InvalidValueError, lambda p: p.change_stage(evolve(only, category="won", probability=1)))
    refused(crm, rows, InvalidValueError, lambda p: p.remove_stage("short", "only"))


def test_a_stage_is_removed_with_the_moves_to_it(crm, renewal):
    with crm.begin("ada") as uow:
        uow.pipelines.remove_stage("renewal", "offered")
        left = uow.pipelines.pipeline("renewal")
    assert [(s.key, s.position, s.moves) for s in left.stages] == [
        ("asked", 1, ("gone",)),
        ("agreed", 2, None),
        ("gone", 3, ()),
    ]


def test_a_stage_in_which_a_record_is_stays_also_if_the_record_is_hidden(crm, rows, renewal, party):
    with crm.begin("sam") as uow:
        uow.pipelines.open(pipeline="renewal", party=party, title="Roof")
    error = refused(crm, rows, InUseError, lambda p: p.remove_stage("renewal", "asked"))
    assert error.by == "deal"
    refused(crm, rows, InUseError, lambda p: p.remove_pipeline("renewal"))


def test_a_pipeline_goes_with_its_stages_once_it_is_empty(crm, renewal):
    with crm.begin("ada") as uow:
        uow.pipelines.remove_pipeline("renewal")
        with pytest.raises(UnknownPipelineError):
            uow.pipelines.pipeline("renewal")
    with crm.begin("ada") as uow:
        uow.pipelines.define_pipeline(Pipeline(key="renewal", label="Renewal"), stages=STAGES)


def test_only_who_may_changes_pipelines(crm, rows, renewal):
    refused(crm, rows, ForbiddenError, lambda p: p.remove_stage("renewal", "offered"), actor="sam")
    refused(crm, rows, ForbiddenError, lambda p: p.change_pipeline(renewal.pipeline), actor="sam")


def test_a_stage_that_is_not_there_is_not_found(crm, rows, renewal):
    with crm.begin("ada") as uow:
        uow.pipelines.remove_stage("renewal", "offered")
    refused(crm, rows, NotFoundError, lambda p: p.change_stage(renewal.stages[1]))


# -- what a process remembers -----------------------------------------------------------------------------------------


def add_visited(uow):
    uow.pipelines.add_stage("renewal", NewStage(key="visited"))
    assert "visited" in uow.pipelines.pipeline("renewal").keys


def test_a_change_that_was_rolled_back_is_forgotten(crm, renewal, party):
    """Definitions that were read before are kept by version; a version that never was must not be among them."""
    with crm.begin("ada") as uow:
        uow.pipelines.open(pipeline="renewal", party=party, title="Roof")

    def add_and_fail(uow):
        with uow.attempt():
            add_visited(uow)
            raise RuntimeError

    with crm.begin("ada") as uow:
        with pytest.raises(RuntimeError):
            add_and_fail(uow)
        assert uow.pipelines.pipeline("renewal").keys == ("asked", "offered", "agreed", "gone")
    with crm.begin("ada") as uow:
        uow.pipelines.add_stage("renewal", NewStage(key="other"), before="asked")
    with crm.begin("ada", read_only=True) as uow:
        assert uow.pipelines.pipeline("renewal").keys == ("other", "asked", "offered", "agreed", "gone")


def test_a_change_is_seen_at_once(crm, renewal, party):
    with crm.begin("ada") as uow:
        uow.pipelines.open(pipeline="renewal", party=party, title="Roof")
        uow.pipelines.add_stage("renewal", NewStage(key="visited"))
        assert uow.pipelines.open(pipeline="renewal", party=party, title="Roof", stage="visited").stage == "visited"
    with crm.begin("ada") as uow:
        uow.pipelines.change_stage(evolve(uow.pipelines.pipeline("renewal").stage("offered"), label="Offer"))
    with crm.begin("ada", read_only=True) as uow:
        assert uow.pipelines.pipeline("renewal").stage("offered").label == "Offer"


def test_a_pipeline_that_came_back_under_its_key_is_another_one(crm, renewal, party):
    with crm.begin("ada") as uow:
        uow.pipelines.remove_pipeline("renewal")
    with crm.begin("ada") as uow:
        uow.pipelines.define_pipeline(Pipeline(key="renewal", label="New"), stages=[NewStage(key="only")])
    with crm.begin("ada") as uow:
        assert uow.pipelines.open(pipeline="renewal", party=party, title="Roof").stage == "only"
