"""Elevation: one more permission for a block, by a right to it, with the reason on record; nothing before or after."""

from __future__ import annotations

import json

import pytest
from attrs import evolve
from sqlalchemy import text

from crmkit import Person, Rule
from crmkit.errors import ForbiddenError, NotFoundError


@pytest.fixture
def clerk(crm, actors):
    """Who may read all parties, change her own, and elevate herself to change any."""
    actors.add("cleo", roles=["clerk"])
    with crm.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission="party.read"),
            Rule(effect="permit", permission="party.update", scope="own"),
            Rule(effect="permit", permission="elevate.party.update"),
            Rule(effect="permit", permission="elevate.deal.read"),
        ]
        uow.permissions.define_role("clerk", rules)
    return "cleo"


def rename(uow, party, name="New"):
    return uow.parties.update(evolve(uow.get(Person, party.id), nickname=name))


def audited(crm, tenant):
    """What the commands of the tenant's last unit say."""
    query = text("SELECT commands FROM crm_unit WHERE tenant_id = :tenant ORDER BY id DESC LIMIT 1")
    with crm.engine.connect() as connection:
        found = connection.execute(query, {"tenant": tenant}).scalar_one()
    return json.loads(found) if isinstance(found, str) else found


def test_what_is_permitted_in_the_block_is_on_record_with_its_reason(crm, tenant, clerk, add):
    ida = add("Ida", owner="ned")
    with crm.begin(clerk) as uow, uow.elevate("party.update", "asked by telephone"):
        assert rename(uow, ida).nickname == "New"
    assert {"elevated": "party.update", "reason": "asked by telephone", "targets": []} in audited(crm, tenant)


def test_after_the_block_nothing_is_left_of_it(crm, rows, clerk, add):
    ida = add("Ida", owner="ned")
    before = rows()
    with pytest.raises(ForbiddenError, match=r"party\.update"), crm.begin(clerk) as uow:
        with uow.elevate("party.update", "asked by telephone"):
            rename(uow, ida)
        rename(uow, ida, "Newer")
    assert rows() == before


def test_what_was_written_before_the_block_is_not_admitted_by_it(crm, rows, clerk, add):
    ida, olga = add("Ida", owner="ned"), add("Olga", owner="ned")
    before = rows()
    with pytest.raises(ForbiddenError, match=r"party\.update"), crm.begin(clerk) as uow:
        rename(uow, olga)
        with uow.elevate("party.update", "asked by telephone"):
            rename(uow, ida)
    assert rows() == before


def test_what_was_seen_in_the_block_is_hidden_again_after_it(crm, clerk, add, deal):
    roof = deal(add("Ida", owner="ned"), owner="ned")
    with crm.begin(clerk) as uow:
        with uow.elevate("deal.read", "an audit"):
            assert uow.get(type(roof), roof.id).title == roof.title
        with pytest.raises(NotFoundError):
            uow.get(type(roof), roof.id)
        assert uow.count(type(roof)) == 0


def test_nobody_elevates_without_the_right_to_or_beyond_it(crm, rows, clerk, add):
    ida = add("Ida", owner="ned")
    before = rows()
    for actor, permission in (("sam", "party.update"), (clerk, "party.delete"), (clerk, "*"), (clerk, "party.*")):
        with (
            pytest.raises(ForbiddenError, match="elevate"),
            crm.begin(actor) as uow,
            uow.elevate(permission, "because"),
        ):
            uow.parties.remove(ida.id)
    assert rows() == before


def test_a_forbid_is_not_lifted(crm, rows, clerk, add):
    ida = add("Ida", owner="ned")
    with crm.begin("ada") as uow:
        uow.permissions.define_role("barred", [Rule(effect="forbid", permission="party.update")])
    crm.runtime.directory.add(clerk, roles=["clerk", "barred"])
    before = rows()
    with pytest.raises(ForbiddenError), crm.begin(clerk) as uow, uow.elevate("party.update", "because"):
        rename(uow, ida)
    assert rows() == before
