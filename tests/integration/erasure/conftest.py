"""A person with something planted in every place that keeps texts, and ways to look for it."""

from __future__ import annotations

import uuid

import pytest

from crmkit import FolderStore, Organisation, Person, Ref
from crmkit.sdk import Attachments, Comments, Decisions, Identifier


@pytest.fixture
def canary():
    """A word that nothing else says; every planted text has it."""
    return f"zanari{uuid.uuid4().hex[:12]}"


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "files"


@pytest.fixture
def store(folder):
    return FolderStore(folder)


@pytest.fixture
def holding(crm, crm_with, folder):
    """A CRM that keeps files in a folder of its own."""
    return crm_with(config={"files": {"folder": str(folder)}})


@pytest.fixture
def found(rows, canary):
    """A function: which tables still say the canary."""

    def look():
        return sorted(name for name, stored in rows().items() if any(canary in row.casefold() for row in stored))

    return look


@pytest.fixture
def planted(holding, canary):
    """The id of a person about whom every part of the core has something to say."""
    with holding.begin("ada", reason=f"{canary} has called", source=f"import:{canary}.csv") as uow:
        uow.custom_fields.define("party", "secret", "text", label="Secret", data_class="personal", unique=True)
        uow.custom_fields.define("party", "remark", "long_text", label="Remark")
        person = Person(
            given_name=canary,
            family_name=f"{canary} family",
            nickname=f"{canary} nick",
            source_detail=f"{canary} fair",
            custom={"secret": f"{canary} secret", "remark": f"{canary} remark"},
        )
        uow.parties.add(
            person,
            emails=[f"{canary}@old.example", f"{canary}@new.example"],
            identifiers=[Identifier(party_id=person.id, scheme="ssn", value=f"{canary}1")],
        )
    with holding.begin("ada") as uow:
        _tell(uow, person.id, canary)
    return person.id


def _tell(uow, party, canary):
    firm = uow.parties.add(Organisation(name="Roof AS"))
    uow.parties.relate(party, "works_for", firm.id, position=f"{canary} of roofs")
    said = uow.interactions.record(
        party=party, channel="phone", direction="in", summary=f"{canary} rang", body=f"{canary} wants a roof"
    )
    uow.interactions.correct(said.id, body=f"{canary} wants a door", reason=f"{canary} said so")
    uow.interactions.record(
        party=firm.id,
        channel="phone",
        direction="in",
        summary="about somebody",
        about=Ref("party", party),
    )
    deal = uow.pipelines.open(pipeline="sales", party=party, title=f"{canary} roof")
    uow.interactions.plan(
        kind="call",
        note=f"{canary} note",
        subject=f"call {canary}",
        due_at=uow.now,
        party=party,
        about=Ref("deal", deal.id),
    )
    comment = uow.use(Comments).add(Ref("deal", deal.id), f"{canary} is nice @sam")
    uow.use(Attachments).attach(Ref("party", party), name=f"{canary}.txt", content=f"{canary} itself".encode())
    gone = uow.use(Attachments).attach(
        Ref("comment", comment.id), name=f"{canary}2.txt", content=f"{canary} again".encode()
    )
    uow.use(Attachments).remove(gone.id)
    uow.use(Decisions).record(Ref("party", party), f"{canary} gets ten per cent", basis=f"{canary} is loyal")
    removed = uow.use(Comments).add(Ref("party", party), f"{canary} was rude")
    uow.use(Comments).remove(removed.id)
