"""What plugins keep of a person goes too, whether they are enabled, disabled or gone."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
import verifying

from crmkit import Person, Ref
from crmkit.testing.databases import rows_of

TOY = Path(__file__).parents[1] / "history" / "toy"


@pytest.fixture
def toy(monkeypatch):
    monkeypatch.syspath_prepend(str(TOY))
    if "crm_toycards" not in sys.modules:
        importlib.import_module("crm_toycards")
    return sys.modules["crm_toycards"]


@pytest.fixture
def carded(crm_with, toy, canary):
    """A CRM with cards, and a person who has one."""
    crm = crm_with(toy.MANIFEST)
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name=canary)).id
        card = toy.Card(party_id=party, number=1, secret=f"{canary} pin")
        uow.use(toy.Cards).put(card, lines=(f"{canary} line",))
    return crm, party


def says(crm, tenant, canary):
    with crm.engine.connect() as connection:
        stored = rows_of(connection, tenant)
    return sorted(name for name, lines in stored.items() if any(canary in line for line in lines))


@pytest.mark.parametrize("state", ["enabled", "disabled", "gone"])
def test_cards_of_the_person_say_nothing(carded, crm_with, tenant, canary, state):
    crm, party = carded
    assert {"crm_toycards_card", "crm_toycards_line"} <= set(says(crm, tenant, canary))
    if state == "disabled":
        crm.plugins.disable("toycards", tenant=tenant)
    elif state == "gone":
        crm = crm_with()
    with crm.begin("ada") as uow:
        plan = uow.erasure.erase(Ref("party", party), "asked for it").plan
    assert "toycards" in {row.plugin for row in plan.rows}
    assert says(crm, tenant, canary) == []
    verifying.assert_verifies(crm)
