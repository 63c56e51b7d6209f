"""What tables are really there, as data that can be compared."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column, func, inspect, select, table
from sqlalchemy.exc import SAWarning
from sqlalchemy.types import NullType

from crmkit.core.kernel.storage.migrations.revisions import VERSION_PREFIX

if TYPE_CHECKING:
    from sqlalchemy import Connection, Inspector

__all__ = ["schema_of"]

# Dialects write expressions with more or fewer of these than they were given.
_NOISE: Final = re.compile(r'[\s()"]+')


def schema_of(connection: Connection, schema: str | None = None, *, prefix: str = "crm_") -> dict[str, dict[str, Any]]:
    """The tables in a database as plain data, equal if and only if the tables are, but for their columns' order.

    Args:
        connection: to the database.
        schema: the schema to look at; the connection's default if None.
        prefix: what the names of the tables begin with; version tables are left out.

    Returns:
        For each table its columns (type, whether it may be null, default), primary key, foreign keys, uniques, checks
        and indexes, each by name or in a fixed order.
    """
    inspector = inspect(connection)
    names = [n for n in inspector.get_table_names(schema) if n.startswith(prefix) and not n.startswith(VERSION_PREFIX)]
    indexes = _indexes(connection, schema)
    with warnings.catch_warnings():
        # Inspectors of SQLite skip what `_indexes` reads.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        return {
            name: {**_table(connection, inspector, name, schema), "indexes": indexes.get(name, {})}
            for name in sorted(names)
        }


def _table(connection: Connection, inspector: Inspector, name: str, schema: str | None) -> dict[str, Any]:
    dialect = connection.dialect
    key = inspector.get_pk_constraint(name, schema)
    collations = _collations(connection, name, schema)
    return {
        "columns": {
            c["name"]: (
                # Columns of SQLite's virtual tables have no type.
                "" if isinstance(c["type"], NullType) else c["type"].compile(dialect).partition(" COLLATE ")[0],
                collations.get(c["name"]),
                "null" if c["nullable"] else "not null",
                (c["default"] or "").replace(f"{schema}.", ""),
            )
            for c in inspector.get_columns(name, schema)
        },
        "primary key": (key["name"], tuple(key["constrained_columns"])),
        "foreign keys": {
            f["name"]: (
                tuple(f["constrained_columns"]),
                f["referred_table"],
                tuple(f["referred_columns"]),
                tuple(sorted(f.get("options", {}).items())),
            )
            for f in inspector.get_foreign_keys(name, schema)
        },
        "uniques": {u["name"]: tuple(u["column_names"]) for u in inspector.get_unique_constraints(name, schema)},
        "checks": {c["name"]: _plain(c["sqltext"]) for c in inspector.get_check_constraints(name, schema)},
    }


def _collations(connection: Connection, name: str, schema: str | None) -> dict[str, str]:
    """PostgreSQL's collations of columns that differ from the database's own; SQLite's are not used."""
    if connection.dialect.name == "sqlite":
        return {}
    columns = table(
        "columns",
        *(column(c) for c in ("table_schema", "table_name", "column_name", "collation_name")),
        schema="information_schema",
    )
    found = select(columns.c.column_name, columns.c.collation_name).where(
        columns.c.table_schema == (schema or func.current_schema()),
        columns.c.table_name == name,
        columns.c.collation_name.is_not(None),
    )
    return dict(_pairs(connection.execute(found)))


def _indexes(connection: Connection, schema: str | None) -> dict[str, dict[str, str]]:
    """The statements that would make each table's indexes; inspectors do not see all expressions."""
    if connection.dialect.name == "sqlite":
        master = table("sqlite_master", *(column(c) for c in ("type", "tbl_name", "name", "sql")))
        found = select(master.c.tbl_name, master.c.name, master.c.sql).where(
            master.c.type == "index", master.c.sql.is_not(None)
        )
    else:
        known = table(
            "pg_indexes",
            *(column(c) for c in ("schemaname", "tablename", "indexname", "indexdef")),
            schema="pg_catalog",
        )
        found = select(known.c.tablename, known.c.indexname, known.c.indexdef).where(
            known.c.schemaname == (schema or func.current_schema())
        )
    indexes: dict[str, dict[str, str]] = {}
    for table_name, name, statement in connection.execute(found):
        # PostgreSQL names the table with its schema, which is not part of what is compared.
        indexes.setdefault(table_name, {})[name] = _plain(re.sub(rf" ON \S*\b{table_name}\b", " ON ", statement))
    return indexes


def _pairs(rows: Iterable[Any]) -> Iterable[tuple[str, str]]:
    return ((row[0], row[1]) for row in rows)


def _plain(expression: str) -> str:
    return _NOISE.sub(" ", expression).replace(" ,", ",").strip()
