"""Without the extra, parties are added and changed as ever; comparing them waits, and says for what."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

import pytest

from crmkit import FixedClock, Person


@pytest.fixture
def bare(monkeypatch, crm_set):
    """The CRM where jellyfish is not installed, and its clock."""
    monkeypatch.setitem(sys.modules, "jellyfish", None)
    clock = FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    return crm_set(clock=clock), clock


def test_nothing_is_compared_and_no_job_is_given_up(bare, tenant):
    crm, clock = bare
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", family_name="Berg"))
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        assert crm.jobs.run_once(tenant=tenant) == 0
    assert [job for job in crm.jobs.list() if job.plugin == "dedupe"] == []


def test_the_start_says_what_to_install(bare):
    crm, _ = bare
    (note,) = crm.assemble().notes
    assert note.subject == "dedupe"
    assert "jellyfish is not installed" in note.message
    assert note.fix == "Run: python -m pip install 'crmkit[dedupe]'"
