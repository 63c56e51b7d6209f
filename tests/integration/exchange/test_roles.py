"""The roles that a tenant with the plugin begins with: nobody has to write rules before somebody may import."""

from io import BytesIO

import pytest
from attrs import evolve

from crmkit import CRM, Party, Person, Rule
from crmkit.errors import ForbiddenError
from crmkit.plugins.exchange import Exchange, Exporter, Importer, ImportOptions
from crmkit.plugins.exchange.manifest import MANIFEST

FILE = "given name,email\nIda,ida@berg.example\n"


@pytest.fixture
def crm(crm, database_url):  # pytest 8 does not look beneath a fixture that is overridden
    """A CRM whose directory gives Sam, a seller, what the test says."""
    own = crm.runtime.directory

    def directory(tenant, ids):
        return {
            id_: evolve(actor, roles=("seller", *given)) if id_ == "sam" else actor
            for id_, actor in own(tenant, ids).items()
        }

    given = []
    made = CRM(crm.config, engine=crm.engine, actors=directory, manifests=[MANIFEST]).start()
    made.given = given
    return made


def test_a_seller_without_the_role_imports_nothing(crm, csv, rows):
    before = rows()
    with pytest.raises(ForbiddenError):
        Importer(crm, actor="sam").run(csv(FILE))
    assert rows() == before


def test_a_seller_who_is_an_importer_too_imports_and_keeps_mappings(crm, csv):
    crm.given.append("importer")
    sam = Importer(crm, actor="sam")
    preview = sam.preview(csv(FILE))
    assert preview.added == 1
    with crm.begin("sam") as uow:
        uow.use(Exchange).save_mapping("mine", signature=preview.signature, targets={"given name": "nickname"})
    assert sam.run(csv(FILE), ImportOptions(mapping="mine")).added == 1
    with crm.begin("sam", read_only=True) as uow:
        assert [(p.nickname, p.owner_id) for p in uow.each(Party)] == [("Ida", "sam")]


def test_an_importer_who_may_not_add_parties_imports_nothing(crm, csv, parties):
    """The role gives no right to parties of its own."""
    crm.given.append("importer")
    with crm.begin("ada") as uow:
        uow.permissions.define_role("nobody", [Rule(effect="forbid", permission="party.create")])
    crm.given.append("nobody")
    with pytest.raises(ForbiddenError):
        Importer(crm, actor="sam").run(csv(FILE))
    assert parties() == {}


def test_who_may_import_may_not_export_unless_that_was_given_too(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Seen", owner_id="sam", team_id="sales"))
        uow.parties.add(Person(given_name="Hidden", owner_id="ned", team_id="north"))
    crm.given.append("importer")
    out = BytesIO()
    with pytest.raises(ForbiddenError):
        Exporter(crm, actor="sam").run(out)
    assert out.getvalue() == b""
    crm.given.append("exporter")
    assert Exporter(crm, actor="sam").run(out).parties == 1
    assert b"Seen" in out.getvalue()


def test_a_role_that_was_changed_is_left_as_it_is(crm, tenant, rows):
    with crm.begin("ada") as uow:
        uow.permissions.change_role("importer", rules=[], label="Nobody imports here")
    before = rows()
    crm.tenants.seed(tenant, plugin="exchange")
    assert rows()["crm_role"] == before["crm_role"]
    assert rows()["crm_role_rule"] == before["crm_role_rule"]
