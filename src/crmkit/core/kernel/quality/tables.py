"""The table of rules and its entity, and the derived table of scores."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table

from crmkit.core.kernel.entities.columns import Flag, Id, Integer, Json, Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import NAMES_ENTITY, entity_table
from crmkit.core.kernel.quality.model import QualityRule
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["QUALITY_RULE", "quality_rule_table", "quality_score_table"]

quality_rule_table = entity_table(
    "crm_quality_rule",
    metadata,
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("message", Text(), nullable=False),
    Column("level", Text(), nullable=False),
    Column("dimension", Text(), nullable=False),
    Column("weight", Integer(), nullable=False),
    Column("condition", Json(), nullable=False),
    Column("applies", Json()),
    Column("active", Flag(), nullable=False),
    unique=[("entity", "key")],
)

QUALITY_RULE: Final = EntityType(
    name="quality_rule",
    model=QualityRule,
    table=quality_rule_table,
    label="Rule of quality",
    display="label",
    orders=("key",),
)

quality_score_table = Table(
    "crm_quality_score",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("record_id", Id(), nullable=False),
    # By all active rules that are about the record; see `crmkit.core.kernel.quality.rules.share_of`.
    Column("score", Integer(), nullable=False),
    Column("completeness", Integer()),
    Column("validity", Integer()),
    PrimaryKeyConstraint("tenant_id", "entity", "record_id"),
)
# The worst first.
Index(
    "ix_crm_quality_score_worst",
    quality_score_table.c.tenant_id,
    quality_score_table.c.entity,
    quality_score_table.c.score,
    quality_score_table.c.record_id,
)
