"""Where contents are kept: what the host may supply, and what crmkit hands to it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime
from typing import BinaryIO, Final, Protocol

from attrs import frozen

from crmkit.errors import InvalidValueError, LimitExceededError

__all__ = ["CHUNK", "FileStore", "Incoming", "StoredFile"]

CHUNK: Final = 1 << 16
"""How many bytes are held in memory at a time."""


@frozen(kw_only=True)
class StoredFile:
    """Something that a store keeps.

    Attributes:
        key: the SHA-256 of the content in hexadecimal digits; for what is left of an upload that never ended, a name
            of the store's own.
        size: in bytes.
        stored_at: when it was put there last, UTC.
    """

    key: str
    size: int
    stored_at: datetime


class Incoming:
    """A content on its way into a store, in chunks; counted and hashed as it passes.

    Args:
        content: the bytes, or a binary stream, which is read from where it stands and not closed.
        limit: how many bytes it may have at most.
    """

    def __init__(self, content: bytes | BinaryIO, *, limit: int) -> None:
        self._content, self._limit = content, limit
        self._hash, self._size, self._ended = hashlib.sha256(), 0, False

    def __iter__(self) -> Iterator[bytes]:
        """The chunks, each of at most `CHUNK` bytes where the stream keeps to what it is asked for.

        Raises:
            InvalidValueError: if it is neither bytes nor a binary stream.
            LimitExceededError: if it is too large; raised before more than that was taken.
        """
        for chunk in self._chunks():
            self._size += len(chunk)
            if self._size > self._limit:
                raise LimitExceededError("bytes in a file", self._limit)
            self._hash.update(chunk)
            yield chunk
        self._ended = True

    @property
    def ended(self) -> bool:
        """Whether all of it has passed."""
        return self._ended

    @property
    def sha256(self) -> str:
        """The hash of what has passed, in hexadecimal digits; of the whole content once it has ended."""
        return self._hash.hexdigest()

    @property
    def size(self) -> int:
        """How many bytes have passed."""
        return self._size

    def _chunks(self) -> Iterator[bytes]:
        content = self._content
        if isinstance(content, bytes | bytearray | memoryview):
            whole = memoryview(content).cast("B")
            yield from (bytes(whole[start : start + CHUNK]) for start in range(0, len(whole), CHUNK))
            return
        read = getattr(content, "read", None)
        if read is None:
            raise InvalidValueError("content", type(content).__name__, "is neither bytes nor a binary stream")
        while True:
            chunk = read(CHUNK)
            if not isinstance(chunk, bytes | bytearray | memoryview):
                way = "open the file in binary mode, and wait for what does not block"
                raise InvalidValueError("content", type(chunk).__name__, f"is what reading it gives, not bytes; {way}")
            if not len(chunk):
                return
            yield bytes(chunk)


class FileStore(Protocol):
    """Keeps contents by tenant and SHA-256. crmkit brings `FolderStore`; a host may hand over its own to `CRM`.

    What one tenant has stored is never found under another, though the content is the same. A content never changes.
    Whatever fails in the store itself is raised as `crmkit.errors.StorageError`.
    """

    def put(self, tenant: str, content: Incoming) -> None:
        """Keep a content, and only when it has ended, so that nobody finds a part of it; again if it is there already.

        The key is ``content.sha256``, which is known only once all of it has passed. If that raises, nothing is kept,
        and the error is raised on. The content must be safe on disk, or whatever it is, when this returns: the row that
        names it is committed afterwards.
        """
        ...

    def open(self, tenant: str, sha256: str) -> BinaryIO:
        """The content as a binary stream, which the caller closes.

        Raises:
            FileNotFoundError: if it is not there.
        """
        ...

    def exists(self, tenant: str, sha256: str) -> bool:
        """Whether the content is there."""
        ...

    def delete(self, tenant: str, key: str, *, before: datetime | None = None) -> bool:
        """Remove what has this key, unless it was put there since ``before``, if that is given; whether it was removed.

        An erasure gives none: what it removes goes at once, whatever the store's clock says.
        """
        ...

    def iterate(self, tenant: str) -> Iterator[StoredFile]:
        """Everything that is kept for a tenant, leftovers of uploads that never ended among it; in any order."""
        ...
