"""The embedded runner: goes round the tenants that have due jobs, and sleeps when there are none."""

from __future__ import annotations

import functools
import logging
import threading
import time
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from crmkit.core.kernel.deployment.tenants import read_tenant
from crmkit.core.kernel.entities.columns import Instant, codec_of
from crmkit.core.kernel.jobs.planning import plant
from crmkit.core.kernel.jobs.queries import DUE, PRUNE
from crmkit.core.kernel.jobs.waking import Listener
from crmkit.errors import CrmkitError, UnknownTenantError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.jobs.running import Workshop
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Runner"]

POLL: Final = {"sqlite": 5.0, "postgresql": 30.0}
"""Seconds between two looks of an idle worker; PostgreSQL announces what is new."""
SOON: Final = 0.05
"""Seconds after which a runner that has just been busy looks again; doubled with every look that finds nothing."""
TROUBLE: Final = 5.0
"""Seconds to wait after the database has failed."""
TIDY: Final = 3600.0
"""Seconds between two times that what is long over is removed from a tenant."""

log = logging.getLogger("crmkit.jobs")


class Runner:
    """Runs due jobs, here or in a thread of its own.

    Tenants take turns: of each that has due jobs a batch is run, those first that have waited longest for their turn.

    Args:
        workshop: claims and runs.
        runtime: what is loaded.
        engine: where the jobs are.
    """

    def __init__(self, workshop: Workshop, runtime: Runtime, engine: Engine) -> None:
        self._workshop, self._runtime, self._engine = workshop, runtime, engine
        self._poll = runtime.config.jobs.poll or POLL[engine.dialect.name]
        self._turns: dict[str, float] = {}  # when each tenant had its last turn
        self._vain: dict[str, tuple[float, float]] = {}  # tenants with due jobs of which none can be run: until, wait
        self._tidied: dict[str, float] = {}
        self._last_due: dict[str, datetime] = {}
        self._planted: set[str | None] = set()  # tenants whose schedules were seen to; None for all of them
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # -- here ---------------------------------------------------------------------------------------------------------

    def run_due(self, *, tenant: str | None = None, limit: int | None = None) -> int:
        """Run what is due until nothing is left that can be run.

        Args:
            tenant: only its jobs.
            limit: how many jobs at most.

        Returns:
            How many jobs were run, with whatever outcome.
        """
        self._vain.clear()
        ran = 0
        while not self._stopping.is_set():
            in_round = self._round(tenant=tenant, limit=None if limit is None else limit - ran)
            ran += in_round
            if not in_round or ran == limit:
                break
        return ran

    def run_until_stopped(self) -> None:
        """Run what is due, and wait for more, until `stop` is called from another thread or a signal handler."""
        leave = self._runtime.bell.listen(self.wake)
        listener = Listener(self._engine, self.wake) if self._engine.dialect.name == "postgresql" else None
        if listener:
            listener.start()
        try:
            wait = SOON
            while not self._stopping.is_set():
                wait = self._once(wait)
        finally:
            leave()
            if listener:
                listener.stop()

    def _once(self, wait: float) -> float:
        """One round, and a rest after one in which there was nothing to do; how long to rest the next time."""
        self._wake.clear()
        try:
            if self._round():
                return SOON
            rest = min(wait, self._until_due())
        except CrmkitError as error:
            log.warning("no jobs are run for %.0f s: %s", TROUBLE, error.code)
            rest = TROUBLE
        if self._wake.wait(rest):
            return SOON
        return min(wait * 2, self._poll)

    # -- in a thread --------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Run jobs in a thread of this process from now on; does nothing if one is running."""
        if self._thread is None or not self._thread.is_alive():
            self._stopping.clear()
            self._thread = threading.Thread(target=self.run_until_stopped, name="crmkit-jobs", daemon=True)
            self._thread.start()

    def stop(self, timeout: float | None = None) -> bool:
        """Finish the job that is running, give back those that are claimed, and end.

        Args:
            timeout: how many seconds to wait at most; as long as it takes by default.

        Returns:
            Whether it has ended.
        """
        self.ask_to_stop()
        if self._thread is None or self._thread is threading.current_thread():
            return True
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def ask_to_stop(self) -> None:
        """As `stop`, without waiting; may be called by a signal handler."""
        self._stopping.set()
        self._wake.set()

    def wake(self, tenant: str = "") -> None:
        """Look at once, into this tenant if one is named."""
        if tenant:
            self._vain.pop(tenant, None)
        else:
            self._vain.clear()
        self._wake.set()

    # -- rounds -------------------------------------------------------------------------------------------------------

    def _round(self, *, tenant: str | None = None, limit: int | None = None) -> int:
        """One turn of every tenant that has something due; returns how many jobs were run."""
        if self._planted.isdisjoint({None, tenant}):
            self._plant(tenant)
        ran = 0
        now, clock = self._runtime.clock.now(), time.monotonic()
        waiting = [
            one
            for one, due in self._due().items()
            if due <= now and tenant in {None, one} and self._vain.get(one, (0.0, 0.0))[0] <= clock
        ]
        for one in sorted(waiting, key=lambda t: self._turns.get(t, 0.0)):
            if self._stopping.is_set() or (limit is not None and ran >= limit):
                break
            ran += self._turn(one, None if limit is None else limit - ran)
        return ran

    def _turn(self, tenant: str, limit: int | None) -> int:
        """Run one batch of a tenant's jobs."""
        batch = self._runtime.config.jobs.batch
        try:
            claims = self._workshop.claim(tenant, limit=batch if limit is None else min(batch, limit))
        except UnknownTenantError:  # deactivated meanwhile
            return 0
        self._turns[tenant] = time.monotonic()
        if not claims:
            self._note_vain(tenant)
            return 0
        self._vain.pop(tenant, None)
        deadline = time.monotonic() + self._runtime.config.jobs.lease / 2
        for place, claimed in enumerate(claims):
            if self._stopping.is_set() or (place and time.monotonic() > deadline):
                self._workshop.release(claims[place:])
                return place
            self._workshop.run(claimed)
        self._tidy(tenant)
        return len(claims)

    def _note_vain(self, tenant: str) -> None:
        """Due, but disabled, gone, blocked, or claimed by others: look again later and later, or when woken."""
        _, wait = self._vain.get(tenant, (0.0, SOON / 2))
        wait = min(wait * 2, self._poll)
        self._vain[tenant] = time.monotonic() + wait, wait

    # -- looking ------------------------------------------------------------------------------------------------------

    def _due(self) -> dict[str, datetime]:
        """When somebody has to look into each tenant that has jobs."""

        def read(db: Db) -> dict[str, datetime]:
            as_instant = codec_of(Instant(), db.dialect).from_driver
            rows = db.rows(DUE, {})
            return {tenant: as_instant(due) if as_instant else due for tenant, due in rows if due is not None}

        found: dict[str, datetime] = self._workshop.transact(read, read_only=True)
        self._last_due = found
        return found

    def _until_due(self) -> float:
        """Seconds until something is due, by what was last seen; those that wait in vain have their own times."""
        now, clock = self._runtime.clock.now(), time.monotonic()
        waits = [
            max(0.0, self._vain[tenant][0] - clock) if tenant in self._vain else (due - now).total_seconds()
            for tenant, due in self._last_due.items()
        ]
        return min((max(w, SOON / 10) for w in waits), default=self._poll)

    def _plant(self, only: str | None) -> None:
        """See that all schedules have a next occurrence, in one tenant or in all; once, as new tenants have them."""
        for problem in self._runtime.resting:
            log.warning("%s", problem)
        if self._runtime.schedules:
            for tenant in self._workshop.transact(lambda db: [t for t, _ in db.rows(DUE, {})], read_only=True):
                if only in {None, tenant}:
                    self._workshop.transact(functools.partial(self._plant_in, tenant))
        self._planted.add(only)

    def _plant_in(self, tenant: str, db: Db) -> None:
        enabled, _ = self._runtime.profile(db, read_tenant(db, tenant))
        plant(db, self._runtime, tenant, enabled, self._runtime.clock.now())

    def _tidy(self, tenant: str) -> None:
        """Remove what has been over for long, now and then and where there was work."""
        clock = time.monotonic()
        if clock - self._tidied.get(tenant, -TIDY) < TIDY:
            return
        self._tidied[tenant] = clock
        before = self._runtime.clock.now() - timedelta(days=self._runtime.config.jobs.keep_days)
        self._workshop.transact(lambda db: db.run(PRUNE, {"tenant": tenant, "before": before}))
