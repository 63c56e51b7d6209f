"""Instants are aware and in UTC, in one text form that sorts as they do; clocks tell them."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import InvalidValueError, NaiveDatetimeError
from crmkit.values.clock import FixedClock, SystemClock
from crmkit.values.instants import as_instant, as_period, format_instant, parse_instant

instants = st.datetimes(timezones=st.just(UTC))
zones = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
aware = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=zones)  # noqa: DTZ001  # bounds are naive


@given(instants)
def test_an_instant_is_the_same_after_a_way_through_text(instant):
    assert parse_instant(format_instant(instant)) == instant


@given(instants, instants)
def test_texts_of_instants_sort_as_the_instants_do(one, other):
    assert (format_instant(one) < format_instant(other)) is (one < other)


@given(aware)
def test_an_instant_of_any_zone_is_the_same_instant_in_utc(moment):
    instant = as_instant(moment)
    assert instant == moment
    assert instant.tzinfo is UTC


def test_a_naive_datetime_is_refused_by_the_name_of_its_field():
    with pytest.raises(NaiveDatetimeError, match="due_at"):
        as_instant(datetime(2026, 1, 1), field="due_at")  # noqa: DTZ001  # naive on purpose
    with pytest.raises(NaiveDatetimeError):
        parse_instant("2026-01-01T09:00:00")
    with pytest.raises(NaiveDatetimeError):
        FixedClock(datetime(2026, 1, 1))  # noqa: DTZ001  # naive on purpose


@pytest.mark.parametrize("text", ["", "tomorrow", "2026-13-01T00:00:00Z", "2026-01-01T25:00:00Z"])
def test_a_text_that_is_no_instant_is_refused(text):
    with pytest.raises(InvalidValueError):
        parse_instant(text)


@pytest.mark.parametrize(
    "moment",
    [
        datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
        datetime(9999, 12, 31, 23, 30, tzinfo=timezone(timedelta(hours=-1))),
    ],
)
def test_an_instant_outside_of_the_years_in_utc_is_refused(moment):
    with pytest.raises(InvalidValueError, match="1 to 9999"):
        as_instant(moment)


def test_a_fixed_clock_stands_still_until_it_is_moved_either_way():
    clock = FixedClock(datetime(2026, 3, 2, 9, tzinfo=UTC))
    assert clock.now() == clock.now()
    assert clock.advance(timedelta(hours=1)) == datetime(2026, 3, 2, 10, tzinfo=UTC)
    clock.advance(timedelta(days=-1))
    assert clock.now() == datetime(2026, 3, 1, 10, tzinfo=UTC)


def test_the_system_clock_is_aware_and_in_utc():
    assert SystemClock().now().tzinfo is UTC


def test_a_period_is_aware_and_does_not_end_before_it_begins():
    one, two = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)
    assert as_period(one, two) == (one, two)
    assert as_period(None, None) == (None, None)
    with pytest.raises(NaiveDatetimeError, match="since"):
        as_period(datetime(2026, 1, 1), two)  # noqa: DTZ001  # naive on purpose
    with pytest.raises(InvalidValueError, match="lies before"):
        as_period(two, one)
