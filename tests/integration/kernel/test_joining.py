"""Callbacks after the end of a host's transaction: on a real COMMIT, and never otherwise."""

import gc
import logging
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, create_engine, event, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session, registry, sessionmaker
from sqlalchemy.pool import NullPool, StaticPool

from crmkit.core.kernel.storage.engines import attach, make_engine
from crmkit.core.kernel.storage.joining import enter, watch
from crmkit.errors import ConflictError, JoinError, RetryableStorageError

metadata = MetaData()
notes = Table("notes", metadata, Column("id", Integer, primary_key=True))


class Note:
    """The host's own class, mapped by the host's own ORM."""

    def __init__(self, id):
        self.id = id


registry().map_imperatively(Note, notes)


@pytest.fixture
def engine(url, make):
    engine = make(make_engine, url)
    metadata.create_all(engine)
    return engine


@pytest.fixture
def heard():
    return []


@pytest.fixture
def enlist(heard):
    """Enlists two callbacks that say under which name they were called."""

    def enlist_as(host, name="it"):
        connection = enter(host)
        connection.execute(insert(notes))
        watch(connection.engine).enlist(
            connection, lambda: heard.append(f"{name} delivered"), lambda: heard.append(f"{name} discarded")
        )
        return connection

    return enlist_as


def stored(engine):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(notes))


# -- a host's Connection ----------------------------------------------------------------------------------------------


def test_a_commit_of_the_hosts_connection_delivers_once(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
        assert heard == []
        connection.commit()
        assert heard == ["it delivered"]
        connection.execute(insert(notes))
        connection.commit()
    assert heard == ["it delivered"]
    assert stored(engine) == 2


def test_a_commit_at_the_end_of_the_hosts_block_delivers(engine, enlist, heard):
    with engine.begin() as connection:
        enlist(connection)
    assert heard == ["it delivered"]


def test_a_rollback_of_the_hosts_connection_discards(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
        connection.rollback()
    assert heard == ["it discarded"]
    assert stored(engine) == 0


def test_an_exception_in_the_hosts_block_discards(engine, enlist, heard):
    def work():
        with engine.begin() as connection:
            enlist(connection)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()
    assert heard == ["it discarded"]


def test_a_connection_closed_without_commit_discards(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
    assert heard == ["it discarded"]


def test_a_connection_that_is_lost_discards(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
        connection.invalidate()
        assert heard == ["it discarded"]
        connection.rollback()
    assert heard == ["it discarded"]


def test_a_connection_that_was_forgotten_discards(engine, enlist, heard):
    enlist(engine.connect())
    gc.collect()
    assert heard == ["it discarded"]


def test_a_detached_connection_delivers_too(engine, enlist, heard):
    with engine.connect() as connection:
        connection.detach()
        enlist(connection)
        connection.commit()
    assert heard == ["it delivered"]


def test_a_connection_returned_with_its_transaction_open_discards(url, make, enlist, heard):
    """Without the pool's rollback nobody says ROLLBACK; the connection's return must do."""
    engine = make(make_engine, url, pool_reset_on_return=None)
    metadata.create_all(engine)
    connection = enlist(engine.connect())
    connection.connection.close()
    assert heard == ["it discarded"]
    connection.invalidate()
    connection.close()


def test_a_pool_that_commits_on_return_delivers_when_it_has_committed(url, make, enlist, heard):
    engine = make(make_engine, url, pool_reset_on_return="commit")
    metadata.create_all(engine)
    connection = enlist(engine.connect())
    connection.connection.close()  # past SQLAlchemy's transaction, which would roll back
    assert heard == ["it delivered"]
    connection.invalidate()
    connection.close()
    assert stored(engine) == 1


def test_callbacks_are_called_in_the_order_in_which_they_enlisted(engine, enlist, heard):
    with engine.begin() as connection:
        for name in ("first", "second", "third"):
            enlist(connection, name)
    assert heard == ["first delivered", "second delivered", "third delivered"]


def test_each_connection_waits_for_its_own_end(make, enlist, heard, postgres_url):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as one, engine.connect() as other:
        enlist(one, "one")
        enlist(other, "other")
        one.rollback()
        assert heard == ["one discarded"]
        other.commit()
    assert heard == ["one discarded", "other delivered"]


def test_engines_with_options_of_their_own_are_watched_with_their_origin(engine, enlist, heard):
    with engine.execution_options(logging_token="host").begin() as connection:
        enlist(connection)
    assert heard == ["it delivered"]
    assert watch(engine.execution_options(logging_token="host")) is watch(engine)


def test_an_engine_that_was_disposed_of_is_still_watched(engine, enlist, heard):
    watch(engine)
    engine.dispose()
    connection = enlist(engine.connect())
    connection.invalidate()
    connection.close()
    assert heard == ["it discarded"]


# -- a host's ORM session ---------------------------------------------------------------------------------------------


def test_a_commit_of_the_hosts_session_delivers_once(engine, enlist, heard):
    with Session(engine) as session:
        session.add(Note(7))
        enlist(session)
        assert heard == []
        session.commit()
        assert heard == ["it delivered"]
        session.add(Note(80))
        session.commit()
    assert heard == ["it delivered"]


def test_joining_flushes_the_session_first(engine):
    with Session(engine) as session:
        session.add(Note(7))
        assert enter(session).scalar(select(notes.c.id)) == 7


def test_a_rollback_of_the_hosts_session_discards(engine, enlist, heard):
    with Session(engine) as session:
        enlist(session)
        session.rollback()
    assert heard == ["it discarded"]


def test_a_session_closed_without_commit_discards(engine, enlist, heard):
    with Session(engine) as session:
        enlist(session)
    assert heard == ["it discarded"]


def test_a_flush_that_fails_at_the_sessions_commit_discards(engine, enlist, heard):
    with engine.begin() as connection:
        connection.execute(insert(notes).values(id=7))
    with Session(engine) as session:
        enlist(session)
        session.add(Note(7))
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
    assert heard == ["it discarded"]
    assert stored(engine) == 1


def test_a_session_in_a_nested_block_delivers_after_the_outer_commit(engine, enlist, heard):
    with Session(engine) as session, session.begin():
        with session.begin_nested():
            enlist(session)
        assert heard == []
    assert heard == ["it delivered"]


def test_a_session_that_commits_inside_a_connections_savepoint_has_not_committed(engine, enlist, heard):
    """The way in which hosts roll back after each test."""
    with engine.connect() as connection:
        connection.begin()
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            enlist(session)
            session.commit()
        assert heard == []
        connection.rollback()
    assert heard == ["it discarded"]


def test_what_waits_can_be_delivered_before_a_tests_rollback(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
        assert watch(engine).deliver_now(connection) == 1
        assert watch(engine).deliver_now(connection) == 0
        connection.rollback()
    assert heard == ["it delivered"]


# -- savepoints -------------------------------------------------------------------------------------------------------


def test_a_released_savepoint_belongs_to_the_transaction_around_it(engine, enlist, heard):
    with engine.begin() as connection:
        with connection.begin_nested():
            enlist(connection)
        assert heard == []
    assert heard == ["it delivered"]


def test_a_savepoint_rolled_back_discards_once_the_transaction_has_ended(engine, enlist, heard):
    with engine.begin() as connection:
        enlist(connection, "before")
        savepoint = connection.begin_nested()
        enlist(connection, "inside")
        savepoint.rollback()
        enlist(connection, "after")
        assert heard == []
    assert heard == ["before delivered", "inside discarded", "after delivered"]
    assert stored(engine) == 2


def test_a_savepoint_older_than_the_first_to_enlist_takes_it_along(engine, enlist, heard):
    with engine.begin() as connection:
        savepoint = connection.begin_nested()
        enlist(connection)
        savepoint.rollback()
    assert heard == ["it discarded"]


def test_a_released_savepoint_is_rolled_back_with_the_one_around_it(engine, enlist, heard):
    with engine.begin() as connection:
        enlist(connection, "first")
        outer = connection.begin_nested()
        with connection.begin_nested():
            enlist(connection, "innermost")
        enlist(connection, "outer")
        outer.rollback()
    assert heard == ["first delivered", "innermost discarded", "outer discarded"]


def test_an_inner_savepoint_rolled_back_leaves_the_outer_one(engine, enlist, heard):
    with engine.begin() as connection, connection.begin_nested():
        enlist(connection, "outer")
        inner = connection.begin_nested()
        enlist(connection, "inner")
        inner.rollback()
    assert heard == ["outer delivered", "inner discarded"]


def test_an_unknown_older_savepoint_released_leaves_everything_to_the_transaction(engine, enlist, heard):
    with engine.connect() as connection:
        connection.begin()
        older = connection.begin_nested()
        enlist(connection, "first")
        newer = connection.begin_nested()
        enlist(connection, "second")
        newer.commit()
        older.commit()
        connection.commit()
    assert heard == ["first delivered", "second delivered"]


def test_a_savepoint_rolled_back_before_anything_enlisted_changes_nothing(engine, enlist, heard):
    with engine.begin() as connection:
        connection.begin_nested().rollback()
        enlist(connection)
    assert heard == ["it delivered"]


def test_the_whole_rolled_back_after_a_savepoint_was_released_discards(engine, enlist, heard):
    with engine.connect() as connection:
        with connection.begin_nested():
            enlist(connection)
        connection.rollback()
    assert heard == ["it discarded"]


# -- a COMMIT that fails ----------------------------------------------------------------------------------------------

parents = Table("parents", metadata, Column("id", Integer, primary_key=True))
children = Table("children", metadata, Column("of", ForeignKey("parents.id", deferrable=True, initially="DEFERRED")))


def test_a_failing_commit_rolls_back_and_discards(engine, enlist, heard):
    with engine.connect() as connection:
        enlist(connection)
        connection.execute(insert(children).values(of=1))
        with pytest.raises(IntegrityError):
            connection.commit()
        assert heard == ["it discarded"]
        connection.rollback()
    assert heard == ["it discarded"]
    assert stored(engine) == 0


def test_what_a_failing_commit_left_is_not_stored_or_delivered_with_the_next_transaction(engine, enlist, heard):
    """SQLAlchemy sends no ROLLBACK after a failed COMMIT, and SQLite keeps the transaction open."""
    with engine.connect() as connection:
        enlist(connection, "first")
        connection.execute(insert(children).values(of=1))
        with pytest.raises(IntegrityError):
            connection.commit()
        connection.rollback()
        enlist(connection, "second")
        connection.commit()
    assert heard == ["first discarded", "second delivered"]
    assert stored(engine) == 1


def test_a_failing_commit_of_a_session_discards(engine, enlist, heard):
    with Session(engine) as session:
        enlist(session)
        session.execute(insert(children).values(of=1))
        with pytest.raises(IntegrityError):
            session.commit()
        session.rollback()
    assert heard == ["it discarded"]


def test_a_commit_that_postgresql_turns_into_a_rollback_discards(make, postgres_url, enlist, heard, caplog):
    """COMMIT of a failed transaction raises nothing, in the server, the driver or SQLAlchemy."""
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        enlist(connection)
        with pytest.raises(DBAPIError):
            connection.execute(text("select 1/0"))
        connection.commit()
    assert heard == ["it discarded"]
    assert stored(engine) == 0
    assert "failed or ended before" in caplog.text


def test_a_commit_of_a_transaction_that_sqlite_has_ended_is_an_error_and_discards(make, sqlite_url, enlist, heard):
    """SQLite rolls back by itself when a disk is full; the driver's commit() would then say nothing."""
    engine = make(make_engine, sqlite_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        enlist(connection)
        connection.connection.driver_connection.execute("ROLLBACK")
        with pytest.raises(DBAPIError, match="no transaction is active"):
            connection.commit()
        connection.rollback()
    assert heard == ["it discarded"]


def test_the_same_on_an_engine_that_is_not_attached_discards(make, sqlite_url, enlist, heard):
    engine = make(create_engine, sqlite_url)
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine)
    with engine.connect() as connection:
        enlist(connection)
        connection.connection.driver_connection.execute("ROLLBACK")
        connection.commit()
    assert heard == ["it discarded"]


def test_a_terminated_backend_discards(make, postgres_url, enlist, heard):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as killer, engine.connect() as connection:
        enlist(connection)
        pid = connection.scalar(text("select pg_backend_pid()"))
        killer.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(DBAPIError):
            connection.commit()
        assert heard == ["it discarded"]
        connection.rollback()
    assert heard == ["it discarded"]


# -- two-phase commit -------------------------------------------------------------------------------------------------


@pytest.fixture
def two_phase(postgres_url, make):
    """An engine whose driver plays the two phases: test servers rarely allow prepared transactions."""
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    played = SimpleNamespace(fails=False)

    def commit(connection, xid, is_prepared=True, recover=False):
        if played.fails:
            raise ZeroDivisionError
        engine.dialect.do_commit(connection.connection)  # some dialects call the plain methods inside

    def rollback(connection, xid, is_prepared=True, recover=False):
        engine.dialect.do_rollback(connection.connection)

    dialect = engine.dialect
    dialect.do_begin_twophase = dialect.do_prepare_twophase = lambda connection, xid: None
    dialect.do_commit_twophase, dialect.do_rollback_twophase = commit, rollback
    return SimpleNamespace(engine=engine, played=played)


@pytest.mark.parametrize("prepared", [True, False])
def test_a_two_phase_commit_delivers(two_phase, enlist, heard, prepared):
    with two_phase.engine.connect() as connection:
        transaction = connection.begin_twophase()
        enlist(connection)
        if prepared:
            transaction.prepare()
            assert heard == []
        transaction.commit()
    assert heard == ["it delivered"]


def test_a_two_phase_rollback_discards(two_phase, enlist, heard):
    with two_phase.engine.connect() as connection:
        transaction = connection.begin_twophase()
        enlist(connection)
        transaction.prepare()
        transaction.rollback()
    assert heard == ["it discarded"]


def test_a_two_phase_commit_that_fails_discards(two_phase, enlist, heard):
    two_phase.played.fails = True
    with two_phase.engine.connect() as connection:
        transaction = connection.begin_twophase()
        enlist(connection)
        transaction.prepare()
        with pytest.raises(ZeroDivisionError):
            transaction.commit()
    assert heard == ["it discarded"]


def test_a_recovered_transaction_is_not_what_waits(two_phase, enlist, heard):
    with two_phase.engine.connect() as connection:
        enlist(connection)
        dialect = two_phase.engine.dialect
        waiting = dict(connection.info)
        two_phase.played.fails = True
        with pytest.raises(ZeroDivisionError):
            dialect.do_commit_twophase(connection, "other", True, True)
        assert connection.info == waiting
        assert heard == []
        connection.rollback()


# -- callbacks --------------------------------------------------------------------------------------------------------


def test_a_callback_finds_the_transaction_over_and_its_rows_stored(engine):
    counts = []
    with engine.connect() as connection:
        enter(connection).execute(insert(notes))
        watch(engine).enlist(connection, lambda: counts.append(stored(engine)), lambda: None)
        connection.commit()
    assert counts == [1]


@pytest.mark.parametrize("how", ["commit", "rollback"])
def test_a_callback_may_write_in_a_transaction_of_its_own(engine, how):
    """Denials are written after either end, also those of a savepoint that was rolled back."""

    def write():
        with engine.begin() as other:
            other.execute(insert(notes).values(id=100))

    with engine.connect() as connection:
        enter(connection)
        savepoint = connection.begin_nested()
        watch(engine).enlist(connection, write, write)
        savepoint.rollback()
        getattr(connection, how)()
    assert stored(engine) == 1


@pytest.mark.parametrize("error", [ZeroDivisionError, SystemExit])
def test_a_callback_that_raises_is_logged_and_hurts_nobody(engine, enlist, heard, caplog, error):
    def fail():
        raise error

    with engine.begin() as connection, caplog.at_level(logging.ERROR):
        watch(engine).enlist(enter(connection), fail, fail)
        enlist(connection)
    assert heard == ["it delivered"]
    assert stored(engine) == 1
    assert error.__name__ in caplog.text


def test_enlisting_with_a_lost_connection_discards_at_once(engine, heard):
    with engine.connect() as connection:
        enter(connection)
        connection.invalidate()
        watch(engine).enlist(connection, lambda: heard.append("delivered"), lambda: heard.append("discarded"))
        assert heard == ["discarded"]
        connection.rollback()


# -- what is refused --------------------------------------------------------------------------------------------------


def refusals_leave_nothing(engine):
    assert stored(engine) == 0
    assert engine.pool.checkedout() == 0


@pytest.mark.parametrize("where", ["engine", "engine option", "connection option"])
def test_autocommit_is_refused(url, make, where):
    options = {"isolation_level": "AUTOCOMMIT"}
    engine = make(create_engine, url, **(options if where == "engine" else {}))
    metadata.create_all(engine)
    host = engine.execution_options(**options) if where == "engine option" else engine
    with host.connect() as connection:
        if where == "connection option":
            connection.execution_options(**options)
        with pytest.raises(JoinError, match="AUTOCOMMIT"):
            enter(connection)
        assert not connection.in_transaction()
    refusals_leave_nothing(engine)


def test_autocommit_set_on_the_driver_is_refused(make, postgres_url):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.autocommit = True
        with pytest.raises(JoinError, match="AUTOCOMMIT"):
            enter(connection)
        connection.connection.driver_connection.autocommit = False
    refusals_leave_nothing(engine)


def test_a_session_in_autocommit_is_refused(url, make):
    engine = make(create_engine, url)
    metadata.create_all(engine)
    sessions = sessionmaker(engine.execution_options(isolation_level="AUTOCOMMIT"))
    with sessions() as session, pytest.raises(JoinError, match="AUTOCOMMIT"):
        enter(session)
    refusals_leave_nothing(engine)


def test_a_closed_connection_is_refused(engine):
    connection = engine.connect()
    connection.close()
    with pytest.raises(JoinError, match="closed"):
        enter(connection)
    refusals_leave_nothing(engine)


def test_a_lost_connection_is_refused(engine):
    with engine.connect() as connection:
        connection.begin()
        connection.invalidate()
        with pytest.raises(JoinError, match="lost"):
            enter(connection)
        connection.rollback()
    refusals_leave_nothing(engine)


@pytest.mark.parametrize("level", ["REPEATABLE READ", "SERIALIZABLE"])
def test_of_the_isolation_levels_repeatable_read_is_refused(make, postgres_url, level):
    engine = make(create_engine, postgres_url, isolation_level=level)
    metadata.create_all(engine)
    with engine.connect() as connection:
        if level == "SERIALIZABLE":
            assert enter(connection) is connection
        else:
            with pytest.raises(JoinError, match="not safe at isolation level REPEATABLE READ"):
                enter(connection)
            assert not connection.in_transaction()
    refusals_leave_nothing(engine)


def test_repeatable_read_set_by_a_statement_is_refused(make, postgres_url):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"))
        with pytest.raises(JoinError, match="REPEATABLE READ"):
            enter(connection)
        assert connection.in_transaction()  # begun by the host, so it is the host's to end
    refusals_leave_nothing(engine)


def test_a_failed_transaction_is_refused(make, postgres_url):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        with pytest.raises(DBAPIError):
            connection.execute(text("select 1/0"))
        with pytest.raises(JoinError, match="failed already"):
            enter(connection)
    refusals_leave_nothing(engine)


def test_a_session_in_a_failed_transaction_is_refused(engine):
    with engine.begin() as connection:
        connection.execute(insert(notes).values(id=7))
    with Session(engine) as session:
        session.add(Note(7))
        with pytest.raises(IntegrityError):
            session.flush()
        with pytest.raises(JoinError, match="roll it back"):
            enter(session)
    assert stored(engine) == 1


def test_errors_of_the_hosts_own_flush_are_the_hosts(engine):
    with engine.begin() as connection:
        connection.execute(insert(notes).values(id=7))
    with Session(engine) as session:
        session.add(Note(7))
        with pytest.raises(IntegrityError):
            enter(session)
    assert stored(engine) == 1


def test_a_session_without_an_engine_is_refused():
    with Session() as session, pytest.raises(JoinError, match="gives no connection"):
        enter(session)


@pytest.mark.parametrize(
    ("host", "message"),
    [
        (SimpleNamespace(sync_session=None), "run_sync"),
        (SimpleNamespace(sync_connection=None), "run_sync"),
        (object(), "not object"),
    ],
)
def test_what_is_no_connection_or_session_is_refused(host, message):
    with pytest.raises(JoinError, match=message):
        enter(host)


def test_an_engine_is_refused(engine):
    with pytest.raises(JoinError, match="not Engine"):
        enter(engine)


# -- SQLite -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def plain(make, sqlite_url):
    """A host's engine with the driver's own habits, but for foreign keys."""
    engine = make(create_engine, sqlite_url, connect_args={"timeout": 0.05})
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine)
    with engine.begin() as connection:
        connection.execute(text("PRAGMA journal_mode=WAL"))
    return engine


def test_sqlite_without_foreign_keys_is_refused(make, sqlite_url):
    engine = make(create_engine, sqlite_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        with pytest.raises(JoinError, match=r"foreign_keys=OFF; call crm\.attach"):
            enter(connection)
        assert not connection.in_transaction()
    refusals_leave_nothing(engine)


def test_foreign_keys_switched_off_on_an_attached_engine_are_noticed(make, sqlite_url):
    engine = make(make_engine, sqlite_url)
    metadata.create_all(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA foreign_keys=OFF")
        with pytest.raises(JoinError, match="foreign_keys=OFF"):
            enter(connection)
    refusals_leave_nothing(engine)


def test_joining_where_no_transaction_is_open_takes_the_write_lock(plain):
    with plain.connect() as connection, plain.connect() as other:
        enter(connection)
        with pytest.raises(DBAPIError, match="locked"):
            other.execute(insert(notes))


def test_joining_after_the_host_has_read_takes_the_write_lock(plain):
    """In its own mode the driver begins nothing for a SELECT."""
    with plain.connect() as connection, plain.connect() as other:
        connection.execute(select(notes)).all()
        enter(connection)
        with pytest.raises(DBAPIError, match="locked"):
            other.execute(insert(notes))


def test_joining_after_the_host_has_written_works(plain, enlist, heard):
    with plain.begin() as connection:
        connection.execute(insert(notes))
        enlist(connection)
    assert heard == ["it delivered"]
    assert stored(plain) == 2


def test_a_rollback_after_joining_takes_the_hosts_rows_and_ours(plain, enlist):
    with plain.connect() as connection:
        enlist(connection)
        with connection.begin_nested():
            connection.execute(insert(notes))
        connection.rollback()
    assert stored(plain) == 0


def test_a_write_lock_that_another_holds_is_retryable(plain):
    with plain.connect() as holder, plain.connect() as connection:
        holder.execute(insert(notes))
        with pytest.raises(RetryableStorageError):
            enter(connection)
        assert not connection.in_transaction()
    refusals_leave_nothing(plain)


@pytest.mark.parametrize("writer", ["still writing", "has written"])
def test_a_transaction_that_read_before_another_wrote_is_a_conflict(plain, writer):
    attach(plain)
    with (
        plain.execution_options(crmkit_begin="deferred").connect() as connection,
        plain.connect() as other,
    ):
        connection.execute(select(notes)).all()
        other.execute(insert(notes))
        if writer == "has written":
            other.commit()
        with pytest.raises(ConflictError, match="BEGIN IMMEDIATE") as caught:
            enter(connection)
        assert not caught.value.retryable
        assert connection.execute(select(notes)).all() == []  # the host may go on reading
    assert stored(plain) == (1 if writer == "has written" else 0)


def test_a_deferred_transaction_that_can_still_write_is_joined(plain, enlist, heard):
    attach(plain)
    with plain.execution_options(crmkit_begin="deferred").begin() as connection:
        connection.execute(select(notes)).all()
        enlist(connection)
    assert heard == ["it delivered"]
    assert stored(plain) == 1


def test_an_attached_engine_lets_a_host_read_first_and_join_later(plain, enlist, heard):
    attach(plain)
    with plain.begin() as connection:
        connection.execute(select(notes)).all()
        enlist(connection)
    assert heard == ["it delivered"]


def test_a_hosts_own_begin_listener_is_respected(plain, enlist, heard):
    """SQLAlchemy's documentation recommends such a listener."""
    event.listen(plain, "connect", lambda driver, _: setattr(driver, "isolation_level", None))
    event.listen(plain, "begin", lambda connection: connection.exec_driver_sql("BEGIN"))
    plain.dispose()
    attach(plain)
    with plain.begin() as connection:
        enlist(connection)
    assert heard == ["it delivered"]
    assert stored(plain) == 1


@pytest.mark.parametrize("pool", [NullPool, StaticPool])
def test_other_pools_can_be_joined(make, tmp_path, pool, enlist, heard):
    address = "sqlite://" if pool is StaticPool else f"sqlite:///{tmp_path / 'other.db'}"
    engine = make(create_engine, address, poolclass=pool)
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA foreign_keys=ON"))
    metadata.create_all(engine)
    with engine.begin() as connection:
        enlist(connection)
    with engine.connect() as connection:
        enlist(connection, "other")
    assert heard == ["it delivered", "other discarded"]
    assert stored(engine) == 1
