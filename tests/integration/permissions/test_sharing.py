"""Sharing one record with one actor or team."""

from __future__ import annotations

import pytest

from crmkit import Mechanism, Person, f, new_id
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.permissions.events import RecordShared, RecordUnshared
from crmkit.core.permissions.sharing.model import Grant
from crmkit.errors import (
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    UnknownActorError,
    UnknownFieldError,
    UnknownTeamError,
)


def test_a_shared_record_is_seen_by_one_actor_with_its_parts_until_it_is_taken_back(crm, add, seen, recorded_events):
    ida = add("Ida", owner="sam")
    add("Olga", owner="sam")
    assert seen("ned") == []
    with crm.begin("sam") as uow:
        (grant,) = uow.permissions.share("party", ida.id, actor="ned")
        assert uow.permissions.shares("party", ida.id) == (grant,)
    assert seen("ned") == ["Ida"]
    with crm.begin("ned") as uow:
        assert uow.count(Mechanism) == 1
        with pytest.raises(ForbiddenError), uow.attempt():
            uow.parties.archive(ida.id)
    with crm.begin("sam") as uow:
        uow.permissions.unshare("party", ida.id, actor="ned")
        assert uow.permissions.shares("party", ida.id) == ()
    assert seen("ned") == []
    shared, unshared = recorded_events.of(RecordShared), recorded_events.of(RecordUnshared)
    assert shared == [
        RecordShared(entity="party", id=ida.id, grantee_kind="actor", grantee="ned", permissions=("party.read",))
    ]
    assert unshared == [RecordUnshared(entity="party", id=ida.id, grantee_kind="actor", grantee="ned")]


def test_a_record_shared_for_update_can_be_changed(crm, add):
    ida = add("Ida", owner="sam")
    with crm.begin("sam") as uow:
        grants = uow.permissions.share("party", ida.id, actor="ned", verbs=["update"])
    assert [g.permission for g in grants] == ["party.read", "party.update"]
    with crm.begin("ned") as uow:
        uow.parties.archive(ida.id)


def test_a_record_shared_with_a_team_is_seen_by_its_members(crm, add, seen):
    ida = add("Ida", owner="sam")
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, team="north")
    assert seen("ned") == ["Ida"]
    assert seen("sue") == []


def test_an_actor_without_any_role_sees_what_is_shared(crm, add, seen):
    ida = add("Ida")
    with crm.begin("ada") as uow:
        uow.permissions.share("party", ida.id, actor="nobody")
    assert seen("nobody") == ["Ida"]
    with crm.begin("nobody") as uow:
        assert uow.parties.get(ida.id).id == ida.id


def test_a_forbid_beats_a_share(crm, add, actors, seen):
    ida = add("Ida")
    actors.add("eve", roles=["barred"])
    with crm.begin("ada") as uow:
        uow.permissions.define_role("barred", [Rule(effect="forbid", permission="party.*")])
        uow.permissions.share("party", ida.id, actor="eve")
    assert seen("eve") == []


def test_sharing_twice_changes_nothing(crm, add, rows):
    ida = add("Ida", owner="sam")
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned", verbs=["update"])
    before = rows()["crm_grant"]
    with crm.begin("sam") as uow:
        assert uow.permissions.share("party", ida.id, actor="ned") == ()
        uow.permissions.unshare("party", ida.id, team="north")
    assert rows()["crm_grant"] == before


def test_nobody_shares_what_one_may_not_do(crm, add, refused):
    ida = add("Ida", owner="ned")
    hidden = lambda uow: uow.permissions.share("party", ida.id, actor="sam")  # noqa: E731  # used twice
    assert str(refused(NotFoundError, "sam", hidden)).startswith("party")
    refused(NotFoundError, "sam", lambda uow: uow.permissions.share("party", new_id(), actor="sam"))
    refused(ForbiddenError, "vic", hidden)
    with crm.begin("ned") as uow:
        uow.permissions.share("party", ida.id, actor="sue")
    refused(ForbiddenError, "sue", lambda uow: uow.permissions.share("party", ida.id, actor="sam", verbs=["delete"]))


def test_nobody_takes_back_what_somebody_else_has_shared(crm, add, refused):
    ida = add("Ida", team="sales")
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
    with crm.begin("sue") as uow:
        uow.permissions.unshare("party", ida.id, actor="ned")
    with crm.begin("ada") as uow:
        assert uow.count(Grant) == 1


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"actor": "who"}, UnknownActorError),
        ({"team": "mars"}, UnknownTeamError),
        ({}, InvalidValueError),
        ({"actor": "ned", "team": "north"}, InvalidValueError),
        ({"actor": "ned", "verbs": ["fly"]}, InvalidValueError),
    ],
)
def test_a_share_that_makes_no_sense_is_refused(add, refused, wrong, error):
    ida = add("Ida", owner="sam")
    refused(error, "sam", lambda uow: uow.permissions.share("party", ida.id, **wrong))


def test_parts_and_unknown_entities_are_not_shared(crm, add, refused):
    ida = add("Ida", owner="sam")
    with crm.begin("sam") as uow:
        (email,) = uow.find(Mechanism, f.party_id == ida.id)
    refused(InvalidValueError, "sam", lambda uow: uow.permissions.share("mechanism", email.id, actor="ned"))
    refused(UnknownFieldError, "sam", lambda uow: uow.permissions.share("nothing", email.id, actor="ned"))


def test_grants_on_hidden_records_are_hidden(crm, add):
    ida = add("Ida", owner="ned")
    with crm.begin("ned") as uow:
        uow.permissions.share("party", ida.id, actor="nobody")
    with crm.begin("max") as uow:
        assert uow.find(Grant).items == ()
    with crm.begin("ada") as uow:
        assert len(uow.find(Grant)) == 1


def test_a_removed_record_takes_its_grants_along(crm, add):
    ida = add("Ida", owner="sam")
    with crm.begin("sam") as uow:
        uow.permissions.share("party", ida.id, actor="ned")
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
        assert uow.count(Grant) == 0
        assert uow.count(Person) == 0
