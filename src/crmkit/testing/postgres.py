"""A PostgreSQL server to test on: one that is named, one that is running, or a private one that is started."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import create_engine, make_url

__all__ = ["NoServerError", "database", "server"]

VARIABLE: Final = "CRMKIT_TEST_POSTGRES_URL"
RUNNING: Final = "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
SECONDS_TO_ANSWER: Final = 5
ACCOUNT: Final = "postgres"
"""Whom the server runs as where the tests run as root, which it refuses to."""


class NoServerError(Exception):
    """There is no PostgreSQL server, and none can be started; the message says what to do."""


@contextmanager
def server() -> Generator[str]:
    """The URL of a server: that of ``CRMKIT_TEST_POSTGRES_URL``, else of the running one, else of a private one.

    The running one is that on 127.0.0.1:5432, if it lets the user postgres in without a password.

    Raises:
        NoServerError: if there is none and the programs to start one are not installed.
    """
    named = os.environ.get(VARIABLE)
    if named:
        _ask(named)
        yield named
        return
    try:
        _ask(RUNNING)
    except NoServerError:
        with _private() as url:
            yield url
        return
    yield RUNNING


@contextmanager
def database(server_url: str) -> Generator[str]:
    """The URL of a new database on the server, which is dropped in the end."""
    name = f"crmkit_{uuid.uuid4().hex[:12]}"
    _administer(server_url, f'CREATE DATABASE "{name}"')
    # It need not survive a crash, and every test commits a dozen times.
    _administer(server_url, f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    try:
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
    finally:
        _administer(server_url, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(statement)
    finally:
        engine.dispose()


def _ask(url: str) -> None:
    try:
        engine = create_engine(url, connect_args={"connect_timeout": SECONDS_TO_ANSWER})
        try:
            engine.connect().close()
        finally:
            engine.dispose()
    except ImportError as error:
        raise NoServerError(f"no driver ({error}); run: python -m pip install 'crmkit[postgresql]'") from error
    except Exception as error:
        shown = make_url(url).render_as_string()
        raise NoServerError(f"no PostgreSQL answers at {shown} ({type(error).__name__}); set {VARIABLE}") from error


# -- a private one ----------------------------------------------------------------------------------------------------


@contextmanager
def _private() -> Generator[str]:
    """A server of our own in a temporary folder, reached by a socket in it, so that it is in nobody's way."""
    programs = _programs()
    # Not pytest's folder: root's is closed to the account that the server runs as, and sockets' paths must be short.
    place = Path(tempfile.mkdtemp(prefix="crmkit-pg-"))
    try:
        if _is_root():
            shutil.chown(place, ACCOUNT)
        _run(programs / "initdb", "-D", "data", "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C", place=place)
        options = f"-c listen_addresses='' -c unix_socket_directories='{place}' -c fsync=off -c max_connections=50"
        _run(programs / "pg_ctl", "-D", "data", "-l", "log", "-w", "-o", options, "start", place=place)
        try:
            yield f"postgresql+psycopg://{ACCOUNT}@/postgres?host={place}"
        finally:
            _run(programs / "pg_ctl", "-D", "data", "-m", "immediate", "stop", place=place)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _programs() -> Path:
    """The folder of PostgreSQL's programs; the newest version's, where distributions keep them off the path.

    Raises:
        NoServerError: if they are not installed.
    """
    on_path = shutil.which("initdb")
    folders = [Path(on_path).resolve().parent] if on_path else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda folder: -_version(folder))
    for folder in folders:
        if (folder / "initdb").exists() and (folder / "pg_ctl").exists():
            return folder
    raise NoServerError(f"no PostgreSQL answers, and its programs are not installed to start one; set {VARIABLE}")


def _version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0


def _is_root() -> bool:
    return hasattr(os, "geteuid") and os.geteuid() == 0


def _run(*command: str | Path, place: Path) -> None:
    as_account: dict[str, Any] = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if _is_root() else {}
    # Into a file and not a pipe, which the server would inherit and keep open.
    with (place / "output").open("w+") as output:
        ran = subprocess.run(  # noqa: S603  # programs of PostgreSQL, with arguments of our own
            command, cwd=place, stdin=subprocess.DEVNULL, stdout=output, stderr=output, check=False, **as_account
        )
        output.seek(0)
        if ran.returncode:
            raise NoServerError(f"{Path(command[0]).name} failed: {output.read().strip()[-500:]}")
