"""Noting anew which values of unique fields are taken, after something else than crmkit has written to the tables."""

from __future__ import annotations

import threading
import uuid
from decimal import Decimal

import pytest
from attrs import evolve
from sqlalchemy import delete, insert, select, update

from crmkit import Person
from crmkit.core.kernel.custom_fields import rebuilding
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.tables import unique_table
from crmkit.errors import AlreadyExistsError

TAKEN = unique_table.c


@pytest.fixture
def badged(crm):
    """Seven people with a badge, and some with a worth, whose field was removed; the last was merged into the first."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "badge", "text", unique=True)
        uow.custom_fields.define("party", "worth", "decimal", unique=True)
    with crm.begin("ada") as uow:
        badges = [{"badge": f"A-{n}"} for n in range(7)]
        worths = [{"worth": Decimal(n)} if n % 2 else {} for n in range(7)]
        people = [
            uow.parties.add(Person(given_name="P", custom=badge | worth))
            for badge, worth in zip(badges, worths, strict=True)
        ]
    with crm.begin("ada") as uow:
        uow.parties.merge(people[6].id, people[0].id)
        uow.custom_fields.remove("party", "worth")
    return [person.id for person in people]


@pytest.fixture
def noted(crm, tenant):
    """A function: what is noted as taken in this tenant."""

    def read():
        with crm.engine.connect() as connection:
            return set(connection.execute(select(unique_table).where(TAKEN.tenant_id == tenant)).all())

    return read


@pytest.fixture
def plant(crm, tenant):
    """A function: runs statements on the table of taken values, past crmkit."""

    def run(*statements):
        with crm.engine.connect() as connection, engines.begin(connection):
            for one in statements:
                connection.execute(one if one.is_insert else one.where(TAKEN.tenant_id == tenant))

    return run


def note(tenant, value, record, *, entity="party", key="badge"):
    return insert(unique_table).values(tenant_id=tenant, entity=entity, key=key, value=value, record_id=record)


@pytest.fixture
def damaged(tenant, badged, plant, noted):
    """Each kind of damage at once; gives what was noted before."""
    right = noted()
    plant(
        delete(unique_table).where(TAKEN.key == "worth"),
        delete(unique_table).where(TAKEN.value == "A-0"),
        update(unique_table).where(TAKEN.value == "A-1").values(record_id=badged[2]),
        note(tenant, "Z-1", badged[3]),
        note(tenant, "Z-2", uuid.UUID(int=7)),
        note(tenant, "A-6", badged[6]),
        note(tenant, "Z-3", badged[3], key="colour"),
        note(tenant, "Z-4", badged[3], entity="deal"),
        note(tenant, "Z-5", badged[3], entity="gone.thing"),
    )
    return right


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_what_is_noted_is_what_records_have_whatever_was_done_to_it(
    crm, tenant, damaged, noted, rows, *, batch, monkeypatch
):
    monkeypatch.setattr(rebuilding, "BATCH", batch)
    before, told = rows(), []
    rehearsed = crm.unique_values.rebuild(tenant=tenant, dry_run=True)
    assert rows() == before
    done = crm.unique_values.rebuild(tenant=tenant, progress=lambda *step: told.append(step))
    assert (done.noted, done.released, done.clashes, done.clashing) == (5, 7, (), 0)
    assert rehearsed == done
    assert noted() == damaged
    assert list(crm.verify(tenant=tenant)) == []
    assert told[-1] == (tenant, "party", 10)
    again = crm.unique_values.rebuild(tenant=tenant)
    assert (again.noted, again.released) == (0, 0)


def test_other_tenants_are_left_alone(crm, damaged, noted, rows):
    crm.tenants.create("elsewhere-unique")
    before = rows()
    assert crm.unique_values.rebuild(tenant="elsewhere-unique").released == 0
    assert rows() == before


@pytest.mark.parametrize("dry_run", [True, False])
def test_a_clash_is_listed_and_no_value_is_lost(crm, tenant, badged, plant, dry_run):
    plant(delete(unique_table).where(TAKEN.value == "A-1"))
    with crm.begin("ada") as uow:
        twin = uow.parties.add(Person(given_name="Twin", custom={"badge": "A-1"}))
    report = crm.unique_values.rebuild(tenant=tenant, dry_run=dry_run)
    (clash,) = report.clashes
    assert (clash.entity, clash.field, clash.value) == ("party", "custom.badge", "A-1")
    assert (clash.holder, clash.record, report.clashing) == (twin.id, badged[1], 1)
    with crm.begin("ada") as uow:
        assert {uow.parties.get(id_).custom["badge"] for id_ in (twin.id, badged[1])} == {"A-1"}
        with pytest.raises(AlreadyExistsError), uow.attempt():
            uow.parties.add(Person(given_name="Third", custom={"badge": "A-1"}))
        uow.parties.update(evolve(uow.parties.get(twin.id), custom={"badge": "B-1"}))
    assert crm.unique_values.rebuild(tenant=tenant).clashes == ()
    assert list(crm.verify(tenant=tenant)) == []


@pytest.mark.parametrize("dry_run", [True, False])
def test_of_several_with_the_same_value_that_nobody_is_noted_for_the_oldest_holds_it(
    crm, tenant, badged, plant, *, dry_run, monkeypatch
):
    monkeypatch.setattr(rebuilding, "BATCH", 1)
    plant(delete(unique_table).where(TAKEN.value == "A-1"))
    with crm.begin("ada") as uow:
        twin = uow.parties.add(Person(given_name="Twin", custom={"badge": "A-1"}))
    plant(delete(unique_table).where(TAKEN.value == "A-1"))
    report = crm.unique_values.rebuild(tenant=tenant, dry_run=dry_run)
    assert [(clash.holder, clash.record) for clash in report.clashes] == [(badged[1], twin.id)]
    assert report.noted == 1


def test_not_all_clashes_are_listed_and_all_are_counted(crm, tenant, badged, plant, monkeypatch):
    monkeypatch.setattr(rebuilding, "MOST_LISTED", 2)
    plant(delete(unique_table))
    with crm.begin("ada") as uow:
        uow.parties.add_many([Person(given_name="Twin", custom={"badge": f"A-{n}"}) for n in range(4)])
    report = crm.unique_values.rebuild(tenant=tenant)
    assert (len(report.clashes), report.clashing) == (2, 4)


def test_others_write_meanwhile(crm, tenant, badged, plant, monkeypatch):
    monkeypatch.setattr(rebuilding, "BATCH", 2)
    problems = []

    def write():
        try:
            for n in range(12):
                with crm.begin("ada") as uow:
                    uow.parties.add(Person(given_name="New", custom={"badge": f"N-{n}"}))
                    person = uow.parties.get(badged[n % 5])
                    uow.parties.update(evolve(person, custom={**person.custom, "badge": f"M-{n}"}))
        except Exception as error:  # noqa: BLE001  # told to the test
            problems.append(error)

    writer = threading.Thread(target=write)
    writer.start()
    while writer.is_alive():
        plant(delete(unique_table).where(TAKEN.value == "A-5"))
        assert crm.unique_values.rebuild(tenant=tenant).clashes == ()
    writer.join()
    assert problems == []
    assert list(crm.verify(tenant=tenant)) == []


def test_what_another_unit_notes_first_is_seen(crm, tenant, badged, plant, monkeypatch):
    """It notes the value between the look and the write, as units on PostgreSQL can."""
    plant(delete(unique_table).where(TAKEN.value == "A-1"))
    real, looked = rebuilding.holders_of, []

    def blind(*args):
        found = real(*args)
        looked.append(found)
        return {} if len(looked) == 1 else found

    monkeypatch.setattr(rebuilding, "holders_of", blind)
    assert crm.unique_values.rebuild(tenant=tenant).noted == 1
    assert list(crm.verify(tenant=tenant)) == []
