"""Dates and instants that are counted from the moment in which a criteria runs: `ago`, `ahead`, `today`, `start_of`.

A relative date is worked out on the calendar of its time zone, in three steps:

1. the present instant as the zone's clocks show it, cut down to the beginning of its day, week (Monday, ISO 8601),
   month, quarter or year, if it says so;
2. months (a year is twelve) and then days (a week is seven) are counted from there; a day that its month does not have
   is the month's last: a month after 31 January is 28 or 29 February;
3. as a date that is the result; as an instant it is the time that the zone's clocks show it, and minutes are counted
   from that in elapsed time. A time of day that the clocks skip lies as much later as they skip; of one that they
   repeat, the first is meant.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final, Literal, TypeVar, get_args

from attrs import Attribute, field, frozen

from crmkit.errors import CriteriaError, InvalidValueError, LimitExceededError
from crmkit.values.instants import time_zone

__all__ = ["MAX_YEARS", "Period", "Relative", "ago", "ahead", "now", "read_relative", "start_of", "today"]

T = TypeVar("T")
Period = Literal["day", "week", "month", "quarter", "year"]
MAX_YEARS: Final = 100
"""How far from the present a relative date may lie, in years, in each of its parts."""

_PERIODS: Final = get_args(Period)
_MOST: Final = {"months": MAX_YEARS * 12, "days": MAX_YEARS * 366, "minutes": MAX_YEARS * 366 * 24 * 60}
_YEAR: Final = 12


def _start(_: object, attribute: Attribute[Any], value: object) -> None:
    if value not in ("now", *_PERIODS):
        raise InvalidValueError(attribute.name, value, f"is none of now, {', '.join(_PERIODS)}")


def _number(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValueError(attribute.name, value, "is not a whole number")
    if abs(value) > _MOST[attribute.name]:
        raise LimitExceededError(f"{attribute.name} of a relative date", _MOST[attribute.name])


def _zone(_: object, attribute: Attribute[Any], value: object) -> None:
    time_zone(value, field=attribute.name)


@frozen(kw_only=True)
class Relative:
    """A date or instant that is known only when the criteria runs.

    Attributes:
        start: what is counted from: ``now``, or the beginning of the present day, week, month, quarter or year.
        months: calendar months after that, before it if negative; at most 100 years.
        days: days after that, before it if negative; at most 100 years.
        minutes: minutes of elapsed time after that, before it if negative; never for a date.
        zone: an IANA name, such as ``Europe/Oslo``; whose calendar and clocks are meant.
    """

    start: Literal["now"] | Period = field(default="now", validator=_start)
    months: int = field(default=0, validator=_number)
    days: int = field(default=0, validator=_number)
    minutes: int = field(default=0, validator=_number)
    zone: str = field(default="UTC", validator=_zone)

    def instant_at(self, at: datetime) -> datetime:
        """The instant that is meant at the instant ``at``, both UTC.

        Raises:
            InvalidValueError: if it lies outside of the years 1 to 9999.
        """
        if self.start == "now" and not self.months and not self.days:  # whatever the zone, and though its clocks repeat
            return self._within(lambda: at + timedelta(minutes=self.minutes))
        zone = time_zone(self.zone)
        return self._within(
            lambda: self._wall(at).replace(tzinfo=zone).astimezone(UTC) + timedelta(minutes=self.minutes)
        )

    def date_at(self, at: datetime) -> date:
        """The date that is meant at the instant ``at`` (UTC), on the calendar of the zone.

        Raises:
            InvalidValueError: if it lies outside of the years 1 to 9999.
        """
        return self._within(lambda: self._wall(at).date())

    def _wall(self, at: datetime) -> datetime:
        """What the zone's clocks show, minutes apart; without a time zone."""
        shown = at.astimezone(time_zone(self.zone)).replace(tzinfo=None, fold=0)
        return _in_months(_cut(shown, self.start), self.months) + timedelta(days=self.days)

    def _within(self, work_out: Callable[[], T]) -> T:
        try:
            return work_out()
        except (OverflowError, ValueError):
            raise InvalidValueError("relative date", str(self), "lies outside of the years 1 to 9999") from None

    def to_json(self) -> dict[str, Any]:
        """Its parts as plain data; those that say nothing are left out."""
        parts = {"start": self.start, "months": self.months, "days": self.days, "minutes": self.minutes}
        said = {name: value for name, value in parts.items() if value and value != "now"}
        return said if self.zone == "UTC" else {**said, "zone": self.zone}

    def __str__(self) -> str:
        shifts = list(self._shifts())
        words = "now" if self.start == "now" else "today" if self.start == "day" else f"the start of this {self.start}"
        if self.start == "now" and len(shifts) == 1:
            number, unit = shifts[0]
            words = f"{_many(number, unit)} {'ago' if number < 0 else 'from now'}"
        elif len(shifts) == 1 and shifts[0] == (-1, self.start):
            words = "yesterday" if self.start == "day" else f"the start of last {self.start}"
        elif len(shifts) == 1 and shifts[0] == (1, self.start):
            words = "tomorrow" if self.start == "day" else f"the start of next {self.start}"
        else:
            words += "".join(f" {'minus' if n < 0 else 'plus'} {_many(n, unit)}" for n, unit in shifts)
        return words if self.zone == "UTC" else f"{words} in {self.zone}"

    def _shifts(self) -> Iterator[tuple[int, str]]:
        if self.months:
            yield (self.months, "month") if self.months % _YEAR else (self.months // _YEAR, "year")
        if self.days:
            yield (self.days, "day") if self.days % 7 or self.start == "day" else (self.days // 7, "week")
        if self.minutes:
            yield (self.minutes, "minute") if self.minutes % 60 else (self.minutes // 60, "hour")


def _cut(shown: datetime, start: str) -> datetime:
    if start == "now":
        return shown
    day = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    match start:
        case "week":
            return day - timedelta(days=day.weekday())
        case "month":
            return day.replace(day=1)
        case "quarter":
            return day.replace(day=1, month=(day.month - 1) // 3 * 3 + 1)
        case "year":
            return day.replace(day=1, month=1)
        case _:
            return day


def _in_months(day: datetime, months: int) -> datetime:
    if not months:
        return day
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if year < 1:
        raise OverflowError
    return day.replace(year=year, month=month + 1, day=min(day.day, monthrange(year, month + 1)[1]))


def _many(number: int, unit: str) -> str:
    number = abs(number)
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


# -- writing them -----------------------------------------------------------------------------------------------------


def now() -> Relative:
    """The instant in which the criteria runs; as a date, that of UTC."""
    return Relative()


def today(zone: str = "UTC") -> Relative:
    """The date on which the criteria runs; as an instant, when it began.

    Args:
        zone: an IANA name; whose day is meant.
    """
    return Relative(start="day", zone=zone)


def ago(  # the keywords are the sentence
    *,
    years: int = 0,
    months: int = 0,
    weeks: int = 0,
    days: int = 0,
    hours: int = 0,
    minutes: int = 0,
    zone: str = "UTC",
) -> Relative:
    """That much before the present, such as ``ago(days=30)``.

    Args:
        years: calendar years.
        months: calendar months.
        weeks: calendar weeks.
        days: calendar days, which are not always 24 hours.
        hours: elapsed hours; never for a date.
        minutes: elapsed minutes; never for a date.
        zone: an IANA name; whose calendar is meant.

    Raises:
        InvalidValueError: for a number that is negative or not whole, and for an unknown time zone.
        LimitExceededError: for more than 100 years.
    """
    return _shifted(-1, years, months, weeks, days, hours, minutes, zone)


def ahead(  # the keywords are the sentence
    *,
    years: int = 0,
    months: int = 0,
    weeks: int = 0,
    days: int = 0,
    hours: int = 0,
    minutes: int = 0,
    zone: str = "UTC",
) -> Relative:
    """That much after the present, such as ``ahead(weeks=2)``; see `ago`."""
    return _shifted(1, years, months, weeks, days, hours, minutes, zone)


def start_of(
    period: Period, *, years: int = 0, months: int = 0, weeks: int = 0, days: int = 0, zone: str = "UTC"
) -> Relative:
    """The beginning of the present day, week, month, quarter or year, or so much after it.

    The last month is ``(field >= start_of("month", months=-1)) & (field < start_of("month"))``.

    Args:
        period: whose beginning.
        years: calendar years after it; before it if negative, as all of these.
        months: calendar months after it.
        weeks: calendar weeks after it.
        days: calendar days after it.
        zone: an IANA name; whose calendar is meant.

    Raises:
        InvalidValueError: for an unknown period or time zone, and for a number that is not whole.
        LimitExceededError: for more than 100 years.
    """
    _whole(years=years, months=months, weeks=weeks, days=days)
    return Relative(start=period, months=years * 12 + months, days=weeks * 7 + days, zone=zone)


def _shifted(sign: int, *parts: Any) -> Relative:
    years, months, weeks, days, hours, minutes, zone = parts
    given = {"years": years, "months": months, "weeks": weeks, "days": days, "hours": hours, "minutes": minutes}
    _whole(**given)
    for name, number in given.items():
        if number < 0:
            raise InvalidValueError(name, number, "is negative; ago() counts back, ahead() forward")
    return Relative(
        months=sign * (years * 12 + months),
        days=sign * (weeks * 7 + days),
        minutes=sign * (hours * 60 + minutes),
        zone=zone,
    )


def _whole(**given: object) -> None:
    for name, number in given.items():
        if not isinstance(number, int) or isinstance(number, bool):
            raise InvalidValueError(name, number, "is not a whole number")


def read_relative(data: object) -> Relative:
    """The relative date that `Relative.to_json` gave as ``data``.

    Raises:
        CriteriaError: if it is none.
        InvalidValueError: for an unknown start or time zone, and for a number that is not whole.
        LimitExceededError: if it lies more than 100 years away.
    """
    if not isinstance(data, Mapping) or not {"start", "months", "days", "minutes", "zone"}.issuperset(data):
        raise CriteriaError("a relative date has start, months, days, minutes and zone, and nothing else")
    return Relative(**data)
