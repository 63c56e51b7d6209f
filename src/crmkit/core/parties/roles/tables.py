"""The tables of party roles and their types, and what the kernel is told about them."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Day, Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType

__all__ = ["PARTY_ROLE", "PARTY_ROLE_TYPE", "party_role_table", "party_role_type_table"]

party_role_type_table = entity_table(
    "crm_party_role_type",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    unique=[("key",)],
)

party_role_table = entity_table(
    "crm_party_role",
    metadata,
    ref("party", inverse="roles", on_erase="keep", on_delete="delete"),
    Column("role", Text(), nullable=False),
    Column("valid_from", Day()),
    Column("valid_until", Day()),
    indexes=[("role",)],
)

PARTY_ROLE_TYPE: Final = EntityType(
    name="party_role_type",
    model=PartyRoleType,
    table=party_role_type_table,
    label="Type of party role",
    display="label",
    orders=("key",),
)

PARTY_ROLE: Final = EntityType(
    name="party_role",
    model=PartyRole,
    table=party_role_table,
    label="Party role",
    display="role",
    orders=("id",),
    part_of="party_id",
)
