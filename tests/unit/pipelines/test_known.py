"""What a process remembers of pipelines is what they are."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from attrs import evolve

from crmkit.core.pipelines.definitions import known
from crmkit.core.pipelines.definitions.known import KnownDefinitions
from crmkit.core.pipelines.definitions.model import Pipeline, Stage

NOW = datetime(2026, 3, 1, 9, tzinfo=UTC)
SALES = Pipeline(key="sales", label="Sales", version=3, updated_at=NOW)
STAGES = (Stage(pipeline_id=SALES.id, key="lead", label="Lead", position=1, category="open", probability=None),)
LATER = NOW + timedelta(seconds=1)


def test_stages_are_known_as_long_as_the_version_of_their_pipeline_is_the_same():
    remembered = KnownDefinitions()
    assert remembered.stages(SALES) is None
    remembered.keep(SALES, STAGES, now=LATER)
    assert remembered.stages(SALES) == STAGES
    assert remembered.stages(evolve(SALES, version=4, updated_at=LATER)) is None


def test_what_a_unit_has_changed_itself_is_not_remembered():
    """It may be rolled back, and then another unit writes something else as the same version."""
    remembered = KnownDefinitions()
    remembered.keep(SALES, STAGES, now=NOW)
    assert remembered.stages(SALES) is None


def test_the_same_version_written_at_another_time_is_another_one():
    remembered = KnownDefinitions()
    remembered.keep(SALES, STAGES, now=LATER)
    assert remembered.stages(evolve(SALES, updated_at=LATER)) is None


def test_ids_are_known_by_tenant_and_key():
    remembered = KnownDefinitions()
    remembered.keep_id("acme", SALES)
    assert remembered.id_of("acme", "sales") == SALES.id
    assert remembered.id_of("other", "sales") is None


def test_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(known, "MOST", 2)
    remembered = KnownDefinitions()
    pipelines = [evolve(Pipeline(key=f"p{i}", label="x"), version=1, updated_at=NOW) for i in range(3)]
    for pipeline in pipelines:
        remembered.keep_id("acme", pipeline)
        remembered.keep(pipeline, STAGES, now=LATER)
    assert [remembered.id_of("acme", p.key) for p in pipelines] == [None, None, pipelines[2].id]
    assert [remembered.stages(p) for p in pipelines] == [None, None, STAGES]
