"""People and organisations are added whole, or not at all."""

from datetime import UTC, date, datetime

import pytest

from crmkit import Organisation, PartyAdded, Person, Relationship
from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.mechanisms.rules import address, mechanism
from crmkit.core.parties.roles.model import PartyRole
from crmkit.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidMechanismError,
    InvalidValueError,
    NotFoundError,
    UnknownLifecycleStageError,
    UnknownPartyRoleError,
    UnknownRelationshipTypeError,
)


def test_a_party_comes_back_as_what_was_added(crm):
    person = Person(
        given_name="Ída",
        additional_names="Maria",
        family_name="Ødegård",
        prefix="Dr.",
        suffix="Jr.",
        nickname="Bee",
        birth_date=date(1990, 2, 28),
        gender="F",
        language="nb",
        time_zone="Europe/Oslo",
    )
    firm = Organisation(name="Berg Tak", legal_name="Berg Tak AS", legal_form="AS")
    with crm.begin("ada") as uow:
        stored = [uow.parties.add(person), uow.parties.add(firm)]
    with crm.begin("ada", read_only=True) as uow:
        read = [uow.parties.get(person.id), uow.parties.get(firm.id)]
    assert read == stored
    assert [type(party) for party in read] == [Person, Organisation]
    assert read[0].name == "Ída Maria Ødegård"
    assert read[0].birth_date == date(1990, 2, 28)
    assert [party.version for party in read] == [1, 1]


def test_a_person_of_whom_nothing_is_known_can_be_added(crm):
    with crm.begin("ada") as uow:
        assert uow.parties.add(Person(), phones=["+47 22 33 44 55"]).name == "(no name)"


def test_whoever_adds_a_party_owns_it_unless_it_says_who_does(crm):
    with crm.begin("sam") as uow:
        assert uow.parties.add(Person(given_name="Ida")).owner_id == "sam"
    with crm.begin("ada") as uow:
        assert uow.parties.add(Person(given_name="Ida", owner_id="max")).owner_id == "max"


def test_a_party_is_added_with_ways_to_reach_it(crm):
    with crm.begin("ada") as uow:
        person = Person(given_name="Ida")
        home = address(person.id, street="Storgata 12", locality="Oslo", country="no", label="home")
        uow.parties.add(
            person,
            emails=["Ida@Berg.example", "ida@work.example"],
            phones=["22 33 44 55"],
            urls=["berg.example"],
            mechanisms=[home],
            region="NO",
        )
        view = uow.parties.view(person.id)
    reached = {(m.kind, m.normalised, m.is_primary) for m in view.mechanisms}
    assert reached == {
        ("email", "ida@berg.example", True),
        ("email", "ida@work.example", False),
        ("phone", "+4722334455", True),
        ("url", "https://berg.example/", True),
        ("postal", "storgata 12 oslo no", True),
    }
    assert view.party.version == 1


def test_a_mechanism_given_twice_is_stored_once(crm):
    with crm.begin("ada") as uow:
        person = uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example", "IDA@berg.example"])
        assert len(uow.parties.view(person.id).mechanisms) == 1


def test_a_party_is_added_with_identifiers_roles_and_a_stage(timed, clock):
    person = Person(given_name="Ida", lifecycle="lead")
    number = Identifier(party_id=person.id, scheme="customer_number", value="K-1", exclusive=True)
    with timed.begin("ada") as uow:
        uow.parties.add(person, identifiers=[number], roles=["customer", "supplier", "customer"])
        view = uow.parties.view(person.id)
    assert [i.value for i in view.identifiers] == ["K-1"]
    assert [(r.role, r.valid_from) for r in view.roles] == [
        ("customer", date(2026, 3, 31)),
        ("supplier", date(2026, 3, 31)),
    ]
    assert [(e.stage, e.entered_at, e.left_at) for e in view.lifecycle] == [("lead", clock.now(), None)]


def test_adding_tells_one_event(crm, told):
    with crm.begin("ada") as uow:
        person = uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"], roles=["customer"])
    assert [(type(e), e.party, e.kind) for e in told] == [(PartyAdded, person.id, "person")]


def test_where_a_party_came_from_is_kept_with_the_time(timed, clock):
    earlier = datetime(2020, 1, 1, tzinfo=UTC)
    with timed.begin("ada") as uow:
        assert uow.parties.add(Person(given_name="Ida", source="fair")).sourced_at == clock.now()
        assert uow.parties.add(Person(given_name="Max", source="fair", sourced_at=earlier)).sourced_at == earlier


def test_many_parties_are_added_at_once_with_their_parts(crm, told):
    people = [Person(given_name=f"P{i}") for i in range(250)]
    mails = [mechanism(p.id, "email", f"p{i}@berg.example") for i, p in enumerate(people)]
    phones = [mechanism(p.id, "phone", f"+47223344{i:02}") for i, p in enumerate(people[:100])]
    roles = [PartyRole(party_id=p.id, role="customer") for p in people]
    numbers = [Identifier(party_id=p.id, scheme="shop.id", value=str(i)) for i, p in enumerate(people)]
    with crm.begin("ada") as uow:
        stored = uow.parties.add_many(people, mechanisms=[*mails, *phones], identifiers=numbers, roles=roles)
        assert [s.id for s in stored] == [p.id for p in people]
        assert uow.count(Person) == 250
        view = uow.parties.view(people[7].id)
    assert [m.normalised for m in view.mechanisms] == ["p7@berg.example", "+4722334407"]
    assert all(m.is_primary for m in view.mechanisms)
    assert view.identifiers[0].value == "7"
    assert len([e for e in told if isinstance(e, PartyAdded)]) == 250


def test_many_parties_are_added_with_their_relationships_to_each_other_and_to_others(crm, firm):
    people = [Person(given_name=f"P{i}") for i in range(3)]
    links = [Relationship(party_id=p.id, other_id=firm.id, type="works_for") for p in people]
    couple = Relationship(party_id=people[0].id, other_id=people[1].id, type="spouse_of")
    with crm.begin("ada") as uow:
        uow.parties.add_many(people, relationships=[*links, couple])
        assert len(uow.parties.relationships(firm.id)) == 3
        assert {r.label for r in uow.parties.relationships(people[1].id)} == {"works for", "is married to"}


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [{"emails": ["ida"]}, {"phones": ["22"]}, {"urls": ["javascript:alert(1)"]}])
def test_a_party_with_a_malformed_mechanism_is_not_added(refused, given):
    refused(InvalidMechanismError, lambda uow: uow.parties.add(Person(given_name="Ida"), **given))


def test_malformed_mechanisms_are_kept_as_raw_text_only_if_asked_for(crm):
    with crm.begin("ada") as uow:
        person = uow.parties.add(
            Person(given_name="Ida"), emails=["ida"], phones=["ask at the bar"], allow_invalid=True
        )
        kept = uow.parties.view(person.id).mechanisms
    assert [(m.raw, m.normalised, m.verified_at, m.is_primary) for m in kept] == [
        ("ida", None, None, False),
        ("ask at the bar", None, None, False),
    ]


def test_a_party_in_an_unknown_role_or_stage_is_not_added(refused):
    refused(UnknownPartyRoleError, lambda uow: uow.parties.add(Person(), roles=["friend"]))
    refused(UnknownLifecycleStageError, lambda uow: uow.parties.add(Person(lifecycle="friend")))


def test_a_part_of_another_party_is_not_added_with_this_one(refused, ida):
    foreign = mechanism(ida.id, "email", "other@berg.example")
    refused(InvalidValueError, lambda uow: uow.parties.add(Person(), mechanisms=[foreign]))


def test_what_is_stored_is_not_added_again(refused, ida):
    refused(InvalidValueError, lambda uow: uow.parties.add(ida))


def test_a_party_whose_exclusive_identifier_is_taken_is_not_added(crm, refused):
    def add(uow):
        person = Person(given_name="Ida")
        number = Identifier(party_id=person.id, scheme="vat", value="NO 1", exclusive=True)
        return uow.parties.add(person, identifiers=[number])

    with crm.begin("ada") as uow:
        add(uow)
    refused(AlreadyExistsError, add)


def test_of_many_parties_with_one_that_will_not_do_none_is_added(refused):
    people = [Person(given_name=f"P{i}") for i in range(20)]
    twice = [Identifier(party_id=p.id, scheme="vat", value="NO 1", exclusive=True) for p in people[8:10]]
    refused(AlreadyExistsError, lambda uow: uow.parties.add_many(people, identifiers=twice))


def test_of_many_parties_in_an_impossible_relationship_none_is_added(refused, firm, hidden):
    ida, max_ = Person(given_name="Ida"), Person(given_name="Max")

    def add(other, type_):
        link = Relationship(party_id=ida.id, other_id=other, type=type_)
        return lambda uow: uow.parties.add_many([ida, max_], relationships=[link])

    refused(UnknownRelationshipTypeError, add(firm.id, "workz_for"))
    refused(InvalidValueError, add(firm.id, "employs"))
    refused(InvalidValueError, add(max_.id, "works_for"))
    refused(NotFoundError, add(hidden.id, "partner_of"), actor="sam")


def test_a_viewer_adds_nothing(refused):
    refused(ForbiddenError, lambda uow: uow.parties.add(Person(given_name="Ida")), actor="vic")
