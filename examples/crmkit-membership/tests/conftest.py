"""A started CRM with this plugin in it, and somebody to give cards to."""

from uuid import UUID

import pytest
from crmkit_membership.manifest import MANIFEST

from crmkit import CRM, Person

SETTINGS = {"card_above": {"amount": "10000", "currency": "EUR"}}


@pytest.fixture
def crm(crm_with, clock) -> CRM:
    return crm_with(MANIFEST, config={"plugins": {"membership": SETTINGS}}, clock=clock)


@pytest.fixture
def party(crm) -> UUID:
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg", owner_id="sam")).id
