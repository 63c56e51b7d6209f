"""What a comment is, and what it means to be told of one."""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from crmkit.core.kernel.entities.entity import Record
from crmkit.values.checks import in_utc_or_none, instant, key, text
from crmkit.values.ref import Ref

__all__ = ["MAX_BODY", "Comment", "Notification"]

MAX_BODY: Final = 20_000
"""Characters in a comment."""
MAX_ACTOR: Final = 1_000


@frozen(kw_only=True)
class Comment(Record):
    """What somebody has to say about a record, for colleagues. Only its author changes it; history keeps the old text.

    Attributes:
        subject: the entity of the record that it is about, such as ``deal``.
        subject_id: that record's id.
        parent_id: the comment that it replies to; None for one that begins a conversation. Replies are one level deep.
        author_id: the actor who wrote it.
        body: what it says, in plain text.
        edited_at: when the author changed it last, UTC; None if never.
    """

    subject: str = field(validator=key)
    subject_id: UUID
    parent_id: UUID | None = None
    author_id: str = field(validator=text(MAX_ACTOR))
    body: str = field(validator=text(MAX_BODY))
    edited_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=optional(instant))

    @property
    def ref(self) -> Ref:
        """The record that it is about."""
        return Ref(self.subject, self.subject_id)


@frozen(kw_only=True)
class Notification:
    """That a comment mentions the actor who reads this.

    Attributes:
        id: its own.
        comment: the comment, as it is now.
        at: when the actor was mentioned, UTC.
        read_at: when the actor marked it as read, UTC; None if not yet.
    """

    id: UUID
    comment: Comment
    at: datetime
    read_at: datetime | None

    @property
    def ref(self) -> Ref:
        """The record that the comment is about."""
        return self.comment.ref
