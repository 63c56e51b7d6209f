"""The tables of assets and their terms, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.assets.model import Asset, Term
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import Day, EntityType, Field, Text, entity_table, party_ref, ref

__all__ = ["ASSET", "TERM", "asset_table", "term_table"]

asset_table = entity_table(
    "crm_service_desk_asset",
    metadata,
    party_ref(inverse="assets", on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("name", Text(), nullable=False),
    Column("product", Text(), nullable=False),
    Column("serial", Text()),
    Column("acquired_on", Day()),
    Column("retired_on", Day()),
    Column("covered_until", Day()),
    Column("note", Text(), nullable=False),
    unique=[("product", "serial")],
)

term_table = entity_table(
    "crm_service_desk_term",
    metadata,
    ref("service_desk.asset", inverse="terms", on_delete="delete"),
    Column("kind", Text(), nullable=False),
    Column("starts_on", Day(), nullable=False),
    Column("ends_on", Day(), nullable=False),
    Column("covers", Text(), nullable=False),
    Column("reminded_on", Day()),
    indexes=[("ends_on",)],
)

_FOUND: Final = Field(data_class="personal", searchable=True)

ASSET: Final = EntityType(
    name="service_desk.asset",
    model=Asset,
    table=asset_table,
    label="Asset",
    display="name",
    orders=("-updated_at",),
    visible_with="party_id",
    fields={
        "name": _FOUND,
        "serial": _FOUND,
        "note": Field(data_class="personal"),
        "product": Field(personal=False),
    },
)

TERM: Final = EntityType(
    name="service_desk.term",
    model=Term,
    table=term_table,
    label="Term of an asset",
    display="kind",
    part_of="asset_id",
    orders=("id",),
)
