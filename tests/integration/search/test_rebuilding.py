"""Rebuilding: documents are always those that follow from the records, however they came to be otherwise."""

import threading

import attrs
import pytest
from sqlalchemy import select, text, update

from crmkit import Organisation, Person, errors, new_id
from crmkit.core.kernel.search.tables import search_table
from crmkit.testing import a_deal, a_person


@pytest.fixture
def people(crm):
    with crm.begin("ada") as uow:
        return [a_person(uow, given_name=f"P{n}", family_name="Berg", emails=[f"p{n}@berg.example"]) for n in range(12)]


@pytest.fixture
def documents(crm, tenant):
    """What is stored for search, but for SQLite's numbers of rows."""

    def read():
        c = search_table.c
        rows = select(c.entity, c.record_id, c.text, c.grams).where(c.tenant_id == tenant)
        with crm.engine.connect() as connection:
            return sorted((e, str(i), t, list(g)) for e, i, t, g in connection.execute(rows))

    return read


def lose(crm, tenant):
    """Forget every document of the tenant, as if search had never been there."""
    of_tenant = search_table.c.tenant_id == tenant
    with crm.engine.begin() as connection:
        if connection.dialect.name == "sqlite":
            numbers = connection.execute(select(search_table.c.docid).where(of_tenant)).scalars().all()
            for number in numbers:
                connection.execute(text("DELETE FROM crm_search_index WHERE rowid = :number"), {"number": number})
        connection.execute(search_table.delete().where(of_tenant))


def test_what_is_rebuilt_from_nothing_is_what_was_maintained(crm, tenant, people, documents, found):
    with crm.begin("ada") as uow:
        uow.parties.update(attrs.evolve(people[0], family_name="Quist"))
        uow.parties.remove(people[1].id)
        uow.parties.merge(people[2].id, people[3].id)
        a_deal(uow, people[4].id)
    maintained = documents()
    lose(crm, tenant)
    assert found("berg") == []
    assert crm.search.rebuild(tenant=tenant) == len(maintained)
    assert documents() == maintained
    assert len(found("berg", limit=100)) == 10
    assert found("quist") == ["P0 Quist"]


def test_what_is_right_is_not_written_again(crm, tenant, people, documents):
    before = documents()
    assert crm.search.rebuild(tenant=tenant) == 0
    assert documents() == before


def test_a_document_that_is_wrong_superfluous_or_missing_is_mended_and_until_then_found_by_verify(
    crm, tenant, people, documents, found
):
    before = documents()
    wrong = update(search_table).where(search_table.c.tenant_id == tenant, search_table.c.record_id == people[0].id)
    with crm.engine.begin() as connection:
        connection.execute(wrong.values(text="NAME\x1e nonsense \x1f"))
        row = connection.execute(select(search_table).where(search_table.c.record_id == people[1].id)).one()
        number = None if row.docid is None else 10_000_000
        stray = {**row._mapping, "record_id": new_id(), "docid": number}
        connection.execute(search_table.insert().values(stray))
    findings = [finding for finding in crm.verify(tenant=tenant) if finding.check == "search"]
    assert {finding.record for finding in findings} == {people[0].id, stray["record_id"]}
    assert crm.search.rebuild(tenant=tenant) == 2
    assert documents() == before
    assert list(crm.verify(tenant=tenant)) == []


def test_search_that_was_switched_off_catches_up(crm_with, tenant):
    off = crm_with(config={"search": {"enabled": False}})
    with off.begin("ada") as uow:
        ida = a_person(uow, given_name="Ida")
        bo = a_person(uow, given_name="Bo")
    on = crm_with()
    on.search.rebuild(tenant=tenant)
    off = crm_with(config={"search": {"enabled": False}})
    with off.begin("ada") as uow:
        uow.parties.remove(bo.id)
        removed = uow.id
    with off.begin("ada") as uow:
        uow.parties.update(attrs.evolve(ida, given_name="Eva"))
    on = crm_with()
    with on.begin("ada") as uow:
        uow.history.undo(removed)
    assert on.search.rebuild(tenant=tenant) == 1
    with on.begin("ada", read_only=True) as uow:
        assert [hit.label for hit in uow.search.find("eva")] == ["Eva Berg"]
        assert [hit.label for hit in uow.search.find("bo")] == ["Bo Berg"]
        assert len(uow.search.find("ida")) == 0


@pytest.mark.parametrize("many", [3, 30])
def test_records_that_were_removed_while_search_was_off_and_come_back_replace_stale_documents(crm_with, tenant, many):
    on = crm_with()
    with on.begin("ada") as uow:
        olds = [uow.parties.add(Organisation(name=f"Old {n}")) for n in range(many)]
    # One is as it was, one has nothing that is searched, and one is really new.
    names = ["Old 0", "…", *(f"New {n}" for n in range(2, many))]
    off = crm_with(config={"search": {"enabled": False}})
    with off.begin("ada") as uow:
        for old, name in zip(olds, names, strict=True):
            uow.parties.update(attrs.evolve(old, name=name))
    with off.begin("ada") as uow:
        for old in olds:
            uow.parties.remove(old.id)
        removed = uow.id
    on = crm_with()
    with on.begin("ada") as uow:
        uow.history.undo(removed)
        uow.parties.add(Organisation(name="New indeed"))
    with on.begin("ada", read_only=True) as uow:
        assert [hit.label for hit in uow.search.find("old", limit=50)] == ["Old 0"]
        assert {hit.label for hit in uow.search.find("new", limit=50)} == {*names[2:], "New indeed"}
    assert [finding for finding in on.verify(tenant=tenant) if finding.check == "search"] == []
    assert on.search.rebuild(tenant=tenant) == 0


def test_only_what_is_asked_for_is_rebuilt_and_progress_is_told(crm, tenant, people):
    told = []
    lose(crm, tenant)
    crm.search.rebuild(tenant=tenant, entities=["deal"], progress=lambda *step: told.append(step))
    assert {entity for _, entity, _ in told} == {"deal"}
    assert crm.search.rebuild(tenant=tenant, progress=lambda *step: told.append(step)) == len(people)
    assert max(count for _, entity, count in told if entity == "party") == len(people)


def test_an_entity_that_nobody_registers_is_refused(crm, tenant):
    with pytest.raises(errors.UnknownFieldError):
        crm.search.rebuild(tenant=tenant, entities=["partty"])


def test_others_write_while_it_is_rebuilt(crm, tenant, people, documents):
    lose(crm, tenant)
    problems = []

    def write():
        try:
            for n in range(20):
                with crm.begin("ada") as uow:
                    uow.parties.add(Organisation(name=f"New {n}"))
                    person = uow.get(Person, people[n % len(people)].id)
                    uow.parties.update(attrs.evolve(person, nickname=f"N{n}"))
        except Exception as error:  # noqa: BLE001  # told to the test
            problems.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        crm.search.rebuild(tenant=tenant)
    writer.join()
    assert problems == []
    after = documents()
    assert crm.search.rebuild(tenant=tenant) == 0
    assert documents() == after
    assert list(crm.verify(tenant=tenant)) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_rebuilding_leaves_one_piece_of_sqlites_index_which_its_own_statements_do_not_walk_over(
    crm, tenant, people, found
):
    with crm.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("ANALYZE")
        empty = "UPDATE sqlite_stat1 SET stat = '2' WHERE tbl = 'crm_search_index_data'"  # as it is of an empty index
        assert connection.exec_driver_sql(empty).rowcount == 1
    for n in range(40):
        with crm.begin("ada") as uow:
            uow.parties.add(Organisation(name=f"Firm {n}"))
    assert pieces(crm) > 1
    assert "rowid>? AND rowid<?" not in deleting(crm)
    crm.search.rebuild(tenant=tenant)
    assert pieces(crm) == 1
    assert len(found("firm", limit=100)) == 40
    assert len(found("berg", limit=100)) == 12
    assert "rowid>? AND rowid<?" in deleting(crm)


def deleting(crm):
    """How a new connection takes a piece out of SQLite's index."""
    crm.engine.dispose()  # what is known of a table is read when a database is opened
    with crm.engine.connect() as connection:
        statement = "EXPLAIN QUERY PLAN DELETE FROM crm_search_index_data WHERE id >= 1 AND id <= 9"
        return connection.exec_driver_sql(statement).one().detail


def pieces(crm):
    """Of how many segments SQLite's index consists."""
    with crm.engine.connect() as connection:
        return connection.exec_driver_sql("SELECT count(DISTINCT segid) FROM crm_search_index_idx").scalar()
