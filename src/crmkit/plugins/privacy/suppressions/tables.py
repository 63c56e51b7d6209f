"""The table of suppressions, and the entity that it makes together with the model. It refers to nobody."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.schema import PERSONAL, metadata
from crmkit.plugins.privacy.suppressions.model import Suppression
from crmkit.sdk import EntityType, Flag, Instant, Text, entity_table

__all__ = ["SUPPRESSION"]

SUPPRESSION: Final = EntityType(
    name="privacy.suppression",
    model=Suppression,
    table=entity_table(
        "crm_privacy_suppression",
        metadata,
        Column("channel", Text(), nullable=False),
        Column("digest", Text(), nullable=False),
        Column("reason", Text(), nullable=False),
        Column("lifted", Flag(), nullable=False),
        Column("source", Text()),
        Column("at", Instant(), nullable=False),
        Column("actor_id", Text(), nullable=False),
        indexes=[("digest",)],
    ),
    label="Suppression",
    display="reason",
    kind="fact",
    orders=("-at",),
    fields={"source": PERSONAL},
)
