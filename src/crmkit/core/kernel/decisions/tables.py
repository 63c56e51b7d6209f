"""The table of decisions, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.decisions.model import Decision
from crmkit.core.kernel.entities.columns import Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["DECISION", "decision_table"]

decision_table = entity_table(
    "crm_decision",
    metadata,
    any_ref(inverse="decisions", on_merge="repoint", on_erase="keep", on_delete="delete"),
    Column("text", Text(), nullable=False),
    Column("basis", Text(), nullable=False),
    Column("author_id", Text(), nullable=False),
    Column("decided_at", Instant(), nullable=False),
    Column("valid_until", Instant()),
    ref("decision", "supersedes_id", inverse="successors", nullable=True, on_erase="keep", on_delete="delete"),
    # One decision is superseded by one other, however many write at the same time.
    unique=[("supersedes_id",)],
)

DECISION: Final = EntityType(
    name="decision",
    model=Decision,
    table=decision_table,
    label="Decision",
    display="text",
    owner="author_id",
    visible_with="subject_id",
    goes_with="subject_id",
    orders=("-decided_at",),
    fields={
        "text": Field(data_class="personal", searchable=True),
        "basis": Field(data_class="personal", searchable=True),
    },
)
