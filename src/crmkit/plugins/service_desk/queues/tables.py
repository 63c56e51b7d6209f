"""The table of queues, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.queues.model import Queue
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Flag, Text, entity_table

__all__ = ["QUEUE", "queue_table"]

queue_table = entity_table(
    "crm_service_desk_queue",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("team_id", Text()),
    Column("strategy", Text(), nullable=False),
    Column("priority", Text()),
    Column("address", Text()),
    Column("last_assigned", Text()),
    Column("active", Flag(), nullable=False),
    unique=[("key",), ("address",)],
)

QUEUE: Final = EntityType(
    name="service_desk.queue", model=Queue, table=queue_table, label="Queue", display="label", orders=("key",)
)
