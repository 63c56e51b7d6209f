"""The table of surveys, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.feedback.schema import FOUND, PERSONAL, metadata
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.sdk import Day, EntityType, Instant, Integer, Text, any_ref, entity_table, party_ref

__all__ = ["SURVEY", "survey_table"]

survey_table = entity_table(
    "crm_feedback_survey",
    metadata,
    # The scores stay when a person is erased, without a word of theirs: agents' trends are not rewritten by it.
    party_ref(inverse="surveys", on_merge="repoint", on_erase="keep", on_delete="delete"),
    Column("kind", Text(), nullable=False),
    any_ref("about_id", "about", inverse="surveys", nullable=True, on_erase="keep", on_delete="clear"),
    Column("topic", Text()),
    Column("agent_id", Text()),
    Column("channel", Text(), nullable=False),
    Column("key", Text()),
    Column("nonce", Text(), nullable=False),
    Column("asked_by", Text(), nullable=False),
    Column("asked_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    Column("score", Integer()),
    Column("comment", Text()),
    Column("answered_at", Instant()),
    Column("answered_month", Day()),
    unique=[("key",)],
    # When a party was asked last; the latest answers of a party and about an agent.
    indexes=[("party_id", "asked_at", "id"), ("party_id", "answered_at", "id"), ("agent_id", "answered_at", "id")],
)

# Whoever sees the party sees what it answered, also where what it was asked about is hidden: the actor that takes
# answers could not see cases otherwise. So a survey does not repeat what that record is called. Since surveys go with
# the party, merging or deleting it needs no right to them.
SURVEY: Final = EntityType(
    name="feedback.survey",
    model=Survey,
    table=survey_table,
    label="Survey",
    display="kind",
    orders=("-asked_at", "-answered_at"),
    visible_with="party_id",
    goes_with="party_id",
    fields={"topic": PERSONAL, "key": PERSONAL, "nonce": PERSONAL, "comment": FOUND},
)
