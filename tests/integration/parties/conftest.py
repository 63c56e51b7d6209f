"""A person and an organisation, a recorder of events, and a way to show that a refusal changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

import pytest

from crmkit import CRM, FixedClock, Organisation, Person
from crmkit.core.parties.plugin import AREA
from crmkit.values.event import Event

START = datetime(2026, 3, 31, 9, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    """Stands still until a test moves it."""
    return FixedClock(START)


@pytest.fixture
def timed(crm: CRM, clock: FixedClock) -> CRM:
    """The same CRM, at the time that `clock` shows."""
    return CRM(crm.config, engine=crm.engine, actors=crm.runtime.directory, clock=clock).start()


@pytest.fixture
def ida(crm: CRM) -> Person:
    """A person of the team for sales, with an e-mail address and a phone number."""
    with crm.begin("ada") as uow:
        person = Person(given_name="Ida", family_name="Berg", team_id="sales", source="fair")
        return uow.parties.add(person, emails=["Ida@Berg.example"], phones=["+47 22 33 44 55"])


@pytest.fixture
def firm(crm: CRM) -> Organisation:
    """An organisation of the team for sales."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Organisation(name="Berg Tak AS", team_id="sales"))


@pytest.fixture
def hidden(crm: CRM) -> Person:
    """A person whom only administrators see."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Secret", family_name="Agent"), emails=["agent@secret.example"])


@pytest.fixture
def told(crm: CRM) -> Iterator[list[Event]]:
    """All events of this area, as they are delivered."""
    events: list[Event] = []
    ends = [crm.on(event, events.append) for event in AREA.events]
    yield events
    for end in ends:
        end()


@pytest.fixture
def refused(crm: CRM, rows: Callable[[], object], told: list[Event]):
    """A function: the error that a command raises, having changed nothing and told nobody."""

    def check(error, command, actor="ada"):
        before = rows()
        told.clear()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            command(uow)
        assert rows() == before
        assert told == []
        return caught.value

    return check
