"""What an attachment is."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.core.kernel.attachments.rules import check_media_type, check_sha256, clean_name
from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidValueError
from crmkit.values.checks import key, text
from crmkit.values.ref import Ref

__all__ = ["Attachment"]

MAX_ACTOR: Final = 1_000


def _clean(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or clean_name(value) != value:
        raise InvalidValueError(attribute.name, value, "is no clean file name; see clean_name")


def _size(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InvalidValueError(attribute.name, value, "is no number of bytes, 0 or more")


@frozen(kw_only=True)
class Attachment(Record):
    """A file that hangs on a record or on a comment. Its content never changes; its name may.

    Attributes:
        subject: the entity of the record that it hangs on, such as ``deal``; of a comment's file, of the record that
            the comment is about.
        subject_id: that record's id.
        comment_id: the comment that it belongs to; None if it hangs on the record itself.
        name: the file's name, for people only; where the content is kept has nothing to do with it.
        media_type: such as ``application/pdf``, as whoever uploaded it says; nothing has looked whether it is true.
        size: of the content, in bytes.
        sha256: SHA-256 of the content, in hexadecimal digits (FIPS 180-4).
        uploaded_by: the actor who attached it.
    """

    subject: str = field(validator=key)
    subject_id: UUID
    comment_id: UUID | None = None
    name: str = field(validator=_clean)
    media_type: str = field(validator=check_media_type)
    size: int = field(validator=_size)
    sha256: str = field(validator=check_sha256)
    uploaded_by: str = field(validator=text(MAX_ACTOR))

    @property
    def ref(self) -> Ref:
        """The record that it hangs on, or that its comment is about."""
        return Ref(self.subject, self.subject_id)
