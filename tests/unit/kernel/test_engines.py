"""Which engines crmkit takes, and what it says of the others. No database is asked here."""

import subprocess
import sys

import pytest
from sqlalchemy import create_engine, make_url
from sqlalchemy.pool import SingletonThreadPool, StaticPool

from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.engines import attach, in_schema, make_engine
from crmkit.errors import ConfigError, InvalidSettingError


@pytest.mark.parametrize(
    "url",
    ["postgresql://crm@db.example/crm", "postgres://crm@db.example/crm", "postgresql+psycopg://crm@db.example/crm"],
)
def test_postgresql_is_spoken_to_through_psycopg_3(url):
    engine = make_engine(url)
    assert (engine.dialect.name, engine.dialect.driver) == ("postgresql", "psycopg")
    assert engine.url.host == "db.example"


def test_an_address_may_be_given_parsed():
    assert make_engine(make_url("sqlite:///crm.db")).url.database == "crm.db"


def test_a_missing_driver_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(ConfigError, match=r'pip install "crmkit\[postgresql\]"'):
        make_engine("postgresql://crm@db.example/crm")


def test_another_missing_module_is_not_taken_for_the_driver():
    with pytest.raises(ImportError, match="nowhere"):
        make_engine("sqlite:///crm.db", module=_Missing())


class _Missing:
    def __getattr__(self, name):
        raise ModuleNotFoundError("nowhere", name="nowhere")  # the message is the test


def test_an_address_that_cannot_be_read_is_not_shown():
    with pytest.raises(ConfigError, match="cannot be read") as caught:
        make_engine("crm:s3cret")
    assert "s3cret" not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("driver", ["psycopg2", "pg8000", "asyncpg"])
def test_another_driver_for_postgresql_is_refused(driver, monkeypatch):
    engine = make_engine("postgresql://crm@db.example/crm")
    monkeypatch.setattr(engine.dialect, "driver", driver)
    with pytest.raises(ConfigError, match=f"not on postgresql through {driver}"):
        attach(engine)


def test_another_database_is_refused(monkeypatch):
    engine = make_engine("sqlite:///crm.db")
    monkeypatch.setattr(engine.dialect, "name", "mysql")
    with pytest.raises(ConfigError, match="crmkit runs on SQLite and"):
        attach(engine)


@pytest.mark.parametrize("level", ["AUTOCOMMIT", "REPEATABLE READ", "READ UNCOMMITTED"])
def test_an_unsafe_isolation_level_is_refused(level):
    with pytest.raises(ConfigError, match=f"not safe at isolation level {level}"):
        make_engine("postgresql://crm@db.example/crm", isolation_level=level)


@pytest.mark.parametrize("level", ["READ COMMITTED", "SERIALIZABLE"])
def test_a_safe_isolation_level_is_taken(level):
    make_engine("postgresql://crm@db.example/crm", isolation_level=level)


def test_an_engine_in_autocommit_is_refused():
    with pytest.raises(ConfigError, match="AUTOCOMMIT"):
        make_engine("sqlite:///crm.db", isolation_level="AUTOCOMMIT")


def test_an_engine_that_skips_rollbacks_is_refused():
    with pytest.raises(ConfigError, match="skip_autocommit_rollback"):
        make_engine("sqlite:///crm.db", skip_autocommit_rollback=True)


@pytest.mark.parametrize("pool", [StaticPool, SingletonThreadPool])
def test_a_pool_that_shares_one_connection_is_refused_and_the_cure_is_named(pool):
    with pytest.raises(ConfigError, match=r'crmkit\.make_engine\("sqlite://"\)'):
        attach(create_engine("sqlite:///crm.db", poolclass=pool))


@pytest.mark.parametrize("schema", ["Crm", "crm; drop", "", "x" * 64, '"'])
def test_a_schema_that_is_no_plain_name_is_refused(schema):
    with pytest.raises(InvalidSettingError, match="schema"):
        make_engine("postgresql://crm@db.example/crm", schema=schema)


def test_a_schema_on_sqlite_is_refused():
    with pytest.raises(InvalidSettingError, match="SQLite has no schemas"):
        make_engine("sqlite:///crm.db", schema="crm")


def test_without_a_schema_the_engine_stays_what_it_is():
    engine = make_engine("sqlite:///crm.db")
    assert in_schema(engine, None) is engine


def test_a_database_in_memory_needs_a_sqlite_that_can_share_it(monkeypatch):
    monkeypatch.setattr(engines, "_MEMDB_SINCE", (99, 0))
    with pytest.raises(ConfigError, match="use a file"):
        make_engine("sqlite://")


def test_importing_the_engines_imports_no_driver_no_orm_and_no_alembic():
    program = (
        "import sys\n"
        "from crmkit.core.kernel.storage import engines, joining, migrations\n"
        "print(sorted({'sqlite3', 'psycopg', 'sqlalchemy.orm', 'alembic'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
