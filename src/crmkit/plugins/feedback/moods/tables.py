"""The table of moods, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.feedback.moods.model import Mood
from crmkit.plugins.feedback.schema import FOUND, metadata
from crmkit.sdk import Day, EntityType, Instant, Integer, Text, entity_table, party_ref, ref

__all__ = ["MOOD", "mood_table"]

mood_table = entity_table(
    "crm_feedback_mood",
    metadata,
    # How a person felt is nobody's statistic: it goes with the person.
    party_ref(inverse="moods", on_merge="repoint", on_erase="delete", on_delete="delete"),
    ref("interaction", inverse="moods", on_erase="keep", on_delete="delete"),
    Column("level", Integer(), nullable=False),
    Column("need", Text()),
    Column("noted_by", Text(), nullable=False),
    Column("felt_at", Instant(), nullable=False),
    Column("felt_month", Day(), nullable=False),
    unique=[("interaction_id",)],
    indexes=[("party_id", "felt_at", "id")],
)

MOOD: Final = EntityType(
    name="feedback.mood",
    model=Mood,
    table=mood_table,
    label="Mood",
    display="level",
    orders=("-felt_at",),
    visible_with=("party_id", "interaction_id"),
    goes_with="party_id",
    fields={"need": FOUND},
)
