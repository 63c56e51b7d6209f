"""What counting reads: the stays of cases in statuses in which no time counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from crmkit.plugins.service_desk.cases.model import CaseStay
from crmkit.plugins.service_desk.sla.rules import PAUSED
from crmkit.sdk import UnitOfWork, f

__all__ = ["stays_of"]


def stays_of(uow: UnitOfWork, cases: Iterable[UUID]) -> Mapping[UUID, Sequence[CaseStay]]:
    """The stays of cases in statuses in which no time counts, by case; those without any are left out.

    Args:
        uow: the unit of work.
        cases: at most 1000.
    """
    found: dict[UUID, list[CaseStay]] = {}
    wanted = list(cases)
    if wanted:
        for stay in uow.each(CaseStay, f.case_id.in_(wanted) & f.status.in_(list(PAUSED))):
            found.setdefault(stay.case_id, []).append(stay)
    return found
