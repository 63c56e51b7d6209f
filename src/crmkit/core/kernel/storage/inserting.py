"""Inserts that leave rows alone which are there already; how many they wrote tells whether there were any."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Table, bindparam
from sqlalchemy.dialects import postgresql, sqlite

from crmkit.core.kernel.storage.database import COPY_FROM
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["copies", "insert_absent"]

_INSERTS: Final[dict[tuple[Table, str], Statement]] = {}


def copies(db: Db, many: int) -> bool:
    """Whether so many rows are better written by a COPY, which knows no rows that are there already."""
    return db.dialect == "postgresql" and many >= COPY_FROM


def insert_absent(db: Db, table: Table, rows: list[dict[str, Any]]) -> bool:
    """Insert those of ``rows`` whose key is not there; says whether these are all.

    Args:
        db: where.
        table: a derived one.
        rows: with a value for every column.
    """
    statement = _INSERTS.get((table, db.dialect))
    if statement is None:
        into: Any = sqlite.insert(table) if db.dialect == "sqlite" else postgresql.insert(table)
        given = into.values({column.name: bindparam(column.name) for column in table.columns})
        statement = _INSERTS[table, db.dialect] = Statement(given.on_conflict_do_nothing())
    return db.run_many(statement, rows) == len(rows)
