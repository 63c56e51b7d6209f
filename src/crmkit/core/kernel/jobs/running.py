"""Running one job: claim, effect and acknowledgement. Whatever drives workers, this is all that it has to call."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Literal

from crmkit.core.kernel.access.actors import SYSTEM, Actor
from crmkit.core.kernel.hooks.health import CONTAINED
from crmkit.core.kernel.hooks.signatures import code_of
from crmkit.core.kernel.jobs.claiming import Claim, claim, handlers_of, release, settle
from crmkit.core.kernel.jobs.errand import Errand
from crmkit.core.kernel.jobs.queries import ACKNOWLEDGE
from crmkit.core.kernel.jobs.rules import backoff, cause_of, verdict
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.units.work import UnitFacts
from crmkit.errors import CrmkitError, JobLostError
from crmkit.values.instants import parse_instant

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.units.unit import UnitOfWork
    from crmkit.core.kernel.units.units import Units

__all__ = ["Outcome", "Workshop"]

Outcome = Literal["done", "failed", "lost", "released"]

RACES: Final = 3
"""How often a job is run again at once after a deadlock and the like, which are nobody's fault."""

log = logging.getLogger("crmkit.jobs")


class _NotHereError(Exception):
    """The plugin was disabled after the job was claimed."""


class Workshop:
    """Claims and runs jobs.

    Args:
        runtime: what is loaded.
        units: makes the unit of work in which a job has its effect, and reaches the jobs.
    """

    def __init__(self, runtime: Runtime, units: Units[Any]) -> None:
        self._runtime, self._units = runtime, units

    def transact(self, do: Callable[[Db], Any], *, read_only: bool = False) -> Any:
        """What ``do`` answers, in a short transaction of its own."""
        with self._units.transaction(read_only=read_only) as connection:
            return do(Db(connection, self._runtime.config.database.schema, self._runtime.guard))

    def claim(self, tenant: str, *, limit: int, job: UUID | None = None) -> list[Claim]:
        """Claim due jobs of a tenant; see `crmkit.core.kernel.jobs.claiming.claim`."""
        found: list[Claim] = self.transact(lambda db: claim(db, self._runtime, tenant, limit=limit, job=job))
        return found

    def release(self, claims: list[Claim]) -> None:
        """Give jobs back that were claimed and not begun."""
        now = self._runtime.clock.now()

        def give_back(db: Db) -> None:
            for one in claims:
                release(db, one, now)

        self.transact(give_back)

    def run_one(self, tenant: str, job: UUID) -> Outcome | None:
        """Claim one job and run it; None if it is not there, not due, blocked by an earlier one, or somebody else's."""
        claims = self.claim(tenant, limit=1, job=job)
        return self.run(claims[0]) if claims else None

    def run(self, claimed: Claim) -> Outcome:
        """Run a job that was claimed: its effect and its acknowledgement are one transaction.

        Args:
            claimed: the claim; one that is no longer valid has no effect.

        Raises:
            StorageError: if the database fails at saying that the job has failed; the lease ends by itself.
            AssertionError: never.
        """  # the former by _failed
        for race in range(RACES + 1):
            try:
                self._attempt(claimed) if not self._is_errand(claimed) else self._run_errand(claimed)
            except JobLostError:
                return "lost"
            except _NotHereError:
                self.release([claimed])
                return "released"
            except CONTAINED as error:
                if isinstance(error, CrmkitError) and error.retryable and race < RACES:
                    continue
                self._failed(claimed, error)
                return "failed"
            else:
                return "done"
        raise AssertionError  # pragma: no cover  # the loop returns

    def _attempt(self, claimed: Claim) -> None:
        """The job in a unit of its own. It is acknowledged first: that locks its row, so a lease cannot run out on it.

        Raises:
            JobLostError: if it is no longer this claim's.
        """
        facts = UnitFacts(source=f"job:{claimed.plugin}", caused_by=claimed.unit, chain=claimed.chain + 1)
        actor = self._actor(claimed)
        with self._units.begin(actor, claimed.tenant, on_behalf_of=claimed.on_behalf_of, facts=facts) as uow:
            work = uow._work  # noqa: SLF001  # the kernel's own unit
            mine = {"tenant": claimed.tenant, "job": claimed.id, "token": claimed.token}
            if not work.db.run(ACKNOWLEDGE, {**mine, "over": work.now}):
                raise JobLostError(claimed.id)
            fn, said = self._what(claimed, uow)
            fn(uow, said)

    def _is_errand(self, claimed: Claim) -> bool:
        planned = self._runtime.schedules.get((claimed.plugin, claimed.name)) if claimed.kind == "schedule" else None
        return planned is not None and planned.schedule.errand

    def _run_errand(self, claimed: Claim) -> None:
        """The job between units of its own; acknowledged when it has ended.

        Raises:
            JobLostError: if it is no longer this claim's.
            _NotHereError: if its plugin is not enabled for the tenant.
        """
        planned = self._runtime.schedules[claimed.plugin, claimed.name]
        if not self.transact(lambda db: claimed.handler in handlers_of(db, self._runtime, claimed.tenant)):
            raise _NotHereError
        planned.fn(Errand(self._runtime, self._units, claimed, planned.actor), parse_instant(claimed.payload["at"]))
        mine = {"tenant": claimed.tenant, "job": claimed.id, "token": claimed.token}
        over = self._runtime.clock.now()
        if not self.transact(lambda db: db.run(ACKNOWLEDGE, {**mine, "over": over})):
            raise JobLostError(claimed.id)

    def _actor(self, claimed: Claim) -> str | Actor:
        """Who acts; their rights are read anew.

        Raises:
            _NotHereError: if the schedule is no longer there.
        """
        if claimed.kind == "schedule":
            planned = self._runtime.schedules.get((claimed.plugin, claimed.name))
            if planned is None:
                raise _NotHereError
            return planned.actor
        return SYSTEM if claimed.actor is None else claimed.actor

    def _what(self, claimed: Claim, uow: UnitOfWork) -> tuple[Callable[[Any, Any], None], Any]:
        """The function to call, and what with: the event, or the instant for which the schedule was due.

        Raises:
            _NotHereError: if its plugin is not enabled for the tenant.
        """
        from crmkit.core.kernel.wire import from_json  # cattrs only where there are jobs

        work = uow._work  # noqa: SLF001  # the kernel's own unit
        if claimed.kind == "schedule":
            if claimed.plugin not in work.enabled:
                raise _NotHereError
            return self._runtime.schedules[claimed.plugin, claimed.name].fn, parse_instant(claimed.payload["at"])
        found = work.hooks.handlers.get((claimed.name, claimed.handler))
        if found is None:
            raise _NotHereError
        event, subscriber = found
        return subscriber.fn, from_json(claimed.payload, event)

    def _failed(self, claimed: Claim, error: BaseException) -> None:
        """Put the job back to be tried again later, or give it up."""
        limits, health, now = self._runtime.config.jobs, self._runtime.health, self._runtime.clock.now()
        code = self._code(claimed)
        health.fault(claimed.plugin, claimed.name, error, skippable=False, code=code)
        failures = claimed.attempts + 1
        outcome = verdict(error, failures, limits.max_attempts)
        wait = backoff(failures, first=limits.first_wait, longest=limits.longest_wait, jitter=random.random())  # noqa: S311  # jitter, not a secret
        again = outcome == "queued"
        if not again:
            log.error("job %s of plugin %r is %s after %d attempts", claimed.id, claimed.plugin, outcome, failures)
        self.transact(
            lambda db: settle(
                db,
                claimed,
                outcome=outcome,
                attempts=failures,
                error=cause_of(error, code),
                due=now + wait if again else None,
                over=None if again else now,
            )
        )

    def _code(self, claimed: Claim) -> Any:
        if claimed.kind == "schedule":
            planned = self._runtime.schedules.get((claimed.plugin, claimed.name))
            return code_of(planned.fn) if planned else None
        tables = self._runtime.hooks.compile(self._runtime.manifests)
        found = tables.handlers.get((claimed.name, claimed.handler))
        return code_of(found[1].fn) if found else None
