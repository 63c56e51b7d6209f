"""The tables of deals and of their stage entries, and their entities."""

from __future__ import annotations

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Day, Exact, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, money, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.pipelines.definitions.tables import PIPELINE, STAGE
from crmkit.core.pipelines.model import Deal, DealStageEntry
from crmkit.core.pipelines.staged.tables import stage_entry_table, stage_entry_type, staged_columns

__all__ = ["DEAL", "DEAL_STAGE_ENTRY", "ENTITIES", "deal_stage_entry_table", "deal_table"]

deal_table = entity_table(
    "crm_deal",
    metadata,
    *staged_columns(),
    Column("title", Text(), nullable=False),
    ref("party", inverse="deals"),
    money("amount", nullable=True),
    Column("probability", Exact(4)),
    Column("owner_id", Text()),
    Column("team_id", Text()),
    Column("source", Text()),
    Column("expected_close", Day()),
    # Serves both the counts per stage and what has been in a stage for too long.
    indexes=[("pipeline", "stage", "stage_entered_at")],
)

deal_stage_entry_table = stage_entry_table("deal", metadata)

DEAL = EntityType(
    name="deal",
    model=Deal,
    table=deal_table,
    label="Deal",
    display="title",
    owner="owner_id",
    team="team_id",
    orders=("-updated_at", "expected_close"),
    fields={
        "title": Field(searchable=True, data_class="personal"),
        "amount": Field(data_class="financial"),
        "source": Field(personal=False),
        "lost_reason": Field(searchable=True, data_class="personal"),
    },
    staged=True,
)

DEAL_STAGE_ENTRY = stage_entry_type("deal", DealStageEntry, deal_stage_entry_table)

ENTITIES = (PIPELINE, STAGE, DEAL, DEAL_STAGE_ENTRY)
