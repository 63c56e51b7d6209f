"""The table of returns, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.returns.model import Return
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import Day, EntityType, Field, Integer, Text, entity_table, party_ref, ref

__all__ = ["RETURN", "return_table"]

return_table = entity_table(
    "crm_service_desk_return",
    metadata,
    party_ref(inverse="returns", on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("product", Text(), nullable=False),
    Column("quantity", Integer(), nullable=False),
    Column("reason", Text(), nullable=False),
    Column("returned_on", Day(), nullable=False),
    ref("service_desk.case", "case_id", inverse="returns", nullable=True, on_delete="clear"),
    ref("service_desk.asset", "asset_id", inverse="returns", nullable=True, on_delete="clear"),
    Column("note", Text(), nullable=False),
    Column("outcome", Text()),
    Column("settled_on", Day()),
    indexes=[("returned_on",)],
)

RETURN: Final = EntityType(
    name="service_desk.return",
    model=Return,
    table=return_table,
    label="Return",
    display="product",
    orders=("-returned_on",),
    visible_with="party_id",
    fields={"note": Field(data_class="personal", searchable=True), "product": Field(personal=False)},
)
