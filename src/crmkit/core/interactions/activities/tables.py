"""The table of activities, and their entity."""

from __future__ import annotations

from sqlalchemy import Column

from crmkit.core.interactions.activities.model import Activity
from crmkit.core.kernel.entities.columns import Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["ACTIVITY", "activity_table"]

activity_table = entity_table(
    "crm_activity",
    metadata,
    Column("kind", Text(), nullable=False),
    Column("subject", Text(), nullable=False),
    Column("note", Text(), nullable=False),
    Column("due_at", Instant(), nullable=False),
    Column("priority", Text(), nullable=False),
    ref("party", inverse="activities", nullable=True, on_merge="repoint", on_erase="keep", on_delete="refuse"),
    any_ref(
        "about_id",
        "about",
        inverse="activities",
        nullable=True,
        on_erase="keep",
        on_delete="clear",
        label="about_label",
    ),
    Column("about_label", Text()),
    Column("assignee_id", Text()),
    Column("team_id", Text()),
    Column("status", Text(), nullable=False),
    Column("closed_at", Instant()),
    ref("interaction", nullable=True, on_erase="keep", on_delete="clear"),
    Column("cancel_reason", Text()),
    # What is open, of all, of an actor, of a party or about a record: a range that begins with what is due first and
    # never steps over what was done.
    indexes=[
        ("status", "due_at", "id"),
        ("assignee_id", "status", "due_at", "id"),
        ("party_id", "status", "due_at", "id"),
        ("about_id", "status", "due_at", "id"),
    ],
)

ACTIVITY = EntityType(
    name="activity",
    model=Activity,
    table=activity_table,
    label="Activity",
    display="subject",
    owner="assignee_id",
    team="team_id",
    orders=("due_at",),
    fields={
        "subject": Field(data_class="personal", searchable=True),
        "note": Field(data_class="personal", searchable=True),
        "about_label": Field(data_class="personal"),
        "cancel_reason": Field(data_class="personal"),
        "kind": Field(personal=False),
    },
)
