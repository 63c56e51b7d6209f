"""Dates as people write them in tables."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Final, Literal

from crmkit.sdk import InvalidValueError

__all__ = ["DATE_ORDERS", "DateOrder", "day_of", "proposed_order"]

DateOrder = Literal["dmy", "mdy"]
DATE_ORDERS: Final = ("dmy", "mdy")

_YEAR_FIRST: Final = re.compile(r"(\d{4})(?:([-./])(\d\d?)\2(\d\d?)|(\d\d)(\d\d))(?:[T ].*)?", re.ASCII)
_YEAR_LAST: Final = re.compile(r"(\d\d?)([-./ ])(\d\d?)\2(\d{4})(?: .*)?", re.ASCII)
_NOTHING: Final = re.compile(r"[0\-./ ]*")  # such as Outlook's 0/0/00
_MONTHS: Final = 12


def day_of(text: str, *, order: DateOrder | None) -> date | None:
    """The day that ``text`` names; None for a blank one, and for the zeros that stand for none.

    The year comes first (``1953-10-15``, ``19531015``), or last with a point (``15.10.1953``, the day first) or with
    another sign (``15/10/1953``), where only a number beyond 12, or ``order``, tells day and month apart.

    Args:
        text: the cell.
        order: day or month first, where that is open.

    Raises:
        InvalidValueError: if it is no date, no such day exists, or nothing tells which number is the month.
    """
    if _NOTHING.fullmatch(text):
        return None
    first = _YEAR_FIRST.fullmatch(text)
    if first:
        return _day(text, first[1], first[3] or first[5], first[4] or first[6])
    last = _YEAR_LAST.fullmatch(text)
    if last is None:
        raise InvalidValueError("birth_date", text, "is no date; write it like 1953-10-15")
    one, sign, two, year = last.groups()
    told: DateOrder | None = "dmy" if sign == "." else _decided(one, two) or order
    if told is None:
        reason = "may have its month first or its day; write it like 1953-10-15, or say which with date_order"
        raise InvalidValueError("birth_date", text, reason)
    return _day(text, year, *((two, one) if told == "dmy" else (one, two)))


def _decided(one: str, two: str) -> DateOrder | None:
    """What the numbers tell by themselves; nothing also where both readings are the same day."""
    if int(one) > _MONTHS:
        return "dmy"
    return "mdy" if int(two) > _MONTHS or one == two else None


def _day(text: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise InvalidValueError("birth_date", text, "is no day of the calendar") from None


def proposed_order(texts: Iterable[str]) -> DateOrder | None:
    """Whether the day or the month comes first, if the dates of a sample tell and do not contradict each other."""
    found: set[DateOrder] = set()
    for text in texts:
        last = _YEAR_LAST.fullmatch(text)
        decided = _decided(last[1], last[3]) if last is not None and last[1] != last[3] else None
        if decided is not None:
            found.add(decided)
    return found.pop() if len(found) == 1 else None
