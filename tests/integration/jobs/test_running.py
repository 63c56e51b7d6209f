"""A job is done once, by the rights of its actor; what fails is tried again, and given up in the end."""

from __future__ import annotations

from datetime import timedelta

import pytest
import reminding
from sqlalchemy import text

from crmkit import new_id
from crmkit.errors import (
    ConflictError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    RetryableStorageError,
    UnknownTenantError,
)

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
LAST = 10  # tries, by default
_DENIED = text("SELECT actor_id FROM crm_denial WHERE tenant_id = :t")


def only(crm, **by):
    (job,) = crm.jobs.list(**by)
    return job


def try_until_given_up(clock, run):
    for _ in range(LAST):
        assert run() == 1
        clock.advance(HOUR)
    assert run() == 0


# -- done -------------------------------------------------------------------------------------------------------------


def test_a_durable_subscriber_is_called_by_a_worker(add, run, greetings, states):
    party = add()
    assert greetings(party) == 0
    assert states() == [("PartyAdded", "queued")]
    assert run() == 1
    assert greetings(party) == 1
    assert states() == [("PartyAdded", "done")]
    assert run() == 0


def test_it_is_handed_the_event_as_it_was_told(add, run, recorded_events):
    party = add()
    run()
    (seen,) = reminding.SEEN
    (told,) = recorded_events.of(type(seen))
    assert (seen, seen.origin, seen.party) == (told, told.origin, party)


def test_what_it_does_is_a_unit_that_names_its_cause(crm, add, run, tenant):
    add()
    run()
    with crm.engine.connect() as connection:
        found = connection.execute(
            text("SELECT id, caused_by, source, actor_id FROM crm_unit WHERE tenant_id = :t ORDER BY id"), {"t": tenant}
        ).all()
    cause, effect = found[-2:]
    assert (effect.caused_by, effect.source, effect.actor_id) == (cause.id, "job:reminding", "ada")


def test_a_unit_that_is_rolled_back_leaves_no_job(crm, add, states):
    with pytest.raises(KeyError), crm.begin("ada") as uow:
        uow.parties.add(reminding.Person(given_name="Ida"))
        raise KeyError
    assert states() == []


def test_what_an_attempt_takes_back_leaves_no_job(crm, states):
    with crm.begin("ada") as uow:
        uow.parties.add(reminding.Person(given_name="Ida"))
        with pytest.raises(KeyError), uow.attempt():
            uow.parties.add(reminding.Person(given_name="Ole"))
            raise KeyError
    assert states() == [("PartyAdded", "queued")]


def test_a_hosts_transaction_carries_the_job_too(crm, states):
    with crm.engine.connect() as connection:
        for end in ("rollback", "commit"):
            transaction = connection.begin()
            with crm.join(connection, "ada") as uow:
                uow.parties.add(reminding.Person(given_name="Ida"))
            getattr(transaction, end)()
    assert states() == [("PartyAdded", "queued")]


def test_one_job_can_be_run_by_its_id(crm, add, greetings):
    one, other = add(), add("Ole")
    job = crm.jobs.list()[0]
    assert crm.jobs.run_one(job.id) == "done"
    assert (greetings(one), greetings(other)) == (0, 1)
    assert crm.jobs.run_one(job.id) is None
    assert crm.jobs.run_one(new_id()) is None
    assert greetings(other) == 1


def test_jobs_of_another_tenant_cannot_be_run_by_their_ids(crm_with, crm, add, greetings, tenant):
    party = add()
    crm_with(reminding.MANIFEST, tenant=f"{tenant}-other")
    assert crm.jobs.run_one(only(crm).id, tenant=f"{tenant}-other") is None
    assert greetings(party) == 0


# -- failed -----------------------------------------------------------------------------------------------------------


def test_what_fails_has_no_effect_and_is_tried_again_later(crm, clock, add, run, greetings):
    reminding.TROUBLE["greet"] = KeyError("Ida Berg")
    party = add()
    assert run() == 1
    job = only(crm)
    assert (job.state, job.attempts, greetings(party)) == ("queued", 1, 0)
    assert clock.now() + 2.5 * SECOND <= job.due_at <= clock.now() + 5 * SECOND
    assert run() == 0
    clock.advance(5 * SECOND)
    reminding.TROUBLE.clear()
    assert run() == 1
    assert (only(crm).state, only(crm).last_error, greetings(party)) == ("done", None, 1)


def test_the_error_is_named_without_its_text(crm, add, run):
    reminding.TROUBLE["greet"] = KeyError("Ida Berg")
    add()
    run()
    error = only(crm).last_error
    assert error.startswith("KeyError at reminding.py:")
    assert "Ida" not in error


def test_what_always_fails_is_a_dead_letter_after_its_last_try(crm, clock, add, run, greetings):
    reminding.TROUBLE["greet"] = KeyError()
    party = add()
    try_until_given_up(clock, run)
    assert len(reminding.SEEN) == LAST
    job = only(crm, state="dead")
    assert (job.attempts, job.due_at, greetings(party)) == (LAST, None, 0)


def test_a_dead_letter_can_be_tried_again(crm, clock, add, run, greetings):
    reminding.TROUBLE["greet"] = KeyError()
    party = add()
    try_until_given_up(clock, run)
    reminding.TROUBLE.clear()
    crm.jobs.retry(only(crm).id)
    assert run() == 1
    assert (only(crm).state, greetings(party)) == ("done", 1)


def test_all_that_was_given_up_can_be_tried_again(crm, clock, add, run, greetings):
    reminding.TROUBLE["greet"] = KeyError()
    parties = [add(), add("Ole")]
    for _ in range(LAST):
        assert run() == 2
        clock.advance(HOUR)
    reminding.TROUBLE.clear()
    assert crm.jobs.retry_all(plugin="another") == 0
    assert crm.jobs.retry_all() == 2
    assert run() == 2
    assert [greetings(party) for party in parties] == [1, 1]


def test_a_job_can_be_dropped(crm, add, run, greetings, states):
    party = add()
    crm.jobs.drop(only(crm).id)
    assert run() == 0
    assert (states(), greetings(party)) == ([("PartyAdded", "dropped")], 0)


@pytest.mark.parametrize("verb", ["retry", "drop"])
def test_what_is_done_stays_done(crm, add, run, rows, verb):
    add()
    run()
    before = rows()
    with pytest.raises(ConflictError, match="is done"):
        getattr(crm.jobs, verb)(only(crm).id)
    with pytest.raises(NotFoundError):
        getattr(crm.jobs, verb)(new_id())
    assert rows() == before


def test_what_is_asked_for_must_be_there(crm, rows):
    before = rows()
    with pytest.raises(InvalidValueError, match="queued, running, done"):
        crm.jobs.list(state="lost")
    with pytest.raises(UnknownTenantError):
        crm.jobs.list(tenant="nowhere")
    assert rows() == before


def test_a_deadlock_is_no_failure(crm, add, run, greetings, monkeypatch):
    """What the database takes back for reasons of its own is run again at once."""
    party = add()
    trouble = [RetryableStorageError("a deadlock")] * 2

    class Trouble(dict):
        def __contains__(self, name):
            return bool(trouble)

        def __getitem__(self, name):
            return trouble.pop()

    monkeypatch.setattr(reminding, "TROUBLE", Trouble())
    assert run() == 1
    assert (only(crm).state, only(crm).attempts, greetings(party)) == ("done", 0, 1)
    assert len(reminding.SEEN) == 3


def test_a_handler_that_swallows_a_refusal_does_not_pass(crm, add, run, monkeypatch):
    """A command that fails poisons the unit, whatever the handler makes of it."""
    add(actor="sam")

    def sneaky(uow, _):
        with pytest.raises(NotFoundError):
            uow.parties.archive(new_id())

    subscriber = crm.runtime.hooks.compile({"reminding"}).handlers
    (event, one) = subscriber["PartyAdded", "reminding:greet"]
    monkeypatch.setitem(subscriber, ("PartyAdded", "reminding:greet"), (event, one.__class__(hook=event, fn=sneaky)))
    run()
    assert only(crm).state == "queued"
    assert only(crm).last_error.startswith("PoisonedUnitError")


# -- rights -----------------------------------------------------------------------------------------------------------


def test_it_runs_by_the_rights_that_its_actor_has_then(crm, actors, add, run, greetings):
    party = add(actor="sam")
    actors.add("sam", roles=["viewer"], teams=["sales"])
    run()
    job = only(crm, state="refused")
    assert (greetings(party), job.due_at) == (0, None)
    assert job.last_error.startswith("ForbiddenError at reminding.py:")
    assert "interaction" in job.last_error
    assert run() == 0


def test_what_was_refused_can_be_tried_again_once_the_rights_are_back(crm, actors, add, run, greetings):
    party = add(actor="sam")
    actors.add("sam", roles=["viewer"], teams=["sales"])
    run()
    actors.add("sam", roles=["seller"], teams=["sales"])
    crm.jobs.retry(only(crm).id)
    run()
    assert (only(crm).state, greetings(party)) == ("done", 1)


def test_an_actor_who_has_left_does_nothing_any_more(crm, actors, add, run, greetings):
    party = add(actor="sam")
    actors.add("sam", roles=["seller"], teams=["sales"], active=False)
    run()
    assert greetings(party) == 0
    assert only(crm).state == "refused"
    assert only(crm).last_error.startswith("UnknownActorError")


def test_a_refused_job_leaves_a_denial_and_nothing_else(crm, actors, add, run, rows):
    add(actor="sam")
    actors.add("sam", roles=["viewer"])
    before = rows()
    run()
    after = rows()
    assert {name for name in after if after[name] != before[name]} == {"crm_job"}
    with crm.engine.connect() as connection:
        denied = connection.execute(_DENIED, {"t": crm.config.crmkit.default_tenant}).all()
    assert denied == [("sam",)]


def test_it_runs_under_the_delegation_that_it_was_caused_under(crm, clock, run, states):
    with crm.begin("max") as uow:
        uow.permissions.delegate("ned", ["party.*", "interaction.*"], until=clock.now() + DAY)
    for wait in (HOUR, DAY):
        with crm.begin("ned", on_behalf_of="max") as uow:
            uow.parties.add(reminding.Person(given_name="Ida", team_id="sales"))
        clock.advance(wait)
        run()
    assert states() == [("PartyAdded", "done"), ("PartyAdded", "refused")]
    assert "delegation.use" in crm.jobs.list()[0].last_error


def test_nobody_gets_the_rights_of_the_system_by_its_name(crm, actors, add, run, greetings):
    actors.add("system", roles=["seller"], teams=["sales"])
    party = add(actor="system")
    actors.add("system", roles=["viewer"])
    run()
    assert (only(crm).state, greetings(party)) == ("refused", 0)
    assert only(crm).actor == "system"


# -- plugins that are away --------------------------------------------------------------------------------------------


def test_jobs_of_a_disabled_plugin_are_kept_and_run_when_it_is_enabled_again(crm, add, run, greetings, rows):
    tenant = crm.config.crmkit.default_tenant
    party = add()
    crm.plugins.disable("reminding", tenant=tenant)
    before = rows()
    assert run() == 0
    assert rows() == before
    assert only(crm).state == "queued"
    assert "disabled" in only(crm).waiting_for
    crm.plugins.enable("reminding", tenant=tenant)
    assert only(crm).waiting_for is None
    assert run() == 1
    assert greetings(party) == 1


def test_jobs_of_a_plugin_that_is_gone_are_kept_and_run_when_it_is_back(crm_with, crm, clock, add, greetings):
    tenant = crm.config.crmkit.default_tenant
    party = add()
    without = crm_with(clock=clock)
    assert without.jobs.run_once(tenant=tenant) == 0
    assert "not loaded" in only(without).waiting_for
    assert crm.jobs.run_once(tenant=tenant) == 1
    assert greetings(party) == 1


def test_jobs_that_cannot_run_do_not_stand_in_the_way_of_others(crm_with, clock, add, tenant):
    from reminding import TANGLED

    both = crm_with(reminding.MANIFEST, TANGLED, clock=clock)
    with both.begin("ada") as uow:
        party = uow.parties.add(reminding.Person(given_name="Ida"))
    with both.begin("ada") as uow:
        uow.parties.update(reminding.evolve(uow.get(reminding.Person, party.id), given_name="Ida2"))
    both.plugins.disable("tangled", tenant=tenant)
    assert both.jobs.run_once(tenant=tenant) == 2
    assert sorted((j.plugin, j.state) for j in both.jobs.list()) == [
        ("reminding", "done"),
        ("reminding", "done"),
        ("tangled", "queued"),
    ]


# -- order ------------------------------------------------------------------------------------------------------------


def told(names):
    return [name for name, _ in names]


def test_events_of_one_record_are_told_in_the_order_of_its_versions(crm, clock, add, rename, run):
    party = add()
    run()
    reminding.SEEN.clear()
    reminding.TROUBLE["follow"] = KeyError()
    rename(party, "one", "two", "three")
    assert run() == 1, "the second waits until the first is done"
    reminding.TROUBLE.clear()
    assert run() == 0
    clock.advance(HOUR)
    assert run() == 3
    jobs = [job for job in reversed(crm.jobs.list()) if job.name == "PartyUpdated"]
    events = [origin for _, origin in reminding.SEEN]
    assert events[0] == events[1], "a duplicate has the same id"
    assert len(set(events)) == len(jobs) == 3
    assert sorted({*events}) == [*dict.fromkeys(events)], "ids of events are made in their order"


def test_a_clock_that_jumps_back_does_not_change_the_order(clock, add, rename, run):
    party = add()
    run()
    reminding.SEEN.clear()
    for name in ("one", "two", "three"):
        rename(party, name)
        clock.advance(-DAY)
    clock.advance(10 * DAY)
    assert run() == 3
    events = [origin for _, origin in reminding.SEEN]
    assert events == sorted(events)


def test_another_record_does_not_wait(add, rename, run):
    one, other = add(), add("Ole")
    run()
    reminding.SEEN.clear()
    reminding.TROUBLE["follow"] = KeyError()
    rename(one, "one")
    assert run() == 1
    reminding.TROUBLE.clear()
    rename(one, "two")
    rename(other, "three")
    assert run() == 1
    assert told(reminding.SEEN)[-1] == "three"


def test_what_was_given_up_does_not_hold_up_what_came_after_it(clock, add, rename, run, states):
    party = add()
    run()
    reminding.TROUBLE["follow"] = KeyError()
    rename(party, "one")
    try_until_given_up(clock, run)
    reminding.TROUBLE.clear()
    rename(party, "two")
    assert run() == 1
    assert states()[1:] == [("PartyUpdated", "dead"), ("PartyUpdated", "done")]


def test_events_that_cause_each_other_without_end_are_stopped(crm_with, clock, tenant):
    crm = crm_with(reminding.TANGLED, clock=clock)
    with crm.begin("ada") as uow:
        party = uow.parties.add(reminding.Person(given_name="Ida")).id
    with crm.begin("ada") as uow:
        uow.parties.update(reminding.evolve(uow.get(reminding.Person, party), given_name="Ida+"))
    assert crm.jobs.run_once(tenant=tenant, limit=100) == 8
    (job,) = crm.jobs.list(state="dead")
    assert "8 deep" in job.last_error


# -- tidying ----------------------------------------------------------------------------------------------------------


def test_what_is_over_goes_after_some_days_and_what_was_given_up_stays(crm_with, clock, tenant):
    crm = crm_with(reminding.MANIFEST, clock=clock, config={"jobs": {"max_attempts": 1, "keep_days": 2}})

    def add():
        with crm.begin("ada") as uow:
            uow.parties.add(reminding.Person(given_name="Ida"))

    add()
    crm.jobs.run_once(tenant=tenant)
    reminding.TROUBLE["greet"] = KeyError()
    add()
    crm.jobs.run_once(tenant=tenant)
    reminding.TROUBLE.clear()
    clock.advance(3 * DAY)
    assert [job.state for job in crm.jobs.list()] == ["dead", "done"]
    add()
    crm.jobs.run_once(tenant=tenant)
    assert [job.state for job in crm.jobs.list()] == ["done", "dead"]


def test_jobs_are_counted(crm, clock, add, run, tenant):
    add()
    run()
    add("Ole")
    clock.advance(SECOND)
    (stats,) = crm.jobs.stats(tenant=tenant)
    assert stats.counts == {"done": 1, "queued": 1}
    assert stats.late == SECOND
    assert tenant in {one.tenant for one in crm.jobs.stats()}


def test_a_unit_that_is_undone_takes_its_waiting_jobs_along(crm, add, run, states, tenant):
    from crmkit.core.kernel.jobs.administration import undone

    add()
    unit, now = only(crm).unit, crm.runtime.clock.now()
    assert crm.jobs._workshop.transact(lambda db: undone(db, tenant, unit, new_id(), now)) == (1, 0)
    assert run() == 0
    assert states() == [("PartyAdded", "dropped")]


def test_a_forbidden_reader_is_told_nothing_by_jobs(crm, add):
    add("Geheim")
    assert "Geheim" not in repr(crm.jobs.list())
    with pytest.raises(ForbiddenError), crm.begin("nobody") as uow:
        uow.parties.add(reminding.Person(given_name="Ida"))
    assert len(crm.jobs.list()) == 1


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_an_event_whose_transaction_commits_late_is_not_missed(crm, add, run, states):
    """No cursor passes it by: what was committed later, though begun earlier, is done all the same.

    On SQLite, where one transaction writes at a time, none can.
    """
    with crm.engine.connect() as connection:
        slow = connection.begin()
        with crm.join(connection, "ada") as uow:
            uow.parties.add(reminding.Person(given_name="Slow"))
        add("Quick")
        assert run() == 1
        slow.commit()
    assert run() == 1
    assert {state for _, state in states()} == {"done"}
