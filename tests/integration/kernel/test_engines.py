"""How transactions begin, and what that keeps from being lost."""

import gc
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Column, ForeignKey, Integer, MetaData, Table, create_engine, event, func, insert, select, update
from sqlalchemy.exc import DBAPIError, IntegrityError

from crmkit.core.kernel.storage.engines import attach, begin, in_schema, isolation_level, make_engine
from crmkit.core.kernel.storage.faults import guarded
from crmkit.errors import ConfigError, InvalidSettingError, RetryableStorageError, StorageError

metadata = MetaData()
counters = Table("counters", metadata, Column("id", Integer, primary_key=True), Column("n", Integer))
parts = Table("parts", metadata, Column("counter", ForeignKey("counters.id")))


@pytest.fixture(params=["file", "memory"])
def sqlite(request, make, sqlite_url):
    engine = make(make_engine, sqlite_url if request.param == "file" else "sqlite://")
    metadata.create_all(engine)
    return engine


def statements(engine):
    """What the driver is told, also past SQLAlchemy."""
    told = []
    event.listen(engine, "connect", lambda driver, _: driver.set_trace_callback(told.append))
    return told


def pragma(connection, name):
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


# -- SQLite -----------------------------------------------------------------------------------------------------------


def test_connections_to_sqlite_are_set_up(sqlite):
    with sqlite.connect() as connection:
        assert pragma(connection, "foreign_keys") == 1
        assert pragma(connection, "synchronous") == 2
        assert pragma(connection, "journal_mode") in {"wal", "memory"}
        assert pragma(connection, "busy_timeout") == 5000


def test_a_file_gets_the_write_ahead_log(make, sqlite_url):
    with make(make_engine, sqlite_url).connect() as connection:
        assert pragma(connection, "journal_mode") == "wal"


def test_the_busy_timeout_is_given_in_seconds(make, sqlite_url):
    with make(make_engine, sqlite_url, busy_timeout=0.25).connect() as connection:
        assert pragma(connection, "busy_timeout") == 250


@pytest.mark.parametrize(("read_only", "said"), [(False, "BEGIN IMMEDIATE"), (True, "BEGIN")])
def test_a_unit_begins_as_it_will_go_on(make, sqlite_url, read_only, said):
    engine = make(make_engine, sqlite_url)
    told = statements(engine)
    with engine.connect() as connection:
        told.clear()
        begin(connection, read_only=read_only)
        assert told == [said]


def test_a_transaction_of_the_host_begins_with_the_write_lock_unless_it_says_otherwise(make, sqlite_url):
    engine = make(make_engine, sqlite_url)
    told = statements(engine)
    for connect in (engine.connect, engine.execution_options(crmkit_begin="deferred").connect):
        with connect() as connection:
            connection.exec_driver_sql("select 1")
    assert [s for s in told if s.startswith("BEGIN")] == ["BEGIN IMMEDIATE", "BEGIN"]


def test_an_unknown_way_to_begin_is_refused(make, sqlite_url):
    engine = make(make_engine, sqlite_url)
    option = engine.execution_options(crmkit_begin="now")
    with option.connect() as connection, pytest.raises(InvalidSettingError, match="crmkit_begin"):
        connection.begin()


def test_a_unit_that_cannot_have_the_write_lock_is_retryable(make, sqlite_url):
    engine = make(make_engine, sqlite_url, busy_timeout=0.05)
    with engine.connect() as one, engine.connect() as other:
        begin(one)
        with pytest.raises(RetryableStorageError, match="locked"):
            begin(other)
        assert not other.in_transaction()


def test_who_reads_does_not_wait_for_who_writes(make, sqlite_url):
    engine = make(make_engine, sqlite_url)
    metadata.create_all(engine)
    with engine.connect() as writer, engine.connect() as reader:
        begin(writer)
        writer.execute(insert(counters).values(id=1, n=0))
        begin(reader, read_only=True)
        assert reader.scalar(select(func.count()).select_from(counters)) == 0


@pytest.mark.parametrize("threads", [8])
def test_no_update_is_lost(sqlite, threads):
    """With the driver's own habits this test loses updates."""
    with sqlite.begin() as connection:
        connection.execute(insert(counters).values(id=1, n=0))
    barrier = threading.Barrier(threads)

    def raise_counter(_):
        barrier.wait()
        for _ in range(5):
            with sqlite.connect() as connection, begin(connection):
                n = connection.scalar(select(counters.c.n))
                connection.execute(update(counters).values(n=n + 1))

    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(raise_counter, range(threads)))
    with sqlite.connect() as connection:
        assert connection.scalar(select(counters.c.n)) == threads * 5


def test_a_rollback_takes_back_what_a_released_savepoint_wrote(sqlite):
    """With the driver's own habits the row stays."""
    with sqlite.connect() as connection:
        transaction = begin(connection)
        with connection.begin_nested():
            connection.execute(insert(counters).values(id=1, n=0))
        transaction.rollback()
        assert connection.scalar(select(func.count()).select_from(counters)) == 0


def test_a_rollback_takes_back_ddl(sqlite):
    with sqlite.connect() as connection:
        transaction = begin(connection)
        connection.exec_driver_sql("CREATE TABLE other (id INTEGER)")
        transaction.rollback()
    with sqlite.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master WHERE name = 'other'").scalar() == 0


def test_foreign_keys_are_kept(sqlite):
    with sqlite.connect() as connection, begin(connection), pytest.raises(IntegrityError):
        connection.execute(insert(parts).values(counter=99))


def test_a_commit_after_sqlite_ended_the_transaction_is_an_error(sqlite):
    """A full disk makes SQLite roll back by itself; a commit that then said nothing would acknowledge lost rows."""
    with sqlite.connect() as connection:
        transaction = begin(connection)
        connection.execute(insert(counters).values(id=1, n=0))
        connection.connection.driver_connection.execute("ROLLBACK")
        with pytest.raises(DBAPIError, match="no transaction is active"):
            transaction.commit()
        transaction.rollback()


def test_a_connection_in_autocommit_works_and_leaves_the_next_as_it_should_be(make, sqlite_url):
    engine = make(make_engine, sqlite_url, pool_size=1)
    metadata.create_all(engine)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(insert(counters).values(id=1, n=0))
        connection.exec_driver_sql("VACUUM")
        connection.commit()
    with engine.connect() as connection:
        transaction = begin(connection)
        assert connection.connection.driver_connection.isolation_level is None
        connection.execute(insert(counters).values(id=2, n=0))
        transaction.rollback()
        assert connection.scalar(select(func.count()).select_from(counters)) == 1


def test_connections_made_before_attaching_are_set_up_when_they_begin(make, sqlite_url):
    engine = make(create_engine, sqlite_url)
    engine.connect().close()
    attach(engine)
    with engine.connect() as connection:
        assert pragma(connection, "foreign_keys") == 1


def test_attaching_twice_is_the_same_as_once(make, sqlite_url):
    engine = make(create_engine, sqlite_url)
    told = statements(engine)
    for one in (engine, engine, engine.execution_options(logging_token="x")):
        assert attach(one) is one
    with engine.connect() as connection:
        connection.begin()
    assert [s for s in told if s.startswith("BEGIN")] == ["BEGIN IMMEDIATE"]


def test_attaching_an_engine_with_options_attaches_its_origin(make, sqlite_url):
    engine = make(create_engine, sqlite_url)
    attach(engine.execution_options(logging_token="x"))
    with engine.connect() as connection:
        assert pragma(connection, "foreign_keys") == 1


def test_an_engine_stays_attached_when_it_is_disposed_of(make, sqlite_url):
    engine = make(make_engine, sqlite_url)
    engine.dispose()
    with engine.connect() as connection:
        assert pragma(connection, "foreign_keys") == 1


def test_many_threads_may_open_a_new_file_at_once(tmp_path, make):
    """Switching to the write-ahead log does not wait for others by itself."""
    barrier = threading.Barrier(8)

    def connect(number):
        engine = make(make_engine, f"sqlite:///{tmp_path / 'new.db'}")
        barrier.wait()
        with engine.connect() as connection, begin(connection):
            connection.exec_driver_sql(f"CREATE TABLE t{number} (id INTEGER)")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(connect, range(8)))


def test_a_file_that_is_no_database_is_a_storage_error(make, tmp_path):
    place = tmp_path / "crm.db"
    place.write_bytes(b"these are not the bytes of a database" * 100)
    before = place.read_bytes()
    with pytest.raises(DBAPIError, match="not a database"):
        make(make_engine, f"sqlite:///{place}").connect()
    assert place.read_bytes() == before


# -- SQLite in memory -------------------------------------------------------------------------------------------------


def test_databases_in_memory_are_apart_and_each_has_many_connections(make):
    one, other = make(make_engine, "sqlite://"), make(make_engine, "sqlite:///:memory:")
    metadata.create_all(one)
    with one.connect() as first, one.connect() as second:
        for connection in (first, second):
            begin(connection, read_only=True)
            connection.execute(select(counters)).all()
        assert first.connection.dbapi_connection is not second.connection.dbapi_connection
    with other.connect() as connection, pytest.raises(DBAPIError, match="no such table"):
        connection.execute(select(counters))


def test_a_database_in_memory_outlives_its_connections(make):
    engine = make(make_engine, "sqlite://")
    metadata.create_all(engine)
    engine.dispose()
    with engine.connect() as connection:
        assert connection.execute(select(counters)).all() == []


def test_a_database_in_memory_goes_with_its_engine():
    engine = make_engine("sqlite://")
    metadata.create_all(engine)
    place = engine.url.database
    engine.dispose()
    del engine
    gc.collect()
    again = create_engine(f"sqlite:///{place}?vfs=memdb&uri=true")
    with again.connect() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar() == 0
    again.dispose()


def test_a_unit_inside_another_in_memory_fails_without_harm_to_the_outer_one(make):
    engine = make(make_engine, "sqlite://", busy_timeout=0.05)
    metadata.create_all(engine)
    with engine.connect() as outer, begin(outer):
        outer.execute(insert(counters).values(id=1, n=0))
        with pytest.raises(RetryableStorageError), guarded(), engine.connect() as inner:
            begin(inner)
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(counters)) == 1


# -- PostgreSQL -------------------------------------------------------------------------------------------------------


def test_a_unit_on_postgresql_begins_at_read_committed(make, postgres_url):
    engine = make(make_engine, postgres_url)
    with engine.connect() as connection:
        assert isolation_level(connection) == "READ COMMITTED"
        begin(connection)
        assert connection.get_isolation_level() == "READ COMMITTED"


def test_a_unit_on_postgresql_may_be_serializable(make, postgres_url):
    engine = make(make_engine, postgres_url, isolation_level="SERIALIZABLE")
    with engine.connect() as connection:
        begin(connection)
        assert connection.get_isolation_level() == "SERIALIZABLE"


def test_a_server_that_defaults_to_repeatable_read_is_refused(make, postgres_url):
    url = postgres_url + "%20-cdefault_transaction_isolation=repeatable%5C%20read"
    engine = make(make_engine, url)
    with engine.connect() as connection:
        with pytest.raises(ConfigError, match="REPEATABLE READ"):
            begin(connection)
        assert not connection.in_transaction()


def test_an_engine_option_of_repeatable_read_is_refused(make, postgres_url):
    engine = make(make_engine, postgres_url).execution_options(isolation_level="REPEATABLE READ")
    with engine.connect() as connection, pytest.raises(ConfigError, match="REPEATABLE READ"):
        begin(connection)


def test_tables_are_found_in_their_schema(make, postgres_url):
    schema = postgres_url.rpartition("%3D")[2]
    engine = make(make_engine, postgres_url.partition("?")[0], schema=schema)
    metadata.create_all(engine)
    with engine.connect() as connection, begin(connection):
        connection.execute(insert(counters).values(id=1, n=0))
    plain = make(make_engine, postgres_url)
    with plain.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(counters)) == 1
    with in_schema(plain, "pg_catalog").connect() as connection, pytest.raises(DBAPIError):
        connection.execute(select(counters))


def test_a_server_that_does_not_answer_is_retryable(make):
    engine = make(make_engine, "postgresql://crm@127.0.0.1:1/crm")
    with pytest.raises(RetryableStorageError, match="lost or could not be made"), guarded():
        engine.connect()


def test_a_folder_that_is_not_there_is_a_storage_error(make, tmp_path):
    engine = make(make_engine, f"sqlite:///{tmp_path / 'nowhere' / 'crm.db'}")
    with pytest.raises(StorageError, match="folder exists"), guarded():
        engine.connect()
    assert not (tmp_path / "nowhere").exists()


def test_postgresql_does_not_compile_queries_on_connections_of_crmkits_own(postgres, make):
    """A list took seconds to compile and milliseconds to run."""
    with make(make_engine, postgres).connect() as connection:
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"
        connection.rollback()
        assert connection.exec_driver_sql("SHOW jit").scalar_one() == "off"
