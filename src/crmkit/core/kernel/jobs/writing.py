"""The jobs that a unit leaves behind: one row for each durable subscriber of its events, and each hastened schedule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import attrs

from crmkit.core.kernel.access.actors import SYSTEM
from crmkit.core.kernel.jobs.queries import INSERT, blank
from crmkit.core.kernel.jobs.rules import MAX_CHAIN
from crmkit.core.kernel.jobs.waking import announce
from crmkit.values.ids import new_id
from crmkit.values.instants import format_instant

if TYPE_CHECKING:
    from crmkit.core.kernel.units.work import Work
    from crmkit.values.event import Event

__all__ = ["write_jobs"]


def write_jobs(work: Work) -> None:
    """Write the jobs in the unit's own transaction, so that no cursor can miss an event."""
    jobs = [job for seq, event in enumerate(work.events) for job in _jobs(work, seq, event)]
    jobs += [_hastened(work, plugin, name) for plugin, name in sorted(work.hastened)]
    if jobs:
        work.jobs += len(jobs)
        work.db.run_many(INSERT, jobs)
        announce(work.db, work.tenant)


def _jobs(work: Work, seq: int, event: Event) -> list[dict[str, Any]]:
    durable = work.hooks.durable(type(event))
    if not durable:
        return []
    from crmkit.core.kernel.wire import to_json  # cattrs is needed by durable subscribers only

    record = _record_of(event)
    common = {
        "kind": "event",
        "name": type(event).__name__,
        "payload": to_json(event),
        "unit_id": work.id,
        "actor_id": None if work.actor is SYSTEM else work.actor.id,
        "on_behalf_of": work.on_behalf_of,
        "record_id": record,
        "record_version": work.versions.get(record) if record else None,
        "seq": seq,
        "chain": work.facts.chain,
    }
    if work.facts.chain >= MAX_CHAIN:  # written all the same, so that somebody sees it
        common |= {"state": "dead", "due_at": None, "last_error": f"jobs made by jobs, {MAX_CHAIN} deep"}
    return [
        {**blank(work.tenant, new_id(), work.now), **common, "plugin": one.plugin, "handler": one.key}
        for one in durable
    ]


def _hastened(work: Work, plugin: str, name: str) -> dict[str, Any]:
    """A schedule's job that is due now. It belongs to no unit, since what is to be done may be that of several."""
    planned = work.runtime.schedules[plugin, name]
    said: dict[str, Any] = {"kind": "schedule", "name": name, "plugin": plugin, "handler": planned.schedule.run}
    said |= {"payload": {"at": format_instant(work.now)}, "actor_id": planned.actor.id, "chain": work.facts.chain}
    return {**blank(work.tenant, new_id(), work.now), **said}


def _record_of(event: Event) -> UUID | None:
    """The record that the event is about: the first of its own fields that is an id."""
    values = (getattr(event, a.name) for a in attrs.fields(type(event)))
    return next((value for value in values if isinstance(value, UUID)), None)
