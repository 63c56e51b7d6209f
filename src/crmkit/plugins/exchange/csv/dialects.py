"""Which character separates the cells of a file."""

from __future__ import annotations

from collections import Counter
from io import StringIO
from itertools import islice
from typing import Final

from crmkit.plugins.exchange.csv.rows import raw_rows

__all__ = ["DELIMITERS", "delimiter_of", "stated_delimiter"]

DELIMITERS: Final = (",", ";", "\t", "|")
MOST_ROWS: Final = 50
"""How many rows are tried with each delimiter."""


def stated_delimiter(first_line: str) -> str | None:
    """The delimiter that a first line ``sep=;``, as Excel writes it, states; None for any other line."""
    line = first_line.strip().strip('"')
    return line[4] if line[:4].lower() == "sep=" and len(line) == 5 else None  # noqa: PLR2004  # sep= and one character


def delimiter_of(sample: str) -> str:
    """The delimiter that divides most rows of ``sample`` into the same number of cells, and into more than one.

    A comma where none does: a file of one column.

    Args:
        sample: the beginning of the file, in whole lines.
    """
    return max(DELIMITERS, key=lambda delimiter: _fit(sample, delimiter))


def _fit(sample: str, delimiter: str) -> tuple[float, int]:
    rows = list(islice(raw_rows(StringIO(sample, newline=""), delimiter=delimiter), MOST_ROWS))
    widths = Counter(len(row.cells) for row in rows)
    if not rows:
        return 0, 0
    width, count = widths.most_common(1)[0]
    header = len(rows[0].cells)
    return (count / len(rows) + (header == width), width) if width > 1 else (0, 0)
