"""What a case that is about to be stored is promised; for the bodies of commands on cases."""

from __future__ import annotations

from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.cases.rules import ranked
from crmkit.plugins.service_desk.sla.counting import Terms, counted
from crmkit.plugins.service_desk.sla.reading import stays_of
from crmkit.plugins.service_desk.sla.rules import pauses_of
from crmkit.plugins.service_desk.sla.service import Promises
from crmkit.sdk import UnitOfWork

__all__ = ["timed"]


def timed(uow: UnitOfWork, before: Case | None, after: Case) -> Case:
    """A case that is about to be stored, with all that follows from what it is promised.

    Args:
        uow: the unit of work; its actor has to read policies and calendars, or the case could not say what is promised.
        before: as it is stored; None if it is new.
        after: as it is about to be.

    Raises:
        ForbiddenError: if the actor may not read policies or calendars.
    """  # raised by the queries
    promises = uow.use(Promises)
    terms = Terms.of(promises.policies(), promises.calendars())
    stays = () if before is None else stays_of(uow, [after.id]).get(after.id, ())
    pauses = pauses_of(stays, after.status, uow.now)
    return ranked(counted(after, terms, pauses, uow.now))
