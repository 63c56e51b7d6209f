"""Errands work between units of their own; schedules can be hastened."""

from __future__ import annotations

from datetime import timedelta

import errands
import pytest

from crmkit import Person, Rule
from crmkit.sdk import JobLostError, OutsideCommandError

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _forget():
    yield
    errands.handed.clear()
    errands.meanwhile.clear()


@pytest.fixture
def crm(crm_with, clock):
    crm = crm_with(errands.LETTERS, clock=clock)
    with crm.begin("ada") as uow:
        permitted = [Rule(effect="permit", permission=p) for p in ("party.create", "party.read")]
        uow.permissions.define_role("tender", permitted)
    return crm


def persons(crm):
    with crm.begin("ada", read_only=True) as uow:
        return sorted(party.family_name for party in uow.each(Person))


def test_an_errand_commits_what_it_does_unit_by_unit(crm, clock, run, tenant):
    seen = []
    errands.meanwhile.append(lambda _: seen.extend(persons(crm)))
    clock.advance(HOUR)
    assert run() == 1
    assert seen == ["claimed"]
    assert persons(crm) == ["claimed", "settled"]
    assert errands.handed == [(tenant, "10:00")]
    assert [(job.name, job.state) for job in crm.jobs.list(state="done")] == [("carry", "done")]


def test_others_write_while_an_errand_waits(crm, clock, run):
    """On SQLite they could not if a transaction were open."""

    def write(_):
        with crm.begin("ada") as uow:
            uow.parties.add(Person(family_name="other"))

    errands.meanwhile.append(write)
    clock.advance(HOUR)
    run()
    assert persons(crm) == ["claimed", "other", "settled"]


def test_what_was_committed_stays_when_an_errand_fails_and_it_is_run_again(crm, clock, run):
    def fail(_):
        errands.meanwhile.clear()
        raise OSError

    errands.meanwhile.append(fail)
    clock.advance(HOUR)
    run()
    assert persons(crm) == ["claimed"]
    clock.advance(timedelta(minutes=1))
    run()
    assert persons(crm) == ["claimed", "claimed", "settled"]


def test_an_errand_that_another_worker_has_taken_over_writes_no_more(crm, clock, run, tenant):
    def take_over(errand):
        errands.meanwhile.clear()
        clock.advance(timedelta(minutes=10))  # the lease has ended
        run()

    errands.meanwhile.append(take_over)
    clock.advance(HOUR)
    run()
    assert persons(crm) == ["claimed", "claimed", "settled"]  # settled by the second only
    assert {job.state for job in crm.jobs.list() if job.name == "carry"} == {"done", "queued"}


def test_a_unit_of_an_errand_renews_its_lease(crm, clock, run):
    def wait(errand):
        clock.advance(timedelta(seconds=50))
        with errand.begin() as uow:
            uow.parties.add(Person(family_name="meanwhile"))
        clock.advance(timedelta(seconds=50))
        assert run() == 0

    errands.meanwhile.append(wait)
    clock.advance(HOUR)
    run()
    assert persons(crm) == ["claimed", "meanwhile", "settled"]


def test_a_lost_job_is_told_by_an_error_that_names_it(crm, clock, run):
    told = []

    def drop(errand):
        (job,) = crm.jobs.list(state="running")
        clock.advance(timedelta(minutes=10))
        errands.meanwhile.clear()
        run()
        with pytest.raises(JobLostError) as lost, errand.begin():
            pass
        told.append((lost.value.job == job.id, str(job.id) in str(lost.value)))

    errands.meanwhile.append(drop)
    clock.advance(HOUR)
    run()
    assert told == [(True, True)]


def test_a_hastened_schedule_runs_as_soon_as_the_unit_is_committed_and_once(crm, run, tenant):
    with crm.begin("ada") as uow:
        uow.use(errands.Letters).write("a", times=3)
        uow.use(errands.Letters).write("b")
    assert run() == 1
    assert errands.handed == [(tenant, "09:00")]
    assert run() == 0


def test_a_hastened_run_leaves_the_regular_one_where_it_is(crm, clock, run):
    with crm.begin("ada") as uow:
        uow.use(errands.Letters).write("a")
    run()
    clock.advance(HOUR)
    assert run() == 1
    assert [at for _, at in errands.handed] == ["09:00", "10:00"]


def test_a_unit_that_is_rolled_back_hastens_nothing(crm, run, rows):
    before = rows()
    with pytest.raises(ZeroDivisionError), crm.begin("ada") as uow:
        uow.use(errands.Letters).write("a")
        1 / 0  # noqa: B018  # the host's own error
    assert rows() == before
    assert run() == 0


def test_only_schedules_of_ones_own_plugin_are_hastened_and_only_by_a_command(crm, rows):
    before = rows()
    with crm.begin("ada") as uow, pytest.raises(OutsideCommandError):
        uow.use(errands.Letters).hasten("carry")
    with pytest.raises(KeyError, match="'letters' has no schedule 'tend'"), crm.begin("ada") as uow:
        uow.use(errands.Letters).hurry("tend")
    assert rows() == before
