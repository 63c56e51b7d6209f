"""What the host and operators do with jobs: run them, look at them, try them again, drop them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, get_args
from uuid import UUID

from crmkit.core.kernel.deployment.tenants import check_tenant_id, tenant_ids
from crmkit.core.kernel.entities.columns import Id, Instant, codec_of
from crmkit.core.kernel.jobs.claiming import handlers_of
from crmkit.core.kernel.jobs.model import JobStats, JobStatus
from crmkit.core.kernel.jobs.queries import CANCEL, COUNTS, MOVE, READ, REQUEUE, TO_CANCEL, TO_REQUEUE, listed
from crmkit.core.kernel.jobs.rules import JobState
from crmkit.core.kernel.jobs.runner import Runner
from crmkit.core.kernel.jobs.running import Outcome, Workshop
from crmkit.core.kernel.jobs.waking import announce
from crmkit.errors import ConflictError, InvalidValueError, NotFoundError, UnknownTenantError

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine

    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.units import Units

__all__ = ["Jobs", "to_be_undone", "undone"]

MANY = 10_000
"""How many jobs tests run at once."""
OVER = frozenset({"done", "running"})
"""What is neither tried again nor dropped."""


class Jobs:
    """The jobs of the deployment. Not for request handlers: who has it may do everything with them."""

    def __init__(self, runtime: Runtime, engine: Engine, units: Units[Any]) -> None:
        self._runtime, self._engine = runtime, engine
        self._workshop = Workshop(runtime, units)
        self._runner = Runner(self._workshop, runtime, engine)

    # -- running ------------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run jobs in a thread of this process from now on, until `stop` or `CRM.close`."""
        self._runner.start()

    def stop(self, timeout: float | None = None) -> bool:
        """Finish the job that is running and end the thread.

        Args:
            timeout: how many seconds to wait at most; as long as it takes by default.

        Returns:
            Whether it has ended. What it has claimed and not begun is given back.
        """
        return self._runner.stop(timeout)

    def run_once(self, *, tenant: str | None = None, limit: int | None = None) -> int:
        """Run what is due now, in this thread; for tests, and where something else calls at its times.

        Args:
            tenant: only its jobs; all tenants' by default.
            limit: how many jobs at most.

        Returns:
            How many were run, with whatever outcome.
        """
        return Runner(self._workshop, self._runtime, self._engine).run_due(tenant=tenant, limit=limit)

    def run_one(self, job: UUID, *, tenant: str | None = None) -> Outcome | None:
        """Claim one job and run it, in this thread; what a worker of another queue calls with the ids it is sent.

        Returns:
            ``done``, ``failed`` (tried again later, or given up), ``lost`` or ``released``; None if it is not there,
            not due, somebody else's, or behind an earlier one of its record.
        """
        return self._workshop.run_one(self._tenant(tenant), job)

    def runner(self) -> Runner:
        """A runner for a process that does nothing else."""
        return Runner(self._workshop, self._runtime, self._engine)

    def run_told(self, *, but: Collection[UUID] = ()) -> Sequence[tuple[JobStatus, Outcome]]:
        """Run the jobs that events have left, each once, in the order in which they were written; for tests.

        Args:
            but: ids of those to leave alone.

        Returns:
            Each job as it was before, and what has become of it.
        """
        tenants: Sequence[str] = self._workshop.transact(
            lambda db: [id_ for id_, _ in tenant_ids(db, active=True)], read_only=True
        )
        waiting = [job for t in tenants for job in reversed(self.list(tenant=t, state="queued", limit=MANY))]
        told = [job for job in waiting if job.kind == "event" and job.id not in but]
        return [(job, outcome) for job in told if (outcome := self.run_one(job.id, tenant=job.tenant))]

    # -- looking ------------------------------------------------------------------------------------------------------

    def list(
        self, *, tenant: str | None = None, state: JobState | None = None, plugin: str | None = None, limit: int = 100
    ) -> list[JobStatus]:
        """Jobs of a tenant, the latest first.

        Args:
            tenant: whose; the configured default by default.
            state: only those in this state.
            plugin: only those of this plugin.
            limit: how many at most.

        Raises:
            InvalidValueError: if there is no such state.
            UnknownTenantError: if there is no such tenant.
        """  # the latter by _tenant
        if state is not None and state not in get_args(JobState):
            raise InvalidValueError("state", state, f"is none of {', '.join(get_args(JobState))}")
        owner = self._tenant(tenant)
        by = {name: value for name, value in (("state", state), ("plugin", plugin)) if value is not None}
        params = {"tenant": owner, "limit": limit, **{f"{name}_": value for name, value in by.items()}}

        def read(db: Db) -> list[JobStatus]:
            handlers = handlers_of(db, self._runtime, owner)
            return [self._status(db, owner, handlers, row) for row in db.rows(listed(*by), params)]

        found: list[JobStatus] = self._workshop.transact(read, read_only=True)
        return found

    def stats(self, *, tenant: str | None = None) -> Sequence[JobStats]:
        """How many jobs there are in each state, and how late they are.

        Args:
            tenant: whose; of every tenant by default.
        """
        now = self._runtime.clock.now()

        def read(db: Db) -> tuple[JobStats, ...]:
            owners = [check_tenant_id(tenant)] if tenant else [id_ for id_, _ in tenant_ids(db)]
            return tuple(_stats(db, owner, now) for owner in owners)

        found: tuple[JobStats, ...] = self._workshop.transact(read, read_only=True)
        return found

    # -- mending ------------------------------------------------------------------------------------------------------

    def retry(self, job: UUID, *, tenant: str | None = None) -> None:
        """Run a job again as if it had never failed; its actor's rights are those at that time.

        What came after it on its record may have been done meanwhile.

        Raises:
            NotFoundError: if there is none.
            ConflictError: if it is running, or done.
        """  # raised by _move
        self._move(self._tenant(tenant), job, "queued", None)

    def retry_all(self, *, tenant: str | None = None, plugin: str | None = None) -> int:
        """Run all dead and refused jobs again, in the order in which they were written.

        Args:
            tenant: whose; the configured default by default.
            plugin: only those of this plugin.

        Returns:
            How many there were.
        """
        owner, many = self._tenant(tenant), 0
        for state in ("dead", "refused"):
            while found := self.list(tenant=owner, state=state, plugin=plugin, limit=1000):
                for one in reversed(found):
                    self._move(owner, one.id, "queued", None)
                many += len(found)
        return many

    def drop(self, job: UUID, *, tenant: str | None = None) -> None:
        """Give a job up for good; it stays visible for as long as those that are done.

        Raises:
            NotFoundError: if there is none.
            ConflictError: if it is running, or done.
        """  # raised by _move
        self._move(self._tenant(tenant), job, "dropped", "dropped by an operator")

    def _move(self, tenant: str, job: UUID, outcome: JobState, error: str | None) -> None:
        now = self._runtime.clock.now()
        again = outcome == "queued"

        def write(db: Db) -> None:
            rows = db.rows(READ, {"tenant": tenant, "job": job})
            if not rows:
                raise NotFoundError("job", job)
            if rows[0][0] in OVER:
                raise ConflictError(f"job {job} is {rows[0][0]}; only one that waits or was given up can be moved")
            due, over = (now, None) if again else (None, now)
            db.run(MOVE, {"tenant": tenant, "job": job, "outcome": outcome, "due": due, "error": error, "over": over})
            if again:
                announce(db, tenant)

        self._workshop.transact(write)
        if again:
            self._runtime.bell.ring(tenant)

    # -- the parts ----------------------------------------------------------------------------------------------------

    def _tenant(self, tenant: str | None) -> str:
        found = tenant if tenant is not None else self._runtime.config.crmkit.default_tenant
        if found is None:
            raise UnknownTenantError(None)
        return check_tenant_id(found)

    def _status(self, db: Db, tenant: str, handlers: frozenset[str], row: tuple[Any, ...]) -> JobStatus:
        (id_, kind, name, plugin, handler, _, unit, actor, on_behalf_of, _, state, attempts, _, *times) = row
        due_at, last_error, created_at, finished_at = times
        as_id, as_instant = (codec_of(t, db.dialect).from_driver for t in (Id(), Instant()))

        def read(convert: Any, value: Any) -> Any:
            return value if value is None or convert is None else convert(value)

        waits = state == "queued" and handler not in handlers
        return JobStatus(
            id=read(as_id, id_),
            tenant=tenant,
            kind=kind,
            name=name,
            plugin=plugin,
            handler=handler,
            state=state,
            waiting_for=self._reason(plugin) if waits else None,
            due_at=read(as_instant, due_at),
            attempts=attempts,
            last_error=last_error,
            unit=read(as_id, unit),
            actor=actor,
            on_behalf_of=on_behalf_of,
            created_at=read(as_instant, created_at),
            finished_at=read(as_instant, finished_at),
        )

    def _reason(self, plugin: str) -> str:
        if plugin not in self._runtime.manifests:
            return f"the plugin {plugin!r} is not loaded"
        return f"the plugin {plugin!r} is disabled, or no longer has this handler"


def _stats(db: Db, tenant: str, now: datetime) -> JobStats:
    as_instant = codec_of(Instant(), db.dialect).from_driver
    rows = db.rows(COUNTS, {"tenant": tenant})
    first = next((due for state, _, due in rows if state == "queued"), None)
    first = as_instant(first) if as_instant and first is not None else first
    late = now - first if first is not None and first < now else None
    return JobStats(tenant=tenant, counts={state: many for state, many, _ in rows}, late=late)


def undone(db: Db, tenant: str, unit: UUID, undo: UUID, now: datetime) -> tuple[int, int]:
    """Drop the jobs of a unit that is undone; if it was an undo itself, queue those again that it had dropped.

    Args:
        db: in the transaction of the undo.
        tenant: whose.
        unit: the unit that is undone.
        undo: the unit that undoes it.
        now: when.

    Returns:
        How many are dropped, which are neither done nor running, and how many are queued again.
    """
    params = {"tenant": tenant, "unit": unit, "undo": undo}
    dropped = db.run(CANCEL, {**params, "error": "its unit was undone", "over": now})
    again = db.run(REQUEUE, {**params, "due": now})
    if again:
        announce(db, tenant)
    return dropped, again


def to_be_undone(db: Db, tenant: str, unit: UUID) -> tuple[int, int]:
    """How many jobs `undone` would drop, and how many queue again."""
    params = {"tenant": tenant, "unit": unit}
    return db.rows(TO_CANCEL, params)[0][0], db.rows(TO_REQUEUE, params)[0][0]
