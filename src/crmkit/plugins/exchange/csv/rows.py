"""Reading rows in bounded memory; a row that cannot be read is an error of that row, and the next one is read."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Final, TextIO

from attrs import frozen

__all__ = ["LONGEST_ROW", "RawRow", "raw_rows"]

LONGEST_ROW: Final = 1 << 20
"""Characters in a row; more is read over, not kept."""
MOST_LINES: Final = 1_000
"""Lines in a row, whose quoted cells may have line breaks."""

_DAMAGED: Final = "\udc80", "\udcff"  # how octets look that could not be decoded (PEP 383)


@frozen
class RawRow:
    """One row as it stands in the file.

    Attributes:
        line: the number of its first line, from 1.
        cells: none, if it could not be read.
        error: why it could not be read; None if it was.
        is_too_long: whether that is because it is longer than a row may be.
    """

    line: int
    cells: tuple[str, ...]
    error: str | None = None
    is_too_long: bool = False


def raw_rows(text: TextIO, *, delimiter: str) -> Iterator[RawRow]:
    """The rows of a file that are not blank, its header among them.

    A quote that is never closed spoils its own row only: the lines that it would swallow are read again.

    Args:
        text: opened with ``newline=""``.
        delimiter: between cells.
    """
    lines = _Lines(text)
    while True:
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        try:
            for cells in reader:
                line = lines.settle()
                if any(cells):
                    yield RawRow(line, tuple(cells), _damage(cells))
        except (csv.Error, _UnreadableError) as error:
            yield RawRow(lines.rewind(), (), _reason(error), isinstance(error, _TooLongError))
        else:
            return


def _damage(cells: list[str]) -> str | None:
    if any(not cell.isascii() and any(_DAMAGED[0] <= c <= _DAMAGED[1] for c in cell) for cell in cells):
        return "contains bytes that are no text in the file's encoding"
    return None


def _reason(error: Exception) -> str:
    if isinstance(error, _UnreadableError):
        return str(error)
    if "end of data" in str(error):
        return "has a quote that is never closed"
    return f"cannot be read: {error}"


class _UnreadableError(Exception):
    """A row goes on for too long."""


class _TooLongError(_UnreadableError):
    """A line is too long by itself."""


class _Lines:
    """The lines of a file as `csv.reader` wants them, remembered until their row is settled, to be read again."""

    def __init__(self, text: TextIO) -> None:
        self._read = text.readline
        self._again: list[str | None] = []  # in reverse; None is a line that was too long to keep
        self._taken: list[str] = []
        self._size = 0
        self._line = 0

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        line = self._again.pop() if self._again else self._next()
        if line is None and not self._taken:
            self._line += 1
            raise _TooLongError(f"is longer than {LONGEST_ROW} characters, the most that a row may have")
        self._size += len(line or "")
        if line is None or self._size > LONGEST_ROW or len(self._taken) >= MOST_LINES:
            self._again.append(line)
            raise _UnreadableError("has a quote that is not closed for too long")
        if not line:
            raise StopIteration
        self._taken.append(line)
        return line

    def _next(self) -> str | None:
        line = self._read(LONGEST_ROW + 1)
        if len(line) <= LONGEST_ROW:
            return line
        while line and line[-1] not in "\r\n":
            line = self._read(LONGEST_ROW)
        return None

    def settle(self) -> int:
        """Forget the lines of a row that was read; the number of its first one."""
        first = self._line + 1
        self._line += len(self._taken)
        self._taken.clear()
        self._size = 0
        return first

    def rewind(self) -> int:
        """Give up the first line of a row that could not be read, and read the others again; the number of that one."""
        self._again.extend(reversed(self._taken[1:]))
        self._line += bool(self._taken)
        self._taken.clear()
        self._size = 0
        return self._line
