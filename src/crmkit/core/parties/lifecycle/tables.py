"""The tables of lifecycle stages and of the stays in them, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.lifecycle.model import LifecycleEntry, LifecycleStage

__all__ = ["LIFECYCLE_ENTRY", "LIFECYCLE_STAGE", "lifecycle_entry_table", "lifecycle_stage_table"]

lifecycle_stage_table = entity_table(
    "crm_lifecycle_stage",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("position", Integer(), nullable=False),
    unique=[("key",)],
)

lifecycle_entry_table = entity_table(
    "crm_lifecycle_entry",
    metadata,
    ref("party", inverse="lifecycle_entries", on_erase="keep", on_delete="delete"),
    Column("stage", Text(), nullable=False),
    Column("entered_at", Instant(), nullable=False),
    Column("left_at", Instant()),
    Column("reason", Text()),
)

LIFECYCLE_STAGE: Final = EntityType(
    name="lifecycle_stage",
    model=LifecycleStage,
    table=lifecycle_stage_table,
    label="Lifecycle stage",
    display="label",
    orders=("position",),
)

LIFECYCLE_ENTRY: Final = EntityType(
    name="lifecycle_entry",
    model=LifecycleEntry,
    table=lifecycle_entry_table,
    label="Lifecycle entry",
    display="stage",
    orders=("id",),
    part_of="party_id",
    fields={"reason": Field(data_class="personal")},
)
