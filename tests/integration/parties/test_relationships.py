"""Who stands to whom how, seen from both ends."""

from datetime import date

import pytest
from attrs import evolve

from crmkit import Organisation, Person
from crmkit.core.parties.relationships.events import PartiesRelated, RelationshipEnded, RelationshipRemoved
from crmkit.core.parties.relationships.model import Relationship, RelationshipType
from crmkit.errors import (
    AlreadyExistsError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
    UnknownRelationshipTypeError,
)


def seen(uow, party):
    return [(r.label, r.name, r.relationship.position) for r in uow.parties.relationships(party.id)]


def test_a_relationship_is_seen_from_both_ends(crm, ida, firm, told):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id, position="Head of purchasing")
        assert seen(uow, ida) == [("works for", "Berg Tak AS", "Head of purchasing")]
        assert seen(uow, firm) == [("employs", "Ida Berg", "Head of purchasing")]
    assert [(type(e), e.party, e.other, e.relationship) for e in told] == [(PartiesRelated, ida.id, firm.id, link.id)]


def test_a_relationship_can_be_told_from_the_other_end(crm, ida, firm):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(firm.id, "employs", ida.id)
        assert (link.party_id, link.other_id, link.type) == (ida.id, firm.id, "works_for")


def test_an_organisation_has_many_people_in_many_roles(crm, firm):
    people = [Person(given_name=f"P{i}") for i in range(12)]
    with crm.begin("ada") as uow:
        uow.parties.add_many(people)
        for i, person in enumerate(people):
            uow.parties.relate(person.id, "works_for" if i % 2 else "represents", firm.id)
        assert len(uow.parties.relationships(firm.id)) == 12


def test_a_party_that_the_actor_may_not_see_is_left_out_at_both_ends(crm, ida, firm, hidden):
    with crm.begin("ada") as uow:
        uow.parties.relate(ida.id, "spouse_of", hidden.id)
        uow.parties.relate(hidden.id, "works_for", firm.id)
        uow.parties.relate(ida.id, "works_for", firm.id)
    with crm.begin("sam") as uow:
        assert seen(uow, ida) == [("works for", "Berg Tak AS", None)]
        assert seen(uow, firm) == [("employs", "Ida Berg", None)]


def test_a_relationship_to_a_hidden_party_is_in_no_list(crm, ida, hidden):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "spouse_of", hidden.id)
    with crm.begin("sam", read_only=True) as uow:
        assert uow.count(Relationship) == 0
        assert list(uow.find(Relationship)) == []
        with pytest.raises(NotFoundError):
            uow.get(Relationship, link.id)


def test_the_history_of_a_party_leaves_out_relationships_to_a_hidden_one(crm, ida, firm, hidden):
    """Also those that were removed: nobody can ask them any more, but their changes say whom they were with."""
    with crm.begin("ada") as uow:
        shown = [uow.parties.relate(ida.id, kind, firm.id) for kind in ("works_for", "represents")]
        kept = [uow.parties.relate(ida.id, kind, hidden.id) for kind in ("spouse_of", "parent_of")]
        uow.parties.remove_relationship(shown[1].id)
        uow.parties.remove_relationship(kept[1].id)
    told = {}
    for actor in ("ada", "sam"):
        with crm.begin(actor, read_only=True) as uow:
            changes = uow.history.changes(uow.parties.get(ida.id), parts=True)
            told[actor] = {c.id for c in changes if c.entity == "relationship"}
    assert told == {"ada": {r.id for r in (*shown, *kept)}, "sam": {r.id for r in shown}}


def test_a_relationship_is_dated_changed_ended_and_may_come_again(timed, clock, ida, firm):
    with timed.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id, valid_from=date(2020, 1, 1))
        link = uow.parties.change_relationship(evolve(link, position="Boss"))
        ended = uow.parties.end_relationship(link.id)
        assert (ended.position, ended.valid_until) == ("Boss", clock.now().date())
        again = uow.parties.relate(ida.id, "works_for", firm.id)
        assert [r.relationship.id for r in uow.parties.relationships(ida.id)] == [again.id, link.id]


def test_ending_and_removing_are_told(crm, ida, firm, told):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id)
        uow.parties.end_relationship(link.id, on=date(2030, 1, 1))
        uow.parties.remove_relationship(link.id)
        assert uow.parties.relationships(firm.id) == ()
    assert [type(e) for e in told] == [PartiesRelated, RelationshipEnded, RelationshipRemoved]


def test_a_relationship_is_a_version_of_its_first_party_only(crm, ida, firm):
    with crm.begin("ada") as uow:
        uow.parties.relate(ida.id, "works_for", firm.id)
        assert (uow.parties.get(ida.id).version, uow.parties.get(firm.id).version) == (2, 1)


def test_a_tenant_defines_types_of_its_own(crm, ida, firm, told):
    mentors = RelationshipType(key="mentors", label="mentors", inverse="mentored_by", inverse_label="is mentored by")
    with crm.begin("ada") as uow:
        uow.parties.define_relationship_types([mentors])
        uow.parties.relate(firm.id, "mentors", ida.id)
        assert seen(uow, ida) == [("is mentored by", "Berg Tak AS", None)]
    with crm.begin("ada") as uow:
        renamed = RelationshipType(key="mentors", label="coaches", inverse="mentored_by", inverse_label="is coached by")
        (stored,) = uow.parties.define_relationship_types([renamed])
        assert (stored.id, stored.version) == (mentors.id, 2)
        assert seen(uow, ida) == [("is coached by", "Berg Tak AS", None)]


def test_the_first_types_are_there_once_however_often_they_are_seeded(crm):
    from crmkit.core.parties.plugin import AREA

    with crm.begin("ada") as uow:
        before = list(uow.each(RelationshipType))
        AREA.seed(uow)
        assert list(uow.each(RelationshipType)) == before
        assert {"works_for", "spouse_of"} <= {t.key for t in before}


# -- refusals ---------------------------------------------------------------------------------------------------------


def test_an_unknown_type_is_refused_with_those_there_are(refused, ida, firm):
    error = refused(UnknownRelationshipTypeError, lambda uow: uow.parties.relate(ida.id, "workz_for", firm.id))
    assert "employs" in error.known


def test_a_party_has_no_relationship_to_itself(refused, ida):
    refused(InvalidValueError, lambda uow: uow.parties.relate(ida.id, "partner_of", ida.id))


def test_a_type_is_refused_between_parties_that_it_does_not_fit(refused, ida, firm):
    refused(InvalidValueError, lambda uow: uow.parties.relate(firm.id, "works_for", ida.id))


def test_dates_the_wrong_way_round_are_refused(crm, refused, ida, firm):
    wrong = {"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)}
    refused(InvalidValueError, lambda uow: uow.parties.relate(ida.id, "works_for", firm.id, **wrong))
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id, valid_from=date(2026, 1, 2))
    refused(InvalidValueError, lambda uow: uow.parties.end_relationship(link.id, on=date(2026, 1, 1)))


def test_an_open_relationship_is_not_told_twice(crm, refused, ida, firm):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Max"))
        uow.parties.relate(ida.id, "works_for", firm.id)
        uow.parties.relate(ida.id, "spouse_of", other.id)
    refused(AlreadyExistsError, lambda uow: uow.parties.relate(firm.id, "employs", ida.id))
    refused(AlreadyExistsError, lambda uow: uow.parties.relate(other.id, "spouse_of", ida.id))


def test_nobody_relates_a_party_to_one_that_they_may_not_see(refused, ida, hidden):
    refused(NotFoundError, lambda uow: uow.parties.relate(ida.id, "partner_of", hidden.id), actor="sam")
    refused(NotFoundError, lambda uow: uow.parties.relate(hidden.id, "partner_of", ida.id), actor="sam")


def test_a_relationship_that_has_moved_on_is_not_overwritten(crm, refused, ida, firm):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id)
    with crm.begin("ada") as uow:
        uow.parties.change_relationship(evolve(link, position="Boss"))
    refused(StaleVersionError, lambda uow: uow.parties.change_relationship(evolve(link, position="Clerk")))


def test_a_relationship_is_not_turned_into_another(crm, refused, ida, firm):
    with crm.begin("ada") as uow:
        link = uow.parties.relate(ida.id, "works_for", firm.id)
    refused(InvalidValueError, lambda uow: uow.parties.change_relationship(evolve(link, type="represents")))


def test_two_types_do_not_share_an_inverse(refused):
    clash = RelationshipType(key="serves", label="serves", inverse="employs", inverse_label="employs")
    refused(AlreadyExistsError, lambda uow: uow.parties.define_relationship_types([clash]))


def test_a_seller_defines_no_types(refused):
    mentors = RelationshipType(key="mentors", label="mentors", inverse="mentored_by", inverse_label="is mentored by")
    refused(ForbiddenError, lambda uow: uow.parties.define_relationship_types([mentors]), actor="sam")


def test_who_may_change_the_person_may_say_where_they_work(crm, ida):
    """The right to change the employer is not asked for: the link is part of the person."""
    with crm.begin("ada") as uow:
        elsewhere = uow.parties.add(Organisation(name="Elsewhere", team_id="sales", owner_id="ada"))
    with crm.begin("sam") as uow:
        uow.parties.relate(ida.id, "works_for", elsewhere.id)
