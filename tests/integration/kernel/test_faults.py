"""Errors as the databases themselves raise them."""

import threading

import pytest
from sqlalchemy import Column, func, insert, select, text, update

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.table import entity_table, new_metadata, ref
from crmkit.core.kernel.storage.engines import begin, make_engine
from crmkit.core.kernel.storage.faults import UniqueKeys, guarded
from crmkit.errors import AlreadyExistsError, ConflictError, RetryableStorageError, StorageError
from crmkit.values.clock import SystemClock
from crmkit.values.ids import new_id

metadata = new_metadata()
parties = entity_table("crm_party", metadata, Column("number", Text()), unique=[("number",)])
deals = entity_table("crm_deal", metadata, ref("party"))
keys = UniqueKeys({"party": parties, "deal": deals})


@pytest.fixture
def engine(url, make):
    engine = make(make_engine, url)
    metadata.create_all(engine)
    return engine


def row(**values):
    now = SystemClock().now()
    return {"tenant_id": "acme", "id": new_id(), "version": 1, "created_at": now, "updated_at": now, **values}


def stored(engine, table=parties):
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(table))


def add(engine, table, *rows):
    with guarded(keys), engine.connect() as connection, begin(connection):
        for one in rows:
            connection.execute(insert(table).values(one))


def test_a_taken_key_names_entity_and_fields_and_neither_value_nor_id(engine):
    add(engine, parties, row(number="s3cret"))
    with pytest.raises(AlreadyExistsError, match="a party with the same number already exists") as caught:
        add(engine, parties, row(number="other"), row(number="s3cret"))
    assert (caught.value.entity, caught.value.fields) == ("party", ("number",))
    assert stored(engine) == 1


def test_a_taken_id_names_the_id(engine):
    one = row(number="1")
    with pytest.raises(AlreadyExistsError) as caught:
        add(engine, parties, one, one | {"number": "2"})
    assert (caught.value.entity, caught.value.fields) == ("party", ("id",))
    assert stored(engine) == 0


def test_a_reference_to_nothing_is_a_conflict(engine):
    with pytest.raises(ConflictError):
        add(engine, deals, row(party_id=new_id()))
    assert stored(engine, deals) == 0


def test_a_missing_table_says_how_to_make_it(engine):
    metadata.drop_all(engine)
    with pytest.raises(StorageError, match="crmkit db upgrade"):
        add(engine, parties, row())


def test_a_full_disk_is_a_storage_error_and_nothing_is_acknowledged(make, sqlite_url):
    engine = make(make_engine, sqlite_url, pool_size=1)
    metadata.create_all(engine)
    add(engine, parties, row(number="kept"))
    with guarded(), engine.connect() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        connection.rollback()

        def fill():
            with begin(connection):
                for _ in range(100):
                    connection.execute(insert(parties).values(row(number="x" * 1000 + str(new_id()))))

        with pytest.raises(StorageError, match="the disk is full"), guarded():
            fill()
        assert connection.scalar(select(parties.c.number)) == "kept"
    assert stored(engine) == 1


def test_a_deadlock_is_retryable(make, postgres_url):
    engine = make(make_engine, postgres_url)
    metadata.create_all(engine)
    one, other = row(number="1"), row(number="2")
    add(engine, parties, one, other)
    barrier, errors = threading.Barrier(2), []

    def lock(first, second):
        try:
            with guarded(), engine.connect() as connection, begin(connection):
                connection.execute(update(parties).where(parties.c.id == first["id"]).values(version=2))
                barrier.wait()
                connection.execute(update(parties).where(parties.c.id == second["id"]).values(version=2))
        except StorageError as error:
            errors.append(error)

    threads = [threading.Thread(target=lock, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    (error,) = errors
    assert isinstance(error, RetryableStorageError)
    assert "deadlock" in str(error)


def test_a_serialization_failure_is_retryable(make, postgres_url):
    engine = make(make_engine, postgres_url, isolation_level="SERIALIZABLE")
    metadata.create_all(engine)
    with engine.connect() as one, engine.connect() as other:
        first, second = begin(one), begin(other)
        for connection in (one, other):
            connection.execute(select(parties)).all()
            connection.execute(insert(parties).values(row()))
        first.commit()
        with pytest.raises(RetryableStorageError, match="serialization failure"), guarded(committing=True):
            second.commit()
        second.rollback()
    assert stored(engine) == 1


@pytest.mark.parametrize("committing", [False, True])
def test_a_backend_that_was_ended_is_retryable_unless_it_was_committing(make, postgres_url, committing):
    engine = make(make_engine, postgres_url)
    with engine.connect() as killer, engine.connect() as connection:
        transaction = begin(connection)
        pid = connection.scalar(text("select pg_backend_pid()"))
        killer.execute(text("select pg_terminate_backend(:pid)"), {"pid": pid})
        with pytest.raises(StorageError) as caught, guarded(committing=committing):
            transaction.commit()
        transaction.rollback()
    assert caught.value.retryable is not committing
