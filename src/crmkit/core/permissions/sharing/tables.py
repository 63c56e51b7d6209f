"""The table of grants, and its entity. The query compiler reads it by these column names."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.permissions.sharing.model import Grant

__all__ = ["GRANT", "grant_table"]

grant_table = entity_table(
    "crm_grant",
    metadata,
    any_ref(on_merge="union", on_erase="delete", on_delete="delete"),
    Column("permission", Text(), nullable=False),
    Column("grantee_kind", Text(), nullable=False),
    Column("grantee", Text(), nullable=False),
    Column("granted_by", Text(), nullable=False),
    # Serves, in this order, the branch of shared records in every list, and the check of one record.
    unique=[("grantee_kind", "grantee", "subject", "permission", "subject_id")],
)

GRANT: Final = EntityType(
    name="grant",
    model=Grant,
    table=grant_table,
    label="Grant",
    display="permission",
    owner="granted_by",
    visible_with="subject_id",
    # They are about actors and teams, who are nobody that we have dealings with; so erasing a party leaves them alone.
    fields={
        "grantee": Field(data_class="personal", personal=False),
        "granted_by": Field(data_class="personal", personal=False),
        "permission": Field(personal=False),
    },
)
