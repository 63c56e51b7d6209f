"""The pytest plugin: fixtures for tests of applications and of plugins.

It comes with crmkit by itself, changes nothing for tests that ask for none of its fixtures, and imports nothing of
crmkit before one does. A project's own fixture of the same name wins.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Protocol

import pytest

if TYPE_CHECKING:
    from crmkit.api import CRM, Clock, FixedClock, Manifest
    from crmkit.testing.actors import Actors
    from crmkit.testing.databases import Databases
    from crmkit.testing.recorder import Recorder

__all__ = ["CrmWith"]

OPTION = "--crmkit-postgres"
REQUIRED = "CRMKIT_REQUIRE_POSTGRES"
SECRET_KEY = "signs in tests, and nowhere else at all"  # noqa: S105  # no secret: it is the same for everybody
NOTHING: Mapping[str, Any] = MappingProxyType({})


class CrmWith(Protocol):
    """The type of the fixture `crm_with`."""

    def __call__(
        self,
        *plugins: Manifest | str,
        config: Mapping[str, Any] = NOTHING,
        clock: Clock | None = None,
        tenant: str | None = None,
    ) -> CRM:
        """A started CRM; see `crm_with`."""
        ...


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer PostgreSQL instead of SQLite."""
    parser.getgroup("crmkit").addoption(
        OPTION,
        action="store_true",
        help="run the fixtures of crmkit.testing on PostgreSQL: on the server that CRMKIT_TEST_POSTGRES_URL names "
        "(which by itself chooses PostgreSQL), else the one on 127.0.0.1:5432, else a private one that is started",
    )


# -- databases --------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The URL of a SQLite database of this run."""
    return f"sqlite:///{tmp_path_factory.mktemp('crmkit') / 'crm.db'}"


@pytest.fixture(scope="session")
def postgres_server(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a PostgreSQL server.

    Where there is none and none can be started, tests are skipped; where ``CRMKIT_REQUIRE_POSTGRES=1`` or PostgreSQL
    was asked for, they fail.
    """
    from crmkit.testing.postgres import NoServerError, server

    serving = server()
    try:
        url = serving.__enter__()
    except NoServerError as error:
        if os.environ.get(REQUIRED) == "1" or request.config.getoption(OPTION):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    yield url
    serving.__exit__(None, None, None)


@pytest.fixture(scope="session")
def postgres_database(postgres_server: str) -> Iterator[str]:
    """The URL of a PostgreSQL database of this run, dropped in the end."""
    from crmkit.testing.postgres import database

    with database(postgres_server) as url:
        yield url


@pytest.fixture(scope="session")
def crmkit_database(request: pytest.FixtureRequest) -> str:
    """The URL of the database that `crm` and `crm_with` work on; override it to have them work on another."""
    asked = request.config.getoption(OPTION) or os.environ.get("CRMKIT_TEST_POSTGRES_URL")
    url: str = request.getfixturevalue("postgres_database" if asked else "sqlite_database")
    return url


@pytest.fixture(scope="session")
def crmkit_databases() -> Iterator[Databases]:
    """The engines of this run."""
    from crmkit.testing.databases import Databases

    databases = Databases()
    yield databases
    databases.close()


# -- deployments ------------------------------------------------------------------------------------------------------


@pytest.fixture
def actors() -> Actors:
    """The users of the pretended host; ``ada`` is an administrator. See `crmkit.testing.Actors`."""
    from crmkit.testing.actors import Actors

    return Actors()


@pytest.fixture
def tenant() -> str:
    """The id of the test's own tenant."""
    return f"t-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def clock() -> FixedClock:
    """A clock that stands still at 9:00 UTC on 2 March 2026 until a test moves it, for ``crm_with(clock=clock)``."""
    from crmkit.api import FixedClock

    return FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))


@pytest.fixture
def recorded_events() -> Iterator[Recorder]:
    """Every event that any CRM of the test delivers: ``recorded_events.of(DealWon)``, ``recorded_events.names``."""
    from crmkit.testing.recorder import Recorder

    recorder = Recorder()
    yield recorder
    recorder.stop()


@pytest.fixture
def crm_with(  # noqa: PLR0917  # pytest hands fixtures over by name
    request: pytest.FixtureRequest,
    crmkit_databases: Databases,
    crmkit_database: str,
    actors: Actors,
    tenant: str,
    recorded_events: Recorder,
) -> CrmWith:
    """A function that makes a started CRM with plugins: ``crm_with("membership", config={...}, clock=clock)``.

    Plugins are named by the ids of installed ones or given as manifests; those that they need have to be named too.
    ``config`` is what crmkit.toml would say, such as ``{"plugins": {"membership": {"rate": "0.2"}}}``. Tables are
    migrated, the default tenant is the test's own or the given one, and is created if it is not there. Attachments are
    kept in a folder that goes when the run ends. There is a secret key, so that plugins that sign links can be tested.
    """

    def make(
        *plugins: Manifest | str,
        config: Mapping[str, Any] = NOTHING,
        clock: Clock | None = None,
        tenant: str | None = None,
    ) -> CRM:
        from crmkit.api import CRM, Config

        manifests = [p for p in plugins if not isinstance(p, str)]
        settings = (
            Config
            .of({"files.folder": crmkit_databases.folder, "core.secret_keys": [SECRET_KEY]})
            .override(config)
            .override({
                "crmkit.default_tenant": tenant or own_tenant,
                "crmkit.plugins": [p if isinstance(p, str) else p.id for p in plugins],
            })
        )
        engine = crmkit_databases.engine(crmkit_database)
        crm = CRM(settings, engine=engine, manifests=manifests, actors=actors, clock=clock)
        crmkit_databases.migrate(crmkit_database, crm)
        crm.start()
        request.addfinalizer(crm.close)
        _inhabit(crm, tenant or own_tenant)
        recorded_events.listen(crm)
        return crm

    own_tenant = tenant
    return make


def _inhabit(crm: CRM, tenant: str) -> None:
    """Create the tenant, with the teams that the actors belong to, unless it is there."""
    from crmkit.testing.actors import TEAMS

    if tenant in dict(crm.tenants.list()):
        return
    crm.tenants.create(tenant)
    with crm.begin("ada", tenant) as uow:
        for team, parent in TEAMS:
            uow.permissions.add_team(team, parent=parent)


@pytest.fixture
def crm(crm_with: CrmWith) -> CRM:
    """A started CRM without plugins, on a migrated database, whose default tenant is the test's own."""
    return crm_with()


@pytest.fixture
def rows(crm: CRM, tenant: str) -> Callable[[], Mapping[str, list[str]]]:
    """A function that gives everything stored for the test's tenant, to assert that a refusal changed nothing."""
    from crmkit.testing.databases import rows_of

    def read() -> Mapping[str, list[str]]:
        with crm.engine.connect() as connection:
            return rows_of(connection, tenant)

    return read
