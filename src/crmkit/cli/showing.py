"""What commands print: tables in plain text that stay the same from version to version, or JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import attrs
import click

__all__ = ["as_json", "json_option", "print_json", "print_table"]

json_option = click.option("--json", "to_json", is_flag=True, help="Print JSON, for programs.")


def print_table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print columns as wide as their widest cell, two spaces apart; only the head if there are no rows."""
    lines = [[*heads], *(["" if cell is None else str(cell) for cell in row] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(heads))]
    for line in lines:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def print_json(value: Any) -> None:
    """Print ``value`` as JSON: attrs classes as objects, instants and ids as text."""
    click.echo(json.dumps(as_json(value), ensure_ascii=False, indent=2))


def as_json(value: Any) -> Any:
    """``value`` in JSON form."""
    if attrs.has(type(value)):
        return {a.name: as_json(getattr(value, a.name)) for a in attrs.fields(type(value))}
    if hasattr(value, "items"):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [as_json(each) for each in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if isinstance(value, datetime):
        return value.isoformat()
    if value is None or isinstance(value, (bool, int, str)):
        return value
    return str(value)
