"""The table of identifiers, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Flag, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.identifiers.model import Identifier

__all__ = ["IDENTIFIER", "identifier_table"]

identifier_table = entity_table(
    "crm_identifier",
    metadata,
    ref("party", inverse="identifiers", on_merge="keep_winner", on_erase="delete", on_delete="delete"),
    Column("scheme", Text(), nullable=False),
    Column("value", Text(), nullable=False),
    Column("exclusive", Flag(), nullable=False),
    Column("exclusive_value", Text()),
    unique=[("scheme", "exclusive_value"), ("party_id", "scheme", "value")],
    indexes=[("scheme", "value", "id")],
)

_PERSONAL: Final = Field(data_class="personal")

IDENTIFIER: Final = EntityType(
    name="identifier",
    model=Identifier,
    table=identifier_table,
    label="Identifier",
    display="value",
    orders=("id",),
    part_of="party_id",
    fields={"value": Field(data_class="personal", searchable=True), "exclusive_value": _PERSONAL},
)
