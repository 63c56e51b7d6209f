"""The table of comments, with its entity, and that of notifications, which are facts."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Index, PrimaryKeyConstraint, Table, UniqueConstraint

from crmkit.core.kernel.comments.model import Comment
from crmkit.core.kernel.entities.columns import Id, Instant, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["COMMENT", "comment_table", "notification_table"]

comment_table = entity_table(
    "crm_comment",
    metadata,
    any_ref(inverse="comments", on_merge="repoint", on_erase="keep", on_delete="delete"),
    ref("comment", "parent_id", inverse="replies", nullable=True, on_erase="keep", on_delete="delete"),
    Column("author_id", Text(), nullable=False),
    Column("body", Text(), nullable=False),
    Column("edited_at", Instant()),
)

COMMENT: Final = EntityType(
    name="comment",
    model=Comment,
    table=comment_table,
    label="Comment",
    display="body",
    owner="author_id",
    visible_with="subject_id",
    goes_with="subject_id",
    orders=("id",),
    fields={"body": Field(data_class="personal", searchable=True)},
)

notification_table = Table(
    "crm_notification",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("id", Id(), nullable=False),
    Column("actor_id", Text(), nullable=False),
    Column("comment_id", Id(), nullable=False, info={"of": "comment"}),
    Column("at", Instant(), nullable=False),
    Column("read_at", Instant()),
    PrimaryKeyConstraint("tenant_id", "id"),
    # Nobody is told twice of one comment, however often it is edited.
    UniqueConstraint("tenant_id", "comment_id", "actor_id"),
)
Index(
    "ix_crm_notification_actor", notification_table.c.tenant_id, notification_table.c.actor_id, notification_table.c.id
)
