"""The table of definitions."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.custom_fields.model import CustomField
from crmkit.core.kernel.entities.columns import Flag, Instant, Integer, Json, Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import NAMES_ENTITY, entity_table
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["CUSTOM_FIELD", "custom_field_table"]

custom_field_table = entity_table(
    "crm_custom_field",
    metadata,
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("key", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("help", Text()),
    Column("unit", Text()),
    Column("position", Integer(), nullable=False),
    Column("required", Flag(), nullable=False),
    Column("default", Json()),
    Column("choices", Json(), nullable=False),
    Column("data_class", Text()),
    Column("unique", Flag(), nullable=False),
    Column("indexed", Flag(), nullable=False),
    Column("searchable", Flag(), nullable=False),
    Column("refers_to", Text()),
    Column("plugin", Text()),
    Column("removed_at", Instant()),
    unique=[("entity", "key")],
)

CUSTOM_FIELD: Final = EntityType(
    name="custom_field",
    model=CustomField,
    table=custom_field_table,
    label="Custom field",
    display="label",
    orders=("key",),
)
"""Definitions are an entity, so that history, restore and undo cover them."""
