"""When something is to run again and again, as a manifest says it. Pure: the time comes in as an argument."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from importlib.util import find_spec
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import deep_iterable, instance_of, matches_re

from crmkit.errors import InvalidValueError
from crmkit.values.instants import as_instant, time_zone

__all__ = ["Schedule"]

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
SHORTEST: Final = timedelta(seconds=1)
FURTHEST: Final = 366 * 28  # days; 29 February of one weekday comes at the latest after 28 years (40 around 2100)
LONGEST_NAME: Final = 40

_FIELDS: Final = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_PART: Final = re.compile(r"(\*|(\d{1,2})(?:-(\d{1,2}))?)(?:/(\d{1,2}))?", re.ASCII)


def _cron(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None:
        _Cron.of(value, attribute.name)


def _zone(_: object, attribute: Attribute[Any], value: str) -> None:
    time_zone(value, field=attribute.name)


@frozen(kw_only=True)
class Schedule:
    """Something that a plugin does again and again, in each tenant that uses it.

    Times that passed while nobody worked, or while the plugin was disabled, are made up for by one run, not by many.

    Attributes:
        name: lower-case words; unique in the plugin.
        run: import string of a function ``(uow, at)``, or with ``errand`` ``(errand, at)``; ``at`` is the instant for
            which the run was due, UTC.
        role: key of the role by whose rights it runs, with the rules that the tenant's data has at that time. The actor
            is ``plugin:<id>``, which belongs to no team.
        every: the time between two runs; counted from the epoch, so every hour is on the hour (UTC).
        daily_at: the time of day in ``timezone``.
        cron: minute, hour, day of the month, month and weekday (0 and 7 are Sunday) in ``timezone``, such as
            ``"*/15 8-17 * * 1-5"``. If day and weekday are both limited, either will do, as cron has it.
        errand: whether ``run`` works outside of a unit of work, since it waits for somebody outside: it then takes an
            `Errand` in the place of the unit, and begins units of its own.
        timezone: an IANA name. A time of day that the clocks skip runs an hour later, one that they repeat runs once.
        imports: modules that it works with and that an extra brings, such as ``("jellyfish",)``. Where one is missing,
            the schedule rests, and ``crmkit plugins doctor`` says so; else each run would fail, time and again.
    """

    name: str = field(validator=matches_re(r"[a-z][a-z0-9_]*\Z"))
    run: str = field(validator=matches_re(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*\Z"))
    role: str = field(validator=instance_of(str))
    every: timedelta | None = None
    daily_at: time | None = None
    cron: str | None = field(default=None, validator=_cron)
    errand: bool = field(default=False, validator=instance_of(bool))
    timezone: str = field(default="UTC", validator=_zone)
    imports: tuple[str, ...] = field(
        default=(), validator=deep_iterable(matches_re(r"[A-Za-z_]\w*\Z"), instance_of(tuple))
    )

    def __attrs_post_init__(self) -> None:
        said = [n for n in ("every", "daily_at", "cron") if getattr(self, n) is not None]
        if len(said) != 1:
            raise InvalidValueError("schedule", self.name, "says not once when it runs; give every, daily_at or cron")
        if len(self.name) > LONGEST_NAME:
            raise InvalidValueError("name", self.name, f"is longer than {LONGEST_NAME} characters")
        if self.every is not None and self.every < SHORTEST:
            raise InvalidValueError("every", self.every, "is less than a second")
        if self.daily_at is not None and self.daily_at.tzinfo is not None:
            raise InvalidValueError("daily_at", self.daily_at, "has a time zone of its own; say it as timezone")
        self.next_after(EPOCH)  # refuses the 30th of February

    @property
    def missing(self) -> tuple[str, ...]:
        """Those of its modules that are not installed; nothing is imported to know."""
        return tuple(name for name in self.imports if find_spec(name) is None)

    @property
    def when(self) -> str:
        """When it runs, for people."""
        if self.every is not None:
            return f"every {self.every}"
        said = f"daily at {self.daily_at:%H:%M}" if self.daily_at is not None else f"cron {self.cron}"
        return said if self.timezone == "UTC" else f"{said} ({self.timezone})"

    def next_after(self, instant: datetime) -> datetime:
        """The first time after ``instant``, UTC.

        Args:
            instant: aware.

        Raises:
            InvalidValueError: if there is none, as with the 30th of February.
        """
        instant = as_instant(instant)
        if self.every is not None:
            return EPOCH + ((instant - EPOCH) // self.every + 1) * self.every
        zone = time_zone(self.timezone)
        cron = self._as_cron()
        first = instant.astimezone(zone).date() - timedelta(days=1)  # a time skipped the day before may come out later
        for day in (first + timedelta(days=n) for n in range(FURTHEST)):
            for at in cron.times() if cron.fits(day) else ():
                found = datetime.combine(day, at, zone).astimezone(UTC)
                if found > instant:
                    return found
        raise InvalidValueError("cron", self.cron, "never comes")

    def _as_cron(self) -> _Cron:
        if self.cron is not None:
            return _Cron.of(self.cron, "cron")
        at = self.daily_at or time()
        return _Cron.of(f"{at.minute} {at.hour} * * *", "daily_at", second=at.second)


@frozen
class _Cron:
    """A cron expression as sets of numbers."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either: bool  # day and weekday are both limited
    second: int = 0

    @classmethod
    def of(cls, text: object, name: str, *, second: int = 0) -> _Cron:
        fields = text.split() if isinstance(text, str) else []
        if len(fields) != len(_FIELDS):
            example = "'0 3 * * 1'"
            raise InvalidValueError(name, text, f"is not minute, hour, day, month and weekday; write it like {example}")
        sets = [_numbers(name, text, part, *spec) for part, spec in zip(fields, _FIELDS, strict=True)]
        minutes, hours, days, months, weekdays = sets
        return cls(
            minutes=tuple(sorted(minutes)),
            hours=tuple(sorted(hours)),
            days=frozenset(days),
            months=frozenset(months),
            weekdays=frozenset(n % 7 for n in weekdays),
            either=not fields[2].startswith("*") and not fields[4].startswith("*"),
            second=second,
        )

    def fits(self, day: date) -> bool:
        if day.month not in self.months:
            return False
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return (of_month or of_week) if self.either else (of_month and of_week)

    def times(self) -> Iterator[time]:
        return (time(hour, minute, self.second) for hour in self.hours for minute in self.minutes)


def _numbers(name: str, text: object, part: str, what: str, low: int, high: int) -> set[int]:  # noqa: PLR0917  # one field of a cron expression and its bounds
    found: set[int] = set()
    for piece in part.split(","):
        match = _PART.fullmatch(piece)
        if not match:
            raise InvalidValueError(name, text, f"has {piece!r} for the {what}; write numbers, ranges, lists and steps")
        _, first, last, step = match.groups()
        begin = int(first) if first else low
        end = int(last) if last else (int(first) if first and not step else high)
        if not (low <= begin <= end <= high) or (step and int(step) == 0):
            raise InvalidValueError(name, text, f"has {piece!r} for the {what}, which goes from {low} to {high}")
        found.update(range(begin, end + 1, int(step or 1)))
    return found
