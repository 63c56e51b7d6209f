"""Schedules run in each tenant, once per time, by the rights of the role that they name."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
import reminding
from attrs import evolve

from crmkit import Person, Rule

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def crm(crm_with, clock):
    """With a role that tends, as an administrator would define it."""
    crm = crm_with(reminding.HOURLY, clock=clock)
    with crm.begin("ada") as uow:
        permitted = [Rule(effect="permit", permission=p) for p in ("party.create", "party.read")]
        uow.permissions.define_role("tender", permitted)
    return crm


def tended(crm, tenant=None):
    with crm.begin("ada", tenant, read_only=True) as uow:
        return sorted(party.family_name for party in uow.each(Person))


def test_it_runs_when_it_is_due_and_then_again(crm, clock, run, tenant):
    assert run() == 0
    clock.advance(HOUR)
    assert run() == 1
    (seen,) = reminding.SEEN
    assert seen == (tenant, "plugin:hourly", datetime(2026, 3, 2, 10, tzinfo=UTC))
    assert run() == 0
    clock.advance(HOUR)
    assert run() == 1
    assert tended(crm) == ["10:00", "11:00"]


def test_the_next_time_is_among_the_jobs(crm, tenant):
    (job,) = crm.jobs.list()
    assert (job.kind, job.name, job.plugin, job.state, job.actor) == (
        "schedule",
        "tend",
        "hourly",
        "queued",
        "plugin:hourly",
    )
    assert job.due_at == datetime(2026, 3, 2, 10, tzinfo=UTC)


def test_times_that_passed_meanwhile_are_made_up_for_by_one_run(crm, clock, run):
    clock.advance(5 * HOUR + MINUTE)
    assert run() == 1
    assert tended(crm) == ["10:00"]
    assert crm.jobs.list(state="queued")[0].due_at == datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.mark.usefixtures("verified")
def test_workers_side_by_side_run_it_once(crm, clock, tenant):
    clock.advance(HOUR)
    threads = [threading.Thread(target=crm.jobs.run_once, kwargs={"tenant": tenant}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert tended(crm) == ["10:00"]
    assert len(crm.jobs.list(state="queued")) == 1


def test_what_fails_is_tried_again_and_does_not_stop_the_next_time(crm, clock, run):
    reminding.TROUBLE["tend"] = KeyError()
    clock.advance(HOUR)
    run()
    assert tended(crm) == []
    reminding.TROUBLE.clear()
    clock.advance(MINUTE)
    run()
    clock.advance(HOUR)
    run()
    assert tended(crm) == ["10:00", "11:00"]


def test_it_has_the_rights_of_its_role_and_no_more(crm, clock, run):
    with crm.begin("ada") as uow:
        uow.permissions.remove_role("tender")
    clock.advance(HOUR)
    run()
    (job,) = crm.jobs.list(state="refused")
    assert job.last_error.startswith("ForbiddenError")
    assert tended(crm) == []


def test_a_tenant_that_is_new_has_it_too(crm, crm_with, clock, tenant):
    other = f"{tenant}-new"
    crm.tenants.create(other)
    assert [job.name for job in crm.jobs.list(tenant=other)] == ["tend"]


def test_a_plugin_that_is_new_has_it_in_every_tenant(crm_with, clock, tenant):
    crm_with(clock=clock)
    crm = crm_with(reminding.HOURLY, clock=clock)
    assert crm.jobs.list() == []
    crm.jobs.run_once(tenant=tenant)
    assert [job.name for job in crm.jobs.list()] == ["tend"]
    crm.jobs.run_once(tenant=tenant)
    assert len(crm.jobs.list()) == 1


def test_who_runs_the_jobs_of_one_tenant_plants_nothing_in_another(crm_with, clock, tenant):
    other = f"{tenant}-other"
    crm_with(clock=clock).tenants.create(other)
    crm = crm_with(reminding.HOURLY, clock=clock)
    crm.jobs.run_once(tenant=tenant)
    assert [job.name for job in crm.jobs.list()] == ["tend"]
    assert crm.jobs.list(tenant=other) == []
    crm.jobs.run_once(tenant=other)
    assert [job.name for job in crm.jobs.list(tenant=other)] == ["tend"]


def test_while_its_plugin_is_disabled_it_waits_and_then_runs_once(crm, clock, run, tenant, rows):
    crm.plugins.disable("hourly", tenant=tenant)
    clock.advance(3 * HOUR)
    before = rows()
    assert run() == 0
    assert rows() == before
    crm.plugins.enable("hourly", tenant=tenant)
    assert run() == 1
    assert len(crm.jobs.list(state="queued")) == 1
    assert tended(crm) == ["10:00"]


def test_what_cannot_be_run_keeps_its_plugin_from_loading(crm_with):
    from crmkit.sdk import Manifest, Schedule

    for run, reason in (("reminding:nothing", "has no 'nothing'"), ("reminding:SEEN", "not callable")):
        broken = Schedule(name="tend", run=run, role="seller", every=HOUR)
        manifest = Manifest(id="broken", distribution="crm-broken", api=">=1", schedules=(broken,))
        crm = crm_with(evolve(manifest))
        assert reason in crm.runtime.quarantined["broken"]


# -- what a schedule works with is not installed ----------------------------------------------------------------------


def lacking(extra="full"):
    """The same plugin, whose schedule works with something that an extra brings and that is not there."""
    (schedule,) = reminding.HOURLY.schedules
    return evolve(
        reminding.HOURLY, extra=extra, schedules=(evolve(schedule, imports=("no_such_library_of_any_kind",)),)
    )


def test_a_schedule_rests_where_what_it_works_with_is_not_installed(crm_with, clock, tenant):
    resting = crm_with(lacking(), clock=clock)
    for _ in range(2):
        clock.advance(HOUR)
        assert resting.jobs.run_once(tenant=tenant) == 0
    assert resting.jobs.list() == []
    assert tended(resting) == []


def test_what_is_planned_already_is_left_to_a_process_that_has_it(crm, crm_with, clock, run, rows):
    resting = crm_with(lacking(), clock=clock)
    clock.advance(HOUR)
    before = rows()
    assert resting.jobs.run_once(tenant=crm.config.crmkit.default_tenant) == 0
    assert rows() == before
    assert [job.state for job in resting.jobs.list()] == ["queued"]
    assert run() == 1
    assert tended(crm) == ["10:00"]


@pytest.mark.parametrize(("extra", "way"), [("full", "'crm-hourly[full]'"), (None, "'no_such_library_of_any_kind'")])
def test_the_start_says_what_rests_and_what_installs_it(crm_with, extra, way):
    (note,) = crm_with(lacking(extra)).assemble().notes
    assert (note.code, note.subject) == ("schedule_rests", "hourly")
    assert note.message == "its schedule 'tend' rests, since no_such_library_of_any_kind is not installed"
    assert note.fix == f"Run: python -m pip install {way}"


def test_a_worker_says_once_what_rests(crm_with, caplog):
    runner = crm_with(lacking()).jobs.runner()
    for _ in range(3):
        runner._once(0.01)
    assert caplog.text.count("its schedule 'tend' rests") == 1


def test_workers_that_begin_side_by_side_plant_one_next_time(crm_with, clock, tenant):
    crm_with(clock=clock)
    crm = crm_with(reminding.HOURLY, clock=clock)
    gate = threading.Barrier(4)

    def begin():
        gate.wait()
        crm.jobs.run_once(tenant=tenant)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(crm.jobs.list()) == 1
