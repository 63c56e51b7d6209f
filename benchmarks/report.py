"""What comes out: figures with the goal beside each, as Markdown for people and JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal

from attrs import asdict, field, frozen

__all__ = ["Figure", "Table", "save", "show"]


@frozen(kw_only=True)
class Figure:
    """One number and what it should be.

    Attributes:
        label: what it is, in a column's head.
        value: the number; None for nothing measured.
        unit: such as ``x`` (times), ``us`` or ``MB``.
        goal: what it should be.
        better: whether less or more is better.
    """

    label: str
    value: float | None
    unit: str = "x"
    goal: float | None = None
    better: Literal["less", "more"] = "less"

    @property
    def met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        if self.goal is None or self.value is None:
            return None
        return self.value <= self.goal if self.better == "less" else self.value >= self.goal

    def __str__(self) -> str:
        if self.value is None:
            return ""
        text = f"{_number(self.value)} {self.unit}" if self.unit != "x" else _number(self.value)
        if self.goal is None:
            return text
        sign = "<=" if self.better == "less" else ">="
        return f"{text} ({sign} {self.goal:g}: {'met' if self.met else 'MISSED'})"


@frozen(kw_only=True)
class Table:
    """Figures that belong together.

    Attributes:
        title: above it.
        rows: a name and its figures; all rows have the same labels.
        note: below it.
    """

    title: str
    rows: Sequence[tuple[str, Sequence[Figure]]]
    note: str = ""
    place: str = field(default="")


def show(table: Table) -> None:
    """Print a table as Markdown."""
    print(f"\n### {table.title}\n")
    head = ["", *[f.label for f in table.rows[0][1]]]
    body = [[name, *[str(f) for f in figures]] for name, figures in table.rows]
    widths = [max(len(row[place]) for row in [head, *body]) for place in range(len(head))]
    _line(head, widths)
    _line(["-" * width for width in widths], widths)
    for row in body:
        _line(row, widths)
    if table.note:
        print(f"\n{table.note}")
    print(flush=True)


def save(tables: Iterable[Table], file: Path, **about: Any) -> None:
    """Write all figures as JSON."""
    data = {**about, "tables": [asdict(table) for table in tables]}
    file.write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def _line(cells: Sequence[str], widths: Sequence[int]) -> None:
    print("| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)) + " |")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.2f}"  # noqa: PLR2004  # three digits are enough
