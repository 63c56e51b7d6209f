"""Splitting a file into cards, one by one and in bounded memory, whatever the file contains."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Final

from attrs import define, field, frozen

__all__ = ["RawCard", "raw_cards"]

MOST_NESTED: Final = 8
"""How deep an agent may have an agent (2.1 writes the card of an AGENT into the card itself)."""

LONGEST_MARK: Final = 64
"""Bytes: a longer line is neither BEGIN nor END nor AGENT, and need not be looked at."""

BEGIN: Final = b"BEGIN:VCARD"
END: Final = b"END:VCARD"


@frozen(kw_only=True)
class RawCard:
    """One card as it stands in the file, not looked into yet.

    Attributes:
        number: its place in the file, from 1.
        line: the number of its first line, from 1.
        octets: all of it, but for what is past the limit.
        error: why it cannot be a card; None if nothing is known against it.
        end: the place in the file after it, in bytes.
    """

    number: int
    line: int
    octets: bytes
    error: str | None = None
    end: int = 0


def raw_cards(file: BinaryIO, *, limit: int) -> Iterator[RawCard]:
    """The cards of a file in UTF-8 or an older encoding; text between cards comes as a card with an error.

    Args:
        file: read from where it stands, never further at once than the limit.
        limit: bytes that a card may have; more is read over, not kept.
    """
    number = 0
    current: _Collected | None = None
    for line in _lines(file, limit):
        if current is not None and current.ends_before(line):
            number += 1
            yield current.finished(number)
            current = None
        if current is None:
            if not line.text.strip():
                continue
            current = _Collected.beginning_with(line)
        current.take(line, limit)
        if line.mark == END and not current.depth:
            number += 1
            yield current.finished(number)
            current = None
    if current is not None:
        yield current.finished(number + 1)


@frozen
class _Line:
    """A line, or a piece of one that is longer than the limit.

    Attributes:
        number: of the line in the file, from 1.
        text: with its end.
        mark: BEGIN, END or AGENT in upper case, if it can be one of them.
        end: the place in the file after it, in bytes.
    """

    number: int
    text: bytes
    mark: bytes
    end: int


def _lines(file: BinaryIO, limit: int) -> Iterator[_Line]:
    number = end = 0
    whole = True
    while text := file.readline(limit + 1):
        number += whole
        end += len(text)
        short = whole and len(text) < LONGEST_MARK
        mark = text.strip().removeprefix(b"\xef\xbb\xbf").upper() if short else b""
        whole = text.endswith(b"\n")
        yield _Line(number, text, mark, end)


@define
class _Collected:
    """A card, or the text between cards, of which more may follow.

    Attributes:
        line: the number of its first line.
        error: the first thing that is wrong with it.
        lines: what was kept.
        size: bytes, kept or not.
        depth: how many cards are open; 0 in the text between cards.
        agent: whether the line before announced the card of an agent.
        end: the place in the file after it.
    """

    line: int
    error: str | None
    lines: list[bytes] = field(factory=list)
    size: int = 0
    depth: int = 0
    agent: bool = False
    end: int = 0

    @classmethod
    def beginning_with(cls, line: _Line) -> _Collected:
        stray = "is text outside of a card; a card goes from BEGIN:VCARD to END:VCARD"
        return cls(line.number, None if line.mark == BEGIN else stray)

    def ends_before(self, line: _Line) -> bool:
        """Whether ``line`` begins another card, although this one may not have ended."""
        return line.mark == BEGIN and not (self.agent and self.depth < MOST_NESTED)

    def take(self, line: _Line, limit: int) -> None:
        self.end = line.end
        self.size += len(line.text)
        if self.size <= limit:
            self.lines.append(line.text)
        elif self.error is None:
            self.error = f"is larger than {limit} bytes, the most that a card may have"
        if line.mark == BEGIN:
            self.depth += 1
        elif line.mark == END:
            self.depth = max(0, self.depth - 1)
        if line.mark:
            self.agent = self.depth > 0 and line.mark.startswith(b"AGENT") and line.mark.endswith(b":")

    def finished(self, number: int) -> RawCard:
        unended = "has no END:VCARD before the next card begins, or the file ends" if self.depth else None
        octets, error = b"".join(self.lines), self.error or unended
        return RawCard(number=number, line=self.line, octets=octets, error=error, end=self.end)
