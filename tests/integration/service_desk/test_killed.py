"""Jobs that are handed out twice, or killed, have one effect; of terms that overlap, one is added."""

import inspect
import threading
from datetime import date, timedelta
from itertools import pairwise

import pytest
from attrs import evolve

from crmkit import Activity, f
from crmkit.errors import CrmkitError
from crmkit.plugins.service_desk import (
    Assets,
    Case,
    PromiseBroken,
    PromiseEndangered,
    Promises,
    Recount,
    Term,
    TermsOverlapError,
)
from crmkit.plugins.service_desk.assets import service as assets_service

pytestmark = pytest.mark.usefixtures("verified")

HOUR, MINUTE, DAY = timedelta(hours=1), timedelta(minutes=1), timedelta(days=1)
LEASE = 2 * MINUTE
"""After which a job that was claimed is anybody's."""
OFFICE = [["08:00-16:00"]] * 5 + [[], []]
TODAY = date(2026, 3, 2)


@pytest.fixture
def promised(crm, opened):
    """Five cases to which times are promised; a breach is the business of ``max``."""
    with crm.begin("ada") as uow:
        uow.use(Promises).add_calendar("office", label="Office", week=OFFICE)
        uow.use(Promises).add_policy("All", first_response=4 * HOUR, resolution=6 * HOUR, escalate_to="max")
    return [opened() for _ in range(5)]


class Worker:
    """Claims and runs the jobs of schedules in the test's own tenant."""

    def __init__(self, crm, clock, tenant):
        self.workshop, self.clock, self.tenant = crm.jobs._workshop, clock, tenant
        self.run = self.workshop.run

    def claim(self, name, *, after=timedelta(0)):
        """The due job of a schedule; the others are given back."""
        self.clock.advance(after)
        claims = {one.name: one for one in self.workshop.claim(self.tenant, limit=50)}
        self.workshop.release([one for one in claims.values() if one.name != name])
        return claims[name]


@pytest.fixture
def worker(crm, clock, tenant, promised):
    clock.advance(MINUTE)
    crm.jobs.run_once(tenant=tenant)  # plants the schedules, and does what is due
    return Worker(crm, clock, tenant)


def tasks(crm):
    with crm.begin("ada", read_only=True) as uow:
        return sorted(uow.get(Case, task.about_id).number for task in uow.each(Activity, f.assignee_id == "max"))


def stored(crm):
    """What is promised to each case, and how far the recount is."""
    with crm.begin("ada", read_only=True) as uow:
        (state,) = uow.each(Recount)
        cases = {case.number: (case.first_response_due_at, case.resolution_due_at) for case in uow.each(Case)}
        return cases, (state.cases, state.changed, state.after, state.done_at is not None)


# -- handed out twice -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("after", "broken"), [(210 * MINUTE, 0), (330 * MINUTE, 5)], ids=["warned", "broken"])
def test_a_telling_that_is_handed_out_three_times_tells_once(crm, worker, told, after, broken):
    claimed = worker.claim("tell_promises", after=after)
    assert [worker.run(claimed) for _ in range(3)] == ["done", "lost", "lost"]
    assert len(told(PromiseEndangered)) == len({event.case for event in told(PromiseEndangered)}) == 5
    assert len(told(PromiseBroken)) == len({event.case for event in told(PromiseBroken)}) == broken
    assert tasks(crm) == [1, 2, 3, 4, 5][:broken]


def test_a_teller_that_was_thought_lost_and_comes_back_tells_nothing(crm, worker, told, rows):
    late = worker.claim("tell_promises", after=330 * MINUTE)
    heir = worker.claim("tell_promises", after=LEASE)
    before = rows()
    assert worker.run(late) == "lost"
    assert rows() == before
    assert [worker.run(heir), worker.run(late)] == ["done", "lost"]
    assert (len(told(PromiseBroken)), tasks(crm)) == (5, [1, 2, 3, 4, 5])


def test_two_workers_that_tell_at_the_same_time_tell_once(crm, worker, told):
    claimed, outcomes, together = worker.claim("tell_promises", after=330 * MINUTE), [], threading.Barrier(2)

    def work():
        together.wait()
        outcomes.append(worker.run(claimed))

    at_once(work, work)
    assert sorted(outcomes) == ["done", "lost"]
    assert (len(told(PromiseBroken)), tasks(crm)) == (5, [1, 2, 3, 4, 5])


def test_a_teller_that_is_killed_tells_nothing_and_who_comes_after_it_tells_once(crm, worker, told, monkeypatch):
    claimed = worker.claim("tell_promises", after=330 * MINUTE)
    with monkeypatch.context() as patched:
        patched.setattr(Promises, "_tell", killed_at(Promises._tell, 3))
        with pytest.raises(KeyboardInterrupt):
            worker.run(claimed)
    assert (told(PromiseBroken), tasks(crm)) == ([], [])
    assert worker.run(worker.claim("tell_promises", after=LEASE)) == "done"
    assert (len(told(PromiseBroken)), tasks(crm)) == (5, [1, 2, 3, 4, 5])


# -- recounts ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def small_batches(monkeypatch):
    """Two cases in each unit of a recount, which has three then."""
    monkeypatch.setitem(inspect.unwrap(Promises.recount).__kwdefaults__, "limit", 2)


def change_calendar(crm):
    with crm.begin("ada") as uow:
        (office,) = uow.use(Promises).calendars()
        days = {"2026-03-02": ["09:00-10:00"], "2026-03-03": []}
        uow.use(Promises).edit_calendar(evolve(office, days=days))


@pytest.mark.usefixtures("small_batches")
def test_a_recount_that_is_handed_out_three_times_counts_once(crm, worker):
    change_calendar(crm)
    claimed = worker.claim("recount")
    assert worker.run(claimed) == "done"
    cases, state = stored(crm)
    assert state == (5, 5, None, True)
    assert [worker.run(claimed) for _ in range(2)] == ["lost", "lost"]
    assert stored(crm) == (cases, state)


@pytest.mark.parametrize("unit", [1, 2, 3])
@pytest.mark.usefixtures("small_batches")
def test_a_recount_that_was_killed_goes_on_and_comes_to_the_same_as_one_that_was_not(
    crm, worker, monkeypatch, rows, unit
):
    change_calendar(crm)
    whole = never_interrupted(crm)
    assert whole != stored(crm)[0]
    claimed = worker.claim("recount")
    with monkeypatch.context() as patched:
        patched.setattr(Promises, "_count_anew", killed_at(Promises._count_anew, unit))
        with pytest.raises(KeyboardInterrupt):
            worker.run(claimed)
    cases = stored(crm)[0]
    assert sum(cases[number] == whole[number] for number in cases) == 2 * (unit - 1)  # what was counted before it
    heir = worker.claim("recount", after=LEASE)
    before = rows()
    assert worker.run(claimed) == "lost"
    assert rows() == before
    assert worker.run(heir) == "done"
    assert stored(crm) == (whole, (5, 5, None, True))


def never_interrupted(crm):
    """What a recount comes to that counts all cases in one go; it leaves nothing behind."""
    with pytest.raises(EOFError), crm.begin("ada") as uow:
        while uow.use(Promises).recount().done_at is None:
            pass
        whole = {case.number: (case.first_response_due_at, case.resolution_due_at) for case in uow.each(Case)}
        raise EOFError
    return whole


def killed_at(method, time):
    """The method, but for that the process ends when it has done its work for the time that is said."""
    calls = []

    def killed(*args):
        answer = method(*args)
        calls.append(args)
        if len(calls) == time:
            raise KeyboardInterrupt
        return answer

    return killed


# -- terms ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def boiler(crm, party):
    with crm.begin("ada") as uow:
        return uow.use(Assets).add_asset(party, name="Boiler", product="B-7")


@pytest.fixture
def checked_together(crm, monkeypatch):
    """On PostgreSQL, who is first at looking for overlaps waits for the other one; SQLite has one writer at a time."""
    if crm.engine.dialect.name != "postgresql":
        return
    check, together, came = assets_service.check_apart, threading.Barrier(2), set()

    def both(term, others):
        check(term, others)
        if threading.get_ident() not in came:  # who tries again waits for nobody
            came.add(threading.get_ident())
            together.wait(timeout=30)

    monkeypatch.setattr(assets_service, "check_apart", both)


def add_(starts, ends):
    def write(uow, asset, _):
        uow.use(Assets).add_term(asset, starts_on=TODAY + starts * DAY, ends_on=TODAY + ends * DAY)

    return write


def edit_(starts, ends):
    def write(uow, asset, term):
        found = uow.get(Term, term)
        uow.use(Assets).edit_term(evolve(found, starts_on=TODAY + starts * DAY, ends_on=TODAY + ends * DAY))

    return write


RACES = {
    "two new ones": (add_(0, 100), add_(50, 150)),
    "two new ones before the last one": (add_(0, 100), add_(50, 150)),
    "the same one twice": (add_(0, 100), add_(0, 100)),
    "a new one and one that is moved": (add_(0, 100), edit_(50, 500)),
    "two that share nothing": (add_(0, 100), add_(101, 200)),
}


@pytest.mark.parametrize("why", RACES)
def test_of_terms_that_overlap_and_come_at_the_same_time_one_is_added(why, crm, boiler, request):
    """Of those that share no day both are, the second at another try."""
    last, outcomes = None, []
    if why in {"two new ones before the last one", "a new one and one that is moved"}:
        with crm.begin("ada") as uow:
            last = uow.use(Assets).add_term(boiler.id, starts_on=TODAY + 400 * DAY, ends_on=TODAY + 500 * DAY).id
    request.getfixturevalue("checked_together")  # only now, since it waits for two

    def attempt(write):
        try:
            crm.run(lambda uow: write(uow, boiler.id, last), "ada")
            outcomes.append("stored")
        except CrmkitError as error:
            outcomes.append(type(error).__name__)

    at_once(*(lambda write=write: attempt(write) for write in RACES[why]))
    apart = why == "two that share nothing"
    assert sorted(outcomes) == sorted(["stored", "stored" if apart else TermsOverlapError.__name__])
    with crm.begin("ada", read_only=True) as uow:
        terms = uow.use(Assets).terms(boiler.id)
        until = uow.get(type(boiler), boiler.id).covered_until
    assert all(one.ends_on < other.starts_on for one, other in pairwise(terms))
    assert until == max(term.ends_on for term in terms)


def at_once(*functions):
    threads = [threading.Thread(target=function) for function in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
