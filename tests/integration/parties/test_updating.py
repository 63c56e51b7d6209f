"""A party is changed by whoever may, who has read what it is now; some things have commands of their own."""

from datetime import UTC, datetime

import pytest
from attrs import evolve

from crmkit import Organisation, Party, PartyArchived, PartyUpdated, Person
from crmkit.core.parties.events import PartyAssigned, PartyRemoved, PartyUnarchived
from crmkit.core.parties.mechanisms.model import Mechanism
from crmkit.errors import (
    ForbiddenError,
    InUseError,
    InvalidValueError,
    NotFoundError,
    RefusedError,
    StaleVersionError,
)


def test_a_changed_name_changes_how_the_person_is_called_and_sorted(crm, ida, told):
    with crm.begin("ada") as uow:
        stored = uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Ås"))
    assert (stored.name, stored.sort_name, stored.version) == ("Ida Ås", "as ida", 2)
    assert [(type(e), e.party) for e in told] == [(PartyUpdated, ida.id)]


def test_changing_nothing_is_no_change(crm, ida, told):
    with crm.begin("ada") as uow:
        assert uow.parties.update(ida).version == 1
    assert told == []


def test_a_party_that_has_moved_on_is_not_overwritten(crm, ida, refused):
    with crm.begin("ada") as uow:
        uow.parties.update(evolve(ida, nickname="Bee"))
    error = refused(StaleVersionError, lambda uow: uow.parties.update(evolve(ida, nickname="Wasp")))
    assert (error.expected, error.actual) == (1, 2)


def test_a_new_mechanism_makes_a_form_stale_since_it_is_part_of_the_party(crm, ida, refused):
    with crm.begin("ada") as uow:
        uow.parties.add_email(ida.id, "ida@home.example")
    refused(StaleVersionError, lambda uow: uow.parties.update(evolve(ida, nickname="Bee")))


@pytest.mark.parametrize("change", [{"owner_id": "max"}, {"lifecycle": "lead"}, {"archived_at": datetime.now(UTC)}])
def test_what_has_a_command_of_its_own_is_not_changed_by_an_update(refused, ida, change):
    refused(InvalidValueError, lambda uow: uow.parties.update(evolve(ida, **change)))


def test_a_person_does_not_become_an_organisation(refused, ida):
    refused(NotFoundError, lambda uow: uow.parties.update(Organisation(id=ida.id, version=1, name="Ida")))


def test_where_a_party_came_from_is_kept_for_ever(refused, ida):
    error = refused(RefusedError, lambda uow: uow.parties.update(evolve(ida, source="web")))
    assert [(r.code, r.field, r.plugin) for r in error.refusals] == [("source_kept", "source", "core")]


def test_a_source_that_was_unknown_is_filled_in_with_the_time(timed, clock, firm):
    with timed.begin("ada") as uow:
        stored = uow.parties.update(evolve(firm, source="referral"))
    assert stored.sourced_at == clock.now()


def test_a_hidden_party_is_not_changed_and_looks_as_if_it_were_not_there(refused, hidden):
    error = refused(NotFoundError, lambda uow: uow.parties.update(evolve(hidden, nickname="Bee")), actor="sam")
    unknown = Person(given_name="Nobody")
    other = refused(NotFoundError, lambda uow: uow.parties.update(unknown), actor="sam")
    assert str(error).replace(str(hidden.id), "") == str(other).replace(str(unknown.id), "")
    assert "Secret" not in str(error)


def test_a_viewer_changes_nothing(refused, ida):
    refused(ForbiddenError, lambda uow: uow.parties.update(evolve(ida, nickname="Bee")), actor="vic")


def test_a_party_is_assigned_to_somebody_else(crm, ida, told):
    with crm.begin("ada") as uow:
        stored = uow.parties.assign(ida.id, owner="max", team="sales")
        uow.parties.assign(ida.id, owner="max", team="sales")
    assert (stored.owner_id, stored.team_id) == ("max", "sales")
    assert [(e.owner_id, e.former_owner_id) for e in told if isinstance(e, PartyAssigned)] == [("max", "ada")]


def test_nobody_assigns_away_what_they_may_not_change_afterwards(refused, ida):
    refused(ForbiddenError, lambda uow: uow.parties.assign(ida.id, owner="ned", team="elsewhere"), actor="sam")


def test_an_archived_party_is_out_of_use_and_can_be_brought_back(timed, clock, ida):
    with timed.begin("ada") as uow:
        assert uow.parties.archive(ida.id).archived_at == clock.now()
        assert uow.parties.archive(ida.id).version == 2
        assert uow.parties.find_by("ida@berg.example")[0].archived_at == clock.now()
        assert uow.parties.unarchive(ida.id).archived_at is None
        assert uow.parties.unarchive(ida.id).version == 3


def test_archiving_is_told_once(crm, ida, told):
    with crm.begin("ada") as uow:
        uow.parties.archive(ida.id)
        uow.parties.archive(ida.id)
        uow.parties.unarchive(ida.id)
    assert [type(e) for e in told] == [PartyArchived, PartyUnarchived]


def test_a_removed_party_takes_its_parts_with_it(crm, ida, told):
    with crm.begin("ada") as uow:
        uow.parties.add_role(ida.id, "customer")
        uow.parties.move_lifecycle(ida.id, "lead")
        uow.parties.add_identifier(ida.id, "vat", "1", exclusive=True)
    told.clear()
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    with crm.begin("ada") as uow:
        assert uow.count(Party) == 0
        assert uow.count(Mechanism) == 0
        assert uow.parties.by_identifier("vat", "1") == ()
        with pytest.raises(NotFoundError):
            uow.parties.get(ida.id)
    assert [(type(e), e.party) for e in told] == [(PartyRemoved, ida.id)]


def test_a_party_that_others_refer_to_is_not_removed(crm, refused, ida, firm):
    with crm.begin("ada") as uow:
        uow.parties.relate(ida.id, "works_for", firm.id)
    refused(InUseError, lambda uow: uow.parties.remove(firm.id))


def test_a_party_with_interactions_is_not_removed(crm, refused, ida):
    with crm.begin("ada") as uow:
        uow.interactions.record(party=ida.id, channel="phone", summary="asked for a quote")
    refused(InUseError, lambda uow: uow.parties.remove(ida.id))


def test_a_hidden_party_is_not_removed(refused, hidden):
    refused(NotFoundError, lambda uow: uow.parties.remove(hidden.id), actor="max")


def test_each_value_knows_where_it_comes_from(timed, clock, ida):
    with timed.begin("max", source="form") as uow:
        uow.parties.update(evolve(uow.parties.get(ida.id), nickname="Bee"))
        unit = uow.id
    with timed.begin("ada") as uow:
        known = uow.parties.provenance(ida.id)
    nickname, name = known["nickname"], known["given_name"]
    assert (nickname.value, nickname.actor, nickname.at, nickname.source, nickname.unit, nickname.version) == (
        "Bee", "max", clock.now(), "form", unit, 2,
    )  # fmt: skip
    assert (name.value, name.actor, name.source, name.version) == ("Ida", "ada", None, 1)
    assert "prefix" not in known


def test_nobody_asks_where_the_values_of_a_hidden_party_come_from(refused, hidden):
    refused(NotFoundError, lambda uow: uow.parties.provenance(hidden.id), actor="sam")
