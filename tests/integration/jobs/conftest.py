"""A CRM with a plugin that greets every party that is added, and a clock that stands still."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parent))  # manifests name it by import strings
import reminding
from attrs import evolve

from crmkit import Interaction, Person, f
from crmkit.testing import postgres


@pytest.fixture(autouse=True)
def _calm():
    reminding.SEEN.clear()
    reminding.TROUBLE.clear()
    reminding.GATE.set()


@pytest.fixture
def own_database(request, database_url, tmp_path):
    """The URL of a database that no other test uses, as workers serve all tenants of theirs."""
    if database_url.startswith("sqlite"):
        yield f"sqlite:///{tmp_path / 'own.db'}"
    else:
        with postgres.database(request.getfixturevalue("postgres_server")) as url:
            yield url


@pytest.fixture
def crm(crm_with, clock):
    return crm_with(reminding.MANIFEST, clock=clock)


@pytest.fixture
def add(crm):
    """Adds a person, which is a job to greet it."""

    def add(name="Ida", *, actor="ada", tenant=None, **more):
        with crm.begin(actor, tenant) as uow:
            return uow.parties.add(Person(given_name=name, family_name="Berg", **more)).id

    return add


@pytest.fixture
def rename(crm):
    """Changes a person, which is a job to follow."""

    def rename(party, *names, actor="ada"):
        for name in names:
            with crm.begin(actor) as uow:
                uow.parties.update(evolve(uow.get(Person, party), given_name=name))

    return rename


@pytest.fixture
def run(crm, tenant):
    """Runs what is due in the test's own tenant."""

    def run(limit=None):
        return crm.jobs.run_once(tenant=tenant, limit=limit)

    return run


@pytest.fixture
def greetings(crm):
    """How often the party was greeted."""

    def greetings(party, tenant=None):
        with crm.begin("ada", tenant, read_only=True) as uow:
            return uow.count(Interaction, (f.party_id == party) & (f.summary == "greeted"))

    return greetings


@pytest.fixture
def states(crm):
    """Name and state of the tenant's jobs, in the order in which they were written."""

    def states(**by):
        return [(job.name, job.state) for job in reversed(crm.jobs.list(**by))]

    return states
