"""`deliver`: what happens after a commit, in a test of a host that never commits."""

from __future__ import annotations

import pytest
import reminding
from sqlalchemy.orm import Session

from crmkit import Interaction, PartyAdded, Person, Rule, f
from crmkit.errors import ForbiddenError
from crmkit.testing import deliver


@pytest.fixture
def host(crm):
    """The transaction of a test, which is rolled back after it."""
    with crm.engine.connect() as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def join(crm, host):
    def join(name="Ida", actor="ada"):
        with crm.join(host, actor) as uow:
            return uow.parties.add(Person(given_name=name)).id

    return join


def count(crm, host, party):
    with crm.join(host, "ada") as uow:
        return uow.count(Interaction, (f.party_id == party) & (f.summary == "greeted"))


def test_subscribers_are_told_and_jobs_are_run_in_the_same_transaction(crm, host, join, rows):
    told = []
    crm.on(PartyAdded, told.append)
    before = rows()
    party = join()
    assert told == []
    delivered = deliver(crm, host)
    assert [event.party for event in told] == [party]
    assert [(job.plugin, job.name) for job in delivered.jobs] == [("reminding", "PartyAdded")]
    assert [type(event).__name__ for event in delivered.events] == ["PartyAdded", "InteractionRecorded"]
    assert count(crm, host, party) == 1
    host.rollback()
    assert rows() == before


def test_what_was_delivered_is_not_delivered_again(crm, host, join):
    join()
    assert len(deliver(crm, host).jobs) == 1
    assert deliver(crm, host).events == ()
    join("Tom")
    assert [type(event).__name__ for event in deliver(crm, host).events] == ["PartyAdded", "InteractionRecorded"]


def test_a_session_that_commits_to_a_savepoint_is_delivered_for(crm, host):
    """As SQLAlchemy's recipe for test suites has it: the application commits, and its commit is none."""
    host.begin()
    with Session(host, join_transaction_mode="create_savepoint") as session:
        with crm.join(session, "ada") as uow:
            party = uow.parties.add(Person(given_name="Ida")).id
        session.commit()
        assert len(deliver(crm, session).jobs) == 1
        assert count(crm, session, party) == 1


def test_what_was_rolled_back_to_a_savepoint_is_not_delivered(crm, host, join):
    host.begin()
    inner = host.begin_nested()
    join()
    inner.rollback()
    assert deliver(crm, host).events == ()


def test_a_failing_job_fails_the_test(crm, host, join):
    reminding.TROUBLE["greet"] = RuntimeError("no paper")
    party = join()
    with pytest.raises(AssertionError, match=r"reminding \(PartyAdded\): RuntimeError: no paper at reminding.py:"):
        deliver(crm, host)
    assert count(crm, host, party) == 0


def test_failures_can_be_looked_at(crm, host, join):
    def fail(event):
        raise KeyError(event)

    crm.on(PartyAdded, fail)
    join()
    delivered = deliver(crm, host, allow_failures=True)
    assert [text.partition(":")[0] for text in delivered.failures] == ["host (PartyAdded)"]
    assert len(delivered.jobs) == 1


def test_afterwards_units_have_transactions_of_their_own_again(crm, host, join, tenant):
    join()
    deliver(crm, host)
    host.rollback()
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Eva"))
    with crm.begin("ada", read_only=True) as uow:
        assert uow.history.units(limit=1)[0].actor == "ada"
        assert [p.given_name for p in uow.each(Person)] == ["Eva"]
    assert list(crm.verify(tenant=tenant)) == []


def test_rights_that_are_rolled_back_are_not_remembered(crm, host):
    """Two transactions may each be the next one to change rights, and only one of them is stored."""

    def change(uow, rules):
        uow.permissions.change_role("seller", rules=rules)

    with crm.join(host, "ada") as uow:
        change(uow, [Rule(effect="permit", permission="party.*")])
    with crm.join(host, "sam") as uow:
        uow.parties.add(Person(given_name="Ida"))
    host.rollback()
    with crm.begin("ada") as uow:
        change(uow, [Rule(effect="permit", permission="deal.*")])
    with pytest.raises(ForbiddenError), crm.begin("sam") as uow:
        uow.parties.add(Person(given_name="Ida"))
