"""The tables of relationships and their types, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Day, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.relationships.model import Relationship, RelationshipType

__all__ = ["RELATIONSHIP", "RELATIONSHIP_TYPE", "relationship_table", "relationship_type_table"]

relationship_type_table = entity_table(
    "crm_relationship_type",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("inverse", Text(), nullable=False),
    Column("inverse_label", Text(), nullable=False),
    Column("first_kind", Text()),
    Column("other_kind", Text()),
    unique=[("key",), ("inverse",)],
)

relationship_table = entity_table(
    "crm_relationship",
    metadata,
    ref("party", inverse="relationships", on_erase="delete", on_delete="delete"),
    # A link is part of its first party and goes with it. The other party stays until the link is ended and removed:
    # deleting an employer would otherwise change, unseen, people whom the actor may not even see.
    ref("party", "other_id", inverse="inverse_relationships", on_erase="delete", on_delete="refuse"),
    Column("type", Text(), nullable=False),
    Column("position", Text()),
    Column("valid_from", Day()),
    Column("valid_until", Day()),
)

RELATIONSHIP_TYPE: Final = EntityType(
    name="relationship_type",
    model=RelationshipType,
    table=relationship_type_table,
    label="Type of relationship",
    display="label",
    orders=("key",),
)

RELATIONSHIP: Final = EntityType(
    name="relationship",
    model=Relationship,
    table=relationship_table,
    label="Relationship",
    display="type",
    orders=("id",),
    part_of="party_id",
    visible_with="other_id",
    fields={"position": Field(data_class="personal")},
)
