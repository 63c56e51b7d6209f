"""The service of reports: over what the actor may see, counted by the database."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from crmkit.plugins.service_desk.cases.model import UNDER_WAY
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.reports.model import (
    AGES,
    Backlog,
    BacklogRow,
    Grouping,
    Kept,
    Volumes,
    VolumesRow,
)
from crmkit.plugins.service_desk.reports.rules import checked_grouping, kept_row, key_of, ordered
from crmkit.plugins.service_desk.sla.model import MEASURES, Measure
from crmkit.sdk import ALWAYS, Criteria, InvalidValueError, Service, as_period, f, query

__all__ = ["DeskReports"]

MOST_GROUPS: Final = 10_000
"""How many groups a report has at most; with more it fails rather than to leave some out."""
_SINGLE: Final = f.merged_into.is_empty()


class DeskReports(Service):
    """What the service desk tells of itself: ``uow.use(DeskReports)``.

    A report changes with what its reader may see, and with nothing else. Cases that have become part of others count
    with those.
    """

    @query("service_desk.report.volumes", permission="service_desk.case.read")
    def volumes(self, *, by: Grouping = "all", since: datetime | None = None, until: datetime | None = None) -> Volumes:
        """How many cases came and went in a period.

        Args:
            by: all, agent, channel, kind, priority, product, queue, reason, team or tier.
            since: the beginning of the period, aware; no bound by default.
            until: its end, aware, exclusive; no bound by default.

        Raises:
            InvalidValueError: if nothing is grouped by that, or the period ends before it begins.
            NaiveDatetimeError: if a bound has no time zone.
            FieldForbiddenError: if the actor may not see what makes the groups.
        """  # raised by what this calls; callers want to know
        fields, (begin, end) = checked_grouping(by), as_period(since, until)
        opened = self._counts(fields, _within(f.opened_at, begin, end))
        resolved = self._counts(fields, ~f.resolved_at.is_empty() & _within(f.resolved_at, begin, end))
        reopened = self._counts(fields, _within(f.opened_at, begin, end) & (f.reopened > 0))
        rows = tuple(
            VolumesRow(key=key, opened=opened[key], resolved=resolved[key], reopened=reopened[key])
            for key in ordered([*opened, *resolved])
        )
        return Volumes(by=by, since=begin, until=end, rows=rows)

    @query("service_desk.report.kept", permission="service_desk.case.read")
    def kept(
        self,
        measure: Measure,
        *,
        by: Grouping = "all",
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Kept:
        """How promises were kept, of the cases that were opened in a period.

        Args:
            measure: first_response or resolution.
            by: all, agent, channel, kind, priority, product, queue, reason, team or tier.
            since: the beginning of the period, aware; no bound by default.
            until: its end, aware, exclusive; no bound by default.

        Raises:
            InvalidValueError: if there is no such measure, nothing is grouped by that, or the period ends before it
                begins.
            NaiveDatetimeError: if a bound has no time zone.
            FieldForbiddenError: if the actor may not see what makes the groups.
        """  # the last two by what this calls; callers want to know
        if measure not in MEASURES:
            raise InvalidValueError("measure", measure, f"is none of: {', '.join(MEASURES)}")
        fields, (begin, end) = checked_grouping(by), as_period(since, until)
        came = _within(f.opened_at, begin, end)
        due, met, seconds = getattr(f, f"{measure}_due_at"), getattr(f, f"{measure}_met"), f"{measure}_seconds"
        decided = ~getattr(f, seconds).is_empty()
        cases = self._counts(fields, came)
        kept = self._counts(fields, came & (met == True))  # noqa: E712  # a criteria, not a truth value
        late = self._counts(fields, came & (met == False))  # noqa: E712  # a criteria, not a truth value
        overdue = self._counts(fields, came & ~decided & (due < self.uow.now))
        running = self._counts(fields, came & ~decided & (due >= self.uow.now))
        times = self.uow.tally(
            CASE, by=fields, sums=(seconds,), medians=(seconds,), where=came & decided & _SINGLE, limit=MOST_GROUPS
        )
        took = {key_of(t.key): t for t in times}
        rows = tuple(
            kept_row(
                key,
                cases=cases[key],
                kept=kept[key],
                late=late[key],
                overdue=overdue[key],
                running=running[key],
                took=took.get(key),
                seconds=seconds,
            )
            for key in ordered(cases)
        )
        return Kept(measure=measure, by=by, since=begin, until=end, rows=rows)

    @query("service_desk.report.backlog", permission="service_desk.case.read")
    def backlog(self, *, by: Grouping = "all") -> Backlog:
        """How old the cases are that somebody still has to resolve.

        Args:
            by: all, agent, channel, kind, priority, product, queue, reason, team or tier.

        Raises:
            InvalidValueError: if nothing is grouped by that.
            FieldForbiddenError: if the actor may not see what makes the groups.
        """  # raised by what this calls; callers want to know
        fields, now = checked_grouping(by), self.uow.now
        there = f.status.in_(list(UNDER_WAY))
        edges = [None, *(now - age for age in AGES), None]
        ages = [
            self._counts(fields, there & _within(f.opened_at, older, younger)) for younger, older in pairwise(edges)
        ]
        waiting = self._counts(fields, there & (f.status == "waiting"))
        overdue = self._counts(fields, there & (f.resolution_due_at < now))
        rows = tuple(
            BacklogRow(key=key, counts=tuple(age[key] for age in ages), waiting=waiting[key], overdue=overdue[key])
            for key in ordered(key for age in ages for key in age)
        )
        return Backlog(by=by, at=now, rows=rows)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _counts(self, fields: tuple[str, ...], where: Criteria) -> Counter[str | None]:
        """How many cases fit, by group."""
        tallies = self.uow.tally(CASE, by=fields, where=where & _SINGLE, limit=MOST_GROUPS)
        return Counter({key_of(t.key): t.count for t in tallies if t.count})


def _within(field: Any, since: datetime | None, until: datetime | None) -> Criteria:
    """The criteria for instants from ``since`` on and before ``until``."""
    where: Criteria = ALWAYS
    if since is not None:
        where &= field >= since
    if until is not None:
        where &= field < until
    return where
