"""``crmkit dedupe``."""

import pytest
from command_lines import running

from crmkit import Person
from crmkit.plugins.dedupe import Dedupe
from crmkit.plugins.dedupe.cli import group


@pytest.fixture
def run(crm):
    """Runs a command as Ada; gives what it prints."""
    return running(crm, group)


@pytest.fixture
def people(crm):
    with crm.begin("ada") as uow:
        return [
            uow.parties.add(Person(given_name="Ida", family_name=name), emails=["ida@berg.example"])
            for name in ("Berg", "Bergh")
        ]


@pytest.fixture
def pair(crm, run, people):
    run("run")
    with crm.begin("ada", read_only=True) as uow:
        return next(iter(uow.use(Dedupe).pairs()))


def test_what_has_changed_is_compared(run, people):
    assert run("run") == "2 parties compared: 1 pairs proposed, 0 withdrawn\n"
    assert run("run") == "0 parties compared: 0 pairs proposed, 0 withdrawn\n"


def test_all_are_compared(run, people):
    assert "2 parties compared: 1 pairs found in 1 groups, 1 of them new in the queue" in run("run", "--all")


def test_the_queue_names_both_and_why(run, pair):
    said = run("queue")
    assert str(pair.id) in said
    assert "Ida Berg | Ida Bergh" in said
    assert "(name: near, email: shared)" in said
    assert run("queue", "--status", "rejected") == "No pair is rejected\n"


def test_a_dry_run_shows_who_would_stay_and_changes_nothing(run, pair, people, rows):
    before = rows()
    said = run("approve", pair.id, "--winner", people[1].id, "--choose", "family_name=loser", "--dry-run")
    assert f"Ida Bergh ({people[1].id}) stays" in said
    assert "family_name: loser, 'Berg'" in said
    assert rows() == before


def test_approving_says_how_to_take_it_back(run, pair, people):
    said = run("approve", pair.id, "--winner", people[0].id)
    assert f"merged into Ida Berg ({people[0].id}); to take it back: crmkit undo " in said
    assert "approved  1" in run("stats")
    assert f"Ida Berg | {people[1].id}" in run("queue", "--status", "approved")


def test_rejecting(run, pair):
    assert run("reject", pair.id, "--remark", "sisters") == f"pair {pair.id} is rejected\n"
    assert "rejected  1" in run("stats")


def test_a_choice_that_is_none_is_a_usage_error(run, pair, rows):
    before = rows()
    assert "is not FIELD=SIDE" in run("approve", pair.id, "--choose", "family_name", status=2)
    assert rows() == before
