"""Writes a database anew, outside of any transaction, so that free pages hold nothing of what was deleted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["compact"]

_INDEX: Final = "INSERT INTO crm_search_index (crm_search_index) VALUES ('optimize')"
"""Joins all pieces of the search index, which else keep what was deleted until they are joined by themselves."""
_SAMPLES: Final = "pg_catalog.pg_statistic"
"""Where PostgreSQL keeps values that it has come across, of each column, to plan by."""


def compact(engine: Engine, tables: Iterable[str], schema: str | None) -> None:
    """Write the tables anew.

    Args:
        engine: of the database.
        tables: names of the tables; of SQLite all of the file is written.
        schema: where they are, on PostgreSQL.
    """
    pooled = engine.raw_connection()
    try:
        if engine.dialect.name == "sqlite":
            _compact_file(pooled.cursor())
        else:
            quote = engine.dialect.identifier_preparer.quote
            within = f"{quote(schema)}." if schema else ""
            _compact_tables(pooled.driver_connection, [within + quote(name) for name in tables])
    finally:
        pooled.close()


def _compact_file(cursor: Any) -> None:
    """The connection is in the driver's autocommit, since crmkit says BEGIN itself."""
    cursor.execute(_INDEX)
    cursor.execute("VACUUM")
    cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def _compact_tables(connection: Any, tables: Iterable[str]) -> None:
    connection.rollback()  # what the pool has begun
    connection.autocommit = True
    try:
        for table in tables:
            connection.execute(f"VACUUM (FULL, ANALYZE) {table}")
        connection.execute(f"VACUUM (FULL) {_SAMPLES}")
    finally:
        connection.autocommit = False
