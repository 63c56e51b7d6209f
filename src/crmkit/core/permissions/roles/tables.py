"""The tables of roles, their rules and memberships, and their entities."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Json, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import entity_table, ref
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.permissions.roles.model import Membership, Role, RoleRule

__all__ = ["MEMBERSHIP", "ROLE", "ROLE_RULE", "membership_table", "role_rule_table", "role_table"]

role_table = entity_table(
    "crm_role",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("description", Text(), nullable=False),
    unique=[("key",)],
)

role_rule_table = entity_table(
    "crm_role_rule",
    metadata,
    ref("role", inverse="rules", on_delete="delete"),
    Column("effect", Text(), nullable=False),
    Column("permission", Text(), nullable=False),
    Column("scope", Text(), nullable=False),
    Column("condition", Json()),
    Column("fields", Json(), nullable=False),
)

membership_table = entity_table(
    "crm_actor_membership",
    metadata,
    Column("actor_id", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    Column("key", Text(), nullable=False),
    unique=[("actor_id", "kind", "key")],
    indexes=[("kind", "key")],
)

ROLE: Final = EntityType(name="role", model=Role, table=role_table, label="Role", display="label", orders=("key",))

ROLE_RULE: Final = EntityType(
    name="role_rule",
    model=RoleRule,
    table=role_rule_table,
    label="Rule of a role",
    display="permission",
    orders=("id",),
    part_of="role_id",
)

MEMBERSHIP: Final = EntityType(
    name="actor_membership",
    model=Membership,
    table=membership_table,
    label="Membership",
    display="key",
    orders=("actor_id",),
    fields={"actor_id": Field(data_class="personal")},
)
