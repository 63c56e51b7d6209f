"""Answers, replies, comments and watchers; cases that are linked, parts of each other, or one; conflicts."""

from datetime import timedelta

import pytest
from attrs import evolve
from verifying import assert_verifies

from crmkit import Comment, Interaction, Person, Ref, f, new_id
from crmkit.errors import ConflictError, CrmkitError, InvalidValueError, NotFoundError
from crmkit.plugins.service_desk import (
    Case,
    CaseAnswered,
    CaseReopened,
    CaseReplied,
    CaseResumed,
    CasesMerged,
    CaseStay,
    ServiceDesk,
)

DAY = timedelta(days=1)


def do(crm, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(ServiceDesk))


def texts(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [(i.direction, i.body) for i in uow.each(Interaction, f.party_id == party) if i.channel]


# -- with the party ---------------------------------------------------------------------------------------------------


def test_an_answer_is_an_interaction_and_the_first_one_counts(crm, opened, clock, party, told):
    case = opened(channel="phone", body="It drips")
    clock.advance(timedelta(hours=1))
    first = do(crm, lambda desk: desk.answer(case.id, "We come", channel="phone"))
    clock.advance(timedelta(hours=1))
    second = do(crm, lambda desk: desk.answer(case.id, "At noon?", channel="phone", wait=True))
    assert first.first_responded_at == second.first_responded_at == case.opened_at + timedelta(hours=1)
    assert second.status == "waiting"
    assert texts(crm, party) == [("in", "It drips"), ("out", "We come"), ("out", "At noon?")]
    assert [(event.case, event.first) for event in told(CaseAnswered)] == [(case.id, True), (case.id, False)]


def test_a_reply_lets_a_case_that_waits_go_on(crm, opened, told):
    case = opened()
    do(crm, lambda desk: desk.wait(case.id))
    assert do(crm, lambda desk: desk.reply(case.id, "Noon is fine", channel="phone")).status == "open"
    assert told(CaseResumed) == [CaseResumed(case=case.id)]
    assert [event.case for event in told(CaseReplied)] == [case.id]


@pytest.mark.parametrize(("days", "same"), [(14, True), (15, False)])
def test_a_reply_reopens_a_case_or_opens_one_that_follows_it(  # noqa: PLR0917  # pytest hands fixtures over by name
    days, same, crm, opened, clock, told
):
    case = opened()
    do(crm, lambda desk: desk.resolve(case.id, outcome="Done"))
    clock.advance(days * DAY)
    now = do(crm, lambda desk: desk.reply(case.id, "It drips again", channel="phone"))
    assert (now.id == case.id) is same
    assert now.is_under_way
    assert len(told(CaseReopened)) == same
    links = do(crm, lambda desk: desk.links(case.id))
    assert [(one.case_id, one.other_id, one.kind) for one in links] == ([] if same else [(now.id, case.id, "follows")])
    assert now.number == (1 if same else 2)


def test_an_answer_over_no_channel_and_a_link_with_itself_are_refused(crm, opened, rows):
    case, before = opened(), rows()
    with pytest.raises(InvalidValueError, match="pigeon"):
        do(crm, lambda desk: desk.answer(case.id, "We come", channel="pigeon"))
    with pytest.raises(InvalidValueError, match="the case itself"):
        do(crm, lambda desk: desk.link(case.id, case.id))
    assert rows() == before


# -- among colleagues -------------------------------------------------------------------------------------------------


def test_a_comment_is_for_colleagues_and_tells_who_watches_and_who_works_on_it(crm, opened, party):
    case = opened(assignee="sam")
    do(crm, lambda desk: desk.watch(case.id), actor="ada")
    do(crm, lambda desk: desk.watch(case.id, "sue"))
    assert [one.actor_id for one in do(crm, lambda desk: desk.watchers(case.id))] == ["ada", "sue"]
    do(crm, lambda desk: desk.comment(case.id, "Third time this year"))
    for actor, heard in (("sam", 1), ("sue", 1), ("ada", 0)):  # who has written it
        with crm.begin(actor, read_only=True) as uow:
            assert len(uow.notifications.mine()) == heard, actor
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Comment) == 1
    assert texts(crm, party) == []


def test_watching_twice_is_watching_once_and_ends(crm, opened):
    case = opened()
    assert do(crm, lambda desk: desk.watch(case.id)) == do(crm, lambda desk: desk.watch(case.id))
    do(crm, lambda desk: desk.unwatch(case.id))
    assert do(crm, lambda desk: desk.watchers(case.id)) == ()


# -- links, parts, merges ---------------------------------------------------------------------------------------------


def test_a_link_is_seen_from_both_ends_and_made_once(crm, opened):
    one, other = opened(), opened()
    link = do(crm, lambda desk: desk.link(one.id, other.id, kind="caused_by"))
    assert do(crm, lambda desk: desk.link(one.id, other.id, kind="caused_by")) == link
    assert do(crm, lambda desk: desk.links(other.id)) == (link,)
    do(crm, lambda desk: desk.unlink(other.id, one.id))
    assert do(crm, lambda desk: desk.links(one.id)) == ()


@pytest.fixture
def pair(crm, opened):
    """A case with all there is, and one that it becomes part of."""
    winner, loser = opened(subject="Roof"), opened(subject="Leaking roof", channel="phone")
    child, third = opened(parent=loser.id), opened()
    with crm.begin("ada") as uow:
        desk = uow.use(ServiceDesk)
        desk.watch(winner.id)
        desk.watch(loser.id)
        desk.watch(loser.id, "sam")
        desk.link(loser.id, winner.id)
        desk.link(loser.id, third.id)
        desk.comment(loser.id, "Again")
        desk.wait(loser.id)
    return winner, loser, child


def everything(crm):
    kinds = (Case, CaseStay, Comment, Interaction)
    with crm.begin("ada", read_only=True) as uow:
        desk = uow.use(ServiceDesk)
        cases = list(uow.each(Case))
        parts = [one for case in cases for one in (*desk.links(case.id), *desk.watchers(case.id))]
        found = [*(record for kind in kinds for record in uow.each(kind)), *parts]
    return {record.id: evolve(record, version=0, updated_at=None) for record in found}


def test_a_merge_keeps_everything_and_its_undo_gives_it_back(crm, pair, told, verified):
    winner, loser, child = pair
    before = everything(crm)
    with crm.begin("ada") as uow:
        desk = uow.use(ServiceDesk)
        desk.merge(loser.id, winner.id)
        unit = uow.id
        assert uow.get(Case, loser.id).merged_into == winner.id
        assert uow.get(Case, loser.id).status == "closed"
        assert uow.get(Case, child.id).parent_id == winner.id
        assert {one.actor_id for one in desk.watchers(winner.id)} == {"ada", "sam"}
        assert [(link.case_id, link.kind) for link in desk.links(winner.id)] == [(winner.id, "related")]
        assert uow.comments.of(Ref("service_desk.case", winner.id))[0].body == "Again"
        assert [stay.status for stay in desk.stays(winner.id)] == ["new"]
        assert uow.count(Interaction, f.about_id == loser.id) == 0
    assert told(CasesMerged) == [CasesMerged(winner=winner.id, loser=loser.id)]
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert everything(crm) == before


@pytest.mark.parametrize("ended", [False, True], ids=["under way", "closed before"])
def test_nothing_is_wrong_with_what_a_merge_has_stored_nor_with_its_undo_and_redo(crm, tenant, pair, ended):
    """The stays of the loser are no loss: the command gives them up itself, before it merges."""
    winner, loser, _ = pair
    if ended:
        do(crm, lambda desk: (desk.resolve(loser.id, outcome="The same leak"), desk.close(loser.id)))
    with crm.begin("ada") as uow:
        uow.use(ServiceDesk).merge(loser.id, winner.id)
    assert_verifies(crm, tenant)
    for _ in range(3):
        unit = uow.id
        with crm.begin("ada") as uow:
            uow.history.undo(unit)
        assert_verifies(crm, tenant)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Case, loser.id).merged_into is None


def test_a_reply_to_a_merged_case_belongs_to_the_one_that_stayed(crm, pair):
    winner, loser, _ = pair
    do(crm, lambda desk: desk.merge(loser.id, winner.id))
    assert do(crm, lambda desk: desk.reply(loser.id, "Hello?", channel="phone")).id == winner.id
    assert winner.id in {case.id for case in do(crm, ServiceDesk.page)}
    assert loser.id not in {case.id for case in do(crm, ServiceDesk.page)}


def test_what_cannot_be_merged_is_refused_and_nothing_changes(crm, pair, rows):
    winner, loser, child = pair
    do(crm, lambda desk: desk.merge(loser.id, winner.id))
    before = rows()
    refused = [
        (winner.id, winner.id, InvalidValueError, "same case"),
        (loser.id, winner.id, ConflictError, "has become part"),
        (child.id, loser.id, ConflictError, "has become part"),
        (winner.id, child.id, InvalidValueError, "the other way round"),
        (new_id(), winner.id, NotFoundError, "not found"),
    ]
    for one, other, error, says in refused:
        with pytest.raises(error, match=says):
            do(crm, lambda desk, one=one, other=other: desk.merge(one, other))
    for step in (
        lambda desk: desk.assign(loser.id, "sam"),
        lambda desk: desk.resolve(loser.id, outcome="x"),
        lambda desk: desk.answer(loser.id, "x", channel="phone"),
        lambda desk: desk.link(loser.id, child.id),
        lambda desk: desk.open_case(party=winner.party_id, subject="x", parent=loser.id),
    ):
        with pytest.raises(CrmkitError):
            do(crm, step)
    assert rows() == before


def test_a_case_becomes_part_of_the_one_above_it(crm, pair):
    _, loser, child = pair
    assert do(crm, lambda desk: desk.merge(child.id, loser.id)).id == loser.id
    assert do(crm, lambda desk: desk.children(loser.id)) == ()


# -- conflicts --------------------------------------------------------------------------------------------------------


@pytest.fixture
def conflict(opened, clock):
    return opened(kind="conflict", details={"matter": "noise"}, deadline=clock.now() + 30 * DAY)


def test_a_conflict_has_positions_and_an_outcome(crm, conflict, party):
    with crm.begin("ada") as uow:
        bo = uow.parties.add(Person(given_name="Bo"))
        desk = uow.use(ServiceDesk)
        desk.take_position(conflict.id, party, "The work began before seven")
        desk.take_position(conflict.id, bo.id, "It never did")
        desk.take_position(conflict.id, bo.id, "It did once", agreed=True)
        desk.take_position(conflict.id, party, "Never again", agreed=True)
        resolved = desk.resolve(conflict.id, outcome="No work before eight")
        found = desk.positions(conflict.id)
    assert [(one.party_id, one.stance, one.agreed) for one in found] == [
        (party, "Never again", True),
        (bo.id, "It did once", True),
    ]
    assert (resolved.outcome, resolved.deadline_at) == ("No work before eight", conflict.deadline_at)


def test_only_conflicts_have_positions(crm, opened, party, rows):
    case, before = opened(), rows()
    with pytest.raises(InvalidValueError, match="only conflicts"):
        do(crm, lambda desk: desk.take_position(case.id, party, "Mine"))
    assert rows() == before
