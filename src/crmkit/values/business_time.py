"""Business time: the time during which somebody works, by a calendar of weekly hours, days off and a time zone.

An instant is business time if the clock on the wall, in the calendar's zone, then shows a time within the hours of that
day. So an hour that the clocks skip is not worked, and one that they repeat is worked twice. All arithmetic is done in
whole microseconds of UTC and is exact.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import accumulate, pairwise
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import Attribute, field, frozen

from crmkit.errors import InvalidValueError
from crmkit.values.instants import as_instant, time_zone

__all__ = ["BusinessCalendar", "Hours"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_SECOND: Final = timedelta(seconds=1)
_STEP: Final = timedelta(hours=6)  # no zone has changed its clocks twice within six hours
_YEARS: Final = (1800, 8999)  # of which time zones say something, and far from the ends of what a datetime can be
_FURTHEST: Final = 100  # years in which a duration must have been worked off
_DAYS: Final = 7

Spans = tuple["Hours", ...]


@frozen(order=True)
class Hours:
    """Hours of one day, on the clock on the wall.

    Attributes:
        opens: their beginning.
        closes: their end, exclusive; ``time(0)`` is midnight at the end of the day.

    Raises:
        InvalidValueError: if one is no time of day without a zone, or they end before they begin.
    """

    opens: time
    closes: time

    def __attrs_post_init__(self) -> None:
        for name, value in (("opens", self.opens), ("closes", self.closes)):
            # mypy knows what callers should give, not what they do.
            if not isinstance(value, time) or value.tzinfo is not None:  # type: ignore[redundant-expr]  # see above
                raise InvalidValueError(name, value, "is no time of day without a zone, such as time(8, 30)")
        if self.end <= self.begin:
            raise InvalidValueError("closes", self.closes, f"is not after opens={self.opens:%H:%M}")

    @classmethod
    def of(cls, text: str) -> Hours:
        """Hours written like ``08:00-16:30``; ``24:00`` is midnight at the end of the day.

        Raises:
            InvalidValueError: if the text is none.
        """
        opens, _, closes = str(text).partition("-")
        closes = "00:00" if closes.strip() == "24:00" else closes
        try:
            begin, end = time.fromisoformat(opens.strip()), time.fromisoformat(closes.strip())
        except ValueError:
            raise InvalidValueError("hours", text, "are no hours; write them like '08:00-16:30'") from None
        return cls(begin, end)

    def __str__(self) -> str:
        return f"{_clock(self.opens)}-{'24:00' if self.closes == time() else _clock(self.closes)}"

    @property
    def begin(self) -> timedelta:
        """How long after midnight they begin, on the clock."""
        return _since_midnight(self.opens)

    @property
    def end(self) -> timedelta:
        """How long after midnight they end, on the clock: up to 24 hours."""
        return timedelta(days=1) if self.closes == time() else _since_midnight(self.closes)


def _clock(value: time) -> str:
    return f"{value:%H:%M}" if value == value.replace(second=0, microsecond=0) else value.isoformat()


def _since_midnight(value: time) -> timedelta:
    return timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)


def _spans(given: Iterable[Hours]) -> Spans:
    return tuple(sorted(given))


def _as_week(given: Sequence[Iterable[Hours]]) -> tuple[Spans, ...]:
    return tuple(_spans(day) for day in given)


def _as_days(given: Mapping[date, Iterable[Hours]]) -> Mapping[date, Spans]:
    return MappingProxyType({day: _spans(spans) for day, spans in sorted(given.items())})


def _zone_name(_: object, attribute: Attribute[Any], value: object) -> None:
    time_zone(value, field=attribute.name)


@frozen(kw_only=True, cache_hash=True)
class BusinessCalendar:
    """When somebody works.

    Attributes:
        timezone: an IANA name, such as ``Europe/Oslo``.
        week: the hours of Monday to Sunday, seven entries; an empty one is a day off.
        days: days that differ from the week, such as holidays, with their hours; none for a day off.

    Raises:
        InvalidValueError: if there is no such zone, the week has not seven days, two spans of a day overlap, or there
            are no working hours in the week.
    """

    timezone: str = field(validator=_zone_name)
    week: tuple[Spans, ...] = field(converter=_as_week)
    days: Mapping[date, Spans] = field(factory=dict, converter=_as_days, hash=False)

    def __attrs_post_init__(self) -> None:
        if len(self.week) != _DAYS:
            raise InvalidValueError("week", len(self.week), "days are no week; give the hours of Monday to Sunday")
        if not any(self.week):
            raise InvalidValueError("week", "no hours", "leave no time to work in; give hours to one day at least")
        for spans in (*self.week, *self.days.values()):
            for one, other in pairwise(spans):
                if other.begin < one.end:
                    raise InvalidValueError("hours", str(other), f"overlap with {one} of the same day")

    def hours(self, day: date) -> Spans:
        """The hours of a day, in order."""
        found = self.days.get(day)
        return self.week[day.weekday()] if found is None else found

    def is_open(self, at: datetime) -> bool:
        """Whether the instant ``at`` (aware) is business time.

        Raises:
            NaiveDatetimeError: if it has no time zone.
            InvalidValueError: if it lies outside of the years 1800 to 8999.
        """  # raised by what this calls
        at = _within_years(at, "at")
        tick = _ticks(at)
        year = _year(self, at.year)
        n = bisect_right(year.starts, tick) - 1
        return n >= 0 and tick < year.ends[n]

    def between(self, start: datetime, end: datetime) -> timedelta:
        """How much business time lies between two instants.

        Args:
            start: aware.
            end: aware, not before ``start``.

        Raises:
            NaiveDatetimeError: if one has no time zone.
            InvalidValueError: if it ends before it starts, or one lies outside of the years 1800 to 8999.
        """  # the former is raised by as_instant
        start, end = _within_years(start, "start"), _within_years(end, "end")
        if end < start:
            raise InvalidValueError("end", end, f"lies before start={start!r}")
        worked = _year(self, end.year).before(_ticks(end)) - _year(self, start.year).before(_ticks(start))
        worked += sum(_year(self, year).total for year in range(start.year, end.year))
        return timedelta(microseconds=worked)

    def add(self, start: datetime, worked: timedelta) -> datetime:
        """The first instant, UTC, until which that much business time has passed since ``start``.

        What ends with the working day ends when it closes, not when the next one opens.

        Args:
            start: aware.
            worked: how much business time, not negative.

        Raises:
            NaiveDatetimeError: if the start has no time zone.
            InvalidValueError: if ``worked`` is negative, or is not over within 100 years, or the start lies outside of
                the years 1800 to 8999.
        """  # the first is raised by as_instant
        start = _within_years(start, "start")
        if worked < timedelta(0):
            raise InvalidValueError("worked", worked, "is negative")
        if not worked:
            return start
        left = worked // _TICK + _year(self, start.year).before(_ticks(start))
        for number in range(start.year, start.year + _FURTHEST):
            year = _year(self, number)
            if left <= year.total:
                return _EPOCH + timedelta(microseconds=year.after(left))
            left -= year.total
        raise InvalidValueError("worked", worked, f"is not over within {_FURTHEST} years of {start:%Y-%m-%d}")


# -- how --------------------------------------------------------------------------------------------------------------


def _within_years(value: datetime, name: str) -> datetime:
    value = as_instant(value, field=name)
    first, last = _YEARS
    if not first <= value.year <= last:
        raise InvalidValueError(name, value, f"lies outside of the years {first} to {last}")
    return value


@frozen
class _Year:
    """The business time of one year of UTC: its spans in order, in microseconds since 1970, and their running sum."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]
    sums: tuple[int, ...]  # how much is worked until the end of each

    @property
    def total(self) -> int:
        return self.sums[-1] if self.sums else 0

    def before(self, tick: int) -> int:
        """How much of it lies before ``tick``."""
        n = bisect_right(self.starts, tick) - 1
        return 0 if n < 0 else self.sums[n] - max(self.ends[n] - tick, 0)

    def after(self, worked: int) -> int:
        """When that much of it, more than nothing, has passed."""
        n = bisect_left(self.sums, worked)
        return self.ends[n] - (self.sums[n] - worked)


@lru_cache(maxsize=1024)
def _year(calendar: BusinessCalendar, number: int) -> _Year:
    starts: list[int] = []
    ends: list[int] = []
    for begin, end in _worked(calendar, number):
        if ends and ends[-1] == begin:
            ends[-1] = end
        else:
            starts.append(begin)
            ends.append(end)
    sums = accumulate(end - begin for begin, end in zip(starts, ends, strict=True))
    return _Year(tuple(starts), tuple(ends), tuple(sums))


def _worked(calendar: BusinessCalendar, number: int) -> Iterator[tuple[int, int]]:
    """The spans of a year in UTC, in order: of each stretch without a change of the clocks, day by day."""
    for since, until, offset in _stretches(time_zone(calendar.timezone), number):
        first, last = since + offset, until + offset  # what the clock on the wall shows
        for n in range((last.date() - first.date()).days + 1):
            day = first.date() + timedelta(days=n)
            midnight = datetime.combine(day, time(), UTC)
            for hours in calendar.hours(day):
                begin, end = max(midnight + hours.begin, first), min(midnight + hours.end, last)
                if begin < end:
                    yield _ticks(begin - offset), _ticks(end - offset)


@lru_cache(maxsize=1024)
def _stretches(zone: ZoneInfo, number: int) -> tuple[tuple[datetime, datetime, timedelta], ...]:
    """A year of UTC in stretches within which the clocks of a zone are not changed, each with its offset from UTC."""
    begin, end = datetime(number, 1, 1, tzinfo=UTC), datetime(number + 1, 1, 1, tzinfo=UTC)
    found = []
    at, since, offset = begin, begin, _offset(zone, begin)
    while at < end:
        later = min(at + _STEP, end)
        if _offset(zone, later) != offset:
            changed = _change(zone, at, later)
            found.append((since, changed, offset))
            since, offset = changed, _offset(zone, changed)
        at = later
    return (*found, (since, end, offset))


def _change(zone: ZoneInfo, before: datetime, after: datetime) -> datetime:
    """The second at which a zone changes its clocks, between an instant before and one at or after it."""
    offset = _offset(zone, before)
    while after - before > _SECOND:
        middle = before + (after - before) // _SECOND // 2 * _SECOND
        if _offset(zone, middle) == offset:
            before = middle
        else:
            after = middle
    return after


def _offset(zone: ZoneInfo, at: datetime) -> timedelta:
    return at.astimezone(zone).utcoffset() or timedelta(0)


def _ticks(at: datetime) -> int:
    return (at - _EPOCH) // _TICK
