"""How promised times are counted. Pure: calendars, pauses and the present come in as arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from attrs import frozen

from crmkit.plugins.service_desk.cases.model import CaseStay, Status
from crmkit.plugins.service_desk.sla.model import ANY, Policy
from crmkit.sdk import BusinessCalendar, Record

__all__ = ["PAUSED", "Pause", "before", "due", "fingerprint", "paused", "pauses_of", "promised", "spent"]

PAUSED: tuple[Status, ...] = ("waiting", "resolved", "closed")
"""In which the time does not run: while the party has to answer, and until a case is reopened."""


@frozen
class Pause:
    """A time that does not count.

    Attributes:
        since: its beginning, UTC.
        until: its end, UTC; None while it lasts.
    """

    since: datetime
    until: datetime | None = None


def promised(policies: Iterable[Policy], *, tier: str | None, priority: str, kind: str) -> Policy | None:
    """The policy that counts for a case: of those that fit, the one that names most, the tier before all else.

    One for the tier wins over one for the priority, and that over one for the kind; so policies by tier alone are never
    beaten by others.

    Args:
        policies: those there are; inactive ones do not count.
        tier: of the case.
        priority: of the case.
        kind: of the case.
    """
    case = (tier or ANY, priority, kind)
    fitting = [
        policy
        for policy in policies
        if policy.active and all(said in {ANY, own} for said, own in zip(_scope(policy), case, strict=True))
    ]
    return max(fitting, key=lambda policy: [said != ANY for said in _scope(policy)], default=None)


def _scope(policy: Policy) -> tuple[str, str, str]:
    return policy.tier, policy.priority, policy.kind


def paused(status: Status) -> bool:
    """Whether no time counts while a case is in this status."""
    return status in PAUSED


def pauses_of(stays: Iterable[CaseStay], status: Status, now: datetime) -> tuple[Pause, ...]:
    """The pauses of a case, in order: its stays in statuses in which no time counts.

    Args:
        stays: as they are stored, in any order; the last one may be in another status than the case is about to be in.
        status: in which the case is, or is about to be.
        now: the present, UTC.
    """
    found = []
    for stay in sorted(stays, key=lambda one: (one.entered_at, one.id)):
        if paused(stay.status):
            lasts = stay.left_at is None and paused(status)
            found.append(Pause(stay.entered_at, None if lasts else stay.left_at or now))
    if paused(status) and not any(pause.until is None for pause in found):
        found.append(Pause(now))
    return tuple(found)


def due(
    opened_at: datetime, target: timedelta, calendar: BusinessCalendar, pauses: Sequence[Pause] = ()
) -> datetime | None:
    """The first instant, UTC, until which that much business time outside of pauses has passed.

    Args:
        opened_at: aware.
        target: business time.
        calendar: whose.
        pauses: in order; they may overlap, and one that lasts must be the last.

    Returns:
        The instant; None if a pause that lasts has begun before it.
    """
    at, left = opened_at, target
    for pause in pauses:
        if pause.since > at:
            worked = calendar.between(at, pause.since)
            if worked >= left:
                break
            left -= worked
            at = pause.since
        if pause.until is None:
            return None
        at = max(at, pause.until)
    return calendar.add(at, left)


def spent(opened_at: datetime, until: datetime, calendar: BusinessCalendar, pauses: Sequence[Pause] = ()) -> timedelta:
    """How much business time outside of pauses lies between two instants.

    Args:
        opened_at: aware.
        until: aware, not before it.
        calendar: whose.
        pauses: in order; they may overlap.
    """
    total, at = timedelta(0), opened_at
    for pause in pauses:
        since = min(max(pause.since, at), until)
        total += calendar.between(at, since)
        at = until if pause.until is None else min(max(pause.until, since), until)
    return total + calendar.between(at, until)


def before(pauses: Iterable[Pause], end: datetime) -> tuple[Pause, ...]:
    """Pauses as far as they lie before an instant."""
    return tuple(
        Pause(pause.since, end if pause.until is None else min(pause.until, end))
        for pause in pauses
        if pause.since < end
    )


def fingerprint(records: Iterable[Record]) -> str:
    """What changes whenever one of some records does, by whatever way: a digest of their ids and versions."""
    told = ",".join(sorted(f"{record.id}:{record.version}" for record in records))
    return sha256(told.encode()).hexdigest()
