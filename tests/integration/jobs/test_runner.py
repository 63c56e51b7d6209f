"""The embedded runner: a thread of the host that is woken, and costs next to nothing while there is nothing to do."""

from __future__ import annotations

import time

import pytest
import reminding
from forking import made
from sqlalchemy import event

from crmkit import Person

SOON = 10  # seconds within which a test gives up


def within(seconds, happens):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if happens():
            return True
        time.sleep(0.005)
    return False


@pytest.fixture
def live(crm_with):
    """A CRM whose clock goes."""
    return crm_with(reminding.MANIFEST)


def add(crm):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida")).id


def done(crm):
    return sum(job.state == "done" for job in crm.jobs.list())


def test_a_thread_of_the_host_runs_jobs_soon_after_they_are_written(live):
    live.jobs.start()
    add(live)
    assert within(SOON, lambda: done(live) == 1)
    time.sleep(0.5)
    add(live)
    before = time.monotonic()
    assert within(SOON, lambda: done(live) == 2)
    assert time.monotonic() - before < 2, "it was woken, and did not wait for its next look"
    assert live.jobs.stop()


def test_starting_twice_is_the_same_as_once_and_it_can_be_started_again(live):
    live.jobs.start()
    live.jobs.start()
    assert live.jobs.stop()
    live.jobs.start()
    add(live)
    assert within(SOON, lambda: done(live) == 1)
    assert live.jobs.stop()


def test_closing_the_crm_stops_it(live):
    live.jobs.start()
    thread = live.jobs._runner._thread
    live.close()
    assert not thread.is_alive()


def test_stopping_finishes_the_job_that_runs_and_gives_the_others_back(live):
    for _ in range(3):
        add(live)
    reminding.GATE.clear()
    live.jobs.start()
    assert within(SOON, lambda: reminding.SEEN)
    assert not live.jobs.stop(timeout=0.05), "the job still runs"
    reminding.GATE.set()
    assert live.jobs.stop(SOON)
    assert sorted(job.state for job in live.jobs.list()) == ["done", "queued", "queued"]
    assert {job.attempts for job in live.jobs.list()} == {0}


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_worker_in_another_process_is_woken(crm_with):
    """Here another CRM with a bell of its own; only what the database says can wake it.

    SQLite has nothing to wake others with; there workers look every few seconds.
    """
    worker, host = crm_with(reminding.MANIFEST), crm_with(reminding.MANIFEST)
    worker.jobs.start()
    time.sleep(1.5)  # long enough for it to rest for some time
    before = time.monotonic()
    add(host)
    assert within(SOON, lambda: done(host) == 1)
    assert time.monotonic() - before < 1
    worker.jobs.stop()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_listener_that_loses_its_connection_finds_another(crm_with, monkeypatch):
    """SQLite has no listeners."""
    from crmkit.core.kernel.jobs import waking

    monkeypatch.setattr(waking, "AGAIN", 0.1)
    heard = []
    crm = crm_with(reminding.MANIFEST)
    listener = waking.Listener(crm.engine, heard.append)
    listener.start()
    assert within(SOON, lambda: heard == [""])
    with crm.engine.begin() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE query LIKE 'LISTEN crmkit_jobs%%' AND datname = current_database()"
        )
    assert within(SOON, lambda: heard == ["", ""])
    add(crm)
    assert within(SOON, lambda: heard[2:] == [crm.config.crmkit.default_tenant])
    listener.stop()


def test_a_database_that_fails_does_not_end_the_worker(live, monkeypatch):
    from crmkit.core.kernel.jobs import runner
    from crmkit.errors import StorageError

    monkeypatch.setattr(runner, "TROUBLE", 0.05)
    workshop, failing = live.jobs._workshop, [StorageError("gone")] * 3
    claim = workshop.claim

    def broken(*args, **more):
        if failing:
            raise failing.pop()
        return claim(*args, **more)

    monkeypatch.setattr(workshop, "claim", broken)
    live.jobs.start()
    add(live)
    assert within(SOON, lambda: done(live) == 1)
    live.jobs.stop()


def test_an_idle_worker_costs_next_to_nothing(own_database, tenant):
    """One statement for each look: every 5 s on SQLite, every 30 s on PostgreSQL."""
    live = made(own_database, tenant)
    live.schema.upgrade()
    live.start()
    live.tenants.create(tenant)
    sent = []

    def count(connection, cursor, statement, *_):
        sent.append(statement)

    runner = live.jobs.runner()
    event.listen(live.engine, "before_cursor_execute", count)
    try:
        for _ in range(20):
            runner._once(0.01)
    finally:
        event.remove(live.engine, "before_cursor_execute", count)
    live.close()
    assert len(sent) == 20
