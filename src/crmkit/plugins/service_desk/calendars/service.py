"""The commands and queries about calendars; a chapter of `crmkit.plugins.service_desk.sla.service.Promises`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.calendars.holidays import public_holidays
from crmkit.plugins.service_desk.calendars.model import EVERY_TEAM, Calendar
from crmkit.plugins.service_desk.calendars.rules import horizon
from crmkit.sdk import AlreadyExistsError, Service, Target, command, f, query

__all__ = ["CalendarId", "Calendars"]

CalendarId = Annotated[UUID, Target("service_desk.calendar")]


class Calendars(Service):
    """When teams work."""

    @command("service_desk.calendar.add", permission="service_desk.calendar.create")
    def add_calendar(
        self,
        key: str,
        *,
        label: str,
        week: Sequence[Sequence[str]],
        timezone: str = "UTC",
        team: str = EVERY_TEAM,
        days: Mapping[date, Sequence[str]] | None = None,
        country: str | None = None,
        subdivision: str | None = None,
    ) -> Calendar:
        """Add the calendar of a team, or of all teams that have none of their own.

        Args:
            key: how commands name it.
            label: for people.
            week: the hours of Monday to Sunday, each like ``08:00-16:00``; a day off has none.
            timezone: an IANA name, such as ``Europe/Oslo``.
            team: key of the team that works by it; all without one of their own by default.
            days: days that differ from the week, with their hours; none for a day off.
            country: whose public holidays are days off, by its code of ISO 3166-1.
            subdivision: the part of the country.

        Raises:
            AlreadyExistsError: if a calendar has this key, or the team has one.
            InvalidKeyError: if the key is none.
            InvalidValueError: if it has no working hours, hours overlap, or zone, day or country is none.
            ConfigError: if a country is given and the extra is not installed.
        """  # most of them by the model and what this calls
        calendar = Calendar(
            key=key,
            label=label,
            team_id=team,
            timezone=timezone,
            week=week,
            days=days or {},
            country=country,
            subdivision=subdivision,
        )
        self._check_calendar_free(calendar)
        self.hasten("recount")
        return self.records.add(self._with_holidays(calendar))

    @command("service_desk.calendar.edit", permission="service_desk.calendar.update")
    def edit_calendar(self, calendar: Calendar) -> Calendar:
        """Store a changed calendar; its key stays. Open cases are recounted by it soon after.

        Args:
            calendar: as `attrs.evolve` made it from what was read; a changed country brings its holidays by itself.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
            AlreadyExistsError: if its team has another one.
            InvalidValueError: if the country is none.
            ConfigError: if a country is given and the extra is not installed.
        """  # most of them by what this calls
        before = self.uow.get(Calendar, calendar.id)
        after = evolve(calendar, key=before.key)
        self._check_calendar_free(after)
        if (after.country, after.subdivision) != (before.country, before.subdivision):
            after = self._with_holidays(after)
        self.hasten("recount")
        return self.records.update(before, after)

    @command("service_desk.calendar.remove", permission="service_desk.calendar.delete")
    def remove_calendar(self, calendar: CalendarId) -> None:
        """Remove a calendar; its team works by the one for all teams from then on, or around the clock.

        Args:
            calendar: its id.

        Raises:
            NotFoundError: if it is gone or hidden.
        """  # raised by the gate
        self.hasten("recount")
        self.records.remove(self.uow.get(Calendar, calendar))

    @command("service_desk.calendar.extend", permission="service_desk.calendar.update")
    def extend_calendars(self) -> int:
        """Keep the public holidays of the years to come, where they are not kept yet; those kept stay as they are.

        Returns:
            How many calendars have more of them now.

        Raises:
            ConfigError: if there are such calendars and the extra is not installed.
        """  # raised by public_holidays
        last = horizon(self.uow.now.date())[-1]
        short = [one for one in self.uow.each(Calendar, ~f.country.is_empty()) if (one.holidays_until or 0) < last]
        for calendar in short:
            self.records.update(calendar, self._with_holidays(calendar, since=calendar.holidays_until or 0))
        return len(short)

    @query("service_desk.calendar.list", permission="service_desk.calendar.read")
    def calendars(self) -> tuple[Calendar, ...]:
        """The calendars, by their keys."""
        return tuple(self.uow.each(Calendar, order="key"))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _with_holidays(self, calendar: Calendar, *, since: int = 0) -> Calendar:
        """The calendar with the holidays of its country in the years after ``since``; earlier ones as they are kept."""
        if calendar.country is None:
            return evolve(calendar, holidays={}, holidays_until=None)
        years = horizon(self.uow.now.date())
        found = public_holidays(calendar.country, calendar.subdivision, [year for year in years if year > since])
        kept = calendar.holidays if since else {}
        holidays = {**kept, **{day.isoformat(): name for day, name in found.items()}}
        return evolve(calendar, holidays=holidays, holidays_until=years[-1])

    def _check_calendar_free(self, calendar: Calendar) -> None:
        for name in ("key", "team_id"):
            if self.uow.find(Calendar, (getattr(f, name) == getattr(calendar, name)) & (f.id != calendar.id), limit=1):
                raise AlreadyExistsError("service_desk.calendar", (name,))
