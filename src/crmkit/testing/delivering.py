"""Delivery in tests of an application that rolls its transaction back after each one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from crmkit.api import Event

if TYPE_CHECKING:
    from crmkit.api import CRM, JobStatus

__all__ = ["Delivered", "deliver"]

UNDONE = frozenset({"lost", "released"})


@frozen(kw_only=True)
class Delivered:
    """What `deliver` has delivered.

    Attributes:
        events: every event, in order, those that subscribers and jobs have caused too.
        jobs: the jobs of durable subscribers that were run.
        failures: what went wrong, in words; empty unless failures were allowed.
    """

    events: tuple[Event, ...]
    jobs: tuple[JobStatus, ...]
    failures: tuple[str, ...]


def deliver(crm: CRM, host: Any, *, allow_failures: bool = False) -> Delivered:
    """Do what would happen after the commit of a transaction that a test will never commit.

    Subscribers are told the events of all units that have joined the transaction so far, and the jobs of durable
    subscribers are run, each once; so is what they cause in turn. All of it takes part in the same transaction, and is
    rolled back with it. Schedules are not run.

    Args:
        crm: the CRM that the units belong to.
        host: the application's Connection or Session, as it was given to `CRM.join`. What a session has loaded before
            and a subscriber has changed must be expired by the test.
        allow_failures: give failures back instead of raising them.

    Raises:
        AssertionError: if a subscriber or a job failed; names all of them.
    """
    before = _faults(crm)
    events: list[Event] = []
    leave = crm.on(Event, events.append)
    try:
        ran = crm._deliver(host)  # noqa: SLF001  # what only tests may do has no public name
    finally:
        leave()
    faults = [text for key, (count, text) in _faults(crm).items() if count > before.get(key, (0, ""))[0]]
    lost = [
        f"{job.plugin} ({job.name}): its job was {outcome}" for job, outcome in ran if outcome in {"lost", "released"}
    ]
    failures = (*faults, *lost)
    if failures and not allow_failures:
        raise AssertionError(f"delivering failed: {'; '.join(failures)}")
    return Delivered(events=tuple(events), jobs=tuple(job for job, _ in ran), failures=failures)


def _faults(crm: CRM) -> dict[tuple[str, str], tuple[int, str]]:
    return {
        (one.plugin, one.hook): (one.faults, f"{one.plugin} ({one.hook}): {one.error} at {one.place}")
        for one in crm.health
    }
