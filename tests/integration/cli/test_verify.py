"""``crmkit verify``: everything that disagrees is found, and nothing is changed."""

import pytest
from sqlalchemy import delete, update

from crmkit import Money, Person


@pytest.fixture
def ida(each):
    """Somebody with a history: added, changed, with parts that came and went, and a deal that moved."""
    from attrs import evolve

    with each.crm() as crm:
        with crm.begin("ada") as uow:
            ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
            uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("12000", "EUR"))
        with crm.begin("ada") as uow:
            phone = uow.parties.add_phone(ida.id, "+44 20 7946 0018")
            uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Idi"))
        with crm.begin("ada") as uow:
            uow.parties.remove_mechanism(phone.id)
    return ida


def test_what_crmkit_has_written_agrees(each, ida):
    assert each.findings() == []
    assert each.done("verify") == "Everything agrees.\n"


def test_a_database_without_tables_is_told_to_be_upgraded(empty):
    ran = empty.run("verify")
    assert ran.exit_code == 1
    assert "Run: crmkit db upgrade" in ran.stdout


def test_a_value_that_was_changed_past_crmkit_is_found_and_not_shown(each, ida):
    each.write(lambda t, c: c.execute(update(t["crm_deal"]).values(source="Stolen")))
    assert each.findings() == [("history", "deal", "it differs from its history in: source")]
    ran = each.run("verify")
    assert "Stolen" not in ran.output
    assert ran.stderr == "Error: 1 thing is wrong\n"


def test_a_version_that_history_does_not_know_is_found(each, ida):
    each.write(lambda t, c: c.execute(update(t["crm_party"]).values(version=9)))
    assert each.findings() == [("history", "party", "it is at version 9 in the table, and at 4 by its history")]


def test_a_row_that_vanished_is_found(each, ida):
    each.write(lambda t, c: c.execute(delete(t["crm_mechanism"])))
    assert each.findings() == [
        ("history", "mechanism", "it is not in the table, and by its history it was not deleted")
    ]


def test_a_row_that_came_from_nowhere_is_found(each, ida):
    each.write(lambda t, c: c.execute(delete(t["crm_change"]).where(t["crm_change"].c.entity == "mechanism")))
    assert ("history", "mechanism", "it is in the table and has no history") in each.findings()


def test_a_gap_in_history_is_found(each, ida):
    def cut(tables, connection):
        change = tables["crm_change"]
        connection.execute(delete(change).where(change.c.entity == "party", change.c.op == "insert"))

    each.write(cut)
    assert ("history", "party", "version 3 does not follow from the one before in: nickname") not in each.findings()
    assert ("history", "party", "its version 3 is an update of a record that is not there") in each.findings()


def test_changes_without_their_unit_are_found(each, ida):
    each.write(lambda t, c: c.execute(delete(t["crm_unit"]).where(t["crm_unit"].c.actor_id == "ada")))
    assert {check for check, _, _ in each.findings()} == {"no_unit"}


def test_a_reference_to_nothing_is_found(deployment, ida_on_sqlite):
    def orphan(tables, connection):
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.execute(update(tables["crm_deal"]).values(party_id=b"\x00" * 16))

    deployment.write(orphan)
    assert ("dangling", "deal", "its party_id names a party that is not there") in deployment.findings()


@pytest.fixture
def ida_on_sqlite(deployment):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
        uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof")
    return ida


def test_a_unique_key_that_is_shared_is_found(deployment, ida_on_sqlite):
    """As after a repair that lost an index."""

    def doubled(tables, connection):
        stage = tables["crm_pipeline"]
        columns = ", ".join(c.name for c in stage.columns)
        connection.exec_driver_sql(f"CREATE TABLE copied AS SELECT {columns} FROM crm_pipeline")
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.exec_driver_sql("DROP TABLE crm_pipeline")
        connection.exec_driver_sql("ALTER TABLE copied RENAME TO crm_pipeline")
        connection.exec_driver_sql("UPDATE crm_pipeline SET key = 'sales'")

    deployment.write(doubled)
    checks = {check for check, subject, _ in deployment.findings() if subject == "pipeline"}
    assert {"doubled", "primary_key", "unique_missing", "history"} <= checks


def test_a_column_that_is_gone_is_found(deployment):
    deployment.write(lambda t, c: c.exec_driver_sql("ALTER TABLE crm_deal DROP COLUMN source"))
    assert ("column_missing", "deal", "the table crm_deal has no column source") in deployment.findings()


def test_only_the_named_tenant_is_looked_at(each, ida):
    each.done("tenants", "create", "other")
    each.write(lambda t, c: c.execute(update(t["crm_deal"]).values(title="Stolen")))
    assert each.done("--tenant", "other", "verify") == "Everything agrees.\n"
    assert each.run("--tenant", "acme", "verify").exit_code == 1


def test_nothing_is_needed_of_the_plugins_that_stored(deployment, book):
    """The catalogue says all; so what an uninstalled plugin has left is compared, too."""
    deployment.done("plugins", "enable", "guest_book")
    deployment.done("db", "upgrade")
    with deployment.crm() as crm, crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"))
    deployment.done("guest_book", "add", ida.id, "likes roofs")
    deployment.done("plugins", "disable", "guest_book", "--unload")
    assert deployment.findings() == []
    deployment.write(lambda t, c: c.execute(update(t["crm_guest_book_entry"]).values(text="hates roofs")))
    assert deployment.findings() == [("history", "guest_book.entry", "it differs from its history in: text")]
