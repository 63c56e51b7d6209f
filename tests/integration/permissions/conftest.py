"""A CRM whose clock tests move, and records of several owners and teams."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from crmkit import CRM, FixedClock, Person

DAY = timedelta(days=1)


@pytest.fixture
def crm(crm_with, clock: FixedClock) -> CRM:
    """A CRM at the time that `clock` shows."""
    return crm_with(clock=clock)


@pytest.fixture
def add(crm: CRM):
    """``add("Ida", owner="sam", team="sales")`` adds a person as the administrator, and gives it."""

    def add_person(name: str, *, owner: str | None = None, team: str | None = None) -> Person:
        with crm.begin("ada") as uow:
            person = Person(given_name=name, owner_id=owner, team_id=team)
            added = uow.parties.add(person, emails=[f"{name}@crm.example"])
            if added.owner_id != owner or added.team_id != team:  # who adds a party without an owner becomes it
                uow.parties.assign(added.id, owner=owner, team=team)
            return uow.get(Person, added.id)

    return add_person


@pytest.fixture
def deal(crm: CRM):
    """``deal(party, owner="sam")`` opens a deal as the administrator, and gives it."""

    def open_deal(party: Person, *, owner: str, team: str | None = None):
        with crm.begin("ada") as uow:
            return uow.pipelines.open(pipeline="sales", party=party.id, title=f"for {owner}", owner=owner, team=team)

    return open_deal


@pytest.fixture
def refused(crm: CRM, rows: Callable[[], object]):
    """``refused(error, actor, command)`` gives what the command raises, having changed nothing."""

    def check(error, actor: str, command, **begin):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor, **begin) as uow:
            command(uow)
        assert rows() == before
        return caught.value

    return check


@pytest.fixture
def seen(crm: CRM):
    """``seen("sam")`` gives the names of the people whom an actor sees."""

    def names(actor: str, **begin) -> list[str]:
        with crm.begin(actor, read_only=True, **begin) as uow:
            return sorted(p.given_name for p in uow.find(Person))

    return names
