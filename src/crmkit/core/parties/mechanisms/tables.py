"""The table of contact mechanisms, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Day, Flag, Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.mechanisms.model import Mechanism

__all__ = ["MECHANISM", "mechanism_table"]

mechanism_table = entity_table(
    "crm_mechanism",
    metadata,
    ref("party", inverse="mechanisms", on_merge="keep_winner", on_erase="delete", on_delete="delete"),
    Column("kind", Text(), nullable=False),
    Column("raw", Text(), nullable=False),
    Column("normalised", Text()),
    Column("search_key", Text(), nullable=False),
    Column("label", Text()),
    Column("is_primary", Flag(), nullable=False),
    Column("verified_at", Instant()),
    Column("valid_from", Day()),
    Column("valid_until", Day()),
    Column("country", Text()),
    Column("service", Text()),
    Column("street", Text()),
    Column("locality", Text()),
    Column("region", Text()),
    Column("postal_code", Text()),
    # A party has each once. What could not be normalised is empty here, and so collides with nothing.
    unique=[("party_id", "kind", "normalised")],
    # With the id behind it, since SQLite otherwise walks the rows by id rather than to sort what it finds.
    indexes=[("search_key", "id")],
)

_PERSONAL: Final = Field(data_class="personal")

MECHANISM: Final = EntityType(
    name="mechanism",
    model=Mechanism,
    table=mechanism_table,
    label="Contact mechanism",
    display="raw",
    orders=("id",),
    part_of="party_id",
    fields={
        "raw": Field(data_class="personal", searchable=True),
        "normalised": Field(data_class="personal", searchable=True),
        "search_key": _PERSONAL,
        "street": _PERSONAL,
        "locality": _PERSONAL,
        "region": _PERSONAL,
        "postal_code": _PERSONAL,
    },
)
