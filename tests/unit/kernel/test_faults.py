"""Errors of the database, said in crmkit's words; the drivers' errors are made here, or by SQLite in memory."""

import sqlite3
from types import SimpleNamespace

import pytest
from sqlalchemy import Column, Index, create_engine, text
from sqlalchemy.exc import DBAPIError, NoSuchTableError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from crmkit.core.kernel.entities.columns import Text
from crmkit.core.kernel.entities.table import entity_table, new_metadata
from crmkit.core.kernel.storage.faults import Taken, UniqueKeys, guarded, is_fault, translate
from crmkit.errors import (
    AlreadyExistsError,
    ConflictError,
    NotFoundError,
    RetryableStorageError,
    StorageError,
)

psycopg = pytest.importorskip("psycopg")  # an extra brings it


@pytest.fixture
def keys():
    metadata = new_metadata()
    columns = (Column("scheme", Text()), Column("value", Text()))
    table = entity_table("crm_party_identifier", metadata, *columns, unique=[("scheme", "value")])
    Index("ux_live", table.c.tenant_id, table.c.scheme, unique=True)
    return UniqueKeys({"party_identifier": table})


def from_sqlite(*statements):
    """The error of the last statement, as SQLAlchemy raises it."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        for statement in statements[:-1]:
            connection.execute(text(statement))
        with pytest.raises(DBAPIError) as caught:
            connection.execute(text(statements[-1]))
    engine.dispose()
    return caught.value


def sqlite_error(code, message="oh"):
    error = sqlite3.OperationalError(message)
    error.sqlite_errorcode, error.sqlite_errorname = code, f"SQLITE_{code}"
    return error


def postgres_error(state, **diagnosis):
    error = type("Refused", (psycopg.DatabaseError,), {"sqlstate": state, "diag": SimpleNamespace(**diagnosis)})
    return error("the value s3cret is in the way")


def wrapped(origin, **options):
    return DBAPIError("INSERT INTO t VALUES (%s)", ("s3cret",), origin, **options)


# -- taken keys -------------------------------------------------------------------------------------------------------

TAKEN = "CREATE TABLE crm_party_identifier (tenant_id, scheme, value, UNIQUE (tenant_id, scheme, value))"
ROW = "INSERT INTO crm_party_identifier VALUES ('acme', 'vat', 's3cret')"


def test_a_key_taken_on_sqlite_names_entity_and_fields(keys):
    error = translate(from_sqlite(TAKEN, ROW, ROW), uniques=keys)
    assert isinstance(error, AlreadyExistsError)
    assert (error.entity, error.fields) == ("party_identifier", ("scheme", "value"))


def test_a_primary_key_taken_on_sqlite_names_the_id(keys):
    table = "CREATE TABLE crm_party_identifier (tenant_id, id, PRIMARY KEY (tenant_id, id))"
    row = "INSERT INTO crm_party_identifier VALUES ('acme', 7)"
    error = translate(from_sqlite(table, row, row), uniques=keys)
    assert (error.entity, error.fields) == ("party_identifier", ("id",))


def test_a_unique_index_of_expressions_on_sqlite_is_found_by_its_name(keys):
    index = "CREATE UNIQUE INDEX ux_live ON crm_party_identifier (tenant_id, lower(scheme))"
    other = "INSERT INTO crm_party_identifier VALUES ('acme', 'VAT', 'other')"
    error = translate(from_sqlite(TAKEN, index, ROW, other), uniques=keys)
    assert (error.entity, error.fields) == ("party_identifier", ("scheme",))


def test_a_key_taken_on_postgresql_is_found_by_the_constraints_name(keys):
    name = "uq_crm_party_identifier_tenant_id_scheme_value"
    origin = postgres_error("23505", table_name="crm_party_identifier", constraint_name=name, message_detail=None)
    error = translate(wrapped(origin), uniques=keys)
    assert (error.entity, error.fields) == ("party_identifier", ("scheme", "value"))


def test_a_key_taken_on_postgresql_is_read_from_the_detail_in_any_language():
    detail = "Schlüssel »(tenant_id, scheme)=(acme, s3cret)« existiert bereits."
    origin = postgres_error("23505", table_name="crm_other", constraint_name="x", message_detail=detail)
    error = translate(wrapped(origin))
    assert (error.entity, error.fields) == ("crm_other", ("scheme",))


def test_a_taken_key_of_no_entity_names_its_table(keys):
    assert keys(Taken(table="host_table", constraint="x")) is None
    origin = postgres_error("23505", table_name="host_table", constraint_name="x", message_detail=None)
    error = translate(wrapped(origin), uniques=keys)
    assert (error.entity, error.fields) == ("host_table", ("x",))


def test_a_long_name_is_known_as_postgresql_shortens_it():
    metadata = new_metadata()
    columns = tuple(Column(f"a_long_name_of_a_column_{i}", Text()) for i in range(3))
    names = tuple(c.name for c in columns)
    table = entity_table("crm_party", metadata, *columns, unique=[names])
    keys = UniqueKeys({"party": table})
    (shortened,) = [name for (_, name), found in keys._columns.items() if found == ("tenant_id", *names)]
    assert len(shortened) <= 63
    assert keys(Taken(table="crm_party", constraint=shortened)) == ("party", names)


# -- the others -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "state",
    ["40001", "40P01", "55P03", "53300", "08006", "08001", "57P01", "57P03"],
)
def test_what_may_succeed_when_run_again_is_retryable_on_postgresql(state):
    assert isinstance(translate(wrapped(postgres_error(state))), RetryableStorageError)


@pytest.mark.parametrize("code", [5, 5 | 2 << 8, 6, 6 | 1 << 8])
def test_what_may_succeed_when_run_again_is_retryable_on_sqlite(code):
    assert isinstance(translate(wrapped(sqlite_error(code))), RetryableStorageError)


@pytest.mark.parametrize(
    ("origin", "says"),
    [
        (sqlite_error(13), "disk is full"),
        (sqlite_error(10 | 3 << 8), "input/output"),
        (sqlite_error(8), "read-only"),
        (sqlite_error(11), "damaged"),
        (sqlite_error(14), "folder exists"),
        (sqlite_error(26), "not a SQLite database"),
        (sqlite_error(7), "out of memory"),
        (sqlite_error(1, "no such table: crm_party"), "crmkit db upgrade"),
        (sqlite_error(1299, "NOT NULL constraint failed: t.x"), "SQLITE_1299"),
        (postgres_error("53100"), "disk is full"),
        (postgres_error("53200"), "out of memory"),
        (postgres_error("58030"), "system error"),
        (postgres_error("25006"), "read-only"),
        (postgres_error("57014"), "cancelled"),
        (postgres_error("42501"), "lacks a right"),
        (postgres_error("28P01"), "password"),
        (postgres_error("3D000"), "no such database"),
        (postgres_error("XX001"), "damaged"),
        (postgres_error("42P01"), "crmkit db upgrade"),
        (postgres_error("42703"), "crmkit db upgrade"),
        (postgres_error("23502"), "SQLSTATE 23502"),
    ],
)
def test_what_will_fail_again_is_a_storage_error(origin, says):
    error = translate(wrapped(origin))
    assert type(error) is StorageError
    assert says in str(error)
    assert not error.retryable


@pytest.mark.parametrize("origin", [sqlite_error(787), postgres_error("23503", table_name="crm_deal")])
def test_a_reference_that_does_not_hold_is_a_conflict(origin):
    error = translate(wrapped(origin))
    assert type(error) is ConflictError
    assert not error.retryable


def test_a_lost_connection_is_retryable_unless_a_commit_was_on_its_way():
    for lost in (
        wrapped(sqlite_error(1), connection_invalidated=True),
        wrapped(psycopg.OperationalError("the connection is closed")),
        psycopg.OperationalError("the connection is closed"),
    ):
        assert isinstance(translate(lost), RetryableStorageError)
        error = translate(lost, committing=True)
        assert type(error) is StorageError
        assert "may or may not be stored" in str(error)


def test_a_serialization_failure_at_commit_is_still_retryable():
    assert translate(wrapped(postgres_error("40001")), committing=True).retryable


def test_a_pool_that_is_used_up_is_retryable():
    assert isinstance(translate(PoolTimeoutError("no connection")), RetryableStorageError)


@pytest.mark.parametrize("error", [NoSuchTableError("s3cret"), sqlite3.ProgrammingError("s3cret is closed")])
def test_anything_else_is_a_storage_error_that_names_its_kind(error):
    known = translate(error)
    assert type(known) is StorageError
    assert type(error).__name__ in str(known)
    assert "s3cret" not in str(known)


def test_an_error_of_crmkit_stays_what_it_is():
    error = NotFoundError("party", 7)
    assert translate(error) is error


@pytest.mark.parametrize("state", ["23505", "23503", "40001", "22001", "42P01", "58030"])
def test_no_value_and_no_sql_gets_into_the_message(state):
    detail = "Key (x)=(s3cret) already exists."
    origin = postgres_error(state, table_name="t", constraint_name="c", message_detail=detail)
    error = wrapped(origin)
    known = translate(error)
    assert "s3cret" not in str(known)
    assert "INSERT" not in str(known)
    assert error.hide_parameters  # so that a printed cause does not show them either


# -- the context ------------------------------------------------------------------------------------------------------


def fail(error):
    raise error


def test_the_context_translates_and_keeps_the_cause():
    origin = wrapped(sqlite_error(5))
    with pytest.raises(RetryableStorageError) as caught, guarded():
        fail(origin)
    assert caught.value.__cause__ is origin


def test_the_context_lets_other_errors_through():
    with pytest.raises(ZeroDivisionError), guarded():
        fail(ZeroDivisionError())
    with pytest.raises(NotFoundError), guarded():
        fail(NotFoundError("party", 7))


def test_the_context_takes_what_a_driver_raises_past_sqlalchemy():
    with pytest.raises(RetryableStorageError), guarded():
        fail(postgres_error("40001"))


def test_the_context_can_be_nested_and_entered_again(keys):
    context = guarded(keys, committing=True)
    for _ in range(2):
        with pytest.raises(RetryableStorageError), guarded(), context:
            fail(wrapped(sqlite_error(5)))
    with guarded(), guarded():
        pass


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OperationalError("x", None, sqlite3.OperationalError()), True),
        (sqlite3.DatabaseError(), True),
        (psycopg.errors.UniqueViolation(), True),
        (ValueError(), False),
        (KeyboardInterrupt(), False),
    ],
)
def test_errors_of_the_database_are_told_from_others(error, expected):
    assert is_fault(error) is expected
