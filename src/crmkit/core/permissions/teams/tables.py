"""The table of teams, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.table import entity_table
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.permissions.teams.model import Team

__all__ = ["TEAM", "team_table"]

team_table = entity_table(
    "crm_team",
    metadata,
    Column("key", Text(), nullable=False),
    Column("name", Text(), nullable=False),
    Column("parent", Text()),
    unique=[("key",)],
    indexes=[("parent",)],
)

TEAM: Final = EntityType(name="team", model=Team, table=team_table, label="Team", display="name", orders=("key",))
