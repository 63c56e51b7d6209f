"""A `FileStore` that is a folder: ``<folder>/<tenant>/ab/cd/abcd...``, named by the SHA-256 of each content."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

from crmkit.core.kernel.attachments.rules import is_sha256
from crmkit.core.kernel.attachments.store import StoredFile
from crmkit.core.kernel.deployment.tenants import check_tenant_id
from crmkit.errors import InvalidValueError, StorageError
from crmkit.values.ids import new_id

if TYPE_CHECKING:
    from crmkit.core.kernel.attachments.store import Incoming

__all__ = ["FolderStore"]

_ARRIVING: Final = "arriving"
_LEAVING: Final = "leaving"
_NEW: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


class FolderStore:
    """Keeps contents in a folder, which is made when the first one arrives. May be shared by processes of one user.

    A content is written to a file of its own, forced to disk and renamed, so that whatever happens, under its name
    there is all of it or nothing.

    Args:
        folder: where; relative to the working directory.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self.folder = Path(folder)

    def __repr__(self) -> str:
        return f"FolderStore({str(self.folder)!r})"

    def put(self, tenant: str, content: Incoming) -> None:
        """See `FileStore.put`.

        Raises:
            StorageError: if it cannot be written, as where the disk is full.
        """  # by _failing_clearly
        arriving = self._place(tenant, f"{_ARRIVING}-{new_id().hex}")
        try:
            self._write(arriving, content)
            final = self._place(tenant, content.sha256)
            with _failing_clearly("store"):
                self._make(final.parent)
                arriving.replace(final)
                _sync_folder(final.parent)
        finally:
            arriving.unlink(missing_ok=True)

    def open(self, tenant: str, sha256: str) -> BinaryIO:
        """See `FileStore.open`.

        Raises:
            FileNotFoundError: if it is not there.
            StorageError: if it cannot be read.
        """
        place = self._place(tenant, sha256)
        try:
            return place.open("rb")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageError(f"cannot open a file: {error.strerror or error}") from error

    def exists(self, tenant: str, sha256: str) -> bool:
        """See `FileStore.exists`."""
        return self._place(tenant, sha256).is_file()

    def delete(self, tenant: str, key: str, *, before: datetime | None = None) -> bool:
        """See `FileStore.delete`.

        Raises:
            StorageError: if it cannot be removed.
        """  # by _failing_clearly
        place, leaving = self._place(tenant, key), self._place(tenant, f"{_LEAVING}-{new_id().hex}")
        with _failing_clearly("remove"):
            # Taken away first and looked at then: whoever puts the same content meanwhile finds its place free.
            try:
                place.replace(leaving)
            except FileNotFoundError:
                return False
            if before is not None and leaving.stat().st_mtime >= before.timestamp():
                leaving.replace(place)
                return False
            leaving.unlink()
        return True

    def iterate(self, tenant: str) -> Iterator[StoredFile]:
        """See `FileStore.iterate`."""
        top = self._of(tenant)
        for folder, _, names in os.walk(top):
            for name in names:
                with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                    found = Path(folder, name).stat()
                    at = datetime.fromtimestamp(found.st_mtime, UTC)
                    yield StoredFile(key=name, size=found.st_size, stored_at=at)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _of(self, tenant: str) -> Path:
        return self.folder / check_tenant_id(tenant)

    def _place(self, tenant: str, key: str) -> Path:
        """Where what has this key is.

        Raises:
            InvalidValueError: if it is no key of this store.
        """
        if is_sha256(key):
            return self._of(tenant) / key[:2] / key[2:4] / key
        kind, _, rest = key.partition("-")
        if kind not in {_ARRIVING, _LEAVING} or not rest.isalnum():
            raise InvalidValueError("key", key, "is neither a SHA-256 nor an upload that never ended")
        return self._of(tenant) / key

    def _write(self, place: Path, content: Incoming) -> None:
        with _failing_clearly("store"):
            self._make(place.parent)
            file = os.fdopen(os.open(place, _NEW, 0o600), "wb")  # which no other user of the machine may read
        with file:
            for chunk in content:  # its own errors are not the store's
                with _failing_clearly("store"):
                    file.write(chunk)
            with _failing_clearly("store"):
                file.flush()
                os.fsync(file.fileno())

    def _make(self, folder: Path) -> None:
        """Make a folder of the store, so that it is there after a crash, too."""
        if folder.is_dir():
            return
        if folder not in {self.folder, self.folder.parent}:
            self._make(folder.parent)
        folder.mkdir(mode=0o700, parents=folder == self.folder, exist_ok=True)
        _sync_folder(folder.parent)


@contextlib.contextmanager
def _failing_clearly(what: str) -> Generator[None]:
    """Tell of an error of the system as one of the store.

    Raises:
        StorageError: in its place.
    """
    try:
        yield
    except OSError as error:
        raise StorageError(f"cannot {what} a file: {error.strerror or error}") from error


def _sync_folder(folder: Path) -> None:
    """Force the names in a folder to disk, where the system can."""
    if os.name == "nt":  # pragma: no cover  # folders cannot be opened there
        return
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
