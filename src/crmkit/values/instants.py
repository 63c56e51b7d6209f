"""Instants: aware datetimes in UTC, and the one text form in which they are stored, sorted and exchanged.

The form is ``YYYY-MM-DDTHH:MM:SS.ffffffZ`` (RFC 3339, always six digits, always ``Z``), so texts sort as instants do.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmkit.errors import InvalidValueError, NaiveDatetimeError

__all__ = ["as_instant", "as_period", "format_instant", "parse_instant", "time_zone"]


def as_instant(value: datetime, *, field: str = "instant") -> datetime:
    """The same instant in UTC.

    Args:
        value: an aware datetime in any time zone.
        field: the name that an error should speak of.

    Raises:
        NaiveDatetimeError: if ``value`` has no time zone.
        InvalidValueError: if ``value`` is no datetime, or lies outside of the years 1 to 9999 once in UTC.
    """
    if not isinstance(value, datetime):
        raise InvalidValueError(field, value, "is not a datetime")
    if value.tzinfo is UTC:
        return value
    if value.utcoffset() is None:
        raise NaiveDatetimeError(value, field=field)
    try:
        return value.astimezone(UTC)
    except OverflowError:
        raise InvalidValueError(field, value, "lies outside of the years 1 to 9999 in UTC") from None


def as_period(since: datetime | None, until: datetime | None) -> tuple[datetime | None, datetime | None]:
    """The bounds of a period in UTC; None stands for no bound.

    Raises:
        NaiveDatetimeError: if a bound has no time zone.
        InvalidValueError: if the period ends before it begins.
    """
    begin = None if since is None else as_instant(since, field="since")
    end = None if until is None else as_instant(until, field="until")
    if begin is not None and end is not None and end < begin:
        raise InvalidValueError("until", until, f"lies before since={since!r}")
    return begin, end


def format_instant(value: datetime) -> str:
    """``value``, an instant in UTC, in the one text form."""
    return f"{value.isoformat(timespec='microseconds')[:26]}Z"


def parse_instant(text: str) -> datetime:
    """The instant that ``text`` (RFC 3339, any offset) stands for, in UTC.

    Raises:
        InvalidValueError: if ``text`` is no RFC 3339 date and time.
        NaiveDatetimeError: if it has no offset.
    """
    try:
        value = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidValueError("instant", text, "is not an RFC 3339 date and time") from None
    return as_instant(value)


def time_zone(name: object, *, field: str = "time zone") -> ZoneInfo:
    """The time zone of that IANA name, such as ``Europe/Oslo``.

    Args:
        name: its name.
        field: the name that an error should speak of.

    Raises:
        InvalidValueError: if there is none.
    """
    found = _zone(name) if isinstance(name, str) else None
    if found is None:
        shown = name[:80] if isinstance(name, str) else name
        raise InvalidValueError(field, shown, "is no time zone; write it like 'Europe/Oslo'")
    return found


@lru_cache(maxsize=256)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
