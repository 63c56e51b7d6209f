"""The table of saved criteria, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import NAMES_ENTITY, entity_table
from crmkit.core.kernel.saved_criteria.model import SavedCriteria
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["SAVED_CRITERIA", "saved_criteria_table"]

saved_criteria_table = entity_table(
    "crm_saved_criteria",
    metadata,
    Column("name", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("criteria", Text(), nullable=False),
    Column("order", Text()),
    Column("description", Text(), nullable=False),
    Column("owner_id", Text()),
    Column("team_id", Text()),
)

# Names are not unique: what is handed over from one owner to another must never clash.
SAVED_CRITERIA: Final = EntityType(
    name="saved_criteria",
    model=SavedCriteria,
    table=saved_criteria_table,
    label="Saved criteria",
    display="name",
    owner="owner_id",
    team="team_id",
    orders=("name",),
    fields={"owner_id": Field(label="Owner"), "team_id": Field(label="Team")},
)
