"""Relative dates against an oracle that looks for the answer minute by minute, and what they refuse."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crmkit.errors import CriteriaError, InvalidValueError, LimitExceededError
from crmkit.values.criteria import Relative, ago, ahead, criteria_from_json, criteria_to_json, f, now, start_of, today

ZONES = ("UTC", "Europe/Oslo", "America/New_York", "America/Havana", "Asia/Kathmandu", "Pacific/Apia", "Asia/Beirut")
MINUTE = timedelta(minutes=1)
instants = st.integers(0, 31 * 366 * 24 * 60).map(lambda minutes: datetime(1999, 1, 1, tzinfo=UTC) + minutes * MINUTE)
relatives = st.builds(
    Relative,
    start=st.sampled_from(["now", "day", "week", "month", "quarter", "year"]),
    months=st.integers(-30, 30),
    days=st.integers(-400, 400),
    minutes=st.integers(-3000, 3000),
    zone=st.sampled_from(ZONES),
)


# -- the oracle: a calendar of days, and clocks that are read every minute --------------------------------------------


def first_of(day, start):
    """The first day of its period: the last day before or on it that begins one."""
    begins = {
        "now": lambda d: True,
        "day": lambda d: True,
        "week": lambda d: d.isoweekday() == 1,
        "month": lambda d: d.day == 1,
        "quarter": lambda d: d.day == 1 and d.month in {1, 4, 7, 10},
        "year": lambda d: (d.month, d.day) == (1, 1),
    }[start]
    while not begins(day):
        day -= timedelta(days=1)
    return day


def some_months_on(day, months):
    year, month = day.year, day.month
    for _ in range(abs(months)):
        month += 1 if months > 0 else -1
        if month == 13:
            year, month = year + 1, 1
        if month == 0:
            year, month = year - 1, 12
    for last in range(day.day, 0, -1):
        try:
            return day.replace(year=year, month=month, day=last)
        except ValueError:
            continue
    raise AssertionError


def wall(relative, at):
    shown = at.astimezone(ZoneInfo(relative.zone))
    day = some_months_on(first_of(shown.date(), relative.start), relative.months) + timedelta(days=relative.days)
    time = shown.time().replace(fold=0) if relative.start == "now" else datetime.min.time()
    return datetime.combine(day, time)


def when_the_clocks_show(wanted, zone):
    """The first minute in which the clocks show it; if they skip it, as late as without the skip."""
    zone = ZoneInfo(zone)
    start = wanted.replace(tzinfo=UTC) - timedelta(hours=27)
    for minutes in range(54 * 60):
        at = start + minutes * MINUTE
        if at.astimezone(zone).replace(tzinfo=None) == wanted:
            return at
    before = wanted.replace(tzinfo=UTC) - timedelta(hours=12)
    while before.astimezone(zone).replace(tzinfo=None) > wanted - timedelta(minutes=1):
        before -= MINUTE
    offset = before.astimezone(zone).utcoffset()
    return wanted.replace(tzinfo=UTC) - offset


@given(relatives, instants)
@example(ago(months=1), datetime(2025, 3, 31, 12, tzinfo=UTC))
@example(ago(years=1), datetime(2024, 2, 29, 12, tzinfo=UTC))
@example(start_of("quarter", months=-3), datetime(2025, 1, 31, tzinfo=UTC))
@example(today("Pacific/Apia"), datetime(2011, 12, 30, 9, 30, tzinfo=UTC))
@example(today("Asia/Beirut"), datetime(2025, 3, 30, 9, 0, tzinfo=UTC))
@example(today("America/Havana"), datetime(2025, 11, 2, 12, 0, tzinfo=UTC))
@example(ago(days=1, zone="Europe/Oslo"), datetime(2025, 3, 31, 0, 30, tzinfo=UTC))
@example(ago(days=1, zone="Europe/Oslo"), datetime(2025, 10, 27, 1, 30, tzinfo=UTC))
@example(ago(days=1, zone="Europe/Oslo"), datetime(2025, 10, 27, 0, 30, tzinfo=UTC))
def test_dates_and_instants_are_those_of_a_calendar_and_clocks_read_minute_by_minute(relative, at):
    assert relative.date_at(at) == wall(relative, at).date()
    if relative.start == "now" and not relative.months and not relative.days:
        expected = at
    else:
        expected = when_the_clocks_show(wall(relative, at), relative.zone)
    assert relative.instant_at(at) == expected + relative.minutes * MINUTE


OSLO = "Europe/Oslo"
AT = datetime(2025, 8, 14, 22, 30, tzinfo=UTC)  # a Thursday; in Oslo it is Friday already


@pytest.mark.parametrize(
    ("relative", "day"),
    [
        (today(), date(2025, 8, 14)),
        (today(OSLO), date(2025, 8, 15)),
        (now(), date(2025, 8, 14)),
        (ago(days=30), date(2025, 7, 15)),
        (ago(months=6), date(2025, 2, 14)),
        (ahead(weeks=2), date(2025, 8, 28)),
        (ahead(years=1, days=1), date(2026, 8, 15)),
        (start_of("week"), date(2025, 8, 11)),
        (start_of("month", months=-1), date(2025, 7, 1)),
        (start_of("quarter"), date(2025, 7, 1)),
        (start_of("year", years=-1), date(2024, 1, 1)),
    ],
)
def test_what_relative_dates_mean_on_one_evening(relative, day):
    assert relative.date_at(AT) == day


@pytest.mark.parametrize(
    ("relative", "instant"),
    [
        (now(), AT),
        (ago(hours=3), AT - timedelta(hours=3)),
        (today(), datetime(2025, 8, 14, tzinfo=UTC)),
        (today(OSLO), datetime(2025, 8, 14, 22, tzinfo=UTC)),
        (ago(days=200, zone=OSLO), datetime(2025, 1, 26, 23, 30, tzinfo=UTC)),  # half past midnight then, too
        (start_of("month", zone=OSLO), datetime(2025, 7, 31, 22, tzinfo=UTC)),
    ],
)
def test_what_relative_dates_mean_as_instants(relative, instant):
    assert relative.instant_at(AT) == instant


def test_a_day_is_as_long_as_the_clocks_make_it():
    noon_after_the_change = datetime(2025, 3, 30, 10, tzinfo=UTC)
    assert noon_after_the_change - ago(days=1, zone=OSLO).instant_at(noon_after_the_change) == timedelta(hours=23)
    assert noon_after_the_change - ago(hours=24, zone=OSLO).instant_at(noon_after_the_change) == timedelta(hours=24)


# -- as text and as JSON ----------------------------------------------------------------------------------------------


@given(relatives)
def test_relative_dates_survive_being_stored(relative):
    where = f.at > relative
    assert criteria_from_json(criteria_to_json(where)) == where


@given(relatives, relatives, instants)
def test_those_that_read_alike_are_alike(one, other, at):
    if str(one) == str(other):
        assert (one.date_at(at), one.instant_at(at)) == (other.date_at(at), other.instant_at(at))


@pytest.mark.parametrize(
    ("relative", "words"),
    [
        (now(), "now"),
        (today(), "today"),
        (today(OSLO), "today in Europe/Oslo"),
        (ago(days=1), "1 day ago"),
        (ago(days=30), "30 days ago"),
        (ago(months=12), "1 year ago"),
        (ahead(weeks=2), "2 weeks from now"),
        (ahead(hours=3), "3 hours from now"),
        (ago(months=1, days=3), "now minus 1 month minus 3 days"),
        (start_of("day", days=-1), "yesterday"),
        (start_of("day", days=1), "tomorrow"),
        (start_of("week", weeks=-1), "the start of last week"),
        (start_of("month", months=1), "the start of next month"),
        (start_of("quarter", months=-3), "the start of this quarter minus 3 months"),
        (start_of("year"), "the start of this year"),
    ],
)
def test_a_relative_date_reads_as_one_would_say_it(relative, words):
    assert str(relative) == words


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("zone", ["Europe/Olso", "", "../etc/passwd", "Europe", "\0", "x" * 100_000, None, 5])
def test_an_unknown_time_zone_is_refused(zone):
    with pytest.raises(InvalidValueError, match="is no time zone"):
        today(zone)


@pytest.mark.parametrize("number", [10**9, 10**30])
def test_what_is_further_than_a_hundred_years_is_refused(number):
    for make in (
        lambda: ago(years=number),
        lambda: ahead(months=number),
        lambda: ago(weeks=number),
        lambda: ago(days=number),
        lambda: ago(hours=number),
        lambda: start_of("day", days=-number),
    ):
        with pytest.raises(LimitExceededError, match="of a relative date: at most"):
            make()


@pytest.mark.parametrize("number", [-1, 1.5, "3", None, True])
def test_what_is_no_number_of_days_is_refused(number):
    with pytest.raises(InvalidValueError, match="days"):
        ago(days=number)


def test_an_unknown_period_is_refused():
    with pytest.raises(InvalidValueError, match="is none of now, day, week"):
        start_of("fortnight")


@pytest.mark.parametrize("at", [datetime(1, 1, 2, tzinfo=UTC), datetime(50, 1, 1, tzinfo=UTC)])
def test_what_lies_before_all_calendars_is_refused(at):
    for relative in (ago(years=100), ago(days=36_000), ago(hours=800_000)):
        with pytest.raises(InvalidValueError, match="outside of the years"):
            relative.instant_at(at)


def test_what_lies_after_all_calendars_is_refused():
    at = datetime(9999, 12, 31, 23, tzinfo=UTC)
    for relative in (ahead(months=1), ahead(days=1), ahead(hours=1), today("America/New_York")):
        if relative != today("America/New_York"):
            with pytest.raises(InvalidValueError, match="outside of the years"):
                relative.instant_at(at)
    with pytest.raises(InvalidValueError, match="outside of the years"):
        today("Asia/Tokyo").date_at(at)


@pytest.mark.parametrize("raw", [None, 5, "today", [], {"since": 1}, {"start": "now", "weeks": 3}])
def test_what_is_no_relative_date_is_refused(raw):
    with pytest.raises(CriteriaError, match="a relative date has"):
        criteria_from_json({"field": "at", "op": "lt", "value": {"relative": raw}})


@pytest.mark.parametrize("raw", [{"start": []}, {"start": {}}, {"days": "3"}, {"zone": []}, {"months": 1.5}])
def test_a_relative_date_with_a_damaged_part_is_refused(raw):
    with pytest.raises(InvalidValueError):
        criteria_from_json({"field": "at", "op": "lt", "value": {"relative": raw}})
