"""Words that records say are neither taken back by an undo nor missed by what an undo brings back."""

from __future__ import annotations

import pytest

from crmkit import CRM, LifecycleStage, PartyRoleType, RelationshipType
from crmkit.errors import RefusedError
from crmkit.testing.factories import a_person, an_organisation

ROLE = PartyRoleType(key="juror", label="Juror")
STAGE = LifecycleStage(key="alumnus", label="Alumnus", position=90)
TYPE = RelationshipType(key="tutors", label="tutors", inverse="is_tutored_by", inverse_label="is tutored by")


def role(uow, party):
    uow.parties.add_role(party, "juror")


def stage(uow, party):
    uow.parties.move_lifecycle(party, "alumnus")


def link(uow, party):
    uow.parties.relate(party, "tutors", a_person(uow).id)


WORDS = [
    pytest.param(lambda uow: uow.parties.define_party_roles([ROLE]), role, id="role"),
    pytest.param(lambda uow: uow.parties.define_lifecycle_stages([STAGE]), stage, id="stage"),
    pytest.param(lambda uow: uow.parties.define_relationship_types([TYPE]), link, id="type of relationship"),
]


def unit_of(crm, work):
    with crm.begin("ada") as uow:
        work(uow)
    return uow.id


@pytest.fixture
def refused(crm: CRM, rows):
    """A function: the code of the refusal of an undo, which changes nothing."""

    def check(unit):
        before = rows()
        with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
            uow.history.undo(unit)
        assert rows() == before
        return [refusal.code for refusal in caught.value.refusals]

    return check


@pytest.mark.parametrize(("define", "say"), WORDS)
def test_a_word_that_something_says_is_not_undone(define, say, crm, refused):
    defined = unit_of(crm, define)
    with crm.begin("ada") as uow:
        party = an_organisation(uow) if say is not link else a_person(uow)
    said = unit_of(crm, lambda uow: say(uow, party.id))
    assert refused(defined) == ["term_in_use"]
    unit_of(crm, lambda uow: uow.history.undo(said))
    unit_of(crm, lambda uow: uow.history.undo(defined))


@pytest.mark.parametrize(("define", "say"), WORDS)
def test_nothing_is_brought_back_that_says_a_word_that_is_gone(define, say, crm, refused):
    defined = unit_of(crm, define)
    with crm.begin("ada") as uow:
        party = a_person(uow)
    said = unit_of(crm, lambda uow: say(uow, party.id))
    unsaid = unit_of(crm, lambda uow: uow.history.undo(said))
    gone = unit_of(crm, lambda uow: uow.history.undo(defined))
    assert refused(unsaid) == ["term_gone"]
    unit_of(crm, lambda uow: uow.history.undo(gone))
    unit_of(crm, lambda uow: uow.history.undo(unsaid))


def test_a_word_and_what_says_it_come_and_go_together(crm):
    def both(uow):
        uow.parties.define_party_roles([ROLE])
        uow.parties.add_role(a_person(uow).id, "juror")

    unit = unit_of(crm, both)
    undone = unit_of(crm, lambda uow: uow.history.undo(unit))
    unit_of(crm, lambda uow: uow.history.undo(undone))
    with crm.begin("ada") as uow:
        assert uow.count(PartyRoleType) > 1
