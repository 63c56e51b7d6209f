"""A person is erased from the tables of all bundled plugins at once, and told of them before."""

from __future__ import annotations

import io
import uuid

import pytest
import verifying

from crmkit import Person, Ref
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.service_desk import ServiceDesk
from crmkit.testing.databases import rows_of


@pytest.fixture
def word():
    return f"zanari{uuid.uuid4().hex[:12]}"


@pytest.fixture
def everything(crm_with, clock):
    return crm_with("privacy", "email", "feedback", "service_desk", "dedupe", "exchange", clock=clock)


def test_a_case_a_consent_and_all_else_about_a_person_is_told_and_then_says_nothing(everything, tenant, word):
    with everything.begin("ada") as uow:
        party = uow.parties.add(Person(given_name=word), emails=[f"{word}@a.example"]).id
        uow.use(Privacy).record_consent(party=party, purpose="marketing", channel="email", given=True, proof=word)
        case = uow.use(ServiceDesk).open_case(party=party, subject=f"{word} has a leak")
        uow.comments.add(Ref("service_desk.case", case.id), f"{word} is angry")
    document = io.BytesIO()
    with everything.begin("ada") as uow:
        uow.use(Privacy).export_subject(party, document)
        for entity in ("party", "mechanism", "privacy.consent", "service_desk.case", "comment"):
            assert f'"entity":"{entity}"'.encode() in document.getvalue()
        uow.use(Privacy).erase(party, reason="asked for it")
    with everything.engine.connect() as connection:
        stored = rows_of(connection, tenant)
    assert sorted(name for name, lines in stored.items() if any(word in line.casefold() for line in lines)) == []
    verifying.assert_verifies(everything)
