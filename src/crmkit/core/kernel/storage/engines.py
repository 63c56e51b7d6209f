"""Engines as crmkit needs them, and how its transactions begin.

SQLite's driver is kept from beginning transactions by itself: in its default mode it begins late, loses updates without
a word, and keeps rows of an outer transaction that was rolled back. So ``BEGIN`` is said by a listener, and for writing
it is ``BEGIN IMMEDIATE``, which takes the write lock before anything is read that the write rests on.
"""

from __future__ import annotations

import re
import secrets
import sys
import time
import weakref
from collections.abc import Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Literal

from sqlalchemy import URL, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from crmkit.core.kernel.storage.faults import guarded
from crmkit.errors import ConfigError, InvalidSettingError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, RootTransaction

__all__ = [
    "BEGIN_OPTION",
    "attach",
    "begin",
    "driver_connection",
    "in_schema",
    "isolation_level",
    "make_engine",
    "refuse_isolation",
    "snapshot",
]

BEGIN_OPTION: Final = "crmkit_begin"
"""The execution option that says how a transaction on SQLite begins: ``immediate`` (the default) or ``deferred``."""

INSTALL_POSTGRESQL: Final = 'pip install "crmkit[postgresql]"'
ISOLATION: Final = ("READ COMMITTED", "SERIALIZABLE")
BUSY_TIMEOUT: Final = 5.0
"""Seconds that a connection to SQLite waits for the write lock, unless told otherwise."""

_BEGIN: Final = {"immediate": "BEGIN IMMEDIATE", "deferred": "BEGIN"}
_READY: Final = "crmkit.ready"
_LEGACY_TRANSACTION_CONTROL: Final = -1  # sqlite3.LEGACY_TRANSACTION_CONTROL, of Python 3.12
_MEMDB_SINCE: Final = (3, 36)
_SCHEMA: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")


# -- making -----------------------------------------------------------------------------------------------------------


def make_engine(
    url: str | URL, *, schema: str | None = None, busy_timeout: float = BUSY_TIMEOUT, **options: Any
) -> Engine:
    """An engine for crmkit: SQLite by the driver in the standard library, PostgreSQL by psycopg 3.

    ``sqlite://`` is a database in memory. It lives as long as the engine, and unlike SQLAlchemy's own it has as many
    connections as are asked for, so threads and units of work do not see each other's open transactions. It has no
    write-ahead log: who reads waits for who writes.

    Args:
        url: the database's address, such as ``sqlite:///crm.db`` or ``postgresql://crm@db.example/crm``.
        schema: the schema that holds crmkit's tables, on PostgreSQL; the connection's default if None.
        busy_timeout: how many seconds a connection to SQLite waits for the write lock.
        **options: passed on to `sqlalchemy.create_engine`.

    Returns:
        The engine, attached (see `attach`). Values are kept out of its logs and errors.

    Raises:
        ConfigError: if the address cannot be read, names another database or driver, or the driver is not installed.
        ImportError: if create_engine cannot import something else.
    """
    address = _address(url)
    options.setdefault("hide_parameters", True)
    if address.get_backend_name() == "sqlite":
        options["connect_args"] = {"timeout": busy_timeout, **options.get("connect_args", {})}
        if _in_memory(address):
            return in_schema(_memory_engine(options), schema)
    try:
        engine = create_engine(address, **options)
    except ImportError as error:
        if (error.name or "psycopg").partition(".")[0] != "psycopg":
            raise
        message = f"PostgreSQL needs its driver, psycopg; install it: {INSTALL_POSTGRESQL}"
        raise ConfigError(message) from error
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _without_jit)
    return in_schema(attach(engine), schema)


def _without_jit(connection: Any, _: Any) -> None:
    """A query over a large table with a long filter would be compiled for seconds, and then run for milliseconds."""
    connection.execute("SET jit = off")
    connection.commit()


def in_schema(engine: Engine, schema: str | None) -> Engine:
    """The same engine, its statements translated to tables in ``schema``; the engine itself if that is None.

    Raises:
        InvalidSettingError: if the name is no plain lower-case name, or the database is SQLite, which has no schemas.
    """
    if schema is None:
        return engine
    if engine.dialect.name == "sqlite":
        raise InvalidSettingError("schema", "SQLite has no schemas; leave it out")
    if not _SCHEMA.fullmatch(schema):
        raise InvalidSettingError("schema", f"{schema!r} is not a name of lower-case letters, digits and underscores")
    return engine.execution_options(schema_translate_map={None: schema})


def _address(url: str | URL) -> URL:
    try:
        address = make_url(url)
    except ArgumentError:
        # The address may hold a password, so neither it nor the cause is shown.
        raise ConfigError("the database's address cannot be read; it looks like sqlite:///crm.db") from None
    if address.drivername in {"postgres", "postgresql"}:
        return address.set(drivername="postgresql+psycopg")
    return address


def _in_memory(address: URL) -> bool:
    return address.database in {None, "", ":memory:"}


def _memory_engine(options: dict[str, Any]) -> Engine:
    """An engine over SQLite's ``memdb``, which files of one name in one process share: several real connections.

    Raises:
        ConfigError: if SQLite is too old for that.
    """
    place = f"file:/crmkit-{secrets.token_hex(8)}"
    address = URL.create("sqlite", database=place, query={"vfs": "memdb", "uri": "true"})
    options["connect_args"] = {"check_same_thread": False, **options["connect_args"]}
    engine = create_engine(address, **options)
    sqlite: Any = engine.dialect.dbapi
    if sqlite.sqlite_version_info < _MEMDB_SINCE:
        message = f"a database in memory needs SQLite 3.36, and this is {sqlite.sqlite_version}; use a file"
        raise ConfigError(message)
    # The database goes when its last connection does, and the pool may close all of its own.
    anchor = sqlite.connect(f"{place}?vfs=memdb", uri=True, check_same_thread=False)
    weakref.finalize(engine, anchor.close)
    return attach(engine)


# -- attaching --------------------------------------------------------------------------------------------------------


def attach(engine: Engine) -> Engine:
    """Make an engine fit for crmkit; attaching twice is the same as once.

    On SQLite every transaction of the engine, the host's own too, then begins with ``BEGIN IMMEDIATE``, so that one
    that reads first can always be joined and written in. Where a transaction only reads, say so and it takes no lock:
    ``engine.execution_options(crmkit_begin="deferred")``, or the same on one connection. Its connections get
    ``foreign_keys=ON``, ``synchronous=FULL`` and the write-ahead log. On PostgreSQL only the driver and the isolation
    level are checked.

    Returns:
        The engine that was given.

    Raises:
        ConfigError: if the engine speaks to another database or through another driver, is set to AUTOCOMMIT or to an
            isolation level that crmkit is not safe at, or shares one connection among all who ask.
    """
    engine = getattr(engine, "sync_engine", engine)
    name, driver = engine.dialect.name, engine.dialect.driver
    if name == "postgresql" and driver.startswith("psycopg") and driver != "psycopg2":
        refuse_isolation(engine.dialect._on_connect_isolation_level)  # noqa: SLF001  # nowhere public
        return engine
    if name != "sqlite":
        message = f"crmkit runs on SQLite and, through psycopg 3, on PostgreSQL, not on {name} through {driver}"
        raise ConfigError(message)
    root = getattr(engine, "_proxied", engine)  # an engine with options of its own listens apart from its origin
    if not event.contains(root, "begin", _begin_listener):
        _check_sqlite(root)
        event.listen(root, "connect", _connect_listener)
        event.listen(root, "begin", _begin_listener)
        event.listen(root, "commit", _commit_listener)
    return engine


def _check_sqlite(engine: Engine) -> None:
    if isinstance(engine.pool, (StaticPool, SingletonThreadPool)):
        message = (
            f"{type(engine.pool).__name__} hands one connection to all who ask, so that units of work would end each"
            ' other\'s transactions; for a database in memory use crmkit.make_engine("sqlite://")'
        )
        raise ConfigError(message)
    if engine.dialect._on_connect_isolation_level == "AUTOCOMMIT":  # noqa: SLF001  # nowhere public
        raise ConfigError("the engine is set to AUTOCOMMIT; leave isolation_level out of create_engine")
    if getattr(engine.dialect, "skip_autocommit_rollback", False):
        # SQLAlchemy takes a driver that begins nothing by itself for one in autocommit.
        raise ConfigError("skip_autocommit_rollback=True would skip every ROLLBACK; leave it out of create_engine")


def _connect_listener(connection: Any, record: Any) -> None:
    _prepare(connection)
    record.info[_READY] = True


def _begin_listener(connection: Connection) -> None:
    raw: Any = connection.connection.dbapi_connection
    if _READY not in connection.info:  # connected before the engine was attached
        _prepare(raw)
        connection.info[_READY] = True
    if _is_autocommit(connection):
        return
    if raw.isolation_level is not None:  # SQLAlchemy puts this back after an AUTOCOMMIT connection
        raw.isolation_level = None
    if not driver_connection(connection).in_transaction:  # the host may have a listener of its own that begins
        how = connection.get_execution_options().get(BEGIN_OPTION, "immediate")
        _send(connection, _begin_statement(how))


def _begin_statement(how: object) -> str:
    if how not in _BEGIN:
        raise InvalidSettingError(BEGIN_OPTION, f"{how!r} is neither 'immediate' nor 'deferred'")
    return _BEGIN[str(how)]


def _commit_listener(connection: Connection) -> None:
    """SQLite ends a transaction by itself on a full disk and the like; the driver's commit() would pass that over."""
    if not driver_connection(connection).in_transaction and not _is_autocommit(connection):
        _send(connection, "COMMIT")  # fails: no transaction is active


def _is_autocommit(connection: Connection) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _send(connection: Connection, statement: str) -> None:
    """Execute past SQLAlchemy, which costs several times as much, but with its errors."""
    sqlite: Any = connection.dialect.dbapi
    cursor = connection.connection.cursor()
    try:
        cursor.execute(statement)
    except sqlite.Error as error:
        wrapped = DBAPIError.instance(statement, None, error, sqlite.Error, dialect=connection.dialect)
        raise wrapped from error
    finally:
        cursor.close()


def _prepare(connection: Any) -> None:
    """Set up a new connection of the driver: it begins nothing by itself, and keeps what it has committed."""
    if sys.version_info >= (3, 12) and getattr(connection, "autocommit", -1) != _LEGACY_TRANSACTION_CONTROL:
        connection.autocommit = _LEGACY_TRANSACTION_CONTROL
    connection.isolation_level = None
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA synchronous=FULL")
        _use_write_ahead_log(cursor)
    finally:
        cursor.close()


def _use_write_ahead_log(cursor: Any) -> None:
    """Switch the file to the write-ahead log, once in its life. SQLite does not wait for others here, so we do."""
    cursor.execute("PRAGMA journal_mode")
    if cursor.fetchone()[0] in {"wal", "memory"}:
        return
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.fetchone()
        except Exception as error:
            if "locked" not in str(error) or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


# -- beginning --------------------------------------------------------------------------------------------------------


def begin(connection: Connection, *, read_only: bool = False) -> RootTransaction:
    """Begin one of crmkit's own transactions.

    It is refused at an isolation level that crmkit is not safe at (see `refuse_isolation`). If the write lock of SQLite
    is not to be had in time, or the connection is lost, the error is a `RetryableStorageError`.

    Args:
        connection: of an engine that was attached, outside of a transaction.
        read_only: on SQLite, do not take the write lock.

    Returns:
        The transaction.
    """
    how: Literal["deferred", "immediate"] = "deferred" if read_only else "immediate"
    with guarded():
        if connection.dialect.name == "sqlite":
            return connection.execution_options(**{BEGIN_OPTION: how}).begin()
        refuse_isolation(isolation_level(connection))
        return connection.begin()


@contextmanager
def snapshot(engine: Engine) -> Generator[Connection]:
    """A connection in a read-only transaction that sees one state of the database all through, whoever writes."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            with begin(connection, read_only=True):
                yield connection
        else:  # it writes nothing, so REPEATABLE READ, which is refused to units of work, is right
            options: dict[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            with connection.execution_options(**options).begin():
                yield connection


def driver_connection(connection: Connection) -> Any:
    """The driver's own connection object, of a detached connection and under an adapter for asyncio too."""
    raw: Any = connection.connection.dbapi_connection
    return connection.dialect.get_driver_connection(raw)


def isolation_level(connection: Connection) -> str | None:
    """The isolation level that the connection's transactions begin at, as far as SQLAlchemy knows; asks no server."""
    chosen = connection.get_execution_options().get("isolation_level")
    configured = connection.dialect._on_connect_isolation_level  # noqa: SLF001  # nowhere public
    return chosen or configured or connection.default_isolation_level


def refuse_isolation(level: str | None) -> None:
    """Refuse what crmkit is not safe at; None means the server's default.

    REPEATABLE READ is refused because a transaction that attaches something to a party may there not see that the party
    was merged, and the row would be stranded. SERIALIZABLE notices, READ COMMITTED waits for the lock and sees.

    Raises:
        ConfigError: if the level is not READ COMMITTED or SERIALIZABLE.
    """
    if level is not None and level.upper() not in ISOLATION:
        message = f"crmkit is not safe at isolation level {level}; use READ COMMITTED, the default, or SERIALIZABLE"
        raise ConfigError(message)
