"""What counts of scores come to, and when satisfaction has dropped."""

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.feedback.drops.rules import compared, mean
from crmkit.plugins.feedback.trends.rules import months_until, point_of, trend_of

MARCH = date(2026, 3, 1)


def test_a_month_comes_to_what_was_said_in_it():
    counts = {"csat": {5: 2, 4: 1, 1: 1}, "nps": {10: 3, 7: 1, 0: 1}, "mood": {1: 1, 5: 1}}
    point = point_of(MARCH, counts)
    assert (point.csat_count, point.csat_mean, point.csat_satisfied) == (4, Decimal("3.75"), Decimal("0.75"))
    assert (point.nps_count, point.nps) == (5, Decimal(40))
    assert (point.mood_count, point.mood_mean) == (2, Decimal(3))
    # shares: csat 1 1 0.75 0, nps 1 1 1 0.7 0, mood 0 1
    assert point.satisfaction == mean([Decimal(s) for s in "1 1 .75 0 1 1 1 .7 0 0 1".split()])


def test_a_month_in_which_nobody_said_anything_is_there_and_empty():
    (point,) = trend_of([MARCH], [])
    assert (point.month, point.csat_count, point.csat_mean, point.nps, point.satisfaction) == (
        MARCH,
        0,
        None,
        None,
        None,
    )


def test_months_go_over_the_turn_of_the_year():
    assert months_until(date(2026, 2, 28), 4) == tuple(
        date(y, m, 1) for y, m in [(2025, 11), (2025, 12), (2026, 1), (2026, 2)]
    )


@given(st.dates(date(1990, 1, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_months_are_consecutive_and_the_last_has_the_day_in_it(day, count):
    months = months_until(day, count)
    assert (len(months), months[-1]) == (count, day.replace(day=1))
    following = [(month + timedelta(days=31)).replace(day=1) for month in months]
    assert list(months[1:]) == following[:-1]


shares = st.lists(st.integers(0, 4).map(lambda n: Decimal(n) / 4), max_size=12)


@given(shares, st.integers(1, 5), st.integers(1, 100).map(lambda n: Decimal(n) / 100))
def test_a_drop_is_as_plain_arithmetic_says(latest_first, window, by):
    found = compared(latest_first, window)
    if len(latest_first) < 2 * window:
        assert found is None
        return
    after = sum(latest_first[:window]) / window
    before = sum(latest_first[window:][:window]) / window
    assert (found.before, found.after) == (round(before, 4), round(after, 4))
    assert found.is_drop(by) == (round(before, 4) - round(after, 4) >= by)


@given(shares, shares, st.integers(1, 4))
def test_what_was_said_long_ago_does_not_count(latest, older, window):
    if len(latest) >= 2 * window:
        assert compared([*latest, *older], window) == compared(latest, window)
