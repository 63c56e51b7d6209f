"""The table of watchers, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.schema import metadata
from crmkit.plugins.service_desk.talking.model import Watcher
from crmkit.sdk import EntityType, Text, entity_table, ref

__all__ = ["WATCHER", "watcher_table"]

watcher_table = entity_table(
    "crm_service_desk_watcher",
    metadata,
    ref("service_desk.case", "case_id", inverse="watchers", on_merge="keep_winner", on_delete="delete"),
    Column("actor_id", Text(), nullable=False),
    unique=[("case_id", "actor_id")],
)

WATCHER: Final = EntityType(
    name="service_desk.watcher",
    model=Watcher,
    table=watcher_table,
    label="Watcher of a case",
    display="actor_id",
    part_of="case_id",
    orders=("id",),
)
