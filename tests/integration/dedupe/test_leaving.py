"""Purging the plugin leaves nothing of it, and disabling it loses nothing."""

import pytest
from sqlalchemy import inspect
from verifying import assert_verifies

from crmkit import CRM, Config, Person
from crmkit.plugins.dedupe import Dedupe, DuplicateFinder
from crmkit.testing import Actors


@pytest.fixture
def crm_alone(tmp_path, request):
    """A function that gives a CRM with these plugins over a database of its own."""

    def made(plugins):
        values = {"database.url": f"sqlite:///{tmp_path / 'crm.db'}", "crmkit.default_tenant": "acme"}
        crm = CRM(Config.of({**values, "crmkit.plugins": plugins}), actors=Actors())
        crm.schema.upgrade()
        crm.start()
        request.addfinalizer(crm.close)
        if "acme" not in dict(crm.tenants.list()):
            crm.tenants.create("acme")
        return crm

    return made


def test_disabling_loses_nothing(crm, tenant):
    with crm.begin("ada") as uow:
        ida, again = (uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"]) for _ in range(2))
    DuplicateFinder(crm, actor="ada").run()
    crm.plugins.disable("dedupe", tenant=tenant)
    crm.plugins.enable("dedupe", tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        (pair,) = uow.use(Dedupe).pairs()
        assert {pair.left_id, pair.right_id} == {ida.id, again.id}


def test_a_merge_while_the_plugin_is_disabled_settles_its_pairs_too(crm, tenant):
    with crm.begin("ada") as uow:
        ida, again = (uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"]) for _ in range(2))
    DuplicateFinder(crm, actor="ada").run()
    crm.plugins.disable("dedupe", tenant=tenant)
    with crm.begin("ada") as uow:
        uow.parties.merge(again.id, ida.id)
    crm.plugins.enable("dedupe", tenant=tenant)
    assert DuplicateFinder(crm, actor="ada").update().proposed == 0
    with crm.begin("ada", read_only=True) as uow:
        assert not uow.use(Dedupe).pairs().items
    assert_verifies(crm)


def test_purging_leaves_nothing(crm_alone):
    """In a database of its own, since a purge is for all tenants."""
    crm = crm_alone(["dedupe"])
    with crm.begin("ada") as uow:
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
    DuplicateFinder(crm, actor="ada").run()
    crm.close()
    crm = crm_alone([])
    crm.plugins.purge("dedupe", actor="ada")
    assert not [name for name in inspect(crm.engine).get_table_names() if "dedupe" in name]
    assert_verifies(crm, "acme")
    with crm.begin("ada") as uow:
        winner, loser = (party.id for party in uow.find(Person))
        assert uow.parties.merge(loser, winner).id == winner
