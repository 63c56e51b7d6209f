"""Cells that spreadsheets would run as formulas are written as text, and read as they were.

A spreadsheet runs a cell that begins with ``=``, ``+``, ``-``, ``@``, a tab or a line break, also in full width. Such
a cell is written with an apostrophe in front, which spreadsheets take for "this is text". Reading takes one apostrophe
away where it stands before such a character; so that this is exact, a cell that has apostrophes there itself is
written with one more.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["read_cell", "written_cell"]

_RUN: Final = re.compile(
    "'*[=+\\-@\t\r\n\N{FULLWIDTH EQUALS SIGN}\N{FULLWIDTH PLUS SIGN}"
    "\N{FULLWIDTH HYPHEN-MINUS}\N{FULLWIDTH COMMERCIAL AT}]"
)


def written_cell(text: str) -> str:
    """``text`` as a cell that no spreadsheet runs."""
    return f"'{text}" if _RUN.match(text) else text


def read_cell(cell: str) -> str:
    """The text that `written_cell` wrote; of a cell written by others, its text."""
    return cell[1:] if cell[:1] == "'" and _RUN.match(cell) else cell
