"""Promised times: counted when a case changes, told once, escalated, recounted when policies or calendars change."""

from datetime import UTC, date, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Activity, f
from crmkit.errors import (
    AlreadyExistsError,
    ConfigError,
    CrmkitError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    StaleVersionError,
)
from crmkit.plugins.service_desk import (
    Calendar,
    Case,
    CaseStay,
    Policy,
    PromiseBroken,
    PromiseEndangered,
    Promises,
    Recount,
    ServiceDesk,
)
from crmkit.plugins.service_desk.cases.rules import ranked
from crmkit.plugins.service_desk.sla.counting import Terms, counted
from crmkit.plugins.service_desk.sla.rules import pauses_of

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)  # a Monday
HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OFFICE = [["08:00-16:00"]] * 5 + [[], []]


def do(crm, service, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(service))


def now_of(crm, case):
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Case, case.id)


@pytest.fixture
def office(crm):
    return do(crm, Promises, lambda p: p.add_calendar("office", label="Office", week=OFFICE, timezone="Europe/Oslo"))


@pytest.fixture
def standard(crm, office):
    return do(crm, Promises, lambda p: p.add_policy("Standard", first_response=2 * HOUR, resolution=8 * HOUR))


# -- counted when a case changes --------------------------------------------------------------------------------------


def test_a_new_case_is_promised_times_in_business_time(opened, standard):
    case = opened()
    assert case.first_response_due_at == NOW + 2 * HOUR
    assert case.resolution_due_at == datetime(2026, 3, 3, 9, tzinfo=UTC)  # six hours until 16:00 in Oslo, two tomorrow
    assert (case.policy_id, case.next_due_at) == (standard.id, case.first_response_due_at)


def test_the_tier_of_the_customer_decides(crm, opened, standard):
    gold = do(crm, Promises, lambda p: p.add_policy("Gold", tier="gold", resolution=HOUR))
    do(crm, Promises, lambda p: p.add_policy("Urgent", priority="urgent", resolution=2 * HOUR))
    case = opened(tier="gold", priority="urgent")
    assert (case.policy_id, case.resolution_due_at) == (gold.id, NOW + HOUR)
    edited = do(crm, ServiceDesk, lambda desk: desk.edit_case(evolve(case, tier=None, priority="low")))
    assert edited.policy_id == standard.id


def test_each_team_works_by_its_own_calendar(crm, opened, standard):
    do(crm, Promises, lambda p: p.add_calendar("night", label="Night", team="sales", week=[["20:00-24:00"]] * 7))
    do(crm, ServiceDesk, lambda desk: desk.add_queue("roofs", label="Roofs", team="sales"))
    assert opened(queue="roofs").first_response_due_at == datetime(2026, 3, 2, 22, tzinfo=UTC)
    case = opened()
    moved = do(crm, ServiceDesk, lambda desk: desk.move_to_queue(case.id, "roofs"))
    assert moved.first_response_due_at == datetime(2026, 3, 2, 22, tzinfo=UTC)


def test_promises_are_paused_while_a_case_waits(crm, clock, opened, standard):
    case = opened()
    clock.advance(HOUR)
    waiting = do(crm, ServiceDesk, lambda desk: desk.wait(case.id))
    assert (waiting.resolution_due_at, waiting.alert_at) == (None, None)
    clock.advance(3 * HOUR)
    going_on = do(crm, ServiceDesk, lambda desk: desk.resume(case.id))
    assert going_on.first_response_due_at == NOW + 5 * HOUR
    assert going_on.resolution_due_at == datetime(2026, 3, 3, 12, tzinfo=UTC)


def test_a_resolution_is_measured_and_a_reopened_case_runs_on(crm, clock, opened, standard):
    case = opened(assignee="sam")
    clock.advance(5 * HOUR)
    resolved = do(crm, ServiceDesk, lambda desk: desk.resolve(case.id, outcome="Mended"))
    assert (resolved.resolution_seconds, resolved.resolution_met) == (5 * 3600, True)
    clock.advance(timedelta(days=1))
    reopened = do(crm, ServiceDesk, lambda desk: desk.reopen(case.id, reason="It drips again"))
    assert (reopened.resolution_seconds, reopened.resolution_met) == (None, None)
    assert reopened.resolution_due_at == datetime(2026, 3, 4, 9, tzinfo=UTC)  # one hour today and two tomorrow


def test_an_undone_wait_leaves_no_pause(crm, clock, opened, standard):
    case = opened()
    with crm.begin("ada") as uow:
        uow.use(ServiceDesk).wait(case.id)
        unit = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert now_of(crm, case).resolution_due_at == case.resolution_due_at


# -- told and escalated -----------------------------------------------------------------------------------------------


@pytest.fixture
def run_jobs(crm, clock, tenant):
    """A function that lets time pass, and a worker do what is due in the test's tenant."""

    def run_jobs(by):
        clock.advance(by)
        crm.jobs.run_once(tenant=tenant)

    run_jobs(MINUTE)  # plants the schedules
    return run_jobs


def test_a_warning_comes_before_the_breach_and_each_comes_once(run_jobs, opened, standard, told):
    case = opened()
    run_jobs(89 * MINUTE)
    assert told(PromiseEndangered) == []
    run_jobs(2 * MINUTE)
    run_jobs(10 * MINUTE)
    assert [(e.case, e.measure, e.due_at) for e in told(PromiseEndangered)] == [
        (case.id, "first_response", case.first_response_due_at)
    ]
    assert told(PromiseBroken) == []
    run_jobs(HOUR)
    run_jobs(MINUTE)
    assert [(e.measure, e.escalated_to) for e in told(PromiseBroken)] == [("first_response", None)]


def test_a_breach_gives_somebody_something_to_do(crm, run_jobs, opened, office, told):
    do(crm, Promises, lambda p: p.add_policy("All", resolution=HOUR, escalate_to="max"))
    case = opened()
    run_jobs(2 * HOUR)
    run_jobs(2 * HOUR)
    with crm.begin("ada", read_only=True) as uow:
        (task,) = uow.find(Activity, f.about_id == case.id)
    assert (task.assignee_id, task.priority) == ("max", "high")
    assert [e.escalated_to for e in told(PromiseBroken)] == ["max"]
    assert told(PromiseEndangered) == []  # it would have come too late


def test_nobody_is_told_of_a_case_that_waits_or_is_resolved(crm, run_jobs, opened, standard, told):
    first, second = opened(), opened()
    do(crm, ServiceDesk, lambda desk: desk.wait(first.id))
    do(crm, ServiceDesk, lambda desk: desk.resolve(second.id, outcome="Done"))
    run_jobs(timedelta(days=5))
    assert told(PromiseEndangered) + told(PromiseBroken) == []


def test_what_was_lost_in_the_middle_is_told_once_by_the_next_run(crm, clock, opened, standard, told):
    case = opened()
    clock.advance(3 * HOUR)

    def killed():
        with crm.begin("ada") as uow:
            uow.use(Promises).tell()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        killed()
    assert told(PromiseBroken) == []
    assert do(crm, Promises, lambda p: p.tell()) == 1
    assert do(crm, Promises, lambda p: p.tell()) == 0
    assert [e.case for e in told(PromiseBroken)] == [case.id]


# -- recounted --------------------------------------------------------------------------------------------------------


def recount(crm, limit=1000):
    while (state := do(crm, Promises, lambda p: p.recount(limit=limit))).done_at is None:
        pass
    return state


def from_scratch(crm):
    """Every case under way, as it is stored, and with all that is promised counted as if for the first time."""
    with crm.begin("ada", read_only=True) as uow:
        terms = Terms.of(uow.use(Promises).policies(), uow.use(Promises).calendars())
        for case in uow.each(Case):
            if not case.is_under_way:
                continue
            stays = list(uow.each(CaseStay, f.case_id == case.id))
            blank = evolve(case, policy_id=None, first_response_due_at=None, resolution_due_at=None, alert_at=None)
            yield case, ranked(counted(blank, terms, pauses_of(stays, case.status, uow.now), uow.now))


def test_a_changed_calendar_moves_the_promises_of_open_cases(crm, opened, standard, office):
    case = opened()
    recount(crm)
    do(crm, Promises, lambda p: p.edit_calendar(evolve(office, days={"2026-03-02": [], "2026-03-03": ["10:00-11:00"]})))
    assert recount(crm).changed == 1
    assert now_of(crm, case).first_response_due_at == datetime(2026, 3, 4, 8, tzinfo=UTC)


def test_the_worker_recounts_soon_after_a_policy_has_changed(crm, tenant, opened, standard):
    case = opened()
    do(crm, Promises, lambda p: p.edit_policy(evolve(standard, first_response=60)))
    crm.jobs.run_once(tenant=tenant)
    assert now_of(crm, case).first_response_due_at == NOW + HOUR


def test_an_undone_change_of_a_policy_is_recounted_too(crm, opened, standard):
    case = opened()
    recount(crm)
    with crm.begin("ada") as uow:
        uow.use(Promises).edit_policy(evolve(standard, first_response=60))
        unit = uow.id
    recount(crm)
    assert now_of(crm, case).first_response_due_at == NOW + HOUR
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert recount(crm).changed == 1
    assert now_of(crm, case).first_response_due_at == NOW + 2 * HOUR


def test_a_recount_goes_on_batch_by_batch_and_rests_when_nothing_has_changed(crm, opened, standard):
    for _ in range(5):
        opened()
    recount(crm)
    do(crm, Promises, lambda p: p.edit_policy(evolve(standard, first_response=60)))
    first = do(crm, Promises, lambda p: p.recount(limit=2))
    assert (first.cases, first.changed, first.done_at) == (2, 2, None)
    last = recount(crm, limit=2)
    assert (last.cases, last.changed) == (5, 5)
    assert do(crm, Promises, lambda p: p.recount()) == last
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Recount) == 1


def test_a_recount_begins_anew_when_policies_change_meanwhile(crm, opened, standard):
    for _ in range(3):
        opened()
    recount(crm)
    before = do(crm, Promises, lambda p: p.edit_policy(evolve(standard, first_response=60)))
    do(crm, Promises, lambda p: p.recount(limit=2))
    do(crm, Promises, lambda p: p.edit_policy(evolve(before, first_response=30)))
    assert recount(crm, limit=2).cases == 3
    assert all(case == again for case, again in from_scratch(crm))


minutes = st.integers(1, 900)
steps = st.lists(
    st.one_of(
        st.tuples(st.just("open"), st.sampled_from(["gold", None]), st.sampled_from(["low", "urgent"])),
        st.tuples(st.just("wait"), st.integers(0, 9)),
        st.tuples(st.just("resume"), st.integers(0, 9)),
        st.tuples(st.just("resolve"), st.integers(0, 9)),
        st.tuples(st.just("reopen"), st.integers(0, 9)),
        st.tuples(st.just("tier"), st.integers(0, 9), st.sampled_from(["gold", None])),
        st.tuples(st.just("policy"), st.sampled_from(["", "gold"]), minutes, minutes),
        st.tuples(st.just("calendar"), st.sampled_from(["Europe/Oslo", "America/New_York"]), st.integers(0, 4)),
        st.tuples(st.just("later"), st.integers(1, 2000)),
        st.tuples(st.just("tell")),
    ),
    min_size=4,
    max_size=14,
)


def take(crm, clock, party, numbers, step):
    """One step; what a case's status does not allow is left out."""
    kind, *said = step
    if kind == "later":
        clock.advance(said[0] * MINUTE)
        return
    with crm.begin("ada") as uow:
        desk, promises = uow.use(ServiceDesk), uow.use(Promises)
        if kind == "open":
            numbers.append(desk.open_case(party=party, subject="Leak", tier=said[0], priority=said[1]).id)
        elif kind == "tell":
            promises.tell()
        elif kind == "policy":
            change_policy(promises, *said)
        elif kind == "calendar":
            change_calendar(promises, *said)
        elif numbers:
            change_case(uow, desk, kind, numbers[said[0] % len(numbers)], said[1:])


def change_policy(promises, tier, first, more):
    known = next((one for one in promises.policies() if one.tier == tier), None)
    if known is None:
        promises.add_policy("p", tier=tier, first_response=first * MINUTE, resolution=(first + more) * MINUTE)
    else:
        promises.edit_policy(evolve(known, first_response=first, resolution=first + more))


def change_calendar(promises, zone, off):
    week = [[] if day == off else ["08:00-16:00"] for day in range(7)]
    known = next(iter(promises.calendars()), None)
    if known is None:
        promises.add_calendar("c", label="C", week=week, timezone=zone)
    else:
        promises.edit_calendar(evolve(known, week=week, timezone=zone))


def change_case(uow, desk, kind, case, said):
    try:
        with uow.attempt():
            if kind == "tier":
                desk.edit_case(evolve(uow.get(Case, case), tier=said[0]))
            elif kind in {"resolve", "reopen"}:
                getattr(desk, kind)(case, **{"outcome" if kind == "resolve" else "reason": "so"})
            else:
                getattr(desk, kind)(case)
    except CrmkitError:
        pass


@pytest.mark.usefixtures("verified")
@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(said=steps)
def test_a_recount_gives_what_counting_from_scratch_gives(crm, clock, party, said):
    numbers = []
    for step in said:
        take(crm, clock, party, numbers, step)
    recount(crm, limit=3)
    for case, again in from_scratch(crm):
        assert case == again


# -- calendars and policies -------------------------------------------------------------------------------------------


def test_public_holidays_are_kept_as_data(crm, clock):
    oslo = do(
        crm,
        Promises,
        lambda p: p.add_calendar(
            "no", label="Norway", week=OFFICE, country="NO", days={date(2026, 12, 24): ["08:00-12:00"]}
        ),
    )
    assert "2026-05-17" in oslo.holidays
    assert oslo.holidays_until == 2029
    clock.advance(timedelta(days=800))
    assert do(crm, Promises, lambda p: p.extend_calendars()) == 1
    assert do(crm, Promises, lambda p: p.extend_calendars()) == 0
    with crm.begin("ada", read_only=True) as uow:
        later = uow.get(Calendar, oslo.id)
    assert later.holidays_until == 2031
    assert {"2026-05-17", "2031-05-17"} <= later.holidays.keys()


def test_a_missing_extra_says_how_to_install_it(crm, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "holidays", None)
    with pytest.raises(ConfigError, match=r"crmkit\[service_desk\]"):
        do(crm, Promises, lambda p: p.add_calendar("no", label="Norway", week=OFFICE, country="NO"))


REFUSED = {
    "no working hours": (lambda p: p.add_calendar("x", label="X", week=[[]] * 7), InvalidValueError),
    "no such zone": (lambda p: p.add_calendar("x", label="X", week=OFFICE, timezone="Atlantis"), InvalidValueError),
    "no such country": (
        lambda p: p.add_calendar("x", label="X", week=OFFICE, country="XX", team="t"),
        InvalidValueError,
    ),
    "no such part": (
        lambda p: p.add_calendar("x", label="X", week=OFFICE, country="NO", subdivision="QQ", team="t"),
        InvalidValueError,
    ),
    "a key twice": (lambda p: p.add_calendar("office", label="X", week=OFFICE, team="t"), AlreadyExistsError),
    "a team twice": (lambda p: p.add_calendar("other", label="X", week=OFFICE), AlreadyExistsError),
    "a policy twice": (lambda p: p.add_policy("Again", resolution=HOUR), AlreadyExistsError),
    "a policy of nothing": (lambda p: p.add_policy("None", tier="gold"), InvalidValueError),
    "half a minute": (
        lambda p: p.add_policy("Short", tier="gold", resolution=timedelta(seconds=90)),
        InvalidValueError,
    ),
}


@pytest.mark.parametrize("why", REFUSED)
@pytest.mark.usefixtures("standard")
def test_what_cannot_be_promised_is_refused_and_nothing_is_stored(why, crm, rows):
    what, error = REFUSED[why]
    before = rows()
    with pytest.raises(error):
        do(crm, Promises, what)
    assert rows() == before


def test_an_edit_of_what_has_moved_on_is_refused(crm, standard, office, rows):
    do(crm, Promises, lambda p: p.edit_policy(evolve(standard, label="Newer")))
    do(crm, Promises, lambda p: p.edit_calendar(evolve(office, label="Newer")))
    before = rows()
    with pytest.raises(StaleVersionError):
        do(crm, Promises, lambda p: p.edit_policy(evolve(standard, label="Older")))
    with pytest.raises(StaleVersionError):
        do(crm, Promises, lambda p: p.edit_calendar(evolve(office, label="Older")))
    assert rows() == before


def test_an_agent_reads_what_is_promised_and_does_not_change_it(crm, standard, rows):
    assert do(crm, Promises, lambda p: p.policies(), actor="sam") == (standard,)
    before = rows()
    with pytest.raises(ForbiddenError):
        do(crm, Promises, lambda p: p.add_policy("Mine", tier="gold", resolution=HOUR), actor="sam")
    with pytest.raises((ForbiddenError, NotFoundError)):
        do(crm, Promises, lambda p: p.edit_policy(evolve(standard, resolution=9000)), actor="sam")
    assert rows() == before


def test_a_calendar_that_is_gone_leaves_the_clock(crm, opened, standard, office):
    case = opened()
    do(crm, Promises, lambda p: p.remove_calendar(office.id))
    recount(crm)
    assert now_of(crm, case).resolution_due_at == NOW + 8 * HOUR
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Policy) == 1
