"""The table of cards, and the entity that it makes together with the model."""

from __future__ import annotations

from sqlalchemy import Column

from crmkit.sdk import Day, EntityType, Field, Integer, Text, entity_table, new_metadata, party_ref
from crmkit_membership.model import Card

__all__ = ["CARD", "card_table", "metadata"]

metadata = new_metadata()

card_table = entity_table(
    "crm_membership_card",
    metadata,
    party_ref(inverse="membership_cards", on_merge="repoint", on_erase="delete", on_delete="delete"),
    Column("number", Text(), nullable=False),
    Column("level", Text(), nullable=False),
    Column("points", Integer(), nullable=False),
    Column("valid_from", Day(), nullable=False),
    Column("valid_until", Day(), nullable=False),
    Column("cancelled_on", Day()),
    unique=[("number",)],
)

CARD = EntityType(
    name="membership.card",
    model=Card,
    table=card_table,
    label="Membership card",
    display="number",
    orders=("-valid_until",),
    visible_with="party_id",
    fields={"number": Field(searchable=True, data_class="personal")},
)
