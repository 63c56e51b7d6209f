"""Quiet hours: when nobody is disturbed, on the recipient's clock, wherever that is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, time, timedelta, timezone, tzinfo
from functools import cache
from importlib.resources import files
from typing import Final
from zoneinfo import ZoneInfo

__all__ = ["quiet_end", "zones_of"]

MOST_ROUNDS: Final = 48
"""How often the end of quiet hours in one zone may lie in those of another one, before the first zone decides."""


def quiet_end(at: datetime, *, hours: tuple[time, time], zones: Sequence[tzinfo]) -> datetime | None:
    """When somebody may be disturbed, if that is later than ``at``.

    It is quiet while the clock on the wall shows a time from the first of ``hours`` on and before the second. Where the
    clocks go forward over the end of it, quiet hours end with that; where they go back over it, at the first passing.

    Args:
        at: when somebody is to be disturbed, aware.
        hours: from when until when it is quiet, on the wall; if both are the same, it never is.
        zones: where the recipient may live; it is quiet as long as it is in any of them. If there is no time at which
            it is quiet nowhere, the first one decides.

    Returns:
        The end of the quiet hours, UTC; None if it is not quiet at ``at``.
    """
    if hours[0] == hours[1] or not zones:
        return None
    moment = at.astimezone(UTC)
    for _ in range(MOST_ROUNDS):
        ends = [end for zone in zones if (end := _end(moment, hours, zone)) is not None]
        if not ends:
            return None if moment == at.astimezone(UTC) else moment
        moment = max(ends)
    return _end(at.astimezone(UTC), hours, zones[0])


def _end(moment: datetime, hours: tuple[time, time], zone: tzinfo) -> datetime | None:
    """The end of the quiet hours of one zone that ``moment`` lies in."""
    local = moment.astimezone(zone)
    wall = local.time().replace(fold=0)
    if not _is_quiet(wall, hours):
        return None
    day = local.date() if wall < hours[1] else local.date() + timedelta(days=1)
    naive = datetime.combine(day, hours[1])
    first = naive.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) != naive:
        return _leap(naive, zone)
    second = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)
    return first if first > moment else second


def _is_quiet(wall: time, hours: tuple[time, time]) -> bool:
    begin, end = hours
    return begin <= wall < end if begin < end else wall >= begin or wall < end


def _leap(naive: datetime, zone: tzinfo) -> datetime:
    """When the clocks leap over a time of day: the first instant whose clock shows more, to the second."""
    early = naive.replace(tzinfo=zone, fold=1).astimezone(UTC)  # by the offset after the leap, so before it
    late = naive.replace(tzinfo=zone, fold=0).astimezone(UTC)
    while late - early > timedelta(seconds=1):
        middle = early + (late - early) / 2
        if middle.astimezone(zone).replace(tzinfo=None) < naive:
            early = middle
        else:
            late = middle
    return late.replace(microsecond=0)


# -- where somebody lives ---------------------------------------------------------------------------------------------


def zones_of(own: str | None, countries: Iterable[str], otherwise: str) -> tuple[tzinfo, ...]:
    """The time zones in which a party may live.

    Args:
        own: what is known of the party itself: an IANA name or an offset such as ``+05:30``; None if nothing is.
        countries: of its addresses and phone numbers (ISO 3166-1 alpha-2), the most telling first.
        otherwise: IANA name of the zone where nothing is known.
    """
    if own is not None:
        return (_zone(own),)
    for country in countries:
        names = _by_country().get(country.upper())
        if names:
            return tuple(ZoneInfo(name) for name in names)
    return (ZoneInfo(otherwise),)


def _zone(name: str) -> tzinfo:
    if name[:1] in {"+", "-"}:
        hours, minutes = name[1:].split(":")
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return timezone(-offset if name[0] == "-" else offset)
    return ZoneInfo(name)


@cache
def _by_country() -> dict[str, tuple[str, ...]]:
    """The time zones of each country, the one with most people first: ``zone.tab`` of the IANA time zone database."""
    found: dict[str, tuple[str, ...]] = {}
    for line in files("tzdata.zoneinfo").joinpath("zone.tab").read_text("utf-8").splitlines():
        if line and not line.startswith("#"):
            country, _, zone = line.split("\t")[:3]
            found[country] = (*found.get(country, ()), zone)
    return found
