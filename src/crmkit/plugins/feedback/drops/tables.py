"""The table of drops, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.feedback.drops.model import Drop
from crmkit.plugins.feedback.schema import metadata
from crmkit.sdk import EntityType, Exact, Flag, Instant, Text, entity_table, party_ref

__all__ = ["DROP", "drop_table"]

drop_table = entity_table(
    "crm_feedback_drop",
    metadata,
    party_ref(
        inverse="satisfaction_drops", nullable=True, on_merge="keep_winner", on_erase="delete", on_delete="delete"
    ),
    Column("agent_id", Text()),
    Column("before", Exact(4), nullable=False),
    Column("after", Exact(4), nullable=False),
    Column("since", Instant(), nullable=False),
    Column("ended_at", Instant()),
    Column("open", Flag()),
    # Nobody has two open ones, however many notice at once; ended ones have nothing in "open", and are many.
    unique=[("party_id", "open"), ("agent_id", "open")],
)

DROP: Final = EntityType(
    name="feedback.drop",
    model=Drop,
    table=drop_table,
    label="Drop in satisfaction",
    display="since",
    orders=("-since",),
    visible_with="party_id",
    goes_with="party_id",
)
