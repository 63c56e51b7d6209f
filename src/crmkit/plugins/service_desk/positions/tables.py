"""The table of positions, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.positions.model import Position
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Field, Flag, Text, entity_table, party_ref, ref

__all__ = ["POSITION", "position_table"]

position_table = entity_table(
    "crm_service_desk_position",
    metadata,
    ref("service_desk.case", "case_id", inverse="positions", on_delete="delete"),
    # Of two parties that are one, both positions are kept: nobody but them knows which holds.
    party_ref(inverse="case_positions", on_merge="repoint", on_erase="keep", on_delete="delete"),
    Column("stance", Text(), nullable=False),
    Column("agreed", Flag()),
)

POSITION: Final = EntityType(
    name="service_desk.position",
    model=Position,
    table=position_table,
    label="Position in a conflict",
    display="stance",
    part_of="case_id",
    orders=("id",),
    fields={"stance": Field(data_class="personal", searchable=True)},
)
