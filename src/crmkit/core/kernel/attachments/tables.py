"""The table of attachments, and its entity."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column

from crmkit.core.kernel.attachments.model import Attachment
from crmkit.core.kernel.entities.columns import Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Field
from crmkit.core.kernel.entities.table import any_ref, entity_table, ref
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["ATTACHMENT", "attachment_table"]

attachment_table = entity_table(
    "crm_attachment",
    metadata,
    any_ref(inverse="attachments", on_merge="repoint", on_erase="delete", on_delete="delete"),
    ref("comment", inverse="attachments", nullable=True, on_erase="delete", on_delete="delete"),
    Column("name", Text(), nullable=False),
    Column("media_type", Text(), nullable=False),
    Column("size", Integer(), nullable=False),
    Column("sha256", Text(), nullable=False),
    Column("uploaded_by", Text(), nullable=False),
    # Whether anything still refers to a content, and every content once.
    indexes=[("sha256", "id")],
)

ATTACHMENT: Final = EntityType(
    name="attachment",
    model=Attachment,
    table=attachment_table,
    label="Attachment",
    display="name",
    owner="uploaded_by",
    # A comment is seen by whoever sees its record, so to see that is enough for what belongs to the comment, too.
    visible_with="subject_id",
    goes_with=("subject_id", "comment_id"),
    orders=("id",),
    fields={
        "name": Field(data_class="personal", searchable=True),
        "media_type": Field(personal=False),
        # What erasure removes from history too, so that the content can go: nothing names it any more.
        "sha256": Field(label="SHA-256", data_class="personal"),
    },
)
