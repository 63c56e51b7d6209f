"""What the database complains about, said in crmkit's errors.

No error of SQLAlchemy or of a driver leaves crmkit. The translated message holds neither SQL nor values, since either
may show what the reader of a log must not see; the driver's own error stays attached as the cause.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any

from attrs import frozen
from sqlalchemy import Index, Table, UniqueConstraint
from sqlalchemy.dialects.postgresql import dialect as postgresql_dialect
from sqlalchemy.exc import DBAPIError, SQLAlchemyError, StatementError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crmkit.errors import AlreadyExistsError, ConflictError, CrmkitError, RetryableStorageError, StorageError

__all__ = ["Guarded", "Taken", "UniqueKeys", "Uniques", "guarded", "is_fault", "translate"]

DRIVERS = frozenset({"psycopg", "sqlite3"})

# SQLite's result codes, https://sqlite.org/rescode.html; the low byte is the primary one.
_SQLITE_PRIMARY_KEY, _SQLITE_UNIQUE, _SQLITE_ROWID, _SQLITE_FOREIGN_KEY = 1555, 2067, 2579, 787
_SQLITE_TAKEN = frozenset({_SQLITE_PRIMARY_KEY, _SQLITE_UNIQUE, _SQLITE_ROWID})
_SQLITE_RETRY = {5: "the database is locked by another writer", 6: "the table is locked by another reader"}
_SQLITE_BROKEN = {
    7: "SQLite is out of memory",
    8: "the database is read-only",
    10: "the disk reported an input/output error",
    11: "the database file is damaged",
    13: "the disk is full",
    14: "the database file cannot be opened; check that its folder exists and may be written",
    26: "the file is not a SQLite database",
}

# PostgreSQL's SQLSTATEs, https://www.postgresql.org/docs/current/errcodes-appendix.html; two characters name a class.
_PG_TAKEN, _PG_FOREIGN_KEY = "23505", "23503"
_PG_RETRY = {
    "40001": "a serialization failure",
    "40P01": "a deadlock",
    "55P03": "a lock was not to be had in time",
    "53300": "the server has too many connections",
}
_PG_LOST = frozenset({"57P01", "57P02", "57P03", "57P05"})  # the server is stopping, or ended this connection
_PG_BROKEN = {
    "25006": "the database is read-only",
    "28": "the server refused the user or the password",
    "3D": "there is no such database",
    "42501": "the database user lacks a right",
    "53100": "the disk is full",
    "53200": "the server is out of memory",
    "57014": "the statement was cancelled or ran into the statement time-out",
    "58": "the server reported a system error",
    "XX": "the server reported an internal error or damaged data",
}
_NO_TABLE = "a table or column is missing; if the schema is behind the code, run: crmkit db upgrade"

_SQLITE_COLUMNS = re.compile(r"constraint failed: (\w+\.\w+(?:, \w+\.\w+)*)$")
_SQLITE_INDEX = re.compile(r"constraint failed: index '(\w+)'$")
_PG_COLUMNS = re.compile(r"\((\w+(?:, \w+)*)\)=\(")


@frozen(kw_only=True)
class Taken:
    """A unique key that a write found taken, as far as the driver names it.

    Attributes:
        table: the table, if named.
        constraint: the name of the constraint or index, if named.
        columns: the key's columns, if named.
    """

    table: str | None = None
    constraint: str | None = None
    columns: tuple[str, ...] = ()


Uniques = Callable[[Taken], "tuple[str, tuple[str, ...]] | None"]


class UniqueKeys:
    """Finds the entity and the fields of a unique key, from the tables of the registered entities.

    Args:
        tables: the table of each entity, by the entity's name.
    """

    def __init__(self, tables: Mapping[str, Table]) -> None:
        self._entities = {table.name: entity for entity, table in tables.items()}
        self._columns = {
            (table.name, name): columns for table in tables.values() for name, columns in _unique_keys(table)
        }

    def __call__(self, taken: Taken) -> tuple[str, tuple[str, ...]] | None:
        """The entity and the columns of the key, or None for a table that is no entity's."""
        entity = self._entities.get(taken.table or "")
        if entity is None:
            entity, table = next(
                ((self._entities[t], t) for t, name in self._columns if name == taken.constraint), (None, None)
            )
        else:
            table = taken.table
        if entity is None or table is None:
            return None
        columns = taken.columns or self._columns.get((table, taken.constraint or ""), ())
        return entity, _own(columns)


def _unique_keys(table: Table) -> Iterable[tuple[str, tuple[str, ...]]]:
    """The unique keys of a table by the names that they have in the database."""
    names = postgresql_dialect().identifier_preparer  # type: ignore[no-untyped-call]  # SQLAlchemy left it untyped
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield names.format_constraint(constraint) or "", tuple(c.name for c in constraint.columns)
    yield names.format_constraint(table.primary_key) or "", tuple(c.name for c in table.primary_key.columns)
    for index in table.indexes:
        if index.unique:
            yield names.format_index(index), _indexed(index)


def _indexed(index: Index) -> tuple[str, ...]:
    return tuple(c.name for c in index.columns)


def _own(columns: Iterable[str]) -> tuple[str, ...]:
    return tuple(c for c in columns if c != "tenant_id")


# -- translation ------------------------------------------------------------------------------------------------------


def is_fault(error: BaseException) -> bool:
    """Whether SQLAlchemy or a driver raised this; drivers are recognised by name, since none is imported here."""
    if isinstance(error, SQLAlchemyError):
        return True
    return any(c.__name__ == "Error" and c.__module__ in DRIVERS for c in type(error).__mro__)


def translate(error: BaseException, *, uniques: Uniques | None = None, committing: bool = False) -> CrmkitError:
    """The crmkit error for an error of SQLAlchemy or of a driver; raise it ``from`` that error.

    Args:
        error: what was raised; a crmkit error is returned as it is.
        uniques: finds entity and fields of a unique key (see `UniqueKeys`); without it the table's name is used.
        committing: whether a COMMIT failed. A connection that is lost then leaves open whether the unit was stored, so
            the error is not retryable.

    Returns:
        The error, not raised.
    """
    if isinstance(error, CrmkitError):
        return error
    if isinstance(error, StatementError):
        error.hide_parameters = True  # a host's engine may show them; a printed cause must not
    if isinstance(error, PoolTimeoutError):
        return RetryableStorageError("no connection became free in the pool in time")
    origin = error.orig if isinstance(error, DBAPIError) and error.orig is not None else error
    if _lost(error, origin):
        return _lost_error(committing=committing)
    if (code := getattr(origin, "sqlite_errorcode", None)) is not None:
        return _from_sqlite(origin, code, uniques)
    if (state := getattr(origin, "sqlstate", None)) is not None:
        return _from_postgresql(origin, state, uniques)
    return StorageError(f"the database could not do this ({type(origin).__name__})")


def _lost(error: BaseException, origin: BaseException) -> bool:
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = getattr(origin, "sqlstate", None)
    if state is not None:
        return state in _PG_LOST or state.startswith("08")
    # psycopg's errors without a SQLSTATE did not come from the server: it could not be reached or hung up.
    kinds = {(c.__module__, c.__name__) for c in type(origin).__mro__}
    return ("psycopg", "OperationalError") in kinds


def _lost_error(*, committing: bool) -> StorageError:
    if committing:
        return StorageError("the connection to the database was lost during COMMIT; the unit may or may not be stored")
    return RetryableStorageError("the connection to the database was lost or could not be made")


def _from_sqlite(origin: BaseException, code: int, uniques: Uniques | None) -> CrmkitError:
    primary, text = code & 0xFF, str(origin)
    if code in _SQLITE_TAKEN:
        return _taken(_taken_in_sqlite(text), uniques)
    if code == _SQLITE_FOREIGN_KEY:
        return _dangling(None)
    if primary in _SQLITE_RETRY:
        return RetryableStorageError(f"{_SQLITE_RETRY[primary]}; run the unit again")
    if primary in _SQLITE_BROKEN:
        return StorageError(f"{_SQLITE_BROKEN[primary]}; nothing of the unit was stored")
    if text.startswith(("no such table", "no such column")):
        return StorageError(_NO_TABLE)
    return StorageError(f"SQLite could not do this ({getattr(origin, 'sqlite_errorname', code)})")


def _taken_in_sqlite(text: str) -> Taken:
    if match := _SQLITE_COLUMNS.search(text):
        table_and_columns = [part.split(".") for part in match[1].split(", ")]
        return Taken(table=table_and_columns[0][0], columns=tuple(column for _, column in table_and_columns))
    match = _SQLITE_INDEX.search(text)
    return Taken(constraint=match[1] if match else None)


def _from_postgresql(origin: Any, state: str, uniques: Uniques | None) -> CrmkitError:
    diagnosis = getattr(origin, "diag", None)
    if state == _PG_TAKEN:
        return _taken(_taken_in_postgresql(diagnosis), uniques)
    if state == _PG_FOREIGN_KEY:
        return _dangling(getattr(diagnosis, "table_name", None))
    if state in _PG_RETRY:
        return RetryableStorageError(f"{_PG_RETRY[state]}; run the unit again")
    reason = _PG_BROKEN.get(state) or _PG_BROKEN.get(state[:2])
    if reason:
        return StorageError(f"{reason}; nothing of the unit was stored")
    if state in {"42P01", "42703", "3F000"}:
        return StorageError(_NO_TABLE)
    return StorageError(f"PostgreSQL could not do this (SQLSTATE {state})")


def _taken_in_postgresql(diagnosis: Any) -> Taken:
    # The detail reads "Key (a, b)=(1, 2) already exists" in the server's language; only the names are taken from it.
    match = _PG_COLUMNS.search(getattr(diagnosis, "message_detail", None) or "")
    return Taken(
        table=getattr(diagnosis, "table_name", None),
        constraint=getattr(diagnosis, "constraint_name", None),
        columns=tuple(match[1].split(", ")) if match else (),
    )


def _taken(taken: Taken, uniques: Uniques | None) -> AlreadyExistsError:
    known = uniques(taken) if uniques is not None else None
    if known is not None:
        return AlreadyExistsError(*known)
    return AlreadyExistsError(taken.table or "record", _own(taken.columns) or (taken.constraint or "key",))


def _dangling(table: str | None) -> ConflictError:
    where = f" in {table}" if table else ""
    return ConflictError(f"a reference{where} names a record that is not there, or one that is still in use would go")


# -- as a context manager ---------------------------------------------------------------------------------------------


class Guarded:
    """Lets errors of the database out as crmkit errors, and all others as they are."""

    __slots__ = ("_committing", "_uniques")

    def __init__(self, uniques: Uniques | None = None, *, committing: bool = False) -> None:
        self._uniques, self._committing = uniques, committing

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if error is not None and not isinstance(error, CrmkitError) and is_fault(error):
            raise translate(error, uniques=self._uniques, committing=self._committing) from error


_PLAIN = Guarded()


def guarded(uniques: Uniques | None = None, *, committing: bool = False) -> Guarded:
    """A context in which errors of the database are translated (see `translate`); it may be entered many times.

    Args:
        uniques: finds entity and fields of a unique key.
        committing: whether the block is a COMMIT.
    """
    return _PLAIN if uniques is None and not committing else Guarded(uniques, committing=committing)
