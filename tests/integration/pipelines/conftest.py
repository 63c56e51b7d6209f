"""A CRM whose clock tests move, and a party to deal with."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit import CRM, FixedClock, Person

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    """Stands still until a test moves it."""
    return FixedClock(START)


@pytest.fixture
def timed(crm: CRM, clock: FixedClock) -> CRM:
    """The same CRM, at the time that `clock` shows."""
    return CRM(crm.config, engine=crm.engine, actors=crm.runtime.directory, clock=clock).start()


@pytest.fixture
def party(crm: CRM) -> UUID:
    """A person whom the team for sales may see."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg", team_id="sales")).id
