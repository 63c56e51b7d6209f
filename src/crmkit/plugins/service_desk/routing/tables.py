"""The tables of routing rules and agents, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.routing.model import Agent, RoutingRule
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Flag, Integer, Json, Text, entity_table, ref

__all__ = ["AGENT", "RULE", "agent_table", "rule_table"]

rule_table = entity_table(
    "crm_service_desk_rule",
    metadata,
    Column("label", Text(), nullable=False),
    Column("place", Integer(), nullable=False),
    ref("service_desk.queue", inverse="rules", on_delete="delete"),
    *(Column(name, Json(), nullable=False) for name in ("kinds", "channels", "tiers", "priorities", "words")),
    Column("priority", Text()),
    Column("skill", Text()),
)

agent_table = entity_table(
    "crm_service_desk_agent",
    metadata,
    ref("service_desk.queue", inverse="agents", on_delete="delete"),
    Column("actor_id", Text(), nullable=False),
    Column("skills", Json(), nullable=False),
    Column("capacity", Integer()),
    Column("available", Flag(), nullable=False),
    unique=[("queue_id", "actor_id")],
)

RULE: Final = EntityType(
    name="service_desk.rule",
    model=RoutingRule,
    table=rule_table,
    label="Routing rule",
    display="label",
    orders=("place",),
)

AGENT: Final = EntityType(
    name="service_desk.agent",
    model=Agent,
    table=agent_table,
    label="Agent of a queue",
    display="actor_id",
    part_of="queue_id",
    orders=("id",),
)
