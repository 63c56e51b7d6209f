"""The parts of one record are read without a compiled query; the answers are those of the compiled one."""

import pytest

from crmkit import Mechanism, Person, f


@pytest.fixture
def ida(crm):
    with crm.begin("sam") as uow:
        person = Person(given_name="Ida", family_name="Berg")
        return uow.parties.add(person, emails=[f"ida{n}@berg.example" for n in range(5)])


def test_the_parts_of_a_record_are_those_that_a_query_finds(crm, ida):
    with crm.begin("sam", read_only=True) as uow:
        parts = uow.find(Mechanism, f.party_id == ida.id, order="id")
        queried = uow.find(Mechanism, (f.party_id == ida.id) & (f.kind == "email"), order="id")
    assert len(parts) == 5
    assert parts == queried


def test_a_page_of_parts_is_followed_by_the_next(crm, ida):
    with crm.begin("sam", read_only=True) as uow:
        first = uow.find(Mechanism, f.party_id == ida.id, order="id", limit=3)
        second = uow.find(Mechanism, f.party_id == ida.id, order="id", limit=3, after=first.next)
    assert [m.raw for m in (*first, *second)] == [f"ida{n}@berg.example" for n in range(5)]
    assert second.next is None


def test_the_parts_of_a_hidden_record_are_hidden(crm, ida):
    with crm.begin("ned", read_only=True) as uow:
        assert not uow.find(Mechanism, f.party_id == ida.id, order="id").items


def test_parts_that_the_unit_has_written_are_among_them(crm, ida):
    with crm.begin("sam") as uow:
        uow.parties.add_email(ida.id, "late@berg.example")
        found = uow.find(Mechanism, f.party_id == ida.id, order="id")
    assert found[5].raw == "late@berg.example"
