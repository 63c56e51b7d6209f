"""The 360 view: one call, everything that the actor may see, with sections from whoever has something to say."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest
from sqlalchemy import event

from crmkit import CRM, Config, Organisation, Person
from crmkit.errors import NotFoundError

TOY = Path(__file__).parent / "toy"


@pytest.fixture
def talking(crm, tenant, monkeypatch):
    """A CRM with a plugin that has something to say about parties."""
    if "crm_toytalk" not in sys.modules:
        monkeypatch.syspath_prepend(str(TOY))
    toy = importlib.import_module("crm_toytalk")
    config = Config.of({"crmkit": {"default_tenant": tenant, "plugins": ["toytalk"]}})
    return CRM(config, engine=crm.engine, actors=crm.runtime.directory, manifests=[toy.MANIFEST]).start()


@pytest.fixture
def known(crm, ida, firm):
    """Ida, of whom everything is known."""
    with crm.begin("ada") as uow:
        uow.parties.relate(ida.id, "works_for", firm.id, position="Boss")
        uow.parties.add_identifier(ida.id, "customer_number", "K-1", exclusive=True)
        uow.parties.add_role(ida.id, "customer")
        uow.parties.move_lifecycle(ida.id, "customer")
    return ida


def test_all_that_is_known_comes_in_one_call(crm, known):
    with crm.begin("sam", read_only=True) as uow:
        view = uow.parties.view(known.id)
    assert view.party.name == "Ida Berg"
    assert [m.kind for m in view.mechanisms] == ["email", "phone"]
    assert [i.value for i in view.identifiers] == ["K-1"]
    assert [(r.label, r.name) for r in view.relationships] == [("works for", "Berg Tak AS")]
    assert [r.role for r in view.roles] == ["customer"]
    assert [e.stage for e in view.lifecycle] == ["customer"]


def test_party_viewing_adds_a_section_of_every_enabled_plugin(talking, known, firm):
    with talking.begin("ada", read_only=True) as uow:
        view = uow.parties.view(known.id)
    (section,) = [s for s in view.sections if s.plugin == "toytalk"]
    assert (section.key, section.title, section.items) == ("talk", "Talk", (("About", "Ida Berg"), ("Related", "1")))
    assert section.data == {"related": [str(firm.id)]}


def test_party_viewing_is_not_asked_of_a_plugin_that_is_disabled(talking, tenant, known):
    talking.plugins.disable("toytalk", tenant=tenant)
    with talking.begin("ada", read_only=True) as uow:
        assert [s.plugin for s in uow.parties.view(known.id).sections if s.plugin == "toytalk"] == []


def test_a_plugin_that_fails_at_party_viewing_costs_its_own_section_only(talking, known):
    with talking.begin("ada") as uow:
        silent = uow.parties.add(Organisation(name="Crash Inc."))
    with talking.begin("ada", read_only=True) as uow:
        view = uow.parties.view(silent.id)
    assert view.party.name == "Crash Inc."
    assert "toytalk" not in {s.plugin for s in view.sections}


def test_sections_come_in_their_order_those_of_the_core_first(talking, known):
    with talking.begin("ada") as uow:
        uow.interactions.record(party=known.id, channel="phone", summary="asked for a quote")
        plugins = [s.plugin for s in uow.parties.view(known.id).sections]
    assert plugins[0] == "core"
    assert plugins[-1] == "toytalk"


def test_a_hidden_party_is_not_viewed(refused, hidden):
    refused(NotFoundError, lambda uow: uow.parties.view(hidden.id), actor="sam")


def test_a_plugin_learns_nothing_of_related_parties_that_the_actor_may_not_see(talking, known, hidden):
    with talking.begin("ada") as uow:
        uow.parties.relate(known.id, "spouse_of", hidden.id)
    with talking.begin("sam", read_only=True) as uow:
        (section,) = [s for s in uow.parties.view(known.id).sections if s.plugin == "toytalk"]
    assert str(hidden.id) not in section.data["related"]


def test_a_view_costs_the_same_few_statements_however_much_is_known(crm, known):
    with crm.begin("ada") as uow:
        for i in range(30):
            friend = uow.parties.add(Person(given_name=f"P{i}"))
            uow.parties.relate(known.id, "partner_of", friend.id)
            uow.parties.add_email(known.id, f"ida{i}@berg.example")
    statements: list[str] = []

    def note(_connection, _cursor, statement, *_):
        statements.append(statement)

    with crm.begin("ada", read_only=True) as uow:
        event.listen(crm.engine, "before_cursor_execute", note)
        try:
            view = uow.parties.view(known.id)
        finally:
            event.remove(crm.engine, "before_cursor_execute", note)
    assert len(view.relationships) == 31
    assert len([s for s in statements if "crm_party" in s or "crm_mechanism" in s]) <= 12
