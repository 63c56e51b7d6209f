"""The tables of pipelines and stages, and their entities."""

from __future__ import annotations

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Exact, Flag, Integer, Json, Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import NAMES_ENTITY, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.pipelines.definitions.model import Pipeline, Stage

__all__ = ["PIPELINE", "STAGE", "pipeline_table", "stage_table"]

pipeline_table = entity_table(
    "crm_pipeline",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("move_demands_interaction", Flag(), nullable=False),
    Column("demands_next_action", Flag(), nullable=False),
    unique=[("key",)],
)

stage_table = entity_table(
    "crm_stage",
    metadata,
    ref("pipeline", inverse="stages", on_delete="delete"),
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("position", Integer(), nullable=False),
    Column("category", Text(), nullable=False),
    Column("probability", Exact(4), nullable=False),
    Column("stale_after_days", Integer()),
    Column("moves", Json()),
    unique=[("pipeline_id", "key")],
)

PIPELINE = EntityType(
    name="pipeline", model=Pipeline, table=pipeline_table, label="Pipeline", display="label", orders=("key",)
)

STAGE = EntityType(
    name="stage",
    model=Stage,
    table=stage_table,
    label="Stage",
    display="label",
    orders=("position",),
    part_of="pipeline_id",
)
