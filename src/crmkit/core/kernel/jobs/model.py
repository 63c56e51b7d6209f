"""Jobs as operators see them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.jobs.rules import JobState

__all__ = ["JobStats", "JobStatus"]


@frozen(kw_only=True)
class JobStatus:
    """One job. What it is about is in the records; here is only what an operator needs to know.

    Attributes:
        id: the job's.
        tenant: whose it is.
        kind: ``event`` (of a durable subscriber) or ``schedule``.
        name: the event's class, or the schedule's name.
        plugin: whose job it is.
        handler: the function that runs it, as ``module:name``.
        state: ``queued``, ``running``, ``done``, ``dead`` (given up after its last attempt), ``refused`` (its actor
            lacked a right when it ran) or ``dropped`` (by an operator, or since its unit was undone).
        waiting_for: why a queued job that is due is not run: its plugin is disabled, or not loaded; None otherwise.
        due_at: when it is to run, UTC; while it is running, when its lease ends; None once it is over.
        attempts: how often it has failed, or its worker was lost.
        last_error: type and place of the last failure; never the text, which may hold names.
        unit: the unit of work that told the event; None for schedules.
        actor: by whose rights it runs; None for crmkit itself.
        on_behalf_of: for whom, under a delegation.
        created_at: when it was written, UTC.
        finished_at: when it was over, UTC; None while it is not.
    """

    id: UUID
    tenant: str
    kind: str
    name: str
    plugin: str
    handler: str
    state: JobState
    waiting_for: str | None
    due_at: datetime | None
    attempts: int
    last_error: str | None
    unit: UUID | None
    actor: str | None
    on_behalf_of: str | None
    created_at: datetime
    finished_at: datetime | None


@frozen(kw_only=True)
class JobStats:
    """The jobs of one tenant.

    Attributes:
        tenant: whose.
        counts: how many there are in each state that there is.
        late: for how long the job that has waited longest has been due; none if nothing is due.
    """

    tenant: str
    counts: Mapping[JobState, int]
    late: timedelta | None
