"""Cases: numbered, of kinds with fields of their own, assigned, waiting, resolved, reopened; what is refused."""

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve

from crmkit import Person, Ref, f, new_id
from crmkit.errors import (
    ConflictError,
    CrmkitError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    StaleVersionError,
    UnknownActorError,
    UnknownFieldError,
)
from crmkit.plugins.service_desk import (
    Case,
    CaseAssigned,
    CaseChanged,
    CaseClosed,
    CaseMoved,
    CaseOpened,
    CaseReopened,
    CaseResolved,
    CaseResumed,
    CaseWaiting,
    ServiceDesk,
)
from crmkit.plugins.service_desk.errors import CaseStatusError, UnknownQueueError

DAY = timedelta(days=1)
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def roofs(crm):
    with crm.begin("ada") as uow:
        return uow.use(ServiceDesk).add_queue(
            "roofs", label="Roofs", team="sales", priority="high", address=" Roofs@Desk.example "
        )


def do(crm, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(ServiceDesk))


def stays(crm, case):
    with crm.begin("ada", read_only=True) as uow:
        return [(stay.status, stay.left_at is None) for stay in uow.use(ServiceDesk).stays(case.id)]


def test_cases_are_numbered_from_one_on_in_the_order_in_which_they_come(opened):
    assert [opened().number for _ in range(3)] == [1, 2, 3]


def test_a_case_is_found_by_its_number(crm, opened):
    opened()
    case = opened(subject="Cracked tile")
    assert do(crm, lambda desk: desk.case(2)) == case
    with pytest.raises(NotFoundError):
        do(crm, lambda desk: desk.case(3))


def test_a_case_that_came_over_a_channel_is_an_interaction_in_its_thread(crm, opened, party):
    case = opened(channel="phone", body="It drips")
    with crm.begin("ada", read_only=True) as uow:
        (entry,) = uow.interactions.timeline(party)
        assert (entry.channel, entry.direction, entry.summary) == ("phone", "in", "Leaking roof")
        assert (entry.about, entry.thread_id) == (Ref("service_desk.case", case.id), case.thread_id)


def test_a_case_that_we_open_ourselves_is_noted_on_the_timeline(crm, opened, party):
    case = opened()
    with crm.begin("ada", read_only=True) as uow:
        (entry,) = uow.interactions.timeline(party)
    assert (entry.kind, entry.summary) == ("service_desk.case_opened", "Case 1 opened: Leaking roof")
    assert entry.about_label == f"Case {case.number}"


def test_a_case_takes_team_and_priority_of_its_queue(opened, roofs):
    case = opened(queue="roofs")
    assert (case.queue_id, case.team_id, case.priority, case.status) == (roofs.id, "sales", "high", "new")
    assert opened(queue="roofs", priority="low").priority == "low"
    assert opened().priority == "normal"


def test_details_are_kept_as_its_kind_has_them(opened):
    case = opened(kind="incident", details={"severity": "major", "occurred_on": date(2026, 3, 1), "affected": None})
    assert dict(case.details) == {"severity": "major", "occurred_on": "2026-03-01"}


def test_a_case_becomes_open_once_it_is_assigned_and_new_again_once_it_is_not(crm, opened):
    case = opened()
    assert do(crm, lambda desk: desk.assign(case.id, "sam")).status == "open"
    assert do(crm, lambda desk: desk.assign(case.id, "sue")).assignee_id == "sue"
    assert do(crm, lambda desk: desk.assign(case.id, None)).status == "new"
    assert stays(crm, case) == [("new", False), ("open", False), ("new", True)]


def test_moving_a_case_changes_its_team_and_nobody_works_on_it_any_more(crm, opened, roofs):
    case = opened(assignee="sam")
    moved = do(crm, lambda desk: desk.move_to_queue(case.id, "roofs"))
    assert (moved.queue_id, moved.team_id, moved.assignee_id, moved.status) == (roofs.id, "sales", None, "new")


def test_a_case_waits_and_goes_on_and_is_resolved_and_closed_and_reopened(crm, opened, clock):
    case = opened(assignee="sam")
    waiting = do(crm, lambda desk: desk.wait(case.id, reason="photos"))
    assert (waiting.status, waiting.paused_since) == ("waiting", NOW)
    clock.advance(DAY)
    assert do(crm, lambda desk: desk.resume(case.id)).paused_since is None
    resolved = do(crm, lambda desk: desk.resolve(case.id, outcome="New tiles"))
    assert (resolved.resolved_at, resolved.outcome, resolved.next_due_at) == (NOW + DAY, "New tiles", None)
    closed = do(crm, lambda desk: desk.close(case.id))
    assert (closed.status, closed.resolved_at, closed.closed_at) == ("closed", NOW + DAY, NOW + DAY)
    again = do(crm, lambda desk: desk.reopen(case.id, reason="still drips"))
    assert (again.status, again.reopened, again.resolved_at, again.closed_at) == ("open", 1, None, None)
    assert again.next_due_at == again.opened_at
    assert [status for status, _ in stays(crm, case)] == ["open", "waiting", "open", "resolved", "closed", "open"]


def test_resolved_cases_are_closed_after_some_days(crm, opened, clock):
    case, other = opened(), opened()
    do(crm, lambda desk: desk.resolve(case.id, outcome="Done"))
    clock.advance(5 * DAY)
    do(crm, lambda desk: desk.resolve(other.id, outcome="Done"))
    assert do(crm, ServiceDesk.close_resolved) == 0
    clock.advance(2 * DAY)
    assert do(crm, ServiceDesk.close_resolved) == 1
    assert do(crm, lambda desk: desk.case(1)).status == "closed"
    assert do(crm, lambda desk: desk.case(2)).status == "resolved"


def test_a_case_is_edited_but_for_what_has_commands_of_its_own(crm, opened):
    case = opened(kind="complaint", details={"about": "noise"})
    changed = evolve(
        case, subject="Loud roof", details={"about": "noise", "justified": "yes"}, status="closed", number=77
    )
    stored = do(crm, lambda desk: desk.edit_case(changed))
    assert (stored.subject, stored.details["justified"]) == ("Loud roof", "yes")
    assert (stored.status, stored.number) == ("new", 1)


def test_what_happens_to_a_case_is_told(crm, opened, roofs, told):
    case = opened(queue="roofs")
    for step in (
        lambda desk: desk.edit_case(evolve(case, subject="Roof")),
        lambda desk: desk.assign(case.id, "sam"),
        lambda desk: desk.wait(case.id),
        lambda desk: desk.resume(case.id),
        lambda desk: desk.resolve(case.id, outcome="Done"),
        lambda desk: desk.close(case.id),
        lambda desk: desk.reopen(case.id, reason="no"),
    ):
        do(crm, step)
    first = [e for kind in (CaseOpened, CaseChanged, CaseAssigned) for e in told(kind)]
    assert first == [
        CaseOpened(case=case.id, party=case.party_id, number=1, kind="question", queue=roofs.id),
        CaseChanged(case=case.id, fields=("subject",)),
        CaseAssigned(case=case.id, assignee="sam"),
    ]
    assert told(CaseResolved) == [CaseResolved(case=case.id, party=case.party_id, assignee="sam")]
    for kind in (CaseWaiting, CaseResumed, CaseClosed):
        assert told(kind) == [kind(case=case.id)]
    assert told(CaseReopened) == [CaseReopened(case=case.id, reason="no")]
    do(crm, lambda desk: desk.add_queue("walls", label="Walls"))
    walls = do(crm, lambda desk: desk.move_to_queue(case.id, "walls"))
    assert told(CaseMoved) == [CaseMoved(case=case.id, queue=walls.queue_id, before=roofs.id)]


def test_what_was_done_to_a_case_is_undone(crm, opened):
    case = opened()
    with crm.begin("ada") as uow:
        resolved = uow.use(ServiceDesk).resolve(case.id, outcome="Done")
        unit = uow.id
    assert resolved.status == "resolved"
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
        back = uow.get(Case, case.id)
    assert evolve(back, version=1, updated_at=case.updated_at) == case
    assert stays(crm, case) == [("new", True)]


# -- an agent's page --------------------------------------------------------------------------------------------------


def test_a_page_shows_what_is_due_first_and_nothing_that_is_resolved(crm, opened, roofs, clock):
    late = opened(kind="conflict", details={"matter": "noise"}, deadline=NOW + 30 * DAY, queue="roofs")
    clock.advance(DAY)
    soon = opened(queue="roofs")
    done = opened(queue="roofs")
    do(crm, lambda desk: desk.resolve(done.id, outcome="Done"))
    opened()
    page = do(crm, lambda desk: desk.page(queue="roofs"))
    assert [case.id for case in page] == [soon.id, late.id]


def test_a_page_goes_on_where_the_one_before_ended(crm, opened):
    ids = [opened().id for _ in range(5)]
    first = do(crm, lambda desk: desk.page(limit=3))
    rest = do(crm, lambda desk: desk.page(limit=3, after=first.next))
    assert [case.id for case in (*first, *rest)] == ids


def test_a_page_is_of_one_agent_or_of_nobody(crm, opened):
    mine, free = opened(assignee="sam"), opened()
    assert [case.id for case in do(crm, lambda desk: desk.page(assignee="sam"))] == [mine.id]
    assert [case.id for case in do(crm, lambda desk: desk.page(unassigned=True))] == [free.id]


def test_who_may_not_see_a_case_does_not_see_it_on_any_page(crm, opened):
    opened()
    with crm.begin("nobody") as uow, pytest.raises(CrmkitError):
        uow.use(ServiceDesk).page()


# -- what is refused --------------------------------------------------------------------------------------------------

REFUSED = {
    "unknown kind": ({"kind": "riddle"}, InvalidValueError),
    "unknown detail": ({"kind": "incident", "details": {"severity": "minor", "sevrity": "x"}}, UnknownFieldError),
    "missing detail": ({"kind": "incident"}, InvalidValueError),
    "no choice": ({"kind": "incident", "details": {"severity": "huge"}}, InvalidValueError),
    "impossible day": (
        {"kind": "letter", "details": {"sender": "Court", "received_on": "2026-02-30"}},
        InvalidValueError,
    ),
    "day to come": ({"kind": "letter", "details": {"sender": "Court", "received_on": "2026-03-03"}}, InvalidValueError),
    "number below one": ({"kind": "return", "details": {"reason": "broken", "quantity": 0}}, InvalidValueError),
    "no deadline": ({"kind": "conflict", "details": {"matter": "noise"}}, InvalidValueError),
    "deadline passed": ({"deadline": NOW}, InvalidValueError),
    "naive deadline": ({"deadline": datetime(2027, 1, 1)}, NaiveDatetimeError),  # noqa: DTZ001  # that is the test
    "unknown queue": ({"queue": "rooves"}, UnknownQueueError),
    "unknown actor": ({"assignee": "mallory"}, UnknownActorError),
    "inactive actor": ({"assignee": "gone"}, UnknownActorError),
    "unknown party": ({"party": new_id()}, NotFoundError),
    "unknown parent": ({"parent": new_id()}, NotFoundError),
    "unknown thread": ({"thread": new_id()}, NotFoundError),
    "unknown channel": ({"channel": "pigeon"}, InvalidValueError),
    "blank subject": ({"subject": " "}, InvalidValueError),
    "no priority": ({"priority": "asap"}, InvalidValueError),
}


@pytest.mark.parametrize("why", REFUSED)
def test_a_case_that_cannot_be_is_refused_and_nothing_is_stored(why, opened, roofs, rows):
    said, error = REFUSED[why]
    before = rows()
    with pytest.raises(error):
        opened(**said)
    assert rows() == before


def test_refused_numbers_leave_no_gap(opened):
    with pytest.raises(UnknownQueueError):
        opened(queue="rooves")
    assert opened().number == 1


STEPS = {
    "resume": lambda desk, case: desk.resume(case.id),
    "close": lambda desk, case: desk.close(case.id),
    "reopen": lambda desk, case: desk.reopen(case.id, reason="x"),
}


@pytest.mark.parametrize("step", STEPS)
def test_a_case_does_not_go_where_it_cannot(step, crm, opened, rows):
    case, before = opened(), rows()
    with pytest.raises(CaseStatusError, match="case 1 cannot become"):
        do(crm, lambda desk: STEPS[step](desk, case))
    assert rows() == before


def test_a_resolved_case_is_not_assigned_or_moved(crm, opened, roofs, rows):
    case = opened()
    do(crm, lambda desk: desk.resolve(case.id, outcome="Done"))
    before = rows()
    for step in (lambda desk: desk.assign(case.id, "sam"), lambda desk: desk.move_to_queue(case.id, "roofs")):
        with pytest.raises(ConflictError, match="reopen it first"):
            do(crm, step)
    assert rows() == before


def test_a_case_is_no_part_of_itself(crm, opened, rows):
    top = opened()
    below = opened(parent=top.id)
    before = rows()
    with pytest.raises(InvalidValueError, match="part of it"):
        do(crm, lambda desk: desk.edit_case(evolve(top, parent_id=below.id)))
    assert rows() == before


def test_an_edit_of_what_has_moved_on_is_refused(crm, opened, rows):
    case = opened()
    do(crm, lambda desk: desk.edit_case(evolve(case, subject="Roof")))
    before = rows()
    with pytest.raises(StaleVersionError):
        do(crm, lambda desk: desk.edit_case(evolve(case, subject="Wall")))
    assert rows() == before


def test_two_queues_do_not_share_a_key_or_an_address(crm, roofs, rows):
    assert roofs.address == "roofs@desk.example"
    before = rows()
    for said in ({"key": "roofs"}, {"key": "walls", "address": "roofs@desk.example"}):
        with pytest.raises(CrmkitError, match="already exists"):
            do(crm, lambda desk, said=said: desk.add_queue(**said, label="X"))
    assert rows() == before


def test_cases_follow_the_merge_of_their_parties_and_its_undo(crm, opened, party):
    case = opened()
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Ida"))
    with crm.begin("ada") as uow:
        uow.parties.merge(party, other.id)
        unit = uow.id
    assert do(crm, lambda desk: desk.case(1)).party_id == other.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
        assert uow.count(Case, (f.party_id == party) & (f.id == case.id)) == 1
