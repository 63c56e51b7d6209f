"""What a case is promised: its due times, how it kept them, and what somebody has to be told. Pure.

A measure that was kept, or kept too late, is settled: neither a change of policy nor one of a calendar judges it anew.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import evolve, frozen

from crmkit.plugins.service_desk.calendars.model import EVERY_TEAM, Calendar
from crmkit.plugins.service_desk.calendars.rules import AROUND_THE_CLOCK
from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.sla.model import MEASURES, Level, Measure, Policy
from crmkit.plugins.service_desk.sla.rules import Pause, before, due, promised, spent
from crmkit.sdk import BusinessCalendar

__all__ = ["Alert", "Terms", "counted", "told", "untold"]

Instants = Mapping[Level, datetime]


@frozen
class Terms:
    """By what cases are counted.

    Attributes:
        policies: what is promised.
        calendars: when people work, by team; that of all other teams under an empty key.
    """

    policies: tuple[Policy, ...]
    calendars: Mapping[str, BusinessCalendar]

    @classmethod
    def of(cls, policies: Iterable[Policy], calendars: Iterable[Calendar]) -> Terms:
        """The terms that policies and calendars make."""
        return cls(tuple(policies), {one.team_id: one.business for one in calendars})

    def policy(self, case: Case) -> Policy | None:
        """What is promised to a case; None for nothing."""
        return promised(self.policies, tier=case.tier, priority=case.priority, kind=case.kind)

    def calendar(self, case: Case) -> BusinessCalendar:
        """When the team of a case works: by its own calendar, by that of all others, or around the clock."""
        found = self.calendars.get(case.team_id or EVERY_TEAM) or self.calendars.get(EVERY_TEAM)
        return found or AROUND_THE_CLOCK


@frozen(kw_only=True)
class Alert:
    """Something about a case that somebody has to be told.

    Attributes:
        measure: which promise.
        level: that it is about to be broken, or that it is.
        at: since when that holds, UTC.
        due_at: until when the promise has to be kept, UTC; None while that cannot be said.
    """

    measure: Measure
    level: Level
    at: datetime
    due_at: datetime | None

    @property
    def name(self) -> str:
        """How the case remembers that it was told."""
        return f"{self.measure}.{self.level}"


def counted(case: Case, terms: Terms, pauses: Sequence[Pause], now: datetime) -> Case:
    """The case with all that follows from what it is promised.

    Args:
        case: as it is about to be, otherwise.
        terms: by which it is counted.
        pauses: of the case, in order.
        now: the present, UTC.
    """
    policy, calendar = terms.policy(case), terms.calendar(case)
    found: dict[str, Any] = {"policy_id": policy and policy.id}
    running: dict[Measure, Instants] = {}
    for measure in MEASURES:
        kept_at = _kept_at(case, measure)
        if kept_at is None:
            running[measure] = instants = _instants(case, measure, policy, calendar, pauses)
            found |= {f"{measure}_due_at": instants.get("breach"), f"{measure}_seconds": None, f"{measure}_met": None}
        elif getattr(case, f"{measure}_seconds") is None:
            found |= _settled(case, measure, policy, calendar, before(pauses, kept_at))
    alerts = _alerts(case, running)
    holding = tuple(name for name in case.alerts if name not in alerts or alerts[name].at <= now)
    return _with(case, **found, **_remembered(holding, alerts.values()))


def untold(case: Case, terms: Terms, pauses: Sequence[Pause], now: datetime) -> tuple[Alert, ...]:
    """What holds of a case and nobody was told yet; of a promise that is broken, no longer that it was about to be.

    Args:
        case: as it is stored.
        terms: by which it is counted.
        pauses: of the case, in order.
        now: the present, UTC.
    """
    alerts = _alerts(case, _running(case, terms, pauses))
    new = {name: alert for name, alert in alerts.items() if alert.at <= now and name not in case.alerts}
    return tuple(
        alert
        for alert in new.values()
        if alert.level == "breach" or f"{alert.measure}.breach" not in {*new, *case.alerts}
    )


def told(case: Case, terms: Terms, pauses: Sequence[Pause], now: datetime) -> Case:
    """The case once everything that holds of it has been told."""
    alerts = _alerts(case, _running(case, terms, pauses))
    holding = dict.fromkeys((*case.alerts, *(name for name, alert in alerts.items() if alert.at <= now)))
    return _with(case, **_remembered(tuple(holding), alerts.values()))


def _with(case: Case, **values: Any) -> Case:
    """The case with other values; the same one if none differs, since making a case checks all of its fields."""
    differing = {name: value for name, value in values.items() if getattr(case, name) != value}
    return evolve(case, **differing) if differing else case


def _remembered(names: tuple[str, ...], alerts: Iterable[Alert]) -> dict[str, Any]:
    """What a case remembers of what was told, and when there is more to tell."""
    later = [alert.at for alert in alerts if alert.name not in names]
    return {"alerts": names, "alert_at": min(later, default=None)}


def _kept_at(case: Case, measure: Measure) -> datetime | None:
    return case.first_responded_at if measure == "first_response" else case.resolved_at


def _target(policy: Policy | None, measure: Measure) -> timedelta | None:
    minutes = None if policy is None else policy.target(measure)
    return None if minutes is None else timedelta(minutes=minutes)


def _running(case: Case, terms: Terms, pauses: Sequence[Pause]) -> dict[Measure, Instants]:
    """When what has to be told about the promises that are not settled."""
    policy, calendar = terms.policy(case), terms.calendar(case)
    open_: list[Measure] = [measure for measure in MEASURES if _kept_at(case, measure) is None]
    return {measure: _instants(case, measure, policy, calendar, pauses) for measure in open_}


def _instants(
    case: Case, measure: Measure, policy: Policy | None, calendar: BusinessCalendar, pauses: Sequence[Pause]
) -> Instants:
    """When a promise is about to be broken, and when it is; what cannot be said while the case waits is left out."""
    target = _target(policy, measure)
    if policy is None or target is None:
        return {}
    parts: dict[Level, timedelta] = {"warning": target * policy.warn_after // 100, "breach": target}
    found: dict[Level, datetime | None] = {
        level: due(case.opened_at, part, calendar, pauses) for level, part in parts.items()
    }
    return {level: at for level, at in found.items() if at is not None}


def _settled(
    case: Case, measure: Measure, policy: Policy | None, calendar: BusinessCalendar, pauses: Sequence[Pause]
) -> dict[str, Any]:
    target, kept_at = _target(policy, measure), _kept_at(case, measure)
    due_at = None if target is None else due(case.opened_at, target, calendar, pauses)
    took = timedelta(0) if kept_at is None else spent(case.opened_at, kept_at, calendar, pauses)
    return {
        f"{measure}_due_at": due_at,
        f"{measure}_seconds": took // timedelta(seconds=1),
        f"{measure}_met": None if target is None else took <= target,
    }


def _alerts(case: Case, running: Mapping[Measure, Instants]) -> dict[str, Alert]:
    """What has to be told about the promises that are not settled, by name."""
    if not case.is_under_way:
        return {}
    return {
        f"{measure}.{level}": Alert(measure=measure, level=level, at=at, due_at=instants.get("breach"))
        for measure, instants in running.items()
        for level, at in instants.items()
    }
