"""The tables of interactions, participants, threads and channels, and their entities."""

from __future__ import annotations

from sqlalchemy import Column

from crmkit.core.interactions.model import Channel, Interaction, Participant, Thread
from crmkit.core.kernel.entities.columns import Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata

__all__ = [
    "CHANNEL",
    "INTERACTION",
    "PARTICIPANT",
    "THREAD",
    "channel_table",
    "interaction_table",
    "participant_table",
    "thread_table",
]

channel_table = entity_table(
    "crm_channel",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("kind", Text(), nullable=False),
    unique=[("key",)],
)

thread_table = entity_table(
    "crm_thread",
    metadata,
    ref("party", inverse="threads", on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("subject", Text(), nullable=False),
    Column("status", Text(), nullable=False),
    Column("opened_by", Text(), nullable=False),
    Column("started_at", Instant(), nullable=False),
    Column("closed_at", Instant()),
)

interaction_table = entity_table(
    "crm_interaction",
    metadata,
    ref("party", inverse="interactions", on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("kind", Text(), nullable=False),
    Column("channel", Text()),
    Column("direction", Text(), nullable=False),
    Column("occurred_at", Instant(), nullable=False),
    Column("duration_seconds", Integer()),
    Column("summary", Text(), nullable=False),
    Column("body", Text(), nullable=False),
    ref("thread", inverse="interactions", nullable=True, on_erase="keep", on_delete="refuse"),
    any_ref(
        "about_id",
        "about",
        inverse="interactions",
        nullable=True,
        on_erase="keep",
        on_delete="clear",
        label="about_label",
    ),
    Column("about_label", Text()),
    Column("author_id", Text(), nullable=False),
    Column("correction_reason", Text()),
    # A page of a party's timeline, and the last interaction of a thread, are each one range of an index.
    indexes=[("party_id", "occurred_at", "id"), ("thread_id", "occurred_at", "id")],
)

participant_table = entity_table(
    "crm_participant",
    metadata,
    ref("interaction", inverse="participants", on_erase="keep", on_delete="delete"),
    Column("role", Text(), nullable=False),
    ref("party", inverse="participations", nullable=True, on_merge="repoint", on_erase="keep", on_delete="refuse"),
    Column("actor_id", Text()),
    Column("name", Text()),
)

CHANNEL = EntityType(
    name="channel", model=Channel, table=channel_table, label="Channel", display="label", orders=("key",)
)

THREAD = EntityType(
    name="thread",
    model=Thread,
    table=thread_table,
    label="Thread",
    display="subject",
    orders=("-started_at",),
    visible_with="party_id",
    fields={"subject": Field(data_class="personal", searchable=True)},
)

# Neither interactions nor threads have an owner: who had one is history, which a change of hands must not rewrite.
# Whoever sees the party sees them; an interaction that is about a record, whoever sees that too.
INTERACTION = EntityType(
    name="interaction",
    model=Interaction,
    table=interaction_table,
    label="Interaction",
    display="summary",
    orders=("-occurred_at",),
    visible_with=("party_id", "about_id"),
    fields={
        "summary": Field(data_class="personal", searchable=True),
        "body": Field(data_class="personal", searchable=True),
        "about_label": Field(data_class="personal"),
        "correction_reason": Field(data_class="personal"),
        "channel": Field(personal=False),
    },
)

PARTICIPANT = EntityType(
    name="participant",
    model=Participant,
    table=participant_table,
    label="Participant",
    display="role",
    orders=("id",),
    part_of="interaction_id",
    fields={"name": Field(data_class="personal", searchable=True)},
)
