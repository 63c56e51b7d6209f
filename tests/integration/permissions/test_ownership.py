"""Handing over everything that somebody owns, and claims on records that nobody owns."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Activity, Deal, Person, Rule, f, new_id
from crmkit.core.permissions.events import ClaimReleased, OwnershipTransferred, RecordClaimed
from crmkit.core.permissions.ownership.model import Claim
from crmkit.errors import (
    ConflictError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    TransferForbiddenError,
    UnknownActorError,
)

DAY = timedelta(days=1)


# -- handing over -----------------------------------------------------------------------------------------------------


def owned(crm, actor):
    """How many records of each entity an actor owns."""
    with crm.begin("ada") as uow:
        entities = [e for e in crm.runtime.registry if e.owner is not None]
        counts = {e.name: uow.count(e, f[e.owner] == actor) for e in entities}
    return {name: count for name, count in counts.items() if count}


@pytest.fixture
def estate(crm, clock, add, deal):
    """Two people, two deals, an activity and a share, all of them sam's; the second person is given."""
    ida, olga = add("Ida", owner="sam", team="sales"), add("Olga", owner="sam")
    add("Nils", owner="ned")
    deal(ida, owner="sam")
    deal(olga, owner="sam")
    with crm.begin("sam") as uow:
        uow.interactions.plan(party=ida.id, kind="call", subject="call back", due_at=clock.now() + DAY)
        uow.permissions.share("party", olga.id, actor="nobody")
    return olga


def test_everything_that_somebody_owns_is_handed_over_in_one_call(crm, estate, seen, recorded_events, rows):
    before, history = owned(crm, "sam"), set(rows()["crm_change"])
    assert before == {"party": 2, "deal": 2, "activity": 1, "grant": 1}
    with crm.begin("ada", reason="sam has left") as uow:
        transfer = uow.permissions.transfer("sam", "sue")
        unit = uow.id
    assert (transfer.counts, transfer.total) == (before, 6)
    assert owned(crm, "sam") == {}
    assert owned(crm, "sue") == before
    assert owned(crm, "ned") == {"party": 1}
    assert seen("sam") == ["Ida"]  # still of the team
    assert seen("sue") == ["Ida", "Olga"]
    assert set(rows()["crm_change"]) > history
    with crm.begin("ada") as uow:
        last = uow.history.changes(uow.get(Person, estate.id))[-1]
        assert (last.unit, last.actor, last.diff["owner_id"]) == (unit, "ada", ("sam", "sue"))
    (told,) = recorded_events.of(OwnershipTransferred)
    assert (told.from_actor, told.to_actor, told.counts) == ("sam", "sue", before)


def test_some_entities_only_can_be_handed_over(crm, add, deal):
    deal(add("Ida", owner="sam"), owner="sam")
    with crm.begin("ada") as uow:
        uow.permissions.transfer("sam", "sue", entities=["deal"])
    assert owned(crm, "sam") == {"party": 1}


def test_somebody_whom_the_host_knows_no_more_can_lose_but_not_get(crm, add, refused):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Old", owner_id="left-long-ago"))
    with crm.begin("ada") as uow:
        assert uow.permissions.transfer("left-long-ago", "sue").total == 1
    refused(UnknownActorError, "ada", lambda uow: uow.permissions.transfer("sue", "left-long-ago"))
    refused(UnknownActorError, "ada", lambda uow: uow.permissions.transfer("sue", "gone"))


@pytest.fixture
def team_estate(crm, clock, add, deal):
    """A person, a deal, an activity, a share and a claim of the team that sam works for, all sam's; the person."""
    ida = add("Ida", owner="sam", team="sales")
    free = add("Free", team="sales")
    deal(ida, owner="sam", team="sales")
    with crm.begin("sam") as uow:
        until = clock.now() + DAY
        uow.interactions.plan(party=ida.id, kind="call", subject="x", due_at=until, assignee="sam", team="sales")
        uow.permissions.share("party", ida.id, actor="ned")
        uow.permissions.claim("party", free.id, until=until)
    return ida


def test_a_manager_hands_over_what_belongs_to_the_teams_with_its_shares_and_claims(crm, add, team_estate, refused):
    add("Nils", owner="sam", team="east")  # of another team, so hidden from the manager
    refused(ForbiddenError, "sue", lambda uow: uow.permissions.transfer("sam", "sue"))
    with crm.begin("max") as uow:
        counts = uow.permissions.transfer("sam", "sue").counts
    assert counts == {"activity": 1, "claim": 1, "deal": 1, "grant": 1, "party": 2}
    assert owned(crm, "sam") == {"party": 1}
    with crm.begin("sue") as uow:
        uow.permissions.unshare("party", team_estate.id, actor="ned")


def test_a_steward_hands_over_everything_of_the_core(crm, actors, team_estate, add):
    actors.add("stu", roles=["steward"])
    add("Nils", owner="sam", team="east")
    with crm.begin("stu") as uow:
        assert uow.permissions.transfer("sam", "sue").total == 7
    assert owned(crm, "sam") == {}


def test_who_may_not_give_a_record_gives_none_and_is_told_which(crm, add, deal, team_estate, refused):
    """What is seen but may not be changed would else stay behind unnoticed."""
    nils = add("Nils", owner="sam", team="east")
    theirs = deal(nils, owner="sam", team="east")
    hidden = add("Hidden", owner="sam", team="east")
    with crm.begin("ada") as uow:
        uow.permissions.share("party", nils.id, actor="max")
        uow.permissions.share("deal", theirs.id, team="sales")
    error = refused(TransferForbiddenError, "max", lambda uow: uow.permissions.transfer("sam", "sue"))
    assert error.in_the_way == {"deal": (theirs.id,), "party": (nils.id,)}
    assert str(theirs.id) in str(error)
    assert str(hidden.id) not in str(error)
    with crm.begin("max") as uow:
        assert set(uow.permissions.transfer("sam", "sue", entities=["activity"]).counts) == {"activity"}


def test_what_is_in_the_way_is_named_for_five_records_and_counted_for_the_rest(crm, add, refused):
    ids = {add(f"P{n}", owner="sam", team="east").id for n in range(7)}
    with crm.begin("ada") as uow:
        for id_ in ids:
            uow.permissions.share("party", id_, actor="max")
    error = refused(TransferForbiddenError, "max", lambda uow: uow.permissions.transfer("sam", "sue"))
    assert set(error.in_the_way["party"]) == ids
    assert sum(str(id_) in str(error) for id_ in ids) == 5
    assert "and 2 more" in str(error)


def test_who_may_not_write_the_owner_hands_over_nothing(crm, actors, add, refused):
    ida = add("Ida", owner="sam", team="sales")
    with crm.begin("ada") as uow:
        rule = Rule(effect="forbid", permission="party.update", fields=("owner_id",))
        uow.permissions.define_role("owners_fixed", [rule])
    actors.add("mia", roles=["manager", "owners_fixed"], teams=["sales"])
    error = refused(TransferForbiddenError, "mia", lambda uow: uow.permissions.transfer("sam", "sue"))
    assert error.in_the_way == {"party": (ida.id,)}


def test_a_hand_over_that_makes_no_sense_is_refused(refused):
    refused(InvalidValueError, "ada", lambda uow: uow.permissions.transfer("sam", "sam"))
    refused(InvalidValueError, "ada", lambda uow: uow.permissions.transfer("sam", "sue", entities=["mechanism"]))


# -- claims -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def lead(add):
    """A person of the team, whom nobody owns."""
    return add("Ida", team="sales")


def test_a_claim_makes_one_the_owner_until_it_expires_and_is_on_record(crm, clock, lead, recorded_events):
    until = clock.now() + DAY
    with crm.begin("sam") as uow:
        claim = uow.permissions.claim("party", lead.id, until=until)
        assert uow.get(Person, lead.id).owner_id == "sam"
    assert (claim.actor_id, claim.expires_at) == ("sam", until)
    with crm.begin("ada") as uow:
        assert uow.permissions.release_expired() == 0
    clock.advance(DAY)
    with crm.begin("ada") as uow:
        assert uow.permissions.release_expired() == 1
        assert uow.get(Person, lead.id).owner_id is None
        assert uow.count(Claim) == 0
        owners = [c.diff["owner_id"] for c in uow.history.changes(uow.get(Person, lead.id)) if "owner_id" in c.diff]
    assert owners[-2:] == [(None, "sam"), ("sam", None)]
    assert recorded_events.of(RecordClaimed) == [
        RecordClaimed(entity="party", id=lead.id, actor="sam", expires_at=until)
    ]
    assert recorded_events.of(ClaimReleased) == [ClaimReleased(entity="party", id=lead.id, actor="sam", expired=True)]


def test_a_claim_can_be_prolonged_and_given_up(crm, clock, lead):
    with crm.begin("sam") as uow:
        first = uow.permissions.claim("party", lead.id, until=clock.now() + DAY)
        longer = uow.permissions.claim("party", lead.id, until=clock.now() + 3 * DAY)
    assert (longer.id, longer.expires_at) == (first.id, clock.now() + 3 * DAY)
    clock.advance(2 * DAY)
    with crm.begin("ada") as uow:
        assert uow.permissions.release_expired() == 0
    with crm.begin("sam") as uow:
        uow.permissions.release("party", lead.id)
        assert uow.get(Person, lead.id).owner_id is None


def test_what_somebody_owns_cannot_be_claimed(crm, clock, lead, refused):
    with crm.begin("sam") as uow:
        uow.permissions.claim("party", lead.id, until=clock.now() + DAY)
    until = clock.now() + DAY
    error = refused(ConflictError, "sue", lambda uow: uow.permissions.claim("party", lead.id, until=until))
    assert "sam" in str(error)
    refused(NotFoundError, "sue", lambda uow: uow.permissions.release("deal", new_id()))
    refused(ForbiddenError, "vic", lambda uow: uow.permissions.claim("party", lead.id, until=until))
    refused(NotFoundError, "ned", lambda uow: uow.permissions.claim("party", lead.id, until=until))


def test_a_claim_on_what_was_given_to_somebody_else_since_ends_without_taking_it(crm, clock, lead):
    with crm.begin("sam") as uow:
        uow.permissions.claim("party", lead.id, until=clock.now() + DAY)
    with crm.begin("ada") as uow:
        uow.parties.assign(lead.id, owner="sue", team="sales")
    clock.advance(2 * DAY)
    with crm.begin("ada") as uow:
        assert uow.permissions.release_expired() == 1
        assert uow.get(Person, lead.id).owner_id == "sue"


def test_a_claim_is_handed_over_with_what_was_claimed(crm, clock, lead):
    with crm.begin("sam") as uow:
        uow.permissions.claim("party", lead.id, until=clock.now() + DAY)
    with crm.begin("ada") as uow:
        assert uow.permissions.transfer("sam", "sue").counts == {"claim": 1, "party": 1}
    with crm.begin("sue") as uow:
        uow.permissions.release("party", lead.id)


def test_a_claim_that_makes_no_sense_is_refused(crm, clock, lead, refused):
    refused(InvalidValueError, "sam", lambda uow: uow.permissions.claim("party", lead.id, until=clock.now()))
    until = clock.now() + DAY
    refused(InvalidValueError, "ada", lambda uow: uow.permissions.claim("mechanism", lead.id, until=until))
    refused(NotFoundError, "sam", lambda uow: uow.permissions.claim("party", new_id(), until=until))
    refused(NotFoundError, "sam", lambda uow: uow.permissions.release("party", lead.id))


def test_entities_with_owners_are_those_that_are_owned(crm):
    """So that a new entity is thought of here."""
    owned_entities = {e.name for e in crm.runtime.registry if e.owner is not None}
    assert {"party", "deal", "activity", "grant", "claim"} <= owned_entities
    assert "delegation" not in owned_entities
    assert crm.runtime.registry.by_model(Deal).owner == "owner_id"
    assert crm.runtime.registry.by_model(Activity).owner is not None
