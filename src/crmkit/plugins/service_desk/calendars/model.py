"""What a calendar of the service desk is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen
from attrs.validators import ge, instance_of, optional

from crmkit.plugins.service_desk.calendars.rules import business
from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import BusinessCalendar, Hours, InvalidValueError, Record, checks

__all__ = ["EVERY_TEAM", "Calendar"]

EVERY_TEAM: Final = ""
"""Stands for all teams that have no calendar of their own."""


def _hours(given: str | Iterable[Hours | str]) -> str:
    """The hours of a day as one text, so that what is read back equals what was stored; none for a day off."""
    several = given.split(",") if isinstance(given, str) else given
    found = [one if isinstance(one, Hours) else Hours.of(one) for one in several if one]
    return ", ".join(str(one) for one in found)


def _as_week(given: Iterable[str | Iterable[Hours | str]]) -> tuple[str, ...]:
    return tuple(_hours(day) for day in given)


def _day(given: object) -> str:
    try:
        found = given if type(given) is date else date.fromisoformat(str(given))
    except ValueError:
        raise InvalidValueError("days", given, "is no day; write it like 2026-12-24") from None
    return found.isoformat()


def _as_days(given: Mapping[Any, str | Iterable[Hours | str]]) -> Mapping[str, str]:
    return MappingProxyType({_day(day): _hours(hours) for day, hours in given.items()})


def _as_holidays(given: Mapping[Any, str]) -> Mapping[str, str]:
    return MappingProxyType({_day(day): str(name) for day, name in given.items()})


@frozen(kw_only=True)
class Calendar(Record):
    """When a team works. Which calendars there are is the tenant's data.

    Attributes:
        key: how commands name it; unique, never changed.
        label: for people.
        team_id: key of the team that works by it; empty for all teams that have none of their own. One per team.
        timezone: an IANA name, such as ``Europe/Oslo``.
        week: the hours of Monday to Sunday, each like ``08:00-12:00, 12:30-16:00``; a day off has none.
        days: days that differ from the week, by ISO date, with their hours; they win over holidays.
        country: whose public holidays are days off, by its code of ISO 3166-1, such as ``NO``; None for none.
        subdivision: the part of the country, by its code of ISO 3166-2 without the country, such as ``BY``.
        holidays: those days, by ISO date, with their names; kept as data, so that they change only when somebody asks.
        holidays_until: the last year whose holidays are kept; None without a country.

    Raises:
        InvalidValueError: if it has no working hours, hours overlap, or zone, hours or days are none.
    """

    key: str = field(validator=checks.key)
    label: str = field(validator=checks.text(LONGEST_LINE))
    team_id: str = field(default=EVERY_TEAM, validator=checks.text(LONGEST_LINE, blank=True))
    timezone: str = field(default="UTC", validator=instance_of(str))
    week: tuple[str, ...] = field(converter=_as_week)
    days: Mapping[str, str] = field(factory=dict, converter=_as_days)
    country: str | None = field(default=None, validator=checks.text(10))
    subdivision: str | None = field(default=None, validator=checks.text(10))
    holidays: Mapping[str, str] = field(factory=dict, converter=_as_holidays)
    holidays_until: int | None = field(default=None, validator=optional(ge(1)))

    def __attrs_post_init__(self) -> None:
        if self.subdivision is not None and self.country is None:
            raise InvalidValueError("subdivision", self.subdivision, "is part of no country; say which")
        self.business  # noqa: B018  # refuses what makes no calendar

    @property
    def business(self) -> BusinessCalendar:
        """Its business time."""
        return business(self.timezone, self.week, tuple(self.days.items()), tuple(self.holidays))
