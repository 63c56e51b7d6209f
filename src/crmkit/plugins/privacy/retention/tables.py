"""The table of retention rules, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.privacy.retention.model import RetentionRule
from crmkit.plugins.privacy.schema import metadata
from crmkit.sdk import EntityType, Flag, Integer, Json, Text, entity_table

__all__ = ["RETENTION_RULE"]

RETENTION_RULE: Final = EntityType(
    name="privacy.retention_rule",
    model=RetentionRule,
    table=entity_table(
        "crm_privacy_retention_rule",
        metadata,
        Column("key", Text(), nullable=False),
        Column("label", Text(), nullable=False),
        Column("entity", Text(), nullable=False),
        Column("condition", Json(), nullable=False),
        Column("since", Text(), nullable=False),
        Column("days", Integer(), nullable=False),
        Column("action", Text(), nullable=False),
        Column("export_first", Flag(), nullable=False),
        Column("active", Flag(), nullable=False),
        unique=[("key",)],
    ),
    label="Rule of retention",
    display="label",
    orders=("key",),
)
