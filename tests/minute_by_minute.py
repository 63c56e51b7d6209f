"""The slow oracle of business time: every minute is looked at by itself, on the clock on the wall."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)


def worked(at, *, zone, week, days):
    """Whether the minute that begins at ``at`` is worked; hours are pairs of minutes since midnight."""
    wall = at.astimezone(ZoneInfo(zone))
    hours = days.get(wall.date(), week[wall.weekday()])
    minute = wall.hour * 60 + wall.minute
    return any(opens <= minute < closes for opens, closes in hours)


def paused(at, pauses):
    """Whether the minute lies in one of some pauses, (since, until or None)."""
    return any(since <= at and (until is None or at < until) for since, until in pauses)


def count(start, end, *, pauses=(), **calendar):
    """The minutes from ``start`` to ``end`` that are worked and in no pause."""
    total, at = 0, start
    while at < end:
        total += worked(at, **calendar) and not paused(at, pauses)
        at += MINUTE
    return total


def due(start, minutes, *, pauses=(), horizon=timedelta(days=40), **calendar):
    """When ``minutes`` worked minutes in no pause have passed; None if not within the horizon."""
    at, left = start, minutes
    while left:
        if at > start + horizon:
            return None
        left -= worked(at, **calendar) and not paused(at, pauses)
        at += MINUTE
    return at


def utc(*parts):
    """An instant of UTC."""
    return datetime(*parts, tzinfo=UTC)
