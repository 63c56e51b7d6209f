"""Producers and workers that are killed at any point: every job is done, and each effect happens exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import reminding
from forking import LEASE, made
from verifying import assert_verifies

from crmkit import Interaction, Person, f

ROUNDS = 100
LONGEST = 0.1  # seconds that a process lives


@pytest.fixture
def forks(own_database, tenant):
    """Asks for a process that does what it is told, and gives its id."""
    with made(own_database, tenant) as crm:
        pass
    program = Path(__file__).with_name("forking.py")
    server = subprocess.Popen(
        [sys.executable, program, own_database, tenant], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    def fork(what):
        print(what, file=server.stdin, flush=True)
        return int(server.stdout.readline())

    yield fork
    server.stdin.close()
    server.stdout.close()
    server.wait(10)
    crm.close()


@pytest.fixture
def own_tables(own_database, tenant):
    crm = made(own_database, tenant)
    crm.schema.upgrade()
    with crm:
        crm.tenants.create(tenant)


def greetings_by_party(crm):
    with crm.begin("ada", read_only=True) as uow:
        greeted = uow.tally(Interaction, ["party_id"], where=f.summary == "greeted", limit=100_000)
        return [party.id for party in uow.each(Person)], {group.key[0]: group.count for group in greeted}


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are forked")
def test_workers_and_producers_are_killed_at_random_points(own_tables, forks, own_database, tenant):
    dice = random.Random(20261122)
    killed = 0
    for _ in range(ROUNDS):
        pids = [forks("work"), forks("produce")]
        if dice.random() < 0.3:
            pids.append(forks("work"))
        dice.shuffle(pids)
        for pid in pids:
            time.sleep(dice.uniform(0, LONGEST))
            os.kill(pid, signal.SIGKILL)
            killed += 1
    crm = made(own_database, tenant).start()
    until = time.monotonic() + 60
    while any(crm.jobs.list(state=state) for state in ("queued", "running")) and time.monotonic() < until:
        crm.jobs.run_once()
        time.sleep(LEASE / 3)
    parties, greeted = greetings_by_party(crm)
    lost = sum(job.attempts > 0 for job in crm.jobs.list(limit=10_000))
    counts = crm.jobs.stats(tenant=tenant)[0].counts
    assert_verifies(crm, tenant)
    crm.close()
    assert counts == {"done": len(parties)}
    assert greeted == dict.fromkeys(parties, 1)
    assert killed >= ROUNDS * 2
    assert len(parties) > ROUNDS / 2, "producers got somewhere"
    assert lost > 0, "workers were killed in the midst of jobs"


def test_a_worker_that_dies_in_the_midst_of_a_job_leaves_it_to_the_next(own_tables, own_database, tenant):
    """Here it dies with its effect written and not committed."""
    crm = made(own_database, tenant).start()
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name="Ida")).id
    crm.engine.dispose()
    pid = os.fork()
    if not pid:
        reminding.GATE.clear()
        crm.jobs.run_once()
    until = time.monotonic() + 10
    while crm.jobs.list()[0].state == "queued" and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(0.1)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    assert greetings_by_party(crm) == ([party], {})
    time.sleep(LEASE)
    assert crm.jobs.run_once() == 1
    assert greetings_by_party(crm) == ([party], {party: 1})
    assert crm.jobs.list()[0].attempts == 1
    crm.close()
