"""What happened to comments."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.ref import Ref

__all__ = ["ActorMentioned", "CommentAdded", "CommentEdited", "CommentRemoved"]


@frozen(kw_only=True)
class CommentAdded(Event):
    """Somebody commented on a record.

    Attributes:
        comment: the comment's id.
        about: the record.
        author: id of the actor who wrote it.
        parent: the comment that it replies to; None for one that begins a conversation.
    """

    comment: UUID
    about: Ref
    author: str
    parent: UUID | None = None


@frozen(kw_only=True)
class CommentEdited(Event):
    """The author of a comment changed what it says.

    Attributes:
        comment: the comment's id.
        about: the record that it is about.
    """

    comment: UUID
    about: Ref


@frozen(kw_only=True)
class CommentRemoved(Event):
    """A comment was removed, with its replies and attachments.

    Attributes:
        comment: the comment's id.
        about: the record that it was about.
    """

    comment: UUID
    about: Ref


@frozen(kw_only=True)
class ActorMentioned(Event):
    """A comment mentions an actor who may read it. Of others that a text names, nothing is told.

    Subscribe durably to deliver it: by mail, chat or whatever the application has.

    Attributes:
        comment: the comment's id.
        about: the record that it is about.
        actor: id of the actor who is mentioned; who wrote it is the event's origin.
        notification: id of the notification that the actor has in crmkit.
    """

    comment: UUID
    about: Ref
    actor: str
    notification: UUID
