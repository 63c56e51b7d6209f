"""What the kernel registers for comments; an area, although it knows no CRM noun."""

from __future__ import annotations

from typing import Final

from crmkit.core.kernel.comments.events import ActorMentioned, CommentAdded, CommentEdited, CommentRemoved
from crmkit.core.kernel.comments.service import Comments, Notifications
from crmkit.core.kernel.comments.tables import COMMENT
from crmkit.core.kernel.plugins.plugin import Area

__all__ = ["COMMENTS"]


class CommentsArea(Area):
    """Comments on any record, and notifications of whom they mention."""

    id = "comments"
    entities = (COMMENT,)
    services = (Comments, Notifications)
    events = (ActorMentioned, CommentAdded, CommentEdited, CommentRemoved)


COMMENTS: Final = CommentsArea()
