"""The table of silences, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.feedback.schema import metadata
from crmkit.plugins.feedback.silences.model import Silence
from crmkit.sdk import EntityType, Instant, Integer, entity_table, party_ref

__all__ = ["SILENCE", "silence_table"]

silence_table = entity_table(
    "crm_feedback_silence",
    metadata,
    party_ref(inverse="silences", on_merge="keep_winner", on_erase="delete", on_delete="delete"),
    Column("since", Instant(), nullable=False),
    Column("usual_days", Integer(), nullable=False),
    Column("noticed_at", Instant(), nullable=False),
    unique=[("party_id", "since")],  # a silence is noticed once, however many look
)

SILENCE: Final = EntityType(
    name="feedback.silence",
    model=Silence,
    table=silence_table,
    label="Silence",
    display="since",
    orders=("-since",),
    visible_with="party_id",
    goes_with="party_id",
)
