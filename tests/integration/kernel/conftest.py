"""Databases for the parts of the kernel that are tested below the level of a CRM."""

import os
import secrets
import sys
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.schema import CreateSchema, DropSchema

sys.path.append(str(Path(__file__).parent))  # for what tests share

POSTGRES = os.environ.get("CRMKIT_TEST_POSTGRES_URL", "postgresql+psycopg://postgres@127.0.0.1:5432/test")


@pytest.fixture(scope="session")
def postgres():
    """The test server's address; without a server, tests are skipped, unless the server is required."""
    engine = create_engine(POSTGRES)
    try:
        with engine.connect() as connection:
            connection.execute(text("select 1"))
    except OperationalError:
        if os.environ.get("CRMKIT_REQUIRE_POSTGRES") == "1":
            raise
        pytest.skip("no PostgreSQL answers; set CRMKIT_TEST_POSTGRES_URL")
    finally:
        engine.dispose()
    return POSTGRES


@pytest.fixture
def postgres_url(postgres):
    """An address at which a new, empty schema is the default one."""
    schema = f"crmkit_{secrets.token_hex(6)}"
    engine = create_engine(postgres)
    with engine.begin() as connection:
        connection.execute(CreateSchema(schema))
    yield f"{postgres}{'&' if '?' in postgres else '?'}options={quote(f'-csearch_path={schema}')}"
    with engine.begin() as connection:
        connection.execute(DropSchema(schema, cascade=True))
    engine.dispose()


@pytest.fixture
def sqlite_url(tmp_path):
    """The address of a new database file."""
    return f"sqlite:///{tmp_path / 'crm.db'}"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request):
    """The address of a new, empty database: each test runs on both."""
    return request.getfixturevalue("sqlite_url" if request.param == "sqlite" else "postgres_url")


@pytest.fixture
def make(request):
    """Makes engines that are disposed of in the end: ``make(create_engine, url, ...)``."""

    def make_one(factory, *args, **options):
        engine = factory(*args, **options)
        request.addfinalizer(engine.dispose)
        return engine

    return make_one
