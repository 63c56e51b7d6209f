"""One unit's way to the database: the only place where the kernel sends SQL."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.storage.faults import Guarded, guarded

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from crmkit.core.kernel.storage.statements import Prepared, Statement

__all__ = ["COPY_FROM", "Db"]

log = logging.getLogger("crmkit.sql")

COPY_FROM = 20
"""From how many rows on PostgreSQL is given an insert as a COPY."""


class Db:
    """A connection inside of a transaction, spoken to in prepared statements.

    They are sent by the driver's cursor, since SQLAlchemy's own execution costs two to three times as much per call
    (see ADR 0005). The engine's ``before_cursor_execute`` and ``after_cursor_execute`` listeners are told all the same,
    so that tracing and auditing see every statement. One cursor serves the whole unit, because psycopg needs more time
    to make one than to use it; so every answer is read to its end at once.

    Args:
        guard: translates the driver's errors.

    Attributes:
        connection: SQLAlchemy's; never handed to services, hooks or hosts.
        dialect: ``sqlite`` or ``postgresql``.
        schema: the schema that holds crmkit's tables; None for the connection's default.
    """

    __slots__ = ("_after", "_before", "_cursor", "_guard", "_heard", "connection", "dialect", "schema")

    def __init__(self, connection: Connection, schema: str | None = None, guard: Guarded | None = None) -> None:
        self.connection, self.schema = connection, schema
        self.dialect = connection.dialect.name
        self._guard = guard or guarded()
        self._before = connection.dispatch.before_cursor_execute
        self._after = connection.dispatch.after_cursor_execute
        self._heard = bool(self._before) or bool(self._after)
        self._cursor: Any = None

    def rows(self, statement: Statement, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The rows of a select as the driver gives them; codecs turn them into records."""
        prepared = self.prepare(statement)
        with self._guard:
            send = _afresh if prepared.long else _once
            rows: list[tuple[Any, ...]] = self._execute(prepared.sql, prepared.bind(params), send).fetchall()
            return rows

    def run(self, statement: Statement, params: Mapping[str, Any]) -> int:
        """Execute a write with Python values; returns how many rows it touched."""
        prepared = self.prepare(statement)
        return self.send(prepared, prepared.bind(params))

    def run_many(self, statement: Statement, params: Iterable[Mapping[str, Any]]) -> int:
        """Execute a write once per row of ``params``; returns how many rows it touched in all."""
        prepared = self.prepare(statement)
        return self.send_many(prepared, [prepared.bind(p) for p in params])

    def prepare(self, statement: Statement) -> Prepared:
        """The statement's text for this connection."""
        return statement.prepared(self.connection.dialect, self.schema)

    def send(self, prepared: Prepared, values: tuple[Any, ...]) -> int:
        """Execute a write whose values are ready for the driver."""
        with self._guard:
            return int(self._execute(prepared.sql, values, _once).rowcount)

    def send_many(self, prepared: Prepared, values: list[tuple[Any, ...]]) -> int:
        """Execute a write once per row of ready values."""
        if len(values) == 1:
            return self.send(prepared, values[0])
        with self._guard:
            if prepared.copy is not None and len(values) >= COPY_FROM:
                return int(self._execute(prepared.copy, values, _copy).rowcount)
            return int(self._execute(prepared.sql, values, _every).rowcount)

    def _execute(self, sql: str, values: Any, send: Callable[[Any, str, Any], None]) -> Any:
        if self._cursor is None:
            self._cursor = self.connection.connection.cursor()
        connection, cursor = self.connection, self._cursor
        if log.isEnabledFor(logging.DEBUG):
            log.debug("%s", sql)  # without the values, which may be personal
        if not self._heard:
            send(cursor, sql, values)
            return cursor
        many = send in {_every, _copy}
        context = SimpleNamespace(executemany=many)  # tracers keep their spans in it
        for listener in self._before:
            sql, values = listener(connection, cursor, sql, values, context, many)
        send(cursor, sql, values)
        for listener in self._after:
            listener(connection, cursor, sql, values, context, many)
        return cursor


def _once(cursor: Any, sql: str, values: Any) -> None:
    cursor.execute(sql, values)


def _afresh(cursor: Any, sql: str, values: Any) -> None:
    cursor.execute(sql, values, prepare=False)


def _every(cursor: Any, sql: str, values: Any) -> None:
    cursor.executemany(sql, values)


def _copy(cursor: Any, sql: str, values: Any) -> None:
    with cursor.copy(sql) as copy:
        for row in values:
            copy.write_row(row)
