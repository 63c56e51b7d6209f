"""Business time equals a count of every single minute, over changes of the clocks, leap days and holidays."""

from datetime import UTC, date, datetime, time, timedelta

import minute_by_minute as slow
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from minute_by_minute import MINUTE, utc

from crmkit import BusinessCalendar, Hours
from crmkit.errors import InvalidValueError, NaiveDatetimeError

DAY = 24 * 60
CHANGES = {
    "Europe/Oslo": (utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)),
    "America/New_York": (utc(2026, 3, 8, 7), utc(2026, 11, 1, 6)),
    "Australia/Lord_Howe": (utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30)),
    "Asia/Kathmandu": (utc(1985, 12, 31, 18, 30), utc(2028, 2, 28, 18, 15)),
    "Pacific/Apia": (utc(2011, 12, 30, 10), utc(2012, 4, 1)),
}
"""Instants at or near which the clocks change: by an hour, by half of one, by a quarter, by a day; and a leap day."""


@st.composite
def hours(draw):
    """The hours of one day: up to two spans, in minutes since midnight."""
    edges = draw(st.lists(st.integers(0, DAY // 15), unique=True, max_size=4))
    edges = [15 * edge for edge in sorted(edges)[: len(edges) // 2 * 2]]
    return tuple(zip(edges[::2], edges[1::2], strict=True))


weeks = st.lists(hours(), min_size=7, max_size=7).filter(any)


def as_hours(spans):
    return [Hours(time(a // 60, a % 60), time(b // 60 % 24, b % 60)) for a, b in spans]


@st.composite
def situations(draw):
    """A calendar, as the oracle and as the value have it, and an instant near a change of its clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    start = draw(st.sampled_from(CHANGES[zone])) + draw(st.integers(-3 * DAY, 2 * DAY)) * MINUTE
    week = draw(weeks)
    near = st.integers(-4, 4).map(lambda n: start.date() + timedelta(days=n))
    days = draw(st.dictionaries(near, hours(), max_size=3))
    calendar = BusinessCalendar(
        timezone=zone, week=[as_hours(d) for d in week], days={d: as_hours(h) for d, h in days.items()}
    )
    return calendar, {"zone": zone, "week": week, "days": days}, start


@given(situations(), st.integers(0, 2 * DAY))
def test_the_time_between_two_instants_is_the_number_of_worked_minutes(situation, minutes):
    calendar, said, start = situation
    end = start + minutes * MINUTE
    assert calendar.between(start, end) == slow.count(start, end, **said) * MINUTE


@given(situations(), st.integers(0, 2 * DAY))
def test_the_end_of_a_duration_is_the_minute_after_which_it_has_been_worked(situation, minutes):
    calendar, said, start = situation
    expected = slow.due(start, minutes, **said, horizon=timedelta(days=12))
    got = calendar.add(start, minutes * MINUTE)
    assert got == expected if expected is not None else got > start + timedelta(days=12)


@given(situations())
def test_an_instant_is_open_if_its_minute_is_worked(situation):
    calendar, said, start = situation
    assert calendar.is_open(start) == slow.worked(start, **said)


@given(situations(), st.timedeltas(timedelta(0), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(days=30)))
def test_durations_and_ends_are_inverse_to_the_microsecond(situation, away, duration):
    calendar, _, start = situation
    begin = start + away
    end = calendar.add(begin, duration)
    assert calendar.between(begin, end) == duration
    assert not duration or calendar.between(begin, end - timedelta(microseconds=1)) < duration  # no earlier instant is


@given(situations(), st.timedeltas(timedelta(0), timedelta(days=800)), st.timedeltas(timedelta(0), timedelta(days=800)))
def test_business_time_adds_up(situation, first, second):
    calendar, _, start = situation
    middle, end = start + first, start + first + second
    assert calendar.between(start, end) == calendar.between(start, middle) + calendar.between(middle, end)


@given(st.integers(1990, 2090), st.integers(0, 400))
@example(2028, 59)
def test_a_calendar_that_is_always_open_counts_all_time(year, day):
    """Years, leap days and changes of the clocks leave no seam."""
    always = BusinessCalendar(timezone="Europe/Oslo", week=[[Hours.of("00:00-24:00")]] * 7)
    start = datetime(year, 1, 1, tzinfo=UTC) + timedelta(days=day)
    assert always.between(start, start + timedelta(days=1000)) == timedelta(days=1000)
    assert always.add(start, timedelta(days=1000)) == start + timedelta(days=1000)


WORKDAYS = [[Hours.of("08:00-16:00")]] * 5 + [[], []]


def test_a_target_that_ends_with_the_day_ends_when_it_closes():
    oslo = BusinessCalendar(timezone="Europe/Oslo", week=WORKDAYS)
    assert oslo.add(utc(2026, 6, 1, 6), timedelta(hours=8)) == utc(2026, 6, 1, 14)
    assert oslo.add(utc(2026, 6, 5, 13), timedelta(hours=2)) == utc(2026, 6, 8, 7)  # over the weekend


def test_no_business_time_passes_on_holidays():
    oslo = BusinessCalendar(timezone="Europe/Oslo", week=WORKDAYS, days={date(2026, 5, 14): []})
    assert oslo.between(utc(2026, 5, 13, 14), utc(2026, 5, 15, 6)) == timedelta(0)


def test_an_hour_that_the_clocks_repeat_is_worked_twice_and_one_that_they_skip_is_not():
    night = BusinessCalendar(timezone="Europe/Oslo", week=[[Hours.of("00:00-06:00")]] * 7)
    assert night.between(utc(2026, 10, 24, 12), utc(2026, 10, 25, 12)) == timedelta(hours=7)
    assert night.between(utc(2026, 3, 28, 12), utc(2026, 3, 29, 12)) == timedelta(hours=5)


def test_a_calendar_without_working_hours_is_refused():
    with pytest.raises(InvalidValueError, match="leave no time to work in"):
        BusinessCalendar(timezone="UTC", week=[[]] * 7)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"timezone": "Oslo", "week": WORKDAYS}, "is no time zone"),
        ({"timezone": "UTC", "week": WORKDAYS[:5]}, "are no week"),
        ({"timezone": "UTC", "week": [[Hours.of("08:00-12:00"), Hours.of("11:00-13:00")], *WORKDAYS[1:]]}, "overlap"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(said, reason):
    with pytest.raises(InvalidValueError, match=reason):
        BusinessCalendar(**said)


@pytest.mark.parametrize(
    "text", ["", "8-16", "16:00-08:00", "08:00-08:00", "25:00-26:00", "08:00", 8, "08:00+01:00-09:00"]
)
def test_hours_that_are_none_are_refused(text):
    with pytest.raises(InvalidValueError):
        Hours.of(text)


@pytest.mark.parametrize("text", ["08:00-16:30", "00:00-24:00", "22:15-24:00", "08:00:30-09:00"])
def test_hours_are_written_as_they_are_read(text):
    assert str(Hours.of(text)) == text


def test_a_duration_that_never_ends_is_refused():
    """Of a calendar whose every working day is taken away, as of one with very few hours."""
    rare = BusinessCalendar(timezone="UTC", week=[[Hours.of("08:00-08:01")], [], [], [], [], [], []])
    with pytest.raises(InvalidValueError, match="100 years"):
        rare.add(utc(2026, 1, 1), timedelta(hours=1000))


def test_instants_must_have_a_zone_and_durations_a_direction():
    oslo = BusinessCalendar(timezone="Europe/Oslo", week=WORKDAYS)
    with pytest.raises(NaiveDatetimeError, match="start"):
        oslo.add(datetime(2026, 1, 1), timedelta(hours=1))  # noqa: DTZ001  # naive on purpose
    with pytest.raises(InvalidValueError, match="negative"):
        oslo.add(utc(2026, 1, 1), timedelta(hours=-1))
    with pytest.raises(InvalidValueError, match="lies before"):
        oslo.between(utc(2026, 1, 2), utc(2026, 1, 1))
    with pytest.raises(InvalidValueError, match="1800 to 8999"):
        oslo.between(utc(1, 1, 1), utc(2026, 1, 1))
