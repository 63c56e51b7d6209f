"""Asking for the rows of many ids, in the form that each database takes best.

PostgreSQL takes them as one array, whatever their number; of many ids the statement also says between which two they
are. Where it knows nothing of a table that has just been filled, it takes few rows to be there, and compares each of
them with each of the ids: those of a page alone, if it is told so. SQLite takes a parameter for each; so that few
statements serve all, there are lists of a few lengths, the last one of which is filled up.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import Uuid, and_, any_, bindparam
from sqlalchemy.dialects.postgresql import ARRAY

from crmkit.core.kernel.entities.columns import Id

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

__all__ = ["among", "id_lists"]

ARRAY_OF: Final = 0
"""The length that stands for an array of a few ids."""
BOUNDED: Final = -1
"""The length that stands for an array of many, with the first and the last of them."""
FEW: Final = 100
LENGTHS: Final = (1, 10, 100, 500)
MOST: Final = 10_000
"""How many ids an array has at most."""


def among(column: ColumnElement[Any], length: int) -> ColumnElement[bool]:
    """Whether a column has one of the ids in a list of that length, as `id_lists` gives them."""
    if length in {ARRAY_OF, BOUNDED}:
        named = column == any_(bindparam("ids", type_=ARRAY(Uuid())))
        if length == ARRAY_OF:
            return named
        first, last = (bindparam(name, type_=Id()) for name in ("first_id", "last_id"))
        return and_(column >= first, column <= last, named)
    return column.in_([bindparam(f"id_{n}", type_=Id()) for n in range(length)])


def id_lists(ids: Iterable[UUID], dialect: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """The ids, sorted, in lists: the length of each, for `among`, and its parameters."""
    every = sorted(set(ids), key=attrgetter("int"))  # which compares several times as fast as UUIDs do
    if dialect == "postgresql":
        for start in range(0, len(every), MOST):
            chunk = every[start : start + MOST]
            if len(chunk) > FEW:
                yield BOUNDED, {"ids": chunk, "first_id": chunk[0], "last_id": chunk[-1]}
            else:
                yield ARRAY_OF, {"ids": chunk}
        return
    start = 0
    while start < len(every):
        left = len(every) - start
        length = next((length for length in LENGTHS if length >= left), LENGTHS[-1])
        chunk = every[start : start + length]
        chunk += chunk[-1:] * (length - len(chunk))
        yield length, {f"id_{n}": id_ for n, id_ in enumerate(chunk)}
        start += length
