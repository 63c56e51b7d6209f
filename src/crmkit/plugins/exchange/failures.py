"""Errors of rows: which row, which column, what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from attrs import asdict, frozen

from crmkit.sdk import (
    ConfigError,
    CrmkitError,
    FieldForbiddenError,
    ForbiddenError,
    InvalidValueError,
    PluginError,
    StorageError,
    UnitError,
)

__all__ = ["RowError", "is_of_row", "row_error"]

LONGEST: Final = 200
"""Characters of a value or reason that are kept; a hostile file must not fill the ledger."""

_HINT: Final = "; pass allow_invalid=True to keep it as unverified raw text"
_WAYS: Final = {
    "invalid_mechanism": "mend it, or import with allow_invalid (--allow-invalid) to keep it as unverified text",
    "already_exists": "another party has it, or this one has it twice; mend it, or match by it",
    "forbidden": "ask somebody who has the right",
    "field_forbidden": "leave the column out, or ask somebody who has the right",
    "refused": "do what the refusal asks for",
    "limit_exceeded": "shorten it",
}
_MEND: Final = "mend it in the file of errors, and import that file"


@frozen(kw_only=True)
class RowError:
    """Why a row was not imported.

    Attributes:
        row: its number in the file, from 1, the header not counted; of a vCard file the number of the card.
        line: the number of its first line in the file, from 1; None if nobody knows.
        column: the header, or property of a vCard, that it is about; None for the row as a whole.
        value: what stands there, shortened.
        code: stable name of the kind of error.
        reason: what is wrong.
        way_out: what to do about it.
    """

    row: int
    line: int | None = None
    column: str | None = None
    value: str | None = None
    code: str
    reason: str
    way_out: str = _MEND

    def __str__(self) -> str:
        where = f"row {self.row}" + (f", line {self.line}" if self.line else "")
        what = f", {self.column}" if self.column else ""
        value = f" {self.value!r}" if self.value is not None else ""
        return f"{where}{what}:{value} {self.reason}; {self.way_out}"

    def to_json(self) -> dict[str, Any]:
        """The error in JSON form, without what is empty."""
        return {name: value for name, value in asdict(self).items() if value is not None}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> RowError:
        """The error that `to_json` gave."""
        return cls(**data)


def row_error(
    row: int, error: CrmkitError, *, line: int | None = None, column: str | None = None, value: object = None
) -> RowError:
    """What is wrong with a row.

    Args:
        row: its number.
        error: what was raised when it was read or applied.
        line: of its first line.
        column: that the error speaks of, if that is known.
        value: of that column; what the error speaks of by default.
    """
    reason = error.message
    if isinstance(error, InvalidValueError):
        reason = error.reason.removesuffix(_HINT)
        value = error.value if value is None else value
        column = column or error.field
    return RowError(
        row=row,
        line=line,
        column=column,
        value=_shortened(value) if value is not None else None,
        code=error.code,
        reason=_shortened(reason),
        way_out=_WAYS.get(error.code, _MEND),
    )


def is_of_row(error: CrmkitError) -> bool:
    """Whether an error speaks of the rows that were applied, and not of the deployment, the unit or the actor."""
    if isinstance(error, ForbiddenError) and not isinstance(error, FieldForbiddenError):
        return error.entity is not None
    return not error.retryable and not isinstance(error, (ConfigError, PluginError, StorageError, UnitError))


def _shortened(value: object) -> str:
    """Text that both databases can store and a terminal can show: without controls and halves of surrogate pairs."""
    text = "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in str(value)[:LONGEST])
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "\N{HORIZONTAL ELLIPSIS}"
