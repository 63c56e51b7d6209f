"""The tables of policies and of the recount, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.schema import metadata
from crmkit.plugins.service_desk.sla.model import Policy, Recount
from crmkit.sdk import EntityType, Flag, Id, Instant, Integer, Text, entity_table

__all__ = ["POLICY", "RECOUNT", "policy_table", "recount_table"]

policy_table = entity_table(
    "crm_service_desk_policy",
    metadata,
    Column("label", Text(), nullable=False),
    Column("tier", Text(), nullable=False),
    Column("priority", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("first_response", Integer()),
    Column("resolution", Integer()),
    Column("warn_after", Integer(), nullable=False),
    Column("escalate_to", Text()),
    Column("active", Flag(), nullable=False),
    unique=[("tier", "priority", "kind")],
)

recount_table = entity_table(
    "crm_service_desk_recount",
    metadata,
    Column("key", Text(), nullable=False),
    Column("fingerprint", Text(), nullable=False),
    Column("after", Id()),
    Column("cases", Integer(), nullable=False),
    Column("changed", Integer(), nullable=False),
    Column("done_at", Instant()),
    unique=[("key",)],
)

POLICY: Final = EntityType(
    name="service_desk.policy",
    model=Policy,
    table=policy_table,
    label="Promise",
    display="label",
    orders=("id",),
)

RECOUNT: Final = EntityType(
    name="service_desk.recount",
    model=Recount,
    table=recount_table,
    label="Recount of promises",
    display="key",
    orders=("id",),
)
