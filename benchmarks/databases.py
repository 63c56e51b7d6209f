"""Databases of the benchmarks' own: a SQLite file in a temporary folder, a PostgreSQL database created and dropped."""

from __future__ import annotations

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from sqlalchemy import create_engine, make_url, text

__all__ = ["Dialect", "database", "postgres_url"]

Dialect = Literal["sqlite", "postgresql"]
DEFAULT_POSTGRES = "postgresql+psycopg://postgres@127.0.0.1:5432/test"


def postgres_url() -> str:
    """The PostgreSQL server that benchmarks and tests use."""
    return os.environ.get("CRMKIT_TEST_POSTGRES_URL", DEFAULT_POSTGRES)


@contextmanager
def database(dialect: Dialect) -> Iterator[str]:
    """The URL of an empty database that is gone afterwards."""
    if dialect == "sqlite":
        with tempfile.TemporaryDirectory(prefix="crmkit-bench-") as folder:
            yield f"sqlite:///{Path(folder) / 'crm.db'}"
        return
    name = f"crmkit_bench_{uuid.uuid4().hex[:8]}"
    _administer(f'CREATE DATABASE "{name}"')
    try:
        yield make_url(postgres_url()).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(f'DROP DATABASE "{name}" WITH (FORCE)')


def _administer(statement: str) -> None:
    engine = create_engine(postgres_url(), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
