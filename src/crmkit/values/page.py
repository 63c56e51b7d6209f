"""Pages of records and the cursors between them."""

from __future__ import annotations

import base64
import binascii
import json
from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import frozen

from crmkit.errors import InvalidCursorError

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Cursor", "Page"]

T = TypeVar("T")


@frozen
class Cursor:
    """The place after which the next page begins.

    Attributes:
        order: the order that the page was sorted by, such as ``-updated_at``.
        key: the sort key of the last record shown, in JSON form.
        id: that record's id, as text; breaks ties.
    """

    order: str
    key: str | int | None
    id: str

    def encode(self) -> str:
        """A short text for URLs; opaque to callers."""
        return base64.urlsafe_b64encode(json.dumps([self.order, self.key, self.id]).encode()).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """The cursor that `encode` gave as ``text``.

        Raises:
            InvalidCursorError: if ``text`` is none.
        """
        try:
            order, key, id_ = json.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise InvalidCursorError(text[:80]) from None
        if not (isinstance(order, str) and isinstance(id_, str) and isinstance(key, str | int | None)):
            raise InvalidCursorError(text[:80])
        return cls(order, key, id_)


@frozen
class Page(Generic[T]):
    """Some records in order, and where the next ones begin.

    Attributes:
        items: the records of this page.
        next: pass it as ``after=`` for the next page; None on the last one.
    """

    items: tuple[T, ...]
    next: Cursor | None = None

    def __iter__(self) -> Iterator[T]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: int) -> T:
        return self.items[index]
