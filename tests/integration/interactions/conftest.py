"""A party to have interactions with, and a recorder of events."""

from datetime import UTC, datetime, timedelta

import pytest

from crmkit import Person
from crmkit.core.interactions.plugin import AREA


@pytest.fixture
def ida(crm):
    """A party of the sales team."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg", team_id="sales"))


@pytest.fixture
def ago():
    """A function that gives the instant some time ago."""
    now = datetime.now(UTC)

    def at(**ago: float) -> datetime:
        return now - timedelta(**ago)

    return at


@pytest.fixture
def told(crm):
    """All events of this area, as they are delivered."""
    events = []
    ends = [crm.on(event, events.append) for event in AREA.events]
    yield events
    for end in ends:
        end()
