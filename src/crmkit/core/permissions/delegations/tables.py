"""The table of delegations, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Instant, Json, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.permissions.delegations.model import Delegation

__all__ = ["DELEGATION", "delegation_table"]

delegation_table = entity_table(
    "crm_delegation",
    metadata,
    Column("from_actor", Text(), nullable=False),
    Column("to_actor", Text(), nullable=False),
    Column("permissions", Json(), nullable=False),
    Column("starts_at", Instant(), nullable=False),
    Column("expires_at", Instant(), nullable=False),
    Column("reason", Text(), nullable=False),
    indexes=[("to_actor", "from_actor")],
)

# It has no owner: handing over what somebody owned must not make the heir the lender of the heir's own rights.
DELEGATION: Final = EntityType(
    name="delegation",
    model=Delegation,
    table=delegation_table,
    label="Delegation",
    display="to_actor",
    orders=("-expires_at",),
    fields={
        "from_actor": Field(data_class="personal"),
        "to_actor": Field(data_class="personal"),
        "reason": Field(data_class="personal"),
    },
)
