"""What reports of the service desk tell."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final, Literal, get_args

from attrs import frozen

from crmkit.plugins.service_desk.sla.model import Measure

__all__ = ["AGES", "GROUPINGS", "Backlog", "BacklogRow", "Grouping", "Kept", "KeptRow", "Volumes", "VolumesRow"]

Grouping = Literal["all", "agent", "channel", "kind", "priority", "product", "queue", "reason", "team", "tier"]
GROUPINGS: Final[tuple[Grouping, ...]] = get_args(Grouping)

AGES: Final = (timedelta(days=1), timedelta(days=3), timedelta(days=7), timedelta(days=30))
"""The ages at which one column of a backlog ends and the next one begins."""


@frozen(kw_only=True)
class VolumesRow:
    """How many cases of one group came and went.

    Attributes:
        key: what the group has in common, as text; None for cases of which that is not said.
        opened: how many were opened in the period.
        resolved: how many were resolved in it, and have not been reopened since.
        reopened: how many of those opened in it have been reopened, once or more often.
    """

    key: str | None
    opened: int
    resolved: int
    reopened: int


@frozen(kw_only=True)
class Volumes:
    """How many cases came and went.

    Attributes:
        by: what the groups have in common.
        since: the beginning of the period, UTC; None for no bound.
        until: its end, exclusive, UTC; None for no bound.
        rows: the groups, by key.
    """

    by: Grouping
    since: datetime | None
    until: datetime | None
    rows: tuple[VolumesRow, ...]


@frozen(kw_only=True)
class KeptRow:
    """How promises to the cases of one group were kept.

    Attributes:
        key: what the group has in common, as text; None for cases of which that is not said.
        kept: to how many cases the promise was kept.
        broken: to how many it was not, whether it was kept late or is overdue still.
        running: to how many it still can be kept.
        unpromised: how many were promised nothing, or wait for the party, so that it cannot be said until when.
        share: kept / (kept + broken), 0 to 1, to four decimal places; None without either.
        median_time: business time that it took in the middle, of the cases that are decided; None without any.
        mean_time: business time that it took on average, of the cases that are decided; None without any.
    """

    key: str | None
    kept: int
    broken: int
    running: int
    unpromised: int
    share: Decimal | None
    median_time: timedelta | None
    mean_time: timedelta | None


@frozen(kw_only=True)
class Kept:
    """How promises were kept, of the cases that were opened in a period.

    Attributes:
        measure: first_response or resolution.
        by: what the groups have in common.
        since: the beginning of the period, UTC; None for no bound.
        until: its end, exclusive, UTC; None for no bound.
        rows: the groups, by key.
    """

    measure: Measure
    by: Grouping
    since: datetime | None
    until: datetime | None
    rows: tuple[KeptRow, ...]


@frozen(kw_only=True)
class BacklogRow:
    """How old the cases of one group are that somebody still has to resolve.

    Attributes:
        key: what the group has in common, as text; None for cases of which that is not said.
        counts: how many, by age: younger than the first of `AGES`, than the second and so on, and older than all.
        waiting: how many of them wait for the party.
        overdue: of how many the promised resolution is overdue.
    """

    key: str | None
    counts: tuple[int, ...]
    waiting: int
    overdue: int

    @property
    def total(self) -> int:
        """How many in all."""
        return sum(self.counts)


@frozen(kw_only=True)
class Backlog:
    """How old the cases are that somebody still has to resolve.

    Attributes:
        by: what the groups have in common.
        at: when it was counted, UTC.
        rows: the groups, by key.
    """

    by: Grouping
    at: datetime
    rows: tuple[BacklogRow, ...]
