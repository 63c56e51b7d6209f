"""The tables of messages, templates and lanes, and the entities that they make together with the models."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.plugins.email.model import Lane, Message, Template
from crmkit.sdk import (
    EntityType,
    Field,
    Flag,
    Instant,
    Integer,
    Json,
    Text,
    any_ref,
    entity_table,
    new_metadata,
    party_ref,
    ref,
)

__all__ = ["LANE", "MESSAGE", "TEMPLATE", "metadata"]

metadata = new_metadata()

message_table = entity_table(
    "crm_email_message",
    metadata,
    party_ref(nullable=True, inverse="messages", on_merge="repoint", on_erase="keep", on_delete="clear"),
    Column("direction", Text(), nullable=False),
    Column("state", Text(), nullable=False),
    Column("key", Text()),
    Column("once", Text()),
    Column("purpose", Text()),
    Column("address", Text()),
    Column("name", Text()),
    Column("ours", Text()),
    Column("domain", Text()),
    Column("subject", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("fresh", Text()),
    Column("html", Text()),
    Column("message_id", Text(), nullable=False),
    Column("in_reply_to", Text()),
    Column("earlier", Json(), nullable=False),
    Column("reply_to", Text()),
    ref("thread", nullable=True, on_erase="keep", on_delete="clear"),
    ref("interaction", nullable=True, on_erase="keep", on_delete="clear"),
    any_ref("about_id", "about", inverse="messages", nullable=True, on_erase="keep", on_delete="clear"),
    Column("template", Text()),
    Column("automatic", Flag(), nullable=False),
    Column("unsubscribable", Flag(), nullable=False),
    Column("due_at", Instant()),
    Column("attempts", Integer(), nullable=False),
    Column("courier", Text()),
    Column("handed_at", Instant()),
    Column("settled_at", Instant()),
    Column("answer", Text()),
    Column("reasons", Json(), nullable=False),
    Column("owner_id", Text()),
    unique=[("once",), ("direction", "message_id")],
    # What is due; what a sender has; what went to a domain within a minute; who wrote, and was written to, last.
    indexes=[
        ("state", "due_at", "id"),
        ("courier", "id"),
        ("domain", "handed_at", "id"),
        ("address", "created_at", "id"),
    ],
)

template_table = entity_table(
    "crm_email_template",
    metadata,
    Column("key", Text(), nullable=False),
    Column("label", Text(), nullable=False),
    Column("subject", Text(), nullable=False),
    Column("text", Text(), nullable=False),
    Column("html", Text()),
    Column("source", Text()),
    Column("owner_id", Text()),
    unique=[("key",)],
)

lane_table = entity_table(
    "crm_email_lane",
    metadata,
    Column("domain", Text(), nullable=False),
    Column("open_at", Instant(), nullable=False),
    Column("turns", Integer(), nullable=False),
    unique=[("domain",)],
)

_PERSONAL: Final = Field(data_class="personal")
_FOUND: Final = Field(data_class="personal", searchable=True)

MESSAGE: Final = EntityType(
    name="email.message",
    model=Message,
    table=message_table,
    label="Message",
    display="subject",
    owner="owner_id",
    orders=("-created_at", "due_at", "handed_at"),
    visible_with=("party_id", "about_id"),
    fields={
        "subject": _FOUND,
        "text": _FOUND,
        "address": _FOUND,
        **dict.fromkeys(
            ("name", "ours", "domain", "fresh", "html", "message_id", "in_reply_to", "earlier", "reply_to"),
            _PERSONAL,
        ),
        "answer": _PERSONAL,
        # Keys, codes, the sender's id and a keyed hash: what happened, and that it is not to happen again.
        **dict.fromkeys(("purpose", "template", "courier", "once", "reasons"), Field(personal=False)),
    },
)

TEMPLATE: Final = EntityType(
    name="email.template",
    model=Template,
    table=template_table,
    label="Mail template",
    display="key",
    owner="owner_id",
    orders=("key",),
    fields={"label": Field(searchable=True), "subject": Field(searchable=True)},
)

LANE: Final = EntityType(
    name="email.lane",
    model=Lane,
    table=lane_table,
    label="Domain of recipients",
    display="domain",
    orders=("domain", "-open_at"),
)
