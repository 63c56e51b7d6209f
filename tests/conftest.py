"""Fixtures of the whole suite: those of `crmkit.testing` on each database, with every statement audited.

Each worker has one database of each kind; each test has a new tenant in it. Beside it lives a tenant full of canaries,
which no output may ever show.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import entry_points
from typing import TYPE_CHECKING

import auditor
import pytest
import verifying
from hypothesis import HealthCheck, settings

# Where crmkit is installed, pytest has found the kit by itself, and refuses to be told of it again.
_INSTALLED = any(point.value == "crmkit.testing.plugin" for point in entry_points(group="pytest11"))
pytest_plugins = ["pytester"] if _INSTALLED else ["pytester", "crmkit.testing.plugin"]

if TYPE_CHECKING:
    from crmkit import CRM

auditor.switch_on()

# How long an example takes says how busy the machine is.
settings.register_profile("crmkit", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("crmkit")


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """A database of each kind."""
    url: str = request.getfixturevalue("postgres_database" if request.param == "postgresql" else "sqlite_database")
    return url


@pytest.fixture
def crmkit_database(database_url: str) -> str:
    """What `crm` and `crm_with` work on: here, each database in turn."""
    return database_url


@pytest.fixture
def verified(crm: CRM, tenant: str) -> Iterator[None]:
    """Ends the test with a look at all that it has stored; for those that write at random, race or kill."""
    yield
    verifying.assert_verifies(crm, tenant)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests of one database together, so that a worker sets each up once."""
    items.sort(key=lambda item: "postgresql" in item.name)
