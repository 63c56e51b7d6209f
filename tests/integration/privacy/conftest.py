"""The CRM of the suite with the plugin in it, and a party."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from crmkit import CRM, FixedClock, Person
from crmkit.plugins.privacy import Privacy, Purpose


@pytest.fixture
def crm(crm_with: Callable[..., CRM], clock: FixedClock) -> CRM:
    crm = crm_with("privacy", clock=clock)
    with crm.begin("ada") as uow:
        uow.use(Privacy).define_purposes([Purpose(key="newsletter", label="Newsletter")])
    return crm


@pytest.fixture
def ida(crm: CRM) -> UUID:
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"]).id


@pytest.fixture
def ole(crm: CRM) -> UUID:
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ole", family_name="Berg"), emails=["ole@berg.example"]).id


@pytest.fixture
def say(crm: CRM) -> Callable[..., UUID]:
    """A function that records, in a unit of its own, what a party said; gives the unit's id."""

    def record(party: UUID, given: bool = True, *, purpose: str = "newsletter", channel: str = "email", **more) -> UUID:
        with crm.begin("ada") as uow:
            uow.use(Privacy).record_consent(party=party, purpose=purpose, channel=channel, given=given, **more)
            return uow.id

    return record


@pytest.fixture
def answer(crm: CRM) -> Callable[..., object]:
    """A function that asks whether a party may be written to."""

    def ask(party: UUID, *, purpose: str = "newsletter", channel: str = "email", **more):
        with crm.begin("ada", read_only=True) as uow:
            return uow.use(Privacy).may_contact(party, channel=channel, purpose=purpose, **more)

    return ask
