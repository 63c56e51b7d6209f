"""Jobs that wait while a person is erased say nothing of them any more, and run or tell why they cannot."""

from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest
import verifying

from crmkit import Interaction, Person, Ref, f

sys.path.append(str(Path(__file__).parent))  # the manifest names it by import strings
import noting


@pytest.fixture
def crm(crm_with, clock, folder):
    return crm_with(
        noting.MANIFEST, clock=clock, config={"files": {"folder": str(folder)}, "jobs": {"max_attempts": 1}}
    )


@pytest.fixture
def person(crm, canary):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name=canary, birth_date=date(1971, 3, 9))).id


@pytest.fixture
def run(crm, tenant):
    """A function that runs what waits; gives the states of all jobs."""

    def run():
        crm.jobs.run_once(tenant=tenant)
        return [job.state for job in crm.jobs.list()]

    return run


@pytest.fixture
def note(crm):
    """A function that notes something about a party; a job waits then."""

    def note(party, said, **more):
        with crm.begin("ada") as uow:
            uow.use(noting.Noting).note(party, said, **more)

    return note


def erase(crm, person):
    with crm.begin("ada") as uow:
        return uow.erasure.erase(Ref("party", person), "asked for it")


def summaries(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [one.summary for one in uow.each(Interaction, f.party_id == party)]


@pytest.fixture
def waiting(person, note, canary, found):
    """The person, with a job that repeats the name."""
    note(person, f"{canary} wants a roof")
    assert "crm_job" in found()
    return person


def test_a_job_that_waits_says_nothing_of_the_person_and_runs_all_the_same(crm, waiting, found, run):
    assert erase(crm, waiting).jobs == 1
    assert found() == []
    assert run() == ["done"]
    assert summaries(crm, waiting) == ["(erased)"]
    assert found() == []
    verifying.assert_verifies(crm)


def test_a_job_about_somebody_else_that_repeats_the_name_loses_only_that(crm, person, note, canary, run):
    with crm.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole")).id
    note(ole, f"{canary} sent me")
    note(ole, "wants a door")
    assert erase(crm, person).jobs == 1
    assert run() == ["done", "done"]
    assert sorted(summaries(crm, ole)) == ["(erased)", "wants a door"]


def test_a_job_that_cannot_be_read_any_more_ends_and_says_so(crm, person, note, run, rows):
    """Its date was the person's own; what stands in its place is none."""
    note(person, "is born", born=date(1971, 3, 9))
    assert erase(crm, person).jobs == 1
    assert run() == ["dead"]
    (job,) = crm.jobs.list()
    assert job.last_error.startswith("ClassValidationError at ")
    assert summaries(crm, person) == []
    assert not any("1971-03-09" in line for lines in rows().values() for line in lines)
