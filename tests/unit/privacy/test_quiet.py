"""Quiet hours on the recipient's clock, over changes of the clocks; against a count minute by minute."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.privacy.contacting.quiet import quiet_end, zones_of

ZONES = ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Pacific/Apia", "America/Sao_Paulo"]
NIGHT = (time(21), time(8))

# Days around changes of the clocks of 2026, and a leap day.
moments = st.builds(
    lambda day, minute: day + timedelta(minutes=minute),
    st.sampled_from([
        datetime(2026, 3, 28, tzinfo=UTC),  # Oslo goes forward in the night
        datetime(2026, 10, 24, tzinfo=UTC),  # and back
        datetime(2026, 3, 7, tzinfo=UTC),  # New York forward
        datetime(2026, 10, 31, tzinfo=UTC),  # and back
        datetime(2026, 4, 4, tzinfo=UTC),  # Lord Howe back, by half an hour
        datetime(2026, 10, 3, tzinfo=UTC),
        datetime(2011, 12, 29, tzinfo=UTC),  # Apia leaves out a day
        datetime(2028, 2, 28, tzinfo=UTC),
    ]),
    st.integers(0, 3 * 24 * 60),
)
times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


def oracle(at, hours, zones):
    """The first minute at which no clock on the wall shows a quiet time."""
    if hours[0] == hours[1]:
        return at
    for minute in range(4 * 24 * 60):
        moment = at + timedelta(minutes=minute)
        walls = [moment.astimezone(zone).time() for zone in zones]
        if not any(quiet(wall, *hours) for wall in walls):
            return moment
    return None


def quiet(wall, begin, end):
    minutes, first, last = (t.hour * 60 + t.minute for t in (wall, begin, end))
    return (minutes - first) % 1440 < (last - first) % 1440


@given(at=moments, begin=times, end=times, name=st.sampled_from(ZONES))
def test_it_is_quiet_until_the_first_minute_whose_clock_says_otherwise(at, begin, end, name):
    zone = ZoneInfo(name)
    found = quiet_end(at, hours=(begin, end), zones=[zone])
    assert (at if found is None else found) == oracle(at, (begin, end), [zone])


@given(at=moments, names=st.lists(st.sampled_from(ZONES[:4]), min_size=2, max_size=3, unique=True))
def test_in_several_zones_it_is_quiet_as_long_as_it_is_in_one_of_them(at, names):
    zones = [ZoneInfo(name) for name in names]
    hours = (time(22), time(6))
    expected = oracle(at, hours, zones)
    found = quiet_end(at, hours=hours, zones=zones)
    if expected is not None:
        assert (at if found is None else found) == expected


def test_where_it_is_quiet_somewhere_at_any_time_the_first_zone_decides():
    zones = [ZoneInfo("Europe/Oslo"), ZoneInfo("America/Los_Angeles")]
    at = datetime(2026, 1, 15, 3, tzinfo=UTC)
    assert quiet_end(at, hours=(time(12), time(11)), zones=zones) == datetime(2026, 1, 15, 10, tzinfo=UTC)


def test_the_end_of_the_quiet_hours_itself_is_not_quiet():
    at = datetime(2026, 1, 15, 7, tzinfo=UTC)  # 8:00 in Oslo
    assert quiet_end(at, hours=NIGHT, zones=[ZoneInfo("Europe/Oslo")]) is None
    before = at - timedelta(seconds=1)
    assert quiet_end(before, hours=NIGHT, zones=[ZoneInfo("Europe/Oslo")]) == at


@pytest.mark.parametrize(
    ("own", "countries", "expected"),
    [
        ("Asia/Kolkata", ["NO"], ["Asia/Kolkata"]),
        (None, ["NO", "US"], ["Europe/Oslo"]),
        (None, ["no"], ["Europe/Oslo"]),
        (None, ["XX", "NO"], ["Europe/Oslo"]),
        (None, [], ["Europe/Berlin"]),
    ],
)
def test_the_clock_is_the_partys_own_else_its_countrys_else_the_configured_one(own, countries, expected):
    assert [str(zone) for zone in zones_of(own, countries, "Europe/Berlin")] == expected


def test_an_offset_is_a_clock_too():
    (zone,) = zones_of("-05:30", [], "UTC")
    assert datetime(2026, 1, 1, tzinfo=zone).utcoffset() == -timedelta(hours=5, minutes=30)


def test_a_country_may_have_many_clocks():
    assert {"America/New_York", "Pacific/Honolulu"} <= {str(zone) for zone in zones_of(None, ["US"], "UTC")}
