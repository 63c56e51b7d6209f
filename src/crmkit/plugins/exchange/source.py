"""A file that is imported, whatever its format: what it is called, what it is, and its rows."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol

from attrs import frozen

from crmkit.plugins.exchange.failures import RowError
from crmkit.plugins.exchange.form import ImportedParty
from crmkit.plugins.exchange.model import LONGEST_NAME, ImportFormat
from crmkit.sdk import CrmkitError, ImportFileError

__all__ = ["File", "ReadRow", "Source"]

CHUNK = 1 << 20


@frozen(kw_only=True)
class ReadRow:
    """A row as it was read.

    Attributes:
        number: from 1, the header not counted; of a vCard file the number of the card.
        given: what it says; None if it could not be read.
        failure: why it could not be read; None if it could.
        raw: it as it stands in the file, in whatever form the source keeps it.
        position: how far the file has been read, in bytes.
    """

    number: int
    given: ImportedParty | None
    failure: RowError | None
    raw: Any
    position: int


class Source(Protocol):
    """A file of one format."""

    @property
    def file(self) -> File:
        """The file itself."""
        ...

    @property
    def format(self) -> ImportFormat:
        """The format."""
        ...

    def options(self) -> dict[str, Any]:
        """How rows are read, in JSON form; rows read with the same options are the same."""
        ...

    def rows(self) -> Iterator[ReadRow]:
        """The rows, from the first one on, in bounded memory."""
        ...

    def failure(self, row: ReadRow, error: CrmkitError) -> RowError:
        """What is wrong with a row that was read, with the place in the file."""
        ...

    def located(self, failure: RowError, row: ReadRow) -> RowError:
        """An error of a row that nobody but the file can place, with the place in the file."""
        ...

    def write_failures(self, out: BinaryIO, failures: Iterable[tuple[ReadRow, RowError]]) -> None:
        """Write rows with their errors, in the same format, so that they can be mended and imported."""
        ...


class File(AbstractContextManager["File"]):
    """A file with its size and digest.

    Args:
        given: a path, or a seekable binary file.
        name: what to call it; its own name by default.

    Attributes:
        name: without folders.
        path: where it is, if it was given as a path.
        stream: the open file.
        size: in bytes.
        digest: SHA-256.

    Raises:
        ImportFileError: if it cannot be opened or sought in.
    """

    def __init__(self, given: str | os.PathLike[str] | BinaryIO, *, name: str | None = None) -> None:
        self.path = Path(given) if isinstance(given, (str, os.PathLike)) else None
        own = str(self.path) if self.path is not None else str(getattr(given, "name", "") or "file")
        self.name = _printable(name or Path(own).name)[:LONGEST_NAME]
        try:
            self.stream: BinaryIO = open(given, "rb") if isinstance(given, (str, os.PathLike)) else given  # noqa: PTH123, SIM115  # closed by __exit__
            self.size, self.digest = self._surveyed()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise ImportFileError(self.name, f"cannot be read: {reason}") from None

    def _surveyed(self) -> tuple[int, str]:
        found = hashlib.sha256()
        self.stream.seek(0)
        while chunk := self.stream.read(CHUNK):
            found.update(chunk)
        size = self.stream.tell()
        self.stream.seek(0)
        return size, found.hexdigest()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self.path is not None:
            self.stream.close()


def _printable(name: str) -> str:
    """A name that says what it seems to say: without controls, and marks that turn the direction of writing."""
    return "".join(c for c in name if c.isprintable()) or "file"
