"""What happened to attachments."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.ref import Ref

__all__ = ["AttachmentAdded", "AttachmentRemoved", "AttachmentRenamed"]


@frozen(kw_only=True)
class AttachmentAdded(Event):
    """A file was attached to a record or to a comment.

    Attributes:
        attachment: the attachment's id.
        about: the record that it hangs on, or that its comment is about.
        comment: the comment; None if it hangs on the record itself.
        media_type: as whoever uploaded it says.
        size: in bytes.
    """

    attachment: UUID
    about: Ref
    comment: UUID | None
    media_type: str
    size: int


@frozen(kw_only=True)
class AttachmentRenamed(Event):
    """An attachment was given another name.

    Attributes:
        attachment: the attachment's id.
        about: the record that it hangs on, or that its comment is about.
    """

    attachment: UUID
    about: Ref


@frozen(kw_only=True)
class AttachmentRemoved(Event):
    """An attachment was removed; its content is kept, so that this can be undone.

    Attributes:
        attachment: the attachment's id.
        about: the record that it hung on, or that its comment is about.
    """

    attachment: UUID
    about: Ref
