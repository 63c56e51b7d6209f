"""Taking part in the host's transaction, and hearing for certain how it ended.

SQLAlchemy's own commit events fire before the COMMIT is sent, and for transactions that roll back later. So the methods
of the engine's dialect through which every COMMIT, ROLLBACK and SAVEPOINT passes are wrapped, whoever calls them:
Connection, ORM Session, or the pool that takes a connection back. What waits for the end is kept with the driver's
connection itself, in the ``info`` that SQLAlchemy keeps for its lifetime.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from attrs import define, field
from sqlalchemy import Connection, event
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.pool import PoolProxiedConnection

from crmkit.core.kernel.storage.engines import driver_connection, isolation_level, refuse_isolation
from crmkit.core.kernel.storage.faults import guarded
from crmkit.errors import ConfigError, ConflictError, JoinError, RetryableStorageError

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["Deliveries", "enter", "watch"]

log = logging.getLogger("crmkit.joining")

_WAITING: Final = "crmkit.waiting"
_WATCHED: Final = "crmkit_deliveries"
_watching = Lock()

# psycopg's TransactionStatus, by its numbers, since the driver is not imported here.
_PG_ACTIVE, _PG_IN_TRANSACTION, _PG_IN_ERROR = 1, 2, 3


@define
class _Enlisted:
    deliver: Callable[[], None]
    discard: Callable[[], None]
    kept: bool = True
    """False once a savepoint older than this was rolled back to."""


@define
class _Waiting:
    """What waits for the end of one transaction.

    Savepoints are known from the first enlistment on. One that is not known is older than everything that waits.
    """

    enlisted: list[_Enlisted] = field(factory=list)
    savepoints: list[tuple[str, int]] = field(factory=list)
    """Name, and how many had enlisted before it; SQL finds the youngest of a name."""
    policy_touched: bool = False
    """Whether a unit has changed who may what."""

    def rolled_back_to(self, name: str) -> None:
        at = self._find(name)
        since = 0 if at is None else self.savepoints[at][1]
        for one in self.enlisted[since:]:
            one.kept = False
        # The savepoint itself stays after ROLLBACK TO; those after it are gone.
        self.savepoints = [] if at is None else self.savepoints[: at + 1]

    def released(self, name: str) -> None:
        self.savepoints = self.savepoints[: self._find(name) or 0]

    def _find(self, name: str) -> int | None:
        return next((i for i in reversed(range(len(self.savepoints))) if self.savepoints[i][0] == name), None)

    def end(self, *, committed: bool) -> None:
        """Call everybody, in the order in which they enlisted. What they raise is theirs, not the host's."""
        waiting, self.enlisted = self.enlisted, []
        for one in waiting:
            try:
                (one.deliver if committed and one.kept else one.discard)()
            except (Exception, SystemExit):
                log.exception("a callback after the end of the host's transaction failed")


class Deliveries:
    """Calls back after the transactions of one engine have ended; made by `watch`.

    Callbacks run in the thread that ended the transaction, when the driver's connection is out of it. The host may
    still hold that connection, so a callback that needs one takes another from the pool.
    """

    def __init__(self, engine: Engine) -> None:
        dialect: Any = engine.dialect
        self._is_sqlite = dialect.name == "sqlite"
        self._driver_of = dialect.get_driver_connection
        self._commit, self._rollback = dialect.do_commit, dialect.do_rollback
        self._savepoint = dialect.do_savepoint
        self._rollback_to, self._release = dialect.do_rollback_to_savepoint, dialect.do_release_savepoint
        self._commit_prepared, self._rollback_prepared = dialect.do_commit_twophase, dialect.do_rollback_twophase
        dialect.do_commit, dialect.do_rollback = self._on_commit, self._on_rollback
        dialect.do_savepoint = self._on_savepoint
        dialect.do_rollback_to_savepoint, dialect.do_release_savepoint = self._on_rollback_to, self._on_release
        dialect.do_commit_twophase, dialect.do_rollback_twophase = self._on_commit_prepared, self._on_rollback_prepared
        # A connection that is lost, or comes back with its transaction open, has not committed.
        event.listen(engine.pool, "invalidate", _on_gone)
        event.listen(engine.pool, "checkin", _on_gone)

    def enlist(self, connection: Connection, deliver: Callable[[], None], discard: Callable[[], None]) -> None:
        """Wait for the end of the connection's transaction; exactly one of the two is called, once, after it.

        Args:
            connection: of the watched engine, in a transaction.
            deliver: called if the transaction was committed, with the savepoint that is open now, if any, released.
            discard: called if it was not: rolled back, lost, closed, or rolled back to an older savepoint. Then too it
                is called only when the whole transaction has ended, so that it may write.
        """
        if connection.closed or connection.invalidated:
            _Waiting([_Enlisted(deliver, discard)]).end(committed=False)
            return
        connection.info.setdefault(_WAITING, _Waiting()).enlisted.append(_Enlisted(deliver, discard))

    def deliver_now(self, connection: Connection) -> int:
        """Deliver what waits as if the transaction had been committed, and forget it.

        For tests of a host that rolls back after each one.

        Returns:
            How many were called.
        """
        waiting: _Waiting | None = connection.info.pop(_WAITING, None)
        if waiting is None:
            return 0
        savepoints = [(name, 0) for name, _ in waiting.savepoints]
        connection.info[_WAITING] = _Waiting([], savepoints, waiting.policy_touched)
        count = len(waiting.enlisted)
        waiting.end(committed=True)
        return count

    def touch_policy(self, connection: Connection) -> None:
        """Note that the connection's transaction changes who may what."""
        connection.info.setdefault(_WAITING, _Waiting()).policy_touched = True

    def is_policy_touched(self, connection: Connection) -> bool:
        """Whether it does."""
        waiting: _Waiting | None = connection.info.get(_WAITING)
        return waiting is not None and waiting.policy_touched

    # -- what stands in for the dialect's methods ---------------------------------------------------------------------

    def _on_commit(self, connection: Any) -> None:
        waiting = _take(connection)
        alive = waiting is None or self._alive(connection)
        try:
            self._commit(connection)
        except BaseException:
            self._give_up(connection, waiting)
            raise
        if waiting is not None:
            waiting.end(committed=alive)

    def _on_rollback(self, connection: Any) -> None:
        waiting = _take(connection)
        try:
            self._rollback(connection)
        finally:  # where ROLLBACK fails, the connection is broken and has not committed either
            if waiting is not None:
                waiting.end(committed=False)

    def _give_up(self, connection: Any, waiting: _Waiting | None) -> None:
        """Roll back what could not be committed; SQLAlchemy itself sends no ROLLBACK after a COMMIT that failed.

        SQLite keeps such a transaction open (a deferred foreign key, a lock), so what was refused would be stored with
        the next transaction on this connection.
        """
        if waiting is None:
            return
        with contextlib.suppress(Exception):  # the connection is lost, and with it the transaction
            self._rollback(connection)
        waiting.end(committed=False)

    def _on_savepoint(self, connection: Connection, name: str) -> None:
        self._savepoint(connection, name)
        if (waiting := connection.info.get(_WAITING)) is not None:
            waiting.savepoints.append((name, len(waiting.enlisted)))

    def _on_rollback_to(self, connection: Connection, name: str) -> None:
        self._rollback_to(connection, name)
        if (waiting := connection.info.get(_WAITING)) is not None:
            waiting.rolled_back_to(name)

    def _on_release(self, connection: Connection, name: str) -> None:
        self._release(connection, name)
        if (waiting := connection.info.get(_WAITING)) is not None:
            waiting.released(name)

    def _on_commit_prepared(
        self,
        connection: Connection,
        xid: Any,
        is_prepared: bool = True,  # noqa: FBT001, FBT002  # the dialect's signature
        recover: bool = False,  # noqa: FBT001, FBT002  # the dialect's signature
    ) -> None:
        # A recovered transaction is another connection's; what waits here has nothing to do with it.
        waiting = None if recover else _take(connection.connection)
        alive = waiting is None or is_prepared or self._alive(connection.connection)
        try:
            self._commit_prepared(connection, xid, is_prepared, recover)
        except BaseException:
            if waiting is not None:
                waiting.end(committed=False)  # whoever recovers the prepared transaction is not this unit
            raise
        if waiting is not None:
            waiting.end(committed=alive)

    def _on_rollback_prepared(
        self,
        connection: Connection,
        xid: Any,
        is_prepared: bool = True,  # noqa: FBT001, FBT002  # the dialect's signature
        recover: bool = False,  # noqa: FBT001, FBT002  # the dialect's signature
    ) -> None:
        waiting = None if recover else _take(connection.connection)
        try:
            self._rollback_prepared(connection, xid, is_prepared, recover)
        finally:
            if waiting is not None:
                waiting.end(committed=False)

    def _alive(self, connection: Any) -> bool:
        """Whether COMMIT will commit. Where the transaction failed or is gone already, drivers say nothing."""
        driver = self._driver_of(connection.dbapi_connection)
        if self._is_sqlite:
            alive = bool(driver.in_transaction)
        else:
            alive = _pg_status(driver) in {_PG_ACTIVE, _PG_IN_TRANSACTION, None}
        if not alive:
            log.warning("the host commits a transaction that has failed or ended before; nothing is stored")
        return alive


def watch(engine: Engine) -> Deliveries:
    """The `Deliveries` of an engine; the same one every time, for engines with options of their own too."""
    known = vars(engine.dialect)
    with _watching:
        if _WATCHED not in known:
            known[_WATCHED] = Deliveries(engine)
        deliveries: Deliveries = known[_WATCHED]
        return deliveries


def _take(connection: Any) -> _Waiting | None:
    """What waits for this connection, which is from then on the caller's to end."""
    return connection.info.pop(_WAITING, None) if isinstance(connection, PoolProxiedConnection) else None


def _on_gone(_connection: Any, record: Any, _error: BaseException | None = None) -> None:
    waiting: _Waiting | None = record.info.pop(_WAITING, None)
    if waiting is not None:
        waiting.end(committed=False)


def _pg_status(driver: Any) -> int | None:
    status = getattr(getattr(driver, "info", None), "transaction_status", None)
    return None if status is None else int(status)


# -- coming in --------------------------------------------------------------------------------------------------------


def enter(host: Any) -> Connection:
    """The host's connection, in a transaction that crmkit can work in.

    Where the host has begun none, this begins one, which is then the host's to end. An error of the host's own flush is
    raised as it is. On SQLite, a transaction that cannot write any more, since others have written after it began by
    reading, is a `ConflictError`; a write lock that is not to be had in time for a new one is retryable.

    Args:
        host: a Connection, or an ORM Session (known by its methods), which is flushed first.

    Returns:
        The connection.

    Raises:
        JoinError: if crmkit cannot work in this connection; the message says what to change.
    """
    connection = _connection_of(host)
    if connection.closed or connection.invalidated:
        raise JoinError("the connection is closed or lost; join with one that is open")
    began = not connection.in_transaction()
    try:
        with guarded():
            _refuse_autocommit(connection)
            if connection.dialect.name == "sqlite":
                _enter_sqlite(connection)
            else:
                _enter_postgresql(connection)
    except BaseException:
        if began:
            connection.rollback()
        raise
    return connection


def _connection_of(host: Any) -> Connection:
    if isinstance(host, Connection):
        return host
    if hasattr(host, "sync_session") or hasattr(host, "sync_connection"):
        raise JoinError("an asynchronous session or connection is joined inside its run_sync, by what that hands over")
    if not (hasattr(host, "connection") and hasattr(host, "flush")):
        message = f"a Connection or a Session can be joined, not {type(host).__name__}; open one and pass that"
        raise JoinError(message)
    try:
        host.flush()
        connection: Connection = host.connection()
    except InvalidRequestError as error:  # in a failed transaction, or bound to several engines
        message = f"the session gives no connection ({type(error).__name__}); roll it back, or pass its connection"
        raise JoinError(message) from error
    return connection


def _refuse_autocommit(connection: Connection) -> None:
    driver = driver_connection(connection)
    # On SQLite, autocommit=True (from Python 3.12 on) also makes the driver's commit() do nothing.
    if isolation_level(connection) == "AUTOCOMMIT" or getattr(driver, "autocommit", None) is True:
        raise JoinError(
            "the connection is in AUTOCOMMIT, where nothing can be taken back; join with a connection of an engine"
            ' without isolation_level="AUTOCOMMIT", or set its option isolation_level to "READ COMMITTED"'
            ' (PostgreSQL) or "SERIALIZABLE" (SQLite)'
        )


def _enter_postgresql(connection: Connection) -> None:
    if _pg_status(driver_connection(connection)) == _PG_IN_ERROR:
        raise JoinError("the transaction has failed already; roll it back, or to a savepoint, before joining")
    if not connection.in_transaction():
        connection.begin()
    try:
        refuse_isolation(connection.get_isolation_level())
    except ConfigError as error:
        raise JoinError(error.message) from error


def _enter_sqlite(connection: Connection) -> None:
    fresh = not connection.in_transaction()
    if fresh:
        connection.begin()  # by our listener, the host's, or neither
    if not connection.exec_driver_sql("PRAGMA foreign_keys").scalar():
        raise JoinError("the connection has foreign_keys=OFF; call crm.attach(engine) once, before it connects")
    if not driver_connection(connection).in_transaction:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        return
    try:
        with guarded():
            _take_write_lock(connection)
    except RetryableStorageError as error:
        if fresh:
            raise
        message = (
            "the transaction has begun by reading, and another has written since or is writing now, so it cannot write;"
            " roll it back and begin with BEGIN IMMEDIATE, as every transaction does after crm.attach(engine)"
        )
        raise ConflictError(message) from error


def _take_write_lock(connection: Connection) -> None:
    """Write the number that is there already: the smallest write that needs no table. It does nothing if we hold it."""
    number = connection.exec_driver_sql("PRAGMA user_version").scalar()
    connection.exec_driver_sql(f"PRAGMA user_version = {int(number or 0)}")
