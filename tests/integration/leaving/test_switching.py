"""Enabling and disabling at run time: seen by every process from its next unit on, and nothing is lost."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from crmkit_membership import Card, Membership

from crmkit import Person
from crmkit.errors import PluginDisabledError

pytestmark = pytest.mark.slow

SWITCHED = {"crm_plugin_state", "crm_tenant"}


class Process:
    """Another process over the same database."""

    def __init__(self, url, party):
        program = [sys.executable, str(Path(__file__).with_name("other.py")), url, str(party)]
        self.process = subprocess.Popen(program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.hear() == "ready"

    def say(self, what):
        self.process.stdin.write(f"{what}\n")
        self.process.stdin.flush()

    def hear(self):
        return self.process.stdout.readline().strip()

    def ask(self, what):
        self.say(what)
        return self.hear()

    def end(self):
        self.process.communicate()


@pytest.fixture
def tom(place, lived):
    """A party without cards."""
    crm = place.crm("membership")
    with crm.begin("ada", "acme") as uow:
        return uow.parties.add(Person(given_name="Tim")).id


@pytest.fixture
def other(place, tom):
    made = Process(place.url, tom)
    yield made
    made.end()


@pytest.fixture
def crm(place):
    return place.crm("membership")


def states(crm, tenant="acme"):
    return {(job.name, job.state) for job in crm.jobs.list(tenant=tenant, plugin="membership")}


def test_another_process_sees_it_from_its_next_unit_on(crm, other):
    crm.plugins.disable("membership")
    assert other.ask("issue acme") == "plugin_disabled"
    crm.plugins.enable("membership")
    assert other.ask("issue acme") == "issued 1"
    crm.plugins.disable("membership", tenant="acme")
    assert other.ask("issue acme") == "plugin_disabled"
    crm.plugins.enable("membership", tenant="acme")
    assert other.ask("issue acme") == "refused"  # for one card is all that a party may have


def test_a_unit_that_has_begun_keeps_what_it_began_with(place, crm, other, tom):
    """Disabling waits for nobody. On SQLite nobody switches anything while somebody else writes."""
    assert other.ask("hold acme") == "holding"
    if crm.engine.dialect.name == "postgresql":
        crm.plugins.disable("membership", tenant="acme")
        with crm.begin("ada", "acme") as uow, pytest.raises(PluginDisabledError):
            uow.use(Membership)
        assert other.ask("go") == "committed"
    else:
        assert other.ask("go") == "committed"
        crm.plugins.disable("membership", tenant="acme")
    assert other.ask("issue acme") == "plugin_disabled"
    crm.plugins.enable("membership", tenant="acme")
    with crm.begin("ada", "acme", read_only=True) as uow:
        assert len(uow.use(Membership).cards(tom)) == 1
    assert list(crm.verify()) == []


def test_jobs_in_flight_are_kept_and_run_once_it_is_enabled_again(crm, other, lived):
    crm.plugins.disable("membership", tenant="acme")
    assert other.ask("work acme") == "ran 0"
    assert states(crm) == {("DealWon", "queued"), ("plan_renewals", "queued")}
    (waiting,) = {job.waiting_for for job in crm.jobs.list(tenant="acme") if job.name == "DealWon"}
    assert waiting == "the plugin 'membership' is disabled, or no longer has this handler"
    assert other.ask("work bolt") == "ran 1"
    crm.plugins.enable("membership", tenant="acme")
    assert other.ask("work acme") == "ran 1"
    assert states(crm) == {("DealWon", "done"), ("plan_renewals", "queued")}
    with crm.begin("ada", "acme", read_only=True) as uow:
        assert uow.get(Card, lived["acme"]["card"].id).points > 0


def test_disabling_and_enabling_again_loses_nothing(place, crm, lived):
    before = place.rows(*SWITCHED)
    crm.plugins.disable("membership")
    assert place.rows(*SWITCHED) == before
    crm.plugins.enable("membership")
    assert place.rows(*SWITCHED) == before
    assert list(crm.verify()) == []


def test_what_is_taken_off_the_list_and_put_on_it_again_has_lost_nothing(place, lived):
    before = place.rows()
    without = place.crm()
    assert without.jobs.run_once() == 0
    assert {job.waiting_for for job in without.jobs.list(tenant="acme", plugin="membership")} == {
        "the plugin 'membership' is not loaded"
    }
    assert place.rows() == before
    again = place.crm("membership")
    assert again.jobs.run_once(tenant="acme") == 1
    assert {job.state for job in again.jobs.list(tenant="acme") if job.name == "DealWon"} == {"done"}
