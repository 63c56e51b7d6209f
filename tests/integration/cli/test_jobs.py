"""``crmkit jobs`` and ``crmkit worker``."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from crmkit import CRM, Config, Interaction, Person, new_id

SOURCE = """
from crmkit.sdk import PartyAdded, Plugin, on

def greet(uow, added):
    uow.interactions.record(party=added.party, channel="letter", direction="out", summary="greeted")

class Toy(Plugin):
    hooks = (on(PartyAdded, greet, durable=True),)
"""


@pytest.fixture
def greeter(toy, installed, deployment):
    """A plugin with a durable subscriber is loaded; a party has been added."""
    manifest = toy("greeter", SOURCE)
    installed(manifest)
    deployment.file.write_text(deployment.file.read_text("utf-8").replace("plugins = []", 'plugins = ["greeter"]'))
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida"))
    return manifest


def jobs(deployment, *args):
    return json.loads(deployment.done("jobs", "list", "--json", *args))


def test_jobs_are_listed_and_run(deployment, greeter):
    (job,) = jobs(deployment)
    assert (job["state"], job["plugin"], job["name"], job["actor"]) == ("queued", "greeter", "PartyAdded", "ada")
    shown = deployment.done("jobs", "list")
    assert re.search(rf"{job['id']}  queued  greeter  PartyAdded  0", shown)
    assert deployment.done("worker", "--once") == "Ran 1 job.\n"
    assert jobs(deployment)[0]["state"] == "done"
    assert jobs(deployment, "--state", "queued") == []
    assert deployment.done("worker", "--once") == "Ran 0 jobs.\n"


def test_jobs_are_counted(deployment, greeter):
    head, row = deployment.done("jobs", "stats").splitlines()
    assert head.split() == ["tenant", "queued", "running", "done", "dead", "refused", "dropped", "late"]
    assert row.split()[:7] == ["acme", "1", "0", "0", "0", "0", "0"]
    (found,) = json.loads(deployment.done("--tenant", "acme", "jobs", "stats", "--json"))
    assert found["counts"] == {"queued": 1}


def test_a_job_is_dropped_and_tried_again(deployment, greeter):
    (job,) = jobs(deployment)
    assert "is dropped" in deployment.done("jobs", "drop", job["id"])
    assert deployment.done("worker", "--once") == "Ran 0 jobs.\n"
    assert "is queued again" in deployment.done("jobs", "retry", job["id"])
    assert deployment.done("worker", "--once") == "Ran 1 job.\n"
    assert "is done" in deployment.refused("jobs", "drop", job["id"])
    assert "is done" in deployment.refused("jobs", "retry", job["id"])


def test_all_that_was_given_up_is_tried_again(deployment, greeter):
    assert deployment.done("jobs", "retry", "--all") == "0 jobs are queued again.\n"
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.permissions.unassign("ada", role="administrator")
    deployment.done("worker", "--once")
    assert [job["state"] for job in jobs(deployment)] == ["refused"]
    assert "ForbiddenError" in deployment.done("jobs", "list")
    with deployment.crm() as crm:
        crm.appoint("ada")
    assert deployment.done("jobs", "retry", "--all") == "1 job is queued again.\n"
    assert deployment.done("worker", "--once") == "Ran 1 job.\n"
    assert [job["state"] for job in jobs(deployment)] == ["done"]


def test_why_a_job_waits_is_said(deployment, greeter):
    deployment.done("plugins", "disable", "greeter")
    assert "disabled" in deployment.done("jobs", "list")
    deployment.done("plugins", "enable", "greeter")
    assert "disabled" not in deployment.done("jobs", "list")


def test_mistakes_end_in_one_line(deployment, greeter):
    assert "not found" in deployment.refused("jobs", "retry", new_id())
    assert "not found" in deployment.refused("jobs", "drop", new_id())
    assert deployment.run("jobs", "retry").exit_code == 2
    assert deployment.run("jobs", "list", "--state", "lost").exit_code == 2
    assert "no tenant 'nowhere'" in deployment.refused("--tenant", "nowhere", "jobs", "list")


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals")
def test_a_worker_runs_until_it_is_told_to_stop(deployment, greeter, tmp_path):
    program = tmp_path / "started.py"
    program.write_text(
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path / 'toys')!r})\n"
        "from crmkit.core.kernel.plugins import discovery\n"
        "from crmkit.sdk import Manifest\n"
        f"made = Manifest(id='greeter', distribution='toy', api='>=1', implementation={greeter.implementation!r})\n"
        "found = discovery.Found(manifests=(made,), problems=(), faults=())\n"
        "discovery._installed = lambda: found\n"
        "from crmkit.cli import main\n"
        "main()\n"
    )
    worker = subprocess.Popen(
        [sys.executable, program, "--config", deployment.file, "worker"], stderr=subprocess.PIPE, text=True
    )
    try:
        assert worker.stderr.readline() == "Running jobs; Ctrl-C stops.\n"
        until = time.monotonic() + 20
        with CRM(Config.load(deployment.file, environ={}), plugins=[]) as crm:
            while crm.jobs.list()[0].state != "done" and time.monotonic() < until:
                time.sleep(0.05)
            assert [job.state for job in crm.jobs.list()] == ["done"]
            with crm.begin("ada", read_only=True) as uow:
                assert uow.count(Interaction) == 1
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait(20) == 0
        assert "Stopping" in worker.stderr.read()
    finally:
        worker.kill()
        worker.stderr.close()
        worker.wait(10)
