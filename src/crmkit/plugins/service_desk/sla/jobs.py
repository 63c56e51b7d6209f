"""What is done about promises without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.service_desk.sla.service import Promises
from crmkit.sdk import Errand, UnitOfWork

__all__ = ["extend_calendars", "recount", "tell_promises"]


def tell_promises(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it tells what holds now
    """Tell of promises that are about to be broken, or are. What one run leaves out the next one tells.

    Telling and remembering that it was told are one transaction, so it happens once, whenever the worker is lost.
    """
    uow.use(Promises).tell()


def recount(errand: Errand, at: datetime) -> None:  # noqa: ARG001  # it does what there is to do now
    """Count open cases anew if policies or calendars have changed: batch by batch, each a unit, so nobody waits long.

    Each batch stores how far it is, so a run that was lost is gone on with.
    """
    done = False
    while not done:
        with errand.begin() as uow:
            done = uow.use(Promises).recount().done_at is not None


def extend_calendars(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it looks as far ahead as it is now
    """Keep the public holidays of the years to come."""
    uow.use(Promises).extend_calendars()
