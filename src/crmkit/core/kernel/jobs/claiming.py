"""Claiming: a worker takes due jobs of one tenant under a lease, each with a new fencing token."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.deployment.tenants import read_tenant
from crmkit.core.kernel.entities.columns import Id, Json, codec_of
from crmkit.core.kernel.jobs.planning import plant_next
from crmkit.core.kernel.jobs.queries import CLAIM, RELEASE, SETTLE, candidates, handlers_named

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.jobs.rules import JobState
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Claim", "claim", "handlers_of", "release", "settle"]

LOST: Final = "its worker was lost"


@frozen(kw_only=True)
class Claim:
    """A job that this worker may run, as long as nobody else claims it.

    Attributes:
        tenant: the tenant's id.
        id: the job's.
        kind: ``event`` or ``schedule``.
        name: the event's class, or the schedule's name.
        plugin: whose it is.
        handler: what runs it, as ``module:name``.
        payload: the event, or when the schedule was due, in JSON form.
        unit: the unit that told the event.
        actor: who acts; None for crmkit itself.
        on_behalf_of: for whom, under a delegation.
        chain: how many jobs came before it.
        attempts: how often it has failed, or its worker was lost.
        token: under which it was claimed; what is settled under an older one has no effect.
    """

    tenant: str
    id: UUID
    kind: str
    name: str
    plugin: str
    handler: str
    payload: Any
    unit: UUID | None
    actor: str | None
    on_behalf_of: str | None
    chain: int
    attempts: int
    token: int


def handlers_of(db: Db, runtime: Runtime, tenant: str) -> frozenset[str]:
    """The handlers of the plugins that the tenant uses now, as jobs name them.

    Raises:
        UnknownTenantError: if there is no such tenant, or it is not active.
    """  # raised by read_tenant
    enabled, hooks = runtime.profile(db, read_tenant(db, tenant))
    schedules = (one.schedule.run for one in runtime.schedules.values() if one.plugin in enabled)
    return frozenset((*(key for _, key in hooks.handlers), *schedules))


def claim(db: Db, runtime: Runtime, tenant: str, *, limit: int, job: UUID | None = None) -> list[Claim]:
    """Claim due jobs of a tenant, in a transaction that the caller has begun and commits at once.

    Jobs of plugins that are disabled or gone stay as they are. One whose last worker was lost is claimed alone, since
    it may be what ended the worker; if that was its last attempt, it becomes a dead letter.

    Args:
        db: the transaction.
        runtime: what is loaded.
        tenant: whose jobs.
        limit: how many at most.
        job: only this one.
    """
    handlers = handlers_of(db, runtime, tenant)
    if not handlers:
        return []
    now, limits = runtime.clock.now(), runtime.config.jobs
    named = handlers_named(handlers)
    params: dict[str, Any] = {"tenant": tenant, "now": now, "limit": limit, **named}
    if job is not None:
        params["job"] = job
    rows = db.rows(candidates(len(named), one=job is not None), params)
    lost = [row for row in rows if row[_STATE] == "running"][:1]
    claimed = [_claimed(db, tenant, row, lost=bool(lost)) for row in lost or rows]
    until = now + timedelta(seconds=limits.lease)
    if claimed:
        common = {"tenant": tenant, "until": until}
        values = [{**common, "job": c.id, "new_token": c.token, "tries": c.attempts} for c in claimed]
        db.run_many(CLAIM, values)
    for one in claimed:
        if one.kind == "schedule" and (planned := runtime.schedules.get((one.plugin, one.name))):
            plant_next(db, tenant, planned, now)
    if lost and claimed[0].attempts >= limits.max_attempts:
        settle(db, claimed[0], outcome="dead", attempts=claimed[0].attempts, error=LOST, due=None, over=now)
        return []
    return claimed


_STATE: Final = 10
"""The place of the state among the columns; that of the attempts follows, then the token."""


def _claimed(db: Db, tenant: str, row: tuple[Any, ...], *, lost: bool) -> Claim:
    load, as_id = codec_of(Json(), db.dialect).from_driver, codec_of(Id(), db.dialect).from_driver
    unit = row[6]
    return Claim(
        tenant=tenant,
        id=as_id(row[0]) if as_id else row[0],
        kind=row[1],
        name=row[2],
        plugin=row[3],
        handler=row[4],
        payload=load(row[5]) if load else row[5],
        unit=as_id(unit) if as_id and unit is not None else unit,
        actor=row[7],
        on_behalf_of=row[8],
        chain=row[9],
        attempts=row[_STATE + 1] + lost,
        token=row[_STATE + 2] + 1,
    )


def settle(
    db: Db,
    claimed: Claim,
    *,
    outcome: JobState,
    attempts: int,
    error: str | None,
    due: datetime | None,
    over: datetime | None,
) -> bool:
    """Say what has become of a job that failed; whether it was still this claim's.

    Args:
        db: a transaction.
        claimed: the job.
        outcome: its new state.
        attempts: how often it has failed by now.
        error: why.
        due: when it is to be tried again; None if it is over.
        over: when it was over; None if it is to be tried again.
    """
    mine = {"tenant": claimed.tenant, "job": claimed.id, "token": claimed.token}
    values = {"outcome": outcome, "tries": attempts, "error": error, "due": due, "over": over}
    return bool(db.run(SETTLE, {**mine, **values}))


def release(db: Db, claimed: Claim, now: datetime) -> None:
    """Give a job back that was claimed and not begun."""
    db.run(RELEASE, {"tenant": claimed.tenant, "job": claimed.id, "token": claimed.token, "due": now})
