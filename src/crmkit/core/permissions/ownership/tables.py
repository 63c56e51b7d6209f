"""The table of claims, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.permissions.ownership.model import Claim

__all__ = ["CLAIM", "claim_table"]

claim_table = entity_table(
    "crm_claim",
    metadata,
    any_ref(on_merge="keep_winner", on_erase="delete", on_delete="delete"),
    Column("actor_id", Text(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    # One record has one claim at a time; two that are made at the same instant cannot both be stored.
    unique=[("subject", "subject_id")],
)

CLAIM: Final = EntityType(
    name="claim",
    model=Claim,
    table=claim_table,
    label="Claim",
    display="actor_id",
    owner="actor_id",
    visible_with="subject_id",
    orders=("expires_at",),
    fields={"actor_id": Field(data_class="personal")},
)
