"""The tables of imports, batches and mappings, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.exchange.model import Batch, Import, SavedMapping
from crmkit.sdk import EntityType, Field, Id, Instant, Integer, Json, Text, entity_table, new_metadata, ref

__all__ = ["BATCH", "IMPORT", "MAPPING", "metadata"]

metadata = new_metadata()

import_table = entity_table(
    "crm_exchange_import",
    metadata,
    Column("name", Text(), nullable=False),
    Column("digest", Text(), nullable=False),
    Column("size", Integer(), nullable=False),
    Column("format", Text(), nullable=False),
    Column("options", Json(), nullable=False),
    Column("state", Text(), nullable=False),
    Column("owner_id", Text()),
    Column("finished_at", Instant()),
    Column("rows", Integer()),
    Column("added", Integer()),
    Column("updated", Integer()),
    Column("unchanged", Integer()),
    Column("failed", Integer()),
    indexes=[("digest",)],
)

batch_table = entity_table(
    "crm_exchange_batch",
    metadata,
    ref("exchange.import", inverse="batches", on_erase="keep", on_delete="delete"),
    Column("number", Integer(), nullable=False),
    Column("first_row", Integer(), nullable=False),
    Column("last_row", Integer(), nullable=False),
    Column("added", Integer(), nullable=False),
    Column("updated", Integer(), nullable=False),
    Column("unchanged", Integer(), nullable=False),
    Column("failed", Integer(), nullable=False),
    Column("employers", Integer(), nullable=False),
    Column("unit_id", Id(), nullable=False),
    Column("failures", Json(), nullable=False),
    # Two processes that import the same file at the same time cannot both write a batch.
    unique=[("import_id", "number")],
)

mapping_table = entity_table(
    "crm_exchange_mapping",
    metadata,
    Column("name", Text(), nullable=False),
    Column("signature", Text(), nullable=False),
    Column("targets", Json(), nullable=False),
    Column("date_order", Text()),
    unique=[("name",)],
    indexes=[("signature",)],
)

IMPORT: Final = EntityType(
    name="exchange.import",
    model=Import,
    table=import_table,
    label="Import",
    display="name",
    owner="owner_id",
    orders=("-created_at",),
)

BATCH: Final = EntityType(
    name="exchange.batch",
    model=Batch,
    table=batch_table,
    label="Batch of an import",
    display="number",
    orders=("number",),
    part_of="import_id",
    fields={"failures": Field(data_class="personal")},
)

MAPPING: Final = EntityType(
    name="exchange.mapping",
    model=SavedMapping,
    table=mapping_table,
    label="Mapping of columns",
    display="name",
    orders=("name",),
)
