"""Who has a job: leases, fencing tokens, workers that are lost, and turns of tenants."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
import reminding

from crmkit import CRM, Config, Person, new_id
from crmkit.core.kernel.jobs.queries import INSERT, blank, candidates
from crmkit.core.kernel.storage.database import Db
from crmkit.testing import Actors

pytestmark = pytest.mark.usefixtures("verified")

SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)


class Worker:
    """Claims in the test's own tenant, and runs."""

    def __init__(self, crm, tenant):
        self.workshop, self.tenant = crm.jobs._workshop, tenant
        self.run, self.release, self.failed = self.workshop.run, self.workshop.release, self.workshop._failed

    def claim(self):
        return self.workshop.claim(self.tenant, limit=5)


@pytest.fixture
def worker(crm, tenant):
    return Worker(crm, tenant)


def only(crm):
    (job,) = crm.jobs.list()
    return job


# -- leases and fencing -----------------------------------------------------------------------------------------------


def test_a_job_is_claimed_by_one_worker_at_a_time(worker, add):
    add()
    assert len(worker.claim()) == 1
    assert worker.claim() == []


def test_a_job_that_is_handed_out_three_times_has_one_effect(worker, add, greetings):
    party = add()
    (claimed,) = worker.claim()
    assert [worker.run(claimed) for _ in range(3)] == ["done", "lost", "lost"]
    assert greetings(party) == 1


def test_who_comes_back_after_the_lease_has_no_effect(clock, worker, add, greetings, rows):
    """The fencing token: the worker that was thought lost is late, and somebody else has the job."""
    party = add()
    (late,) = worker.claim()
    clock.advance(2 * MINUTE)
    (heir,) = worker.claim()
    assert (heir.id, heir.token, heir.attempts) == (late.id, late.token + 1, 1)
    before = rows()
    assert worker.run(late) == "lost"
    assert rows() == before
    assert worker.run(heir) == "done"
    assert worker.run(late) == "lost"
    assert greetings(party) == 1


def test_who_comes_back_late_cannot_say_that_the_job_has_failed(clock, worker, add, rows):
    add()
    (late,) = worker.claim()
    clock.advance(2 * MINUTE)
    worker.claim()
    before = rows()
    worker.failed(late, KeyError())
    worker.release([late])
    assert rows() == before


def test_an_operator_who_drops_a_job_stops_who_has_claimed_it(crm, worker, add, greetings):
    party = add()
    (claimed,) = worker.claim()
    worker.release([claimed])
    crm.jobs.drop(claimed.id)
    assert worker.run(claimed) == "lost"
    assert (only(crm).state, greetings(party)) == ("dropped", 0)


def test_what_is_given_back_counts_as_no_failure(crm, worker, add):
    add()
    worker.release(worker.claim())
    assert (only(crm).state, only(crm).attempts) == ("queued", 0)
    assert len(worker.claim()) == 1


def test_what_a_lost_worker_had_is_claimed_one_by_one(clock, worker, add):
    """One of them may be what ended the worker; the others shall not die with it."""
    for name in "abc":
        add(name)
    assert len(worker.claim()) == 3
    clock.advance(2 * MINUTE)
    assert [len(worker.claim()) for _ in range(4)] == [1, 1, 1, 0]


def test_a_job_that_ends_every_worker_is_given_up(crm, clock, worker, add, greetings):
    party = add()
    for _ in range(10):
        assert len(worker.claim()) == 1
        clock.advance(2 * MINUTE)
    assert worker.claim() == []
    assert (only(crm).state, only(crm).last_error, greetings(party)) == ("dead", "its worker was lost", 0)


def test_a_clock_that_jumps_leaves_one_effect(clock, worker, add, greetings):
    party = add()
    (claimed,) = worker.claim()
    clock.advance(-DAY)
    assert worker.claim() == []
    clock.advance(3 * DAY)
    (other,) = worker.claim()
    assert {worker.run(claimed), worker.run(other)} == {"lost", "done"}
    assert greetings(party) == 1


def test_a_plugin_that_is_disabled_after_the_claim_keeps_its_job(crm, worker, add, tenant, greetings):
    party = add()
    (claimed,) = worker.claim()
    crm.plugins.disable("reminding", tenant=tenant)
    assert worker.run(claimed) == "released"
    assert (only(crm).state, only(crm).attempts, greetings(party)) == ("queued", 0, 0)


def test_a_lease_does_not_run_out_on_a_job_that_is_running(crm, clock, worker, add, greetings):
    """On PostgreSQL its row is locked and passed over; on SQLite nobody else can write meanwhile."""
    party = add()
    (claimed,) = worker.claim()
    reminding.GATE.clear()
    thread = threading.Thread(target=worker.run, args=(claimed,))
    thread.start()
    try:
        while not reminding.SEEN:
            pass
        clock.advance(2 * MINUTE)
        if crm.engine.dialect.name == "postgresql":
            assert worker.claim() == []
    finally:
        reminding.GATE.set()
        thread.join()
    assert (only(crm).state, greetings(party)) == ("done", 1)


def test_workers_side_by_side_do_each_job_once(crm, add, tenant, greetings):
    parties = [add(f"p{n}") for n in range(30)]
    threads = [threading.Thread(target=crm.jobs.run_once, kwargs={"tenant": tenant}) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    crm.jobs.run_once(tenant=tenant)
    assert [greetings(party) for party in parties] == [1] * 30
    assert {job.state for job in crm.jobs.list()} == {"done"}


# -- turns ------------------------------------------------------------------------------------------------------------


def test_a_tenant_with_many_jobs_does_not_keep_others_waiting(own_database, clock):
    """Of each tenant one batch is run, then it is the next one's turn."""
    config = Config.of({"database": {"url": own_database}, "crmkit": {"plugins": ["reminding"]}, "jobs": {"batch": 5}})
    crm = CRM(config, manifests=[reminding.MANIFEST], actors=Actors(), clock=clock)
    crm.schema.upgrade()
    crm.start()

    def add(owner):
        with crm.begin("ada", owner) as uow:
            uow.parties.add(Person(given_name="Ida"))

    for owner in ("large", "small", "tiny"):
        crm.tenants.create(owner)
    for _ in range(60):
        add("large")
    clock.advance(SECOND)
    for _ in range(7):
        add("small")
    add("tiny")
    crm.jobs.run_once(limit=11)
    done = {one.tenant: one.counts.get("done", 0) for one in crm.jobs.stats()}
    assert done == {"large": 5, "small": 5, "tiny": 1}
    crm.jobs.run_once(limit=7)
    done = {one.tenant: one.counts.get("done", 0) for one in crm.jobs.stats()}
    assert done["small"] == 7
    crm.close()


def test_a_tenant_that_is_switched_off_is_left_alone(crm, add, tenant, rows):
    from sqlalchemy import text

    add()
    with crm.engine.begin() as connection:
        connection.execute(text("UPDATE crm_tenant SET active = false WHERE tenant_id = :t"), {"t": tenant})
    before = rows()
    assert crm.jobs.run_once(tenant=tenant) == 0
    assert rows() == before


# -- how they are found -----------------------------------------------------------------------------------------------


def test_due_jobs_are_found_by_indexes_however_many_wait(crm, tenant):
    """Neither sorted nor joined with all others: a claim of a few costs the same among many."""
    now = crm.runtime.clock.now()
    said = {"kind": "event", "name": "PartyAdded", "plugin": "reminding", "handler": "reminding:greet", "payload": {}}

    def explained(db):
        owners = [tenant] * 3_000 + [f"another-{n}" for n in range(100)]
        rows = [{**blank(owner, new_id(), now), **said, "record_id": new_id(), "record_version": 1} for owner in owners]
        db.run_many(INSERT, rows)
        db.connection.exec_driver_sql("ANALYZE crm_job")
        found = db.prepare(candidates(1))
        values = found.bind({"tenant": tenant, "now": now, "limit": 20, "handler0": "reminding:greet"})
        prefix = "EXPLAIN QUERY PLAN" if db.dialect == "sqlite" else "EXPLAIN"
        return str(db.connection.exec_driver_sql(f"{prefix} {found.sql}", values).all())

    for _ in range(2):  # the second time among what the first has left, as in a table that is in use
        with crm.engine.connect() as connection, connection.begin() as transaction:
            plan = explained(Db(connection))
            transaction.rollback()
    assert "ix_crm_job_due" in plan
    assert "ix_crm_job_record" in plan
    assert not [word for word in ("SCAN crm_job", "Seq Scan", "Sort", "TEMP B-TREE", "Hash") if word in plan]
