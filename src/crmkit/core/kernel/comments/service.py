"""The commands and queries of comments, and of notifications of whom they mention."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Final
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.access.others import readers_among
from crmkit.core.kernel.comments.events import ActorMentioned, CommentAdded, CommentEdited, CommentRemoved
from crmkit.core.kernel.comments.model import Comment, Notification
from crmkit.core.kernel.comments.queries import ADD, MARK, OWN, OWN_COMMENT, OWN_UNREAD, TOLD
from crmkit.core.kernel.comments.rules import mentioned
from crmkit.core.kernel.comments.tables import COMMENT, notification_table
from crmkit.core.kernel.entities.columns import codec_of
from crmkit.core.kernel.units.gate import EVERYBODY, Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.subjects import subject_of
from crmkit.errors import ForbiddenError, InvalidValueError, LimitExceededError, NotFoundError, StaleVersionError
from crmkit.values.criteria import f
from crmkit.values.ids import new_id
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from sqlalchemy import Column

__all__ = ["MOST_NOTIFICATIONS", "Comments", "Notifications"]

MOST_NOTIFICATIONS: Final = 500
"""How many notifications are listed at once."""
_CHUNK: Final = 100
_LAST: Final = UUID(int=(1 << 128) - 1)


class Comments(Service):
    """What colleagues have to say about any record: ``uow.comments``.

    Whoever may read a record may read its comments. They are not interactions: nothing of them is on a timeline.
    """

    @command("comment.add", permission="comment.create")
    def add(
        self,
        ref: Ref,
        body: str,
        *,
        mentions: Sequence[str] = (),
        reply_to: Annotated[UUID, Target("comment")] | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Comment:
        """Comment on a record, of whatever entity.

        Whoever is mentioned and may read the comment is notified. Whether anybody was is not told: it would say who
        may see the record. Nor is anybody notified later who gains the right to.

        Args:
            ref: the record.
            body: what to say, in plain text; ``@u-17`` mentions the actor ``u-17``.
            mentions: ids of further actors to mention.
            reply_to: the comment on the same record that this one replies to. Replies are one level deep: a reply to a
                reply joins the same conversation.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the record, or the comment replied to, is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the body is blank, the record is a comment itself or part of another record, the
                comment replied to is about another record, or a custom value does not fit its field.
            LimitExceededError: if the body has more than 20,000 characters, or mentions more than 50 actors.
        """  # raised by what this calls; callers want to know
        if ref.entity == COMMENT.name:
            raise InvalidValueError("ref", ref.entity, "is a comment; reply to it, on the record that it is about")
        subject_of(self.uow, ref)
        comment = Comment(
            subject=ref.entity,
            subject_id=ref.id,
            parent_id=None if reply_to is None else self._conversation(reply_to, ref),
            author_id=self.uow.actor.id,
            body=body,
            custom=custom,
        )
        ids = mentioned(comment.body, mentions)
        stored = self.records.add(comment)
        self.emit(CommentAdded(comment=stored.id, about=ref, author=stored.author_id, parent=stored.parent_id))
        self._notify(stored, ids)
        return stored

    @command("comment.edit", permission="comment.update")
    def edit(
        self,
        comment: Annotated[UUID, Target("comment")],
        body: str,
        *,
        mentions: Sequence[str] = (),
        version: int | None = None,
    ) -> Comment:
        """Change what one's own comment says; the old text stays in its history.

        Whoever is mentioned for the first time is notified, as by `add`.

        Args:
            comment: its id.
            body: what it is to say.
            mentions: ids of further actors to mention.
            version: the version that the author has read; whatever is stored by default.

        Raises:
            NotFoundError: if the comment is not there or hidden.
            ForbiddenError: if somebody else has written it.
            StaleVersionError: if it has moved on since ``version``.
            InvalidValueError: if the body is blank.
            LimitExceededError: if the body has more than 20,000 characters, or mentions more than 50 actors.
        """  # raised by what this calls; callers want to know
        before = self._work.get(COMMENT, comment)
        if before.author_id != self.uow.actor.id:
            raise ForbiddenError("comment.update", self.uow.actor.id, entity=COMMENT.name, id=comment)
        if version is not None and version != before.version:
            raise StaleVersionError(COMMENT.name, comment, expected=version, actual=before.version)
        after = evolve(before, body=body, edited_at=self.uow.now)
        ids = mentioned(after.body, mentions)
        if body == before.body:
            after = before
        else:
            after = self.records.update(before, after)
            self.emit(CommentEdited(comment=after.id, about=after.ref))
        self._notify(after, ids)
        return self._work.masked(COMMENT, after)

    @command("comment.remove", permission="comment.delete")
    def remove(self, comment: Annotated[UUID, Target("comment")]) -> None:
        """Remove a comment with its replies and attachments; undoing the unit of work brings all of it back.

        Authors may remove their own comments, stewards any. Replies that others have written need the right to remove
        those.

        Args:
            comment: its id.

        Raises:
            NotFoundError: if the comment is not there or hidden.
            ForbiddenError: if the actor may not remove it, or one of its replies.
        """  # raised by what this calls; callers want to know
        gone = self._work.get(COMMENT, comment)
        self.records.remove(gone)
        self.emit(CommentRemoved(comment=gone.id, about=gone.ref))

    @query("comment.of", permission=EVERYBODY)
    def of(
        self, ref: Ref, *, newest_first: bool = False, after: Cursor | None = None, limit: int = 50
    ) -> Page[Comment]:
        """The comments on a record, replies among them, in the order in which they were written.

        Args:
            ref: the record.
            newest_first: whether the latest comes first.
            after: the ``next`` of the page before.
            limit: how many at most, 1 to 1,000.

        Raises:
            NotFoundError: if the record is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the record is part of another record.
            LimitExceededError: if the limit is out of range.
            InvalidCursorError: if ``after`` belongs to another order.
        """  # raised by what this calls; callers want to know
        subject_of(self.uow, ref)
        where = (f.subject == ref.entity) & (f.subject_id == ref.id)
        return self.uow.find(COMMENT, where, order="-id" if newest_first else "id", limit=limit, after=after)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _conversation(self, comment: UUID, ref: Ref) -> UUID:
        """The comment that begins the conversation to which ``comment`` belongs.

        Raises:
            InvalidValueError: if that is about another record.
        """
        found = self._work.get(COMMENT, comment)
        if found.ref != ref:
            raise InvalidValueError("reply_to", comment, f"is about another record than {ref}")
        return found.parent_id or found.id

    def _notify(self, comment: Comment, ids: Iterable[str]) -> None:
        """Tell those of ``ids`` who may read the comment and have not been told of it; never its author."""
        wanted = [id_ for id_ in ids if id_ != comment.author_id]
        if not wanted:
            return
        work = self._work
        work.flush()  # a comment that is refused, or stale, tells nobody
        told = {actor for (actor,) in work.db.rows(TOLD, {"tenant": work.tenant, "comment": comment.id})}
        for actor in readers_among(work, (id_ for id_ in wanted if id_ not in told), COMMENT, comment):
            notification = new_id()
            row = {"tenant_id": work.tenant, "id": notification, "actor_id": actor.id, "comment_id": comment.id}
            work.db.run(ADD, {**row, "at": work.now, "read_at": None})
            self.emit(ActorMentioned(comment=comment.id, about=comment.ref, actor=actor.id, notification=notification))


class Notifications(Service):
    """Where the actor was mentioned: ``uow.notifications``. Each is its actor's alone, whatever rights others have.

    One whose comment is gone, or which the actor may not read any more, is not shown.
    """

    @query("notification.mine", permission=EVERYBODY)
    def mine(self, *, unread: bool = False, before: UUID | None = None, limit: int = 50) -> tuple[Notification, ...]:
        """The actor's own notifications, the latest first.

        Args:
            unread: only those that are not marked as read.
            before: only those before this one.
            limit: how many at most, 1 to 500.

        Raises:
            LimitExceededError: if the limit is out of range.
        """
        if not 1 <= limit <= MOST_NOTIFICATIONS:
            raise LimitExceededError("notifications in a list", MOST_NOTIFICATIONS, got=limit)
        found: list[Notification] = []
        place = before or _LAST
        while len(found) < limit:
            told = self._told(place, unread=unread)
            comments = self._seen([comment for _, comment, _, _ in told])
            found += [
                Notification(id=id_, comment=comments[comment], at=at, read_at=read_at)
                for id_, comment, at, read_at in told
                if comment in comments
            ]
            if len(told) < _CHUNK:
                break
            place = told[-1][0]
        return tuple(found[:limit])

    @command("notification.mark_read", permission=EVERYBODY)
    def mark_read(self, notification: UUID) -> None:
        """Mark one of the actor's own notifications as read; one that is read already stays as it is.

        Args:
            notification: its id.

        Raises:
            NotFoundError: if the actor has no such notification, or may not read the comment any more.
        """
        work = self._work
        params = {"tenant": work.tenant, "actor": self.uow.actor.id, "notification": notification}
        to_id = _reader(notification_table.c.comment_id, work.db.dialect)
        if not self._seen([to_id(comment) for (comment,) in work.db.rows(OWN_COMMENT, params)]):
            raise NotFoundError("notification", notification)
        work.db.run(MARK, {**params, "now": self.uow.now})

    def _seen(self, ids: Sequence[UUID]) -> dict[UUID, Comment]:
        """Those of the comments that are there and that the actor may see, each with its record.

        Asked one by one: what a comment is about may be of any kind, and a filter over all kinds takes longer.
        """
        work = self._work
        found = work.store(COMMENT).read_many(work.db, work.tenant, ids)
        return {id_: work.masked(COMMENT, comment) for id_, comment in found.items() if work.sees(COMMENT, comment)}

    def _told(self, place: UUID, *, unread: bool) -> list[tuple[UUID, UUID, datetime, datetime | None]]:
        """Id, comment, instant and instant of reading of the notifications before ``place``, the latest first."""
        work = self._work
        work.flush()
        params = {"tenant": work.tenant, "actor": self.uow.actor.id, "before": place, "most": _CHUNK}
        to_id, to_instant = (_reader(notification_table.c[name], work.db.dialect) for name in ("id", "at"))
        return [
            (to_id(id_), to_id(comment), to_instant(at), None if read_at is None else to_instant(read_at))
            for id_, comment, at, read_at in work.db.rows(OWN_UNREAD if unread else OWN, params)
        ]


def _reader(column: Column[Any], dialect: str) -> Callable[[Any], Any]:
    return codec_of(column.type, dialect).from_driver or _as_it_is


def _as_it_is(value: Any) -> Any:
    return value
