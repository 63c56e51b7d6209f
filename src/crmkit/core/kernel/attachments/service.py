"""The commands and queries of attachments."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, BinaryIO, Final
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.attachments.events import AttachmentAdded, AttachmentRemoved, AttachmentRenamed
from crmkit.core.kernel.attachments.model import Attachment
from crmkit.core.kernel.attachments.rules import clean_name
from crmkit.core.kernel.attachments.store import Incoming
from crmkit.core.kernel.attachments.tables import ATTACHMENT
from crmkit.core.kernel.attachments.turns import attaching
from crmkit.core.kernel.units.gate import EVERYBODY, Target, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.core.kernel.units.subjects import subject_of
from crmkit.errors import FieldForbiddenError, FileMissingError, RetryableStorageError, StorageError
from crmkit.values.criteria import f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["Attachments"]

_COMMENT: Final = "comment"
_UNKNOWN: Final = "application/octet-stream"


class Attachments(Service):
    """Files that hang on any record or comment: ``uow.attachments``.

    Whoever may read a record may read its attachments. What a file is called and of which type it is says whoever
    uploads it, and nobody looks into it: hand it out as a download, never as a page of your own site.
    """

    @command("attachment.attach", permission="attachment.create")
    def attach(
        self,
        ref: Ref,
        *,
        name: str,
        content: bytes | BinaryIO,
        media_type: str = _UNKNOWN,
        custom: Mapping[str, Any] | None = None,
    ) -> Attachment:
        """Attach a file to a record, of whatever entity, or to a comment.

        The content is stored before the row: if the unit of work fails, what is left of it in the store belongs to
        nobody, and ``crmkit files clean`` removes it. On SQLite nobody else can write while it is read, so a stream
        should not wait for a network.

        Args:
            ref: the record, or the comment.
            name: what the file is called; kept without folders and invisible characters.
            content: the bytes, or a binary stream, which is read to its end in pieces and not closed.
            media_type: such as ``application/pdf``.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the record is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the media type is none, the content gives no bytes, the record is part of another, or
                a custom value does not fit its field.
            LimitExceededError: if there is more than ``files.max_size`` allows; nothing of it is kept.
            StorageError: if the store fails.
            RetryableStorageError: if an erasure has removed the same content meanwhile.
        """  # raised by what this calls; callers want to know
        about, comment = self._subject(ref)
        work, store = self._work, self._work.runtime.files
        attachment = Attachment(
            subject=about.entity,
            subject_id=about.id,
            comment_id=comment,
            name=clean_name(name),
            media_type=media_type,
            size=0,
            sha256="0" * 64,
            uploaded_by=self.uow.actor.id,
            custom=custom,
        )
        incoming = Incoming(content, limit=work.runtime.config.files.max_size)
        store.put(work.tenant, incoming)
        if not incoming.ended:
            raise StorageError(f"the file store {store!r} did not take all of a file")
        attaching(work.db, work.tenant, incoming.sha256)
        if not store.exists(work.tenant, incoming.sha256):
            raise RetryableStorageError("the same content was removed by an erasure meanwhile; attach it again")
        stored = self.records.add(evolve(attachment, size=incoming.size, sha256=incoming.sha256))
        self.emit(
            AttachmentAdded(
                attachment=stored.id,
                about=about,
                comment=comment,
                media_type=stored.media_type,
                size=stored.size,
            )
        )
        return stored

    @command("attachment.rename", permission="attachment.update")
    def rename(self, attachment: Annotated[UUID, Target("attachment")], name: str) -> Attachment:
        """Give an attachment another name; its content stays what it is.

        Args:
            attachment: its id.
            name: what to call it; kept without folders and invisible characters.

        Raises:
            NotFoundError: if it is not there or hidden.
            ForbiddenError: if somebody else has attached it, and the actor may not change it.
        """  # raised by what this calls; callers want to know
        before = self._work.get(ATTACHMENT, attachment)
        after = self.records.update(before, evolve(before, name=clean_name(name)))
        if after.version != before.version:
            self.emit(AttachmentRenamed(attachment=after.id, about=after.ref))
        return self._work.masked(ATTACHMENT, after)

    @command("attachment.remove", permission="attachment.delete")
    def remove(self, attachment: Annotated[UUID, Target("attachment")]) -> None:
        """Remove an attachment. Its content is kept as long as history names it, so that this can be undone.

        Args:
            attachment: its id.

        Raises:
            NotFoundError: if it is not there or hidden.
            ForbiddenError: if somebody else has attached it, and the actor may not remove it.
        """  # raised by what this calls; callers want to know
        gone = self._work.get(ATTACHMENT, attachment)
        self.records.remove(gone)
        self.emit(AttachmentRemoved(attachment=gone.id, about=gone.ref))

    @query("attachment.open", permission=EVERYBODY)
    def open(self, attachment: Annotated[UUID, Target("attachment")]) -> BinaryIO:
        """The content of an attachment, as a binary stream that the caller closes.

        Args:
            attachment: its id.

        Raises:
            NotFoundError: if it is not there or hidden.
            FieldForbiddenError: if the actor may not read which content it has.
            FileMissingError: if the store does not have the content.
        """
        work = self._work
        found = work.get(ATTACHMENT, attachment)
        if "sha256" in work.hidden(ATTACHMENT):
            raise FieldForbiddenError(
                "attachment.read", work.actor.id, entity=ATTACHMENT.name, field="sha256", id=found.id
            )
        try:
            return work.runtime.files.open(work.tenant, found.sha256)
        except FileNotFoundError:
            raise FileMissingError(found.id, found.sha256) from None

    @query("attachment.of", permission=EVERYBODY)
    def of(self, ref: Ref, *, after: Cursor | None = None, limit: int = 50) -> Page[Attachment]:
        """The files attached to a record, without those of its comments; or those of a comment. The oldest first.

        Args:
            ref: the record, or the comment.
            after: the ``next`` of the page before.
            limit: how many at most, 1 to 1,000.

        Raises:
            NotFoundError: if the record is not there or hidden.
            UnknownFieldError: if there is no such entity; names the nearest one.
            InvalidValueError: if the record is part of another record.
            LimitExceededError: if the limit is out of range.
            InvalidCursorError: if ``after`` belongs to another order.
        """  # raised by what this calls; callers want to know
        about, comment = self._subject(ref)
        where = (f.subject == about.entity) & (f.subject_id == about.id)
        where &= f.comment_id.is_empty() if comment is None else f.comment_id == comment
        return self.uow.find(ATTACHMENT, where, order="id", limit=limit, after=after)

    def _subject(self, ref: Ref) -> tuple[Ref, UUID | None]:
        """The record that something is attached to, and the comment on it, if it is that."""
        found: Any = subject_of(self.uow, ref)
        return (found.ref, ref.id) if ref.entity == _COMMENT else (ref, None)
