"""How what a calendar says becomes business time. Pure."""

from __future__ import annotations

from datetime import date
from functools import lru_cache
from typing import Final

from crmkit.sdk import BusinessCalendar, Hours

__all__ = ["AHEAD", "AROUND_THE_CLOCK", "business", "horizon"]

AROUND_THE_CLOCK: Final = BusinessCalendar(timezone="UTC", week=[[Hours.of("00:00-24:00")]] * 7)
"""By which time is counted where no calendar is defined."""

AHEAD: Final = 3
"""For how many years after the present one public holidays are kept, so that no promise runs beyond them."""

Week = tuple[str, ...]
Days = tuple[tuple[str, str], ...]


@lru_cache(maxsize=512)
def business(timezone: str, week: Week, days: Days = (), holidays: tuple[str, ...] = ()) -> BusinessCalendar:
    """Business time by a week in a zone; the same object for the same calendar, so that its years are counted once.

    Args:
        timezone: an IANA name.
        week: the hours of Monday to Sunday.
        days: days that differ, by ISO date, with their hours.
        holidays: ISO dates of days off, unless ``days`` says otherwise.

    Raises:
        InvalidValueError: if they make no calendar, as one without working hours.
    """  # raised by the value
    off: dict[date, list[Hours]] = {date.fromisoformat(day): [] for day in holidays}
    own = {date.fromisoformat(day): _read(hours) for day, hours in days}
    return BusinessCalendar(timezone=timezone, week=[_read(hours) for hours in week], days={**off, **own})


def _read(hours: str) -> list[Hours]:
    return [Hours.of(one) for one in hours.split(",")] if hours else []


def horizon(today: date) -> range:
    """The years whose public holidays a calendar keeps: last year's too, in which open cases may have come."""
    return range(today.year - 1, today.year + AHEAD + 1)
