"""Jobs that wait for somebody outside, such as a mail server: they work between units of work, not inside of one."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.jobs.queries import RENEW
from crmkit.core.kernel.units.work import UnitFacts
from crmkit.errors import JobLostError

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.jobs.claiming import Claim
    from crmkit.core.kernel.units.unit import UnitOfWork
    from crmkit.core.kernel.units.units import Units

__all__ = ["Errand"]


class Errand:
    """What the function of such a schedule is handed; see `crmkit.sdk.Errand`."""

    def __init__(self, runtime: Runtime, units: Units[Any], claimed: Claim, actor: Actor) -> None:
        self._runtime, self._units, self._claimed, self._actor = runtime, units, claimed, actor

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self._claimed.tenant

    @property
    def now(self) -> datetime:
        """The instant, UTC."""
        return self._runtime.clock.now()

    @contextmanager
    def begin(self, *, read_only: bool = False) -> Generator[UnitOfWork]:
        """A unit of work with the rights of the schedule's role; committed when the block ends.

        A unit that writes also renews the lease on the job.

        Args:
            read_only: refuse commands; on SQLite, take no write lock.

        Raises:
            JobLostError: if the job is no longer this worker's; nothing of the unit is stored.
        """
        facts = UnitFacts(source=f"job:{self._claimed.plugin}", chain=self._claimed.chain + 1)
        with self._units.begin(self._actor, self.tenant, facts=facts, read_only=read_only) as uow:
            if not read_only:
                self._renew(uow)
            yield uow

    def _renew(self, uow: UnitOfWork) -> None:
        work = uow._work  # noqa: SLF001  # the kernel's own unit
        mine = {"tenant": self.tenant, "job": self._claimed.id, "token": self._claimed.token}
        until = work.now + timedelta(seconds=self._runtime.config.jobs.lease)
        if not work.db.run(RENEW, {**mine, "until": until}):
            raise JobLostError(self._claimed.id)
