"""Dates as vCards write them (RFC 6350, section 4.3): whole, truncated, with a time, and in the older extended form."""

from __future__ import annotations

import re
from datetime import date
from typing import Final

from crmkit.sdk import InvalidValueError

__all__ = ["day_of"]

_BASIC: Final = re.compile(r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)", re.ASCII)
_EXTENDED: Final = re.compile(r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)", re.ASCII)
_NO_YEAR: Final = re.compile(r"--(?P<month>\d\d)-?(?P<day>\d\d)", re.ASCII)
_PART: Final = re.compile(r"\d{4}(?:-\d\d)?|--\d\d|---\d\d", re.ASCII)
_TIME: Final = re.compile(r"[T ]\d\d(?::?\d\d)*(?:[.,]\d+)?(?:Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)
_NO_DATE: Final = re.compile(r"T[\d:-]+(?:Z|[+-]\d\d(?::?\d\d)?)?", re.ASCII)

_UNKNOWN_YEARS: Final = frozenset({"1604"})
"""What Apple writes for the year of a birthday whose year is unknown: the first leap year of its calendar."""


def day_of(value: str) -> tuple[date | None, str | None]:
    """The date that ``value`` names, or its month and day (``MM-DD``) where the year is unknown; a time is dropped.

    Neither of them for what is less than a day: a year, a month, a time.

    Args:
        value: such as ``19531015``, ``1953-10-15``, ``--0203``, ``1953``, ``---03``, ``20090808T1430-0500``.

    Raises:
        InvalidValueError: if it is no date, or no such day exists.
    """
    text = value.strip()
    for form in (_BASIC, _EXTENDED, _NO_YEAR):
        found = form.match(text)
        rest = text[found.end() :] if found else ""
        if found and (not rest or _TIME.fullmatch(rest)):
            return _checked(value, found.groupdict())
    if _PART.fullmatch(text) or _NO_DATE.fullmatch(text):
        return None, None
    raise InvalidValueError("birth_date", value, "is no date as vCards write it, such as 19531015 or --0203")


def _checked(value: str, parts: dict[str, str]) -> tuple[date | None, str | None]:
    year, month, day = parts.get("year"), parts["month"], parts["day"]
    try:
        found = date.fromisoformat(f"{year or '2000'}-{month}-{day}")  # 2000 was a leap year
    except ValueError:
        raise InvalidValueError("birth_date", value, "is no day of the calendar") from None
    if year is None or year in _UNKNOWN_YEARS:
        return None, f"{month}-{day}"
    return found, None
