"""Projections: derived tables are told of every record that a unit has changed, once, whoever changed it."""

from collections.abc import Sequence
from uuid import UUID

import attrs
import pytest
from attrs import evolve
from sqlalchemy import event

from crmkit import Manifest, Mechanism, Organisation, Person, errors, new_id
from crmkit.sdk import MECHANISM, PARTY, Plugin, Service, command

told_units = []


class Watcher:
    """Notes what it is told of parties, with the e-mail addresses that they have then."""

    def project(self, changes):
        mechanisms = changes.parts(MECHANISM)
        told_units.append([
            (c.how, c.id, c.record and c.record.name, [m.raw for m in mechanisms.get(c.id, ())])
            for c in changes.changed
            if c.entity.name == "party"
        ])


class Watching(Plugin):
    """Lists a projection."""

    projections = (Watcher(),)


MANIFEST = Manifest(
    id="watching", distribution="crmkit-watching", api=">=1,<2", version="1", implementation=f"{__name__}:Watching"
)


@pytest.fixture
def watched(crm_with):
    crm = crm_with(MANIFEST)
    told_units.clear()
    return crm


@pytest.fixture
def ida(watched):
    with watched.begin("ada") as uow:
        found = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    told_units.clear()
    return found


def test_a_unit_tells_of_each_record_once_with_its_parts_as_they_are_in_the_end(watched):
    with watched.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])
        uow.parties.update(attrs.evolve(ida, family_name="Berg"))
        uow.parties.add_email(ida.id, "ida@home.example")
        bo = uow.parties.add(Person(given_name="Bo"))
    assert told_units == [
        [
            ("created", ida.id, "Ida Berg", ["ida@berg.example", "ida@home.example"]),
            ("created", bo.id, "Bo", []),
        ]
    ]


def test_a_change_of_a_part_is_one_of_the_record_and_shows_its_other_parts(watched, ida):
    with watched.begin("ada") as uow:
        uow.parties.add_email(ida.id, "ida@home.example")
    assert told_units == [[("changed", ida.id, "Ida Berg", ["ida@berg.example", "ida@home.example"])]]


def test_a_deletion_and_its_undo_are_told(watched, ida):
    with watched.begin("ada") as uow:
        unit = uow.id
        uow.parties.remove(ida.id)
    assert told_units.pop() == [("deleted", ida.id, None, [])]
    with watched.begin("ada") as uow:
        uow.history.undo(unit)
    assert told_units == [[("changed", ida.id, "Ida Berg", ["ida@berg.example"])]]


def test_a_merge_tells_of_both(watched, ida):
    with watched.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Ida"), emails=["ida@home.example"])
    told_units.clear()
    with watched.begin("ada") as uow:
        uow.parties.merge(other.id, ida.id)
    told = {id_: (how, emails) for how, id_, _, emails in told_units.pop()}
    assert told == {
        ida.id: ("changed", ["ida@berg.example", "ida@home.example"]),
        other.id: ("changed", []),
    }


def test_what_an_attempt_takes_back_is_not_told(watched, ida):
    with watched.begin("ada") as uow:
        with pytest.raises(errors.InvalidMechanismError), uow.attempt():
            uow.parties.add(Person(given_name="Bo"))
            uow.parties.add_email(ida.id, "no address")
        eva = uow.parties.add(Person(given_name="Eva"))
    assert told_units == [[("created", eva.id, "Eva", [])]]


def test_a_unit_that_changes_nothing_tells_nothing(watched, ida):
    with watched.begin("ada") as uow:
        uow.get(Person, ida.id)
    with watched.begin("ada", read_only=True) as uow:
        uow.find(Person)
    assert told_units == []


def test_a_disabled_plugin_is_told_nothing_and_an_enabled_one_again(watched, tenant):
    watched.plugins.disable("watching", tenant=tenant)
    with watched.begin("ada") as uow:
        uow.parties.add(Organisation(name="Berg Tak AS"))
    assert told_units == []
    watched.plugins.enable("watching", tenant=tenant)
    with watched.begin("ada") as uow:
        bo = uow.parties.add(Person(given_name="Bo"))
    assert told_units == [[("created", bo.id, "Bo", [])]]


def test_a_projection_that_raises_takes_the_unit_back(watched, rows, monkeypatch):
    def stumble(_self, changes):
        raise ZeroDivisionError

    monkeypatch.setattr(Watcher, "project", stumble)
    before = rows()
    with pytest.raises(ZeroDivisionError), watched.begin("ada") as uow:
        uow.parties.add(Person(given_name="Bo"))
    assert rows() == before


def test_a_joined_unit_tells_before_the_host_commits(watched):
    with watched.engine.connect() as connection, connection.begin():
        with watched.join(connection, "ada") as uow:
            bo = uow.parties.add(Person(given_name="Bo"))
        assert told_units == [[("created", bo.id, "Bo", [])]]


def test_the_parts_of_many_changed_records_are_read_by_the_hundred(watched):
    with watched.begin("ada") as uow:
        people = [uow.parties.add(Person(given_name=f"P{n}"), emails=[f"p{n}@x.example"]) for n in range(250)]
    told_units.clear()
    sent = []

    def hear(_connection, _cursor, statement, *_):
        sent.append(statement)

    with watched.begin("ada") as uow:
        for person in people:
            uow.parties.update(attrs.evolve(person, nickname="Pip"))
        uow.find(Mechanism, limit=1)
        event.listen(watched.engine, "before_cursor_execute", hear)
    event.remove(watched.engine, "before_cursor_execute", hear)
    assert len(told_units[0]) == 250
    assert all(emails for _, _, _, emails in told_units[0])
    assert len([s for s in sent if "FROM crm_mechanism" in s]) <= 3


class Marking(Service):
    """Writes derived rows of records that have not changed."""

    @command("watching.mark", permission="party.read")
    def mark(self, ids: Sequence[UUID]) -> tuple[tuple[UUID, str | None], ...]:
        """What it is handed of these parties."""
        return tuple((one.id, one.record and one.record.name) for one in self.derive(PARTY, ids).changed)

    def mark_outside(self, ids: Sequence[UUID]) -> None:
        """The same, in no command."""
        self.derive(PARTY, ids)


def test_a_service_derives_anew_what_has_not_changed_and_sees_what_is_gone(crm_with):
    crm = crm_with(evolve(MANIFEST, services=(f"{__name__}:Marking",)))
    with crm.begin("ada") as uow:
        ida, gone = uow.parties.add(Person(given_name="Ida")), new_id()
    told_units.clear()
    with crm.begin("ada") as uow:
        assert uow.use(Marking).mark([ida.id, gone]) == ((ida.id, "Ida"), (gone, None))
        assert uow.get(Person, ida.id).version == 1
    assert told_units == []


def test_outside_a_command_nothing_is_derived(crm_with, rows):
    crm = crm_with(evolve(MANIFEST, services=(f"{__name__}:Marking",)))
    before = rows()
    with pytest.raises(errors.OutsideCommandError), crm.begin("ada") as uow:
        uow.use(Marking).mark_outside([new_id()])
    assert rows() == before
