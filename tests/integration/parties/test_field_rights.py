"""Who may not read names can work with parties all the same, and does no harm to what cannot be seen."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit import CRM, Actor, Person
from crmkit.core.kernel.access.rule import Rule
from crmkit.errors import FieldForbiddenError


@pytest.fixture
def blind(crm, ida, firm):
    """A CRM in which ``kim`` may do everything with parties but read what is personal."""
    rules = [
        Rule(effect="permit", permission="party.*"),
        Rule(effect="permit", permission="*.read"),
        Rule(effect="forbid", permission="party.read", fields=("class:personal",)),
        Rule(effect="forbid", permission="party.update", fields=("class:personal",)),
    ]
    with crm.begin("ada") as uow:
        uow.permissions.define_role("clerk", rules)
        uow.parties.relate(ida.id, "works_for", firm.id, position="Boss")
    actors = {"kim": Actor(id="kim", roles=("clerk",)), "ada": Actor(id="ada", roles=("administrator",))}
    return CRM(crm.config, engine=crm.engine, actors=lambda _, ids: {i: actors[i] for i in ids if i in actors}).start()


def names(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        stored = uow.parties.get(party.id)
        return stored.name, stored.sort_name


def test_names_and_mechanisms_are_not_shown(blind, ida):
    with blind.begin("kim", read_only=True) as uow:
        view = uow.parties.view(ida.id)
    assert (view.party.name, view.party.given_name, view.party.source) == (None, None, "fair")
    assert {(m.raw, m.normalised, m.search_key) for m in view.mechanisms} == {(None, None, None)}
    assert [(r.name, r.relationship.position) for r in view.relationships] == [(None, None)]


def test_a_party_whose_name_cannot_be_read_is_archived_assigned_and_moved(blind, ida, firm):
    with blind.begin("kim") as uow:
        for party in (ida, firm):
            uow.parties.archive(party.id)
            uow.parties.unarchive(party.id)
            uow.parties.assign(party.id, owner="max")
            uow.parties.move_lifecycle(party.id, "lead")
            uow.parties.add_role(party.id, "customer")
    assert names(blind, ida) == ("Ida Berg", "berg ida")
    assert names(blind, firm) == ("Berg Tak AS", "berg tak as")


def test_an_update_without_the_names_keeps_them(blind, ida):
    with blind.begin("kim") as uow:
        stored = uow.parties.update(evolve(uow.parties.get(ida.id), language="nb"))
        assert (stored.language, stored.name) == ("nb", None)
    assert names(blind, ida) == ("Ida Berg", "berg ida")


def test_a_mechanism_that_cannot_be_read_is_ended_and_stays_what_it_was(blind, ida):
    with blind.begin("kim") as uow:
        uow.parties.end_mechanism(uow.parties.view(ida.id).mechanisms[0].id)
    with blind.begin("ada", read_only=True) as uow:
        ended = uow.parties.view(ida.id).mechanisms[0]
    assert (ended.raw, ended.is_primary) == ("Ida@Berg.example", False)


def test_nobody_writes_or_looks_for_what_they_may_not_read(blind, ida, rows):
    before = rows()
    with pytest.raises(FieldForbiddenError), blind.begin("kim") as uow:
        uow.parties.update(evolve(uow.parties.get(ida.id), given_name="Eva"))
    with pytest.raises(FieldForbiddenError), blind.begin("kim") as uow:
        uow.parties.add_email(ida.id, "eva@berg.example")
    with pytest.raises(FieldForbiddenError), blind.begin("kim", read_only=True) as uow:
        uow.parties.find_by("ida@berg.example")
    with pytest.raises(FieldForbiddenError), blind.begin("kim", read_only=True) as uow:
        list(uow.find(Person, order="sort_name"))
    assert rows() == before
