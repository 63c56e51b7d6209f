"""Pure decisions about cases: where they may go, what that makes of them, when somebody must look at them next."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final

from attrs import evolve

from crmkit.plugins.service_desk.cases.kinds import CASE_KINDS
from crmkit.plugins.service_desk.cases.model import ENDED, Case, Kind, Status
from crmkit.plugins.service_desk.errors import CaseStatusError
from crmkit.sdk import ConflictError, InvalidValueError, as_instant

__all__ = [
    "MOVES",
    "assigned",
    "checked_deadline",
    "live",
    "may_reopen",
    "moved",
    "next_due",
    "ranked",
    "status_once_assigned",
]

MOVES: Final[Mapping[Status, tuple[Status, ...]]] = MappingProxyType({
    "new": ("open", "waiting", "resolved"),
    "open": ("waiting", "resolved"),
    "waiting": ("open", "resolved"),
    "resolved": ("closed", "open"),
    "closed": ("open",),
})
"""Where a case may go from each status. To ``open`` from the last two means that it is reopened."""


def moved(case: Case, to: Status, now: datetime) -> Case:
    """The case in another status.

    Args:
        case: as it is.
        to: the status.
        now: the present, UTC.

    Raises:
        CaseStatusError: if it cannot come there from where it is.
    """
    if to not in MOVES[case.status]:
        raise CaseStatusError(case.number, at=case.status, to=to, allowed=MOVES[case.status])
    reopens = case.status in ENDED and to == "open"
    resolved_at = now if to == "resolved" else case.resolved_at if to == "closed" else None
    return ranked(
        evolve(
            case,
            status=to,
            paused_since=now if to == "waiting" else None,
            resolved_at=resolved_at,
            closed_at=now if to == "closed" else None,
            reopened=case.reopened + reopens,
        )
    )


def assigned(case: Case, assignee: str | None) -> Case:
    """The case in the hands of somebody else, or nobody; a new one becomes open by being taken."""
    return evolve(case, assignee_id=assignee, status=status_once_assigned(case.status, assignee))


def status_once_assigned(status: Status, assignee: str | None) -> Status:
    """What a case is once somebody, or nobody, works on it."""
    if status == "new" and assignee is not None:
        return "open"
    return "new" if status == "open" and assignee is None else status


def next_due(case: Case) -> datetime | None:
    """When somebody must look at a case next: see `Case`."""
    if not case.is_under_way:
        return None
    answer_by = None if case.first_responded_at else case.first_response_due_at
    promised = [at for at in (answer_by, case.resolution_due_at, case.deadline_at) if at is not None]
    return min(promised, default=case.opened_at)


def ranked(case: Case) -> Case:
    """The case at its place on agents' pages."""
    return evolve(case, next_due_at=next_due(case))


def live(case: Case) -> Case:
    """The case, if it has not become part of another one.

    Raises:
        ConflictError: if it has; names that one.
    """
    if case.merged_into is not None:
        raise ConflictError(f"case {case.number} has become part of case {case.merged_into}; go on with that one")
    return case


def may_reopen(case: Case, now: datetime, *, days: int) -> bool:
    """Whether a reply at the instant ``now`` reopens a case that was resolved; later ones open another case.

    Args:
        case: resolved or closed.
        now: the present, UTC.
        days: for how many days.
    """
    return case.resolved_at is not None and now <= case.resolved_at + timedelta(days=days)


def checked_deadline(kind: Kind, deadline: datetime | None, now: datetime) -> datetime | None:
    """A deadline that can still be kept, UTC.

    Args:
        kind: of the case.
        deadline: an aware instant; None for none.
        now: the present, UTC.

    Raises:
        NaiveDatetimeError: if it has no time zone.
        InvalidValueError: if it has passed, or is missing and the kind needs one.
    """  # the first by as_instant
    if deadline is None:
        if CASE_KINDS[kind].deadline:
            raise InvalidValueError("deadline", None, f"is missing; a case of the kind {kind!r} needs it")
        return None
    found = as_instant(deadline, field="deadline")
    if found <= now:
        raise InvalidValueError("deadline", deadline.isoformat(), "has passed")
    return found
