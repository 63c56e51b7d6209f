"""What stands in the place of a value that was erased: in history a mark that names the unit, in the table a blank.

The mark keeps the fact that there was a value, and replaying history still gives what the table has: an erasure is a
change like any other, from the mark to the blank.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.values.instants import format_instant

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.shape import FieldShape

__all__ = ["ERASED_TEXT", "blanked", "erased", "is_erased"]

MARK: Final = "$erased"
ERASED_TEXT: Final = "(erased)"
"""What stands in a text that may not be empty."""

_BLANKS: Final[Mapping[str, Any]] = {
    "integer": 0,
    "decimal": "0",
    "boolean": False,
    "date": date.min.isoformat(),
    "instant": format_instant(datetime(1970, 1, 1, tzinfo=UTC)),
    "id": str(UUID(int=0)),
}


def erased(unit: UUID) -> dict[str, str]:
    """The mark that history has in the place of a value.

    Args:
        unit: the unit of work that erased it.
    """
    return {MARK: str(unit)}


def is_erased(value: object) -> bool:
    """Whether a value of history, in JSON form, is the mark of one that was erased."""
    return isinstance(value, Mapping) and len(value) == 1 and MARK in value


def blanked(shape: FieldShape, value: Any, id_: UUID, *, unique: bool) -> Any:
    """What the table has in the place of a value, in JSON form: None if it may, else a blank of its type.

    Args:
        shape: the field.
        value: in JSON form; one that is a blank already stays what it is.
        id_: of the record.
        unique: whether no two records may have the same, so that a text that may not be empty needs the id.
    """
    if value is None or shape.nullable:
        return None
    if shape.type == "text":
        return f"{ERASED_TEXT} {id_}" if unique else ERASED_TEXT
    if shape.type == "money":
        return ["0", value[1]]
    if shape.type in _BLANKS:
        return _BLANKS[shape.type]
    if isinstance(value, Mapping):
        return {}
    return [] if isinstance(value, list | tuple) else ERASED_TEXT
