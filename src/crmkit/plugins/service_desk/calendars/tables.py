"""The table of calendars, and the entity that it makes together with the model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.service_desk.calendars.model import Calendar
from crmkit.plugins.service_desk.schema import metadata
from crmkit.sdk import EntityType, Integer, Json, Text, entity_table

__all__ = ["CALENDAR", "calendar_table"]

calendar_table = entity_table(
    "crm_service_desk_calendar",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("team_id", Text(), nullable=False),
    Column("timezone", Text(), nullable=False),
    Column("week", Json(), nullable=False),
    Column("days", Json(), nullable=False),
    Column("country", Text()),
    Column("subdivision", Text()),
    Column("holidays", Json(), nullable=False),
    Column("holidays_until", Integer()),
    unique=[("key",), ("team_id",)],
)

CALENDAR: Final = EntityType(
    name="service_desk.calendar",
    model=Calendar,
    table=calendar_table,
    label="Calendar",
    display="label",
    orders=("key",),
)
