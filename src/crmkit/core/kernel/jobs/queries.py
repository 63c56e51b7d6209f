"""The statements about jobs, and the claim: every one but `DUE` is about one tenant."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import and_, bindparam, delete, func, insert, literal, literal_column, or_, select, true, update

from crmkit.core.kernel.entities.columns import Instant, Integer, Text
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import job_table as job
from crmkit.core.kernel.storage.tables import tenant_table

__all__ = [
    "ACKNOWLEDGE",
    "CANCEL",
    "CLAIM",
    "COUNTS",
    "DUE",
    "INSERT",
    "MOVE",
    "PRUNE",
    "READ",
    "RELEASE",
    "RENEW",
    "REQUEUE",
    "SETTLE",
    "TO_CANCEL",
    "TO_REQUEUE",
    "blank",
    "candidates",
    "handlers_named",
    "listed",
]

INSERT: Final = Statement(insert(job).values({c.name: bindparam(c.name) for c in job.columns}))


def blank(tenant: str, id_: UUID, now: datetime) -> dict[str, Any]:
    """The row of a job that nobody has touched yet."""
    return {
        "tenant_id": tenant,
        "id": id_,
        "unit_id": None,
        "actor_id": None,
        "on_behalf_of": None,
        "record_id": None,
        "record_version": None,
        "seq": 0,
        "chain": 0,
        "state": "queued",
        "due_at": now,
        "attempts": 0,
        "fencing_token": 0,
        "last_error": None,
        "created_at": now,
        "finished_at": None,
        "undo_id": None,
    }


_next_due = (
    select(func.min(job.c.due_at))
    .where(job.c.tenant_id == tenant_table.c.tenant_id)
    .correlate(tenant_table)
    .scalar_subquery()
)
DUE: Final = Statement(select(tenant_table.c.tenant_id, _next_due.label("due")).where(tenant_table.c.active == true()))
"""When a worker is next to look into each tenant: one probe of an index per tenant."""

# -- claiming ---------------------------------------------------------------------------------------------------------

_earlier = job.alias("earlier")
# Not EXISTS, of which PostgreSQL would make a join with all jobs that wait; nor IS NULL, which it takes for so rare
# that it would ask this of every job that is due, to sort what is left.
_blocked = (
    select(literal_column("1"))
    .where(
        _earlier.c.tenant_id == bindparam("tenant"),
        _earlier.c.record_id == job.c.record_id,
        _earlier.c.plugin == job.c.plugin,
        _earlier.c.state.in_([literal("queued", Text()), literal("running", Text())]),
        or_(
            _earlier.c.record_version < job.c.record_version,
            and_(_earlier.c.record_version == job.c.record_version, _earlier.c.seq < job.c.seq),
        ),
    )
    .limit(literal_column("1"))
    .correlate(job)
    .scalar_subquery()
)
COLUMNS: Final = (
    job.c.id,
    job.c.kind,
    job.c.name,
    job.c.plugin,
    job.c.handler,
    job.c.payload,
    job.c.unit_id,
    job.c.actor_id,
    job.c.on_behalf_of,
    job.c.chain,
    job.c.state,
    job.c.attempts,
    job.c.fencing_token,
)
_CANDIDATES: Final = dict[tuple[int, bool], Statement]()


def candidates(handlers: int, *, one: bool = False) -> Statement:
    """The jobs that may be claimed now, longest due first: known handlers, and nothing earlier of the record undone.

    Args:
        handlers: how many handlers are named.
        one: only the job of a given id.
    """
    found = _CANDIDATES.get((handlers, one))
    if found is None:
        named = [bindparam(f"handler{n}", type_=Text()) for n in range(handlers)]
        clause = (
            select(*COLUMNS)
            .where(
                job.c.tenant_id == bindparam("tenant"),
                job.c.due_at <= bindparam("now", type_=Instant()),
                job.c.handler.in_(named),
                func.coalesce(_blocked, literal_column("0")) < literal_column("1"),
            )
            .order_by(job.c.due_at, job.c.id)
            .limit(bindparam("limit", type_=Integer()))
            .with_for_update(skip_locked=True, of=job)
        )
        if one:
            clause = clause.where(job.c.id == bindparam("job"))
        found = _CANDIDATES[handlers, one] = Statement(clause)
    return found


def handlers_named(keys: Collection[str]) -> dict[str, str]:
    """``keys`` as parameters, repeated up to a power of two, so that few statements serve all numbers of handlers."""
    known = sorted(keys)
    known += [known[-1]] * ((1 << (len(known) - 1).bit_length()) - len(known))
    return {f"handler{n}": key for n, key in enumerate(known)}


_ONE: Final = (job.c.tenant_id == bindparam("tenant"), job.c.id == bindparam("job"))
_MINE: Final = (*_ONE, job.c.fencing_token == bindparam("token"), job.c.state == "running")

CLAIM: Final = Statement(
    update(job)
    .where(*_ONE)
    .values(
        state="running",
        due_at=bindparam("until"),
        fencing_token=bindparam("new_token"),
        attempts=bindparam("tries"),
    )
)
ACKNOWLEDGE: Final = Statement(
    update(job).where(*_MINE).values(state="done", due_at=None, finished_at=bindparam("over"), last_error=None)
)
SETTLE: Final = Statement(
    update(job)
    .where(*_MINE)
    .values(
        state=bindparam("outcome"),
        due_at=bindparam("due"),
        attempts=bindparam("tries"),
        last_error=bindparam("error"),
        finished_at=bindparam("over"),
    )
)
RENEW: Final = Statement(update(job).where(*_MINE).values(due_at=bindparam("until")))
RELEASE: Final = Statement(update(job).where(*_MINE).values(state="queued", due_at=bindparam("due")))

# -- for operators ----------------------------------------------------------------------------------------------------

READ: Final = Statement(select(job.c.state, job.c.plugin).where(*_ONE).with_for_update())
MOVE: Final = Statement(
    update(job)
    .where(*_ONE)
    .values(
        state=bindparam("outcome"),
        due_at=bindparam("due"),
        attempts=0,
        last_error=bindparam("error"),
        finished_at=bindparam("over"),
        fencing_token=job.c.fencing_token + 1,
    )
)
"""Whoever runs it meanwhile has lost it."""
_WAITING = (
    job.c.tenant_id == bindparam("tenant"),
    job.c.state == "queued",
    or_(job.c.unit_id == bindparam("unit"), job.c.undo_id == bindparam("unit")),
)
_CANCELLED = (job.c.tenant_id == bindparam("tenant"), job.c.state == "dropped", job.c.undo_id == bindparam("unit"))
CANCEL: Final = Statement(
    update(job)
    .where(*_WAITING)
    .values(
        state="dropped",
        due_at=None,
        last_error=bindparam("error"),
        finished_at=bindparam("over"),
        undo_id=bindparam("undo"),
    )
)
REQUEUE: Final = Statement(
    update(job)
    .where(*_CANCELLED)
    .values(state="queued", due_at=bindparam("due"), last_error=None, finished_at=None, undo_id=bindparam("undo"))
)
"""What an undo has cancelled, once that is undone."""
TO_CANCEL: Final = Statement(select(func.count()).select_from(job).where(*_WAITING))
TO_REQUEUE: Final = Statement(select(func.count()).select_from(job).where(*_CANCELLED))
COUNTS: Final = Statement(
    select(job.c.state, func.count(), func.min(job.c.due_at))
    .where(job.c.tenant_id == bindparam("tenant"))
    .group_by(job.c.state)
    .order_by(job.c.state)
)
PRUNE: Final = Statement(
    delete(job).where(
        job.c.tenant_id == bindparam("tenant"),
        job.c.state.in_([literal("done", Text()), literal("dropped", Text())]),
        job.c.finished_at < bindparam("before"),
    )
)
STATUS: Final = (
    *COLUMNS,
    job.c.due_at,
    job.c.last_error,
    job.c.created_at,
    job.c.finished_at,
)
_LISTED: Final = dict[tuple[str, ...], Statement]()


def listed(*by: str) -> Statement:
    """Jobs, the latest first, of a tenant and by the columns ``by``."""
    found = _LISTED.get(by)
    if found is None:
        where = [job.c.tenant_id == bindparam("tenant"), *(job.c[name] == bindparam(f"{name}_") for name in by)]
        clause = select(*STATUS).where(*where).order_by(job.c.created_at.desc(), job.c.id.desc())
        found = _LISTED[by] = Statement(clause.limit(bindparam("limit", type_=Integer())))
    return found
