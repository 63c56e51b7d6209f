"""The pipelines area: what it registers, and what a new tenant finds."""

from __future__ import annotations

from attrs import evolve

from crmkit.core.kernel.history.hooks import records_changing
from crmkit.core.kernel.plugins.manifest import Permission
from crmkit.core.kernel.plugins.plugin import Area
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.core.pipelines.definitions.events import PipelineChanged, PipelineDefined, PipelineRemoved
from crmkit.core.pipelines.definitions.model import NewStage, Pipeline
from crmkit.core.pipelines.events import (
    DealChanged,
    DealLost,
    DealMoved,
    DealOpened,
    DealReopened,
    DealWon,
    RecordMoved,
)
from crmkit.core.pipelines.hooks import deal_moving
from crmkit.core.pipelines.service import Pipelines
from crmkit.core.pipelines.staged.hooks import check_stages
from crmkit.core.pipelines.tables import ENTITIES
from crmkit.values.criteria import f
from crmkit.values.ids import new_id

__all__ = ["AREA", "SEEDED"]

SEEDED = (
    (
        Pipeline(key="sales", label="Sales"),
        (
            NewStage(key="lead", probability="0.1", stale_after_days=14, moves=["qualified", "lost"]),
            NewStage(key="qualified", probability="0.25", stale_after_days=14),
            NewStage(key="proposal", probability="0.5", stale_after_days=21),
            NewStage(key="negotiation", probability="0.75", stale_after_days=30),
            NewStage(key="won", category="won"),
            NewStage(key="lost", category="lost"),
        ),
    ),
    (
        Pipeline(key="partnership", label="Partnership"),
        (
            NewStage(key="acquaintance", probability="0.1", stale_after_days=30),
            NewStage(key="discussion", probability="0.3", stale_after_days=60),
            NewStage(key="signing", probability="0.7", stale_after_days=60),
            NewStage(key="signed", category="won"),
            NewStage(key="declined", category="lost"),
        ),
    ),
)
"""The pipelines that a new tenant has: to sell, and to win partners over."""


class PipelinesArea(Area):
    """Pipelines, their stages, and the deals that move through them."""

    id = "pipelines"
    entities = ENTITIES
    services = (Pipelines,)
    permissions = (Permission("stage.move", "Move records of any entity through the stages of their pipelines"),)
    events = (
        DealChanged,
        DealLost,
        DealMoved,
        DealOpened,
        DealReopened,
        DealWon,
        PipelineChanged,
        PipelineDefined,
        PipelineRemoved,
        RecordMoved,
    )
    declares = (deal_moving,)
    hooks = (records_changing.by(check_stages),)

    def seed(self, uow: UnitOfWork) -> None:
        """Define the pipelines that are not there yet."""
        pipelines = uow.use(Pipelines)
        for pipeline, stages in SEEDED:
            if not uow.count(Pipeline, f.key == pipeline.key):
                pipelines.define_pipeline(evolve(pipeline, id=new_id()), stages=stages)  # each tenant has its own


AREA = PipelinesArea()
