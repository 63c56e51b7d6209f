from datetime import date
from uuid import uuid4

import pytest
from attrs import evolve

from crmkit.core.parties.model import Organisation, Person
from crmkit.core.parties.relationships.model import Relationship, RelationshipType
from crmkit.core.parties.relationships.rules import check_ends, check_same, default_types, seen_from, type_called
from crmkit.errors import InvalidKeyError, InvalidValueError, UnknownRelationshipTypeError

IDA, MAX = Person(given_name="Ida", family_name="Berg"), Person(given_name="Max", family_name="Moe")
FIRM = Organisation(name="Berg Tak")
TYPES = {type_.key: type_ for type_ in default_types()}
OTHERS = {party.id: party for party in (IDA, MAX, FIRM)}


@pytest.mark.parametrize(("key", "turned"), [("works_for", False), ("employs", True), ("spouse_of", False)])
def test_a_type_is_known_from_both_ends(key, turned):
    found, other_way = type_called(key, TYPES.values())
    assert key in {found.key, found.inverse}
    assert other_way is turned


def test_an_unknown_type_is_refused_with_those_there_are():
    with pytest.raises(UnknownRelationshipTypeError, match="employs") as refused:
        type_called("works_with", TYPES.values())
    assert {"works_for", "employs"} <= set(refused.value.known)


def test_the_keys_of_the_first_types_are_told_apart_from_both_ends():
    assert len(TYPES) == len(default_types())
    assert len({t.inverse for t in TYPES.values()}) == len(TYPES)
    assert not {t.key for t in TYPES.values()} & {t.inverse for t in TYPES.values() if t.inverse != t.key}


def test_a_party_has_no_relationship_to_itself():
    with pytest.raises(InvalidValueError, match="itself"):
        check_ends(TYPES["partner_of"], IDA, IDA)


@pytest.mark.parametrize(("type_", "first", "other"), [("works_for", FIRM, IDA), ("spouse_of", IDA, FIRM)])
def test_a_type_is_refused_between_parties_that_it_does_not_fit(type_, first, other):
    with pytest.raises(InvalidValueError, match="needs a person"):
        check_ends(TYPES[type_], first, other)


def test_a_type_without_kinds_fits_everybody():
    check_ends(TYPES["partner_of"], FIRM, IDA)
    check_ends(TYPES["works_for"], IDA, FIRM)


def test_a_relationship_is_named_from_the_end_that_looks():
    link = Relationship(party_id=IDA.id, other_id=FIRM.id, type="works_for", position="Boss")
    (hers,) = seen_from(IDA.id, [link], types=TYPES, others=OTHERS)
    (its,) = seen_from(FIRM.id, [link], types=TYPES, others=OTHERS)
    assert (hers.type, hers.label, hers.party_id, hers.name, hers.kind) == (
        "works_for", "works for", FIRM.id, "Berg Tak", "organisation",
    )  # fmt: skip
    assert (its.type, its.label, its.name, its.relationship.position) == ("employs", "employs", "Ida Berg", "Boss")


def test_a_relationship_to_a_hidden_party_is_left_out():
    link = Relationship(party_id=IDA.id, other_id=uuid4(), type="works_for")
    assert seen_from(IDA.id, [link], types=TYPES, others=OTHERS) == ()


def test_a_relationship_whose_type_is_gone_is_called_by_its_key():
    link = Relationship(party_id=IDA.id, other_id=MAX.id, type="plays_chess_with")
    (seen,) = seen_from(MAX.id, [link], types=TYPES, others=OTHERS)
    assert (seen.type, seen.label) == ("plays_chess_with", "plays chess with")


def test_open_relationships_come_first():
    ended = Relationship(party_id=IDA.id, other_id=FIRM.id, type="works_for", valid_until=date(2020, 1, 1))
    open_ = Relationship(party_id=IDA.id, other_id=MAX.id, type="spouse_of")
    assert [s.relationship for s in seen_from(IDA.id, [ended, open_], types=TYPES, others=OTHERS)] == [open_, ended]


@pytest.mark.parametrize("change", [{"party_id": MAX.id}, {"other_id": MAX.id}, {"type": "represents"}])
def test_a_relationship_is_not_turned_into_another_one(change):
    link = Relationship(party_id=IDA.id, other_id=FIRM.id, type="works_for")
    with pytest.raises(InvalidValueError, match=next(iter(change))):
        check_same(link, evolve(link, **change))
    check_same(link, evolve(link, position="Boss"))


def test_a_relationship_that_ends_before_it_begins_is_refused():
    with pytest.raises(InvalidValueError, match="valid_until"):
        Relationship(party_id=IDA.id, other_id=FIRM.id, type="works_for", valid_from=date(2026, 1, 2),
                     valid_until=date(2026, 1, 1))  # fmt: skip


def test_a_type_is_defined_by_two_keys():
    with pytest.raises(InvalidKeyError):
        RelationshipType(key="works for", label="works for", inverse="employs", inverse_label="employs")
    with pytest.raises(InvalidKeyError):
        RelationshipType(key="works_for", label="works for", inverse="Employs", inverse_label="employs")
    with pytest.raises(InvalidValueError, match="first_kind"):
        RelationshipType(key="a", label="a", inverse="b", inverse_label="b", first_kind="robot")
