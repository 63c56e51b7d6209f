"""When a talkative party has fallen silent, by its own rhythm."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.silences.rules import rhythm_of, silent_from

BEGIN = datetime(2026, 1, 1, 9, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = Settings()


def every(days, times):
    return [BEGIN + n * days * DAY for n in range(times)]


def test_who_talks_every_week_is_missed_after_three():
    rhythm = rhythm_of(every(7, 8))
    assert (rhythm.days, rhythm.usual, rhythm.longest) == (8, 7, 7)
    assert silent_from(rhythm, SETTINGS) == BEGIN + (7 * 7 + 21) * DAY


def test_who_talks_every_day_is_missed_after_two_weeks():
    assert silent_from(rhythm_of(every(1, 10)), SETTINGS) == BEGIN + (9 + 14) * DAY


def test_who_talks_rarely_or_seldom_is_not_missed():
    assert silent_from(rhythm_of(every(31, 10)), SETTINGS) is None
    assert silent_from(rhythm_of(every(7, 5)), SETTINGS) is None
    assert silent_from(rhythm_of([]), SETTINGS) is None
    assert silent_from(rhythm_of([BEGIN]), SETTINGS) is None


def test_a_holiday_once_taken_may_be_taken_again():
    contacts = [*every(7, 8), BEGIN + (49 + 40) * DAY]
    assert silent_from(rhythm_of(contacts), SETTINGS) == contacts[-1] + 41 * DAY


def test_many_calls_on_one_day_are_one_conversation():
    calls = [BEGIN + n * timedelta(minutes=10) for n in range(20)]
    assert rhythm_of(calls) is None


instants = st.lists(st.integers(0, 500_000).map(lambda n: BEGIN + timedelta(minutes=n)), max_size=60)


@given(instants, st.randoms())
def test_order_and_repetition_do_not_matter(contacts, random):
    shuffled = [*contacts, *contacts[:5]]
    random.shuffle(shuffled)
    assert rhythm_of(shuffled) == rhythm_of(contacts)


@given(instants)
def test_nobody_is_silent_before_the_longest_silence_they_have_kept_has_passed(contacts):
    rhythm = rhythm_of(contacts)
    begins = silent_from(rhythm, SETTINGS)
    if begins is not None:
        days = sorted({one.date() for one in contacts})[-50:]
        gaps = [(b - a).days for a, b in pairwise(days)]
        waited = begins - max(contacts)
        assert waited > max(gaps) * DAY
        assert waited >= 14 * DAY
        assert len(days) >= 6
        assert sorted(gaps)[len(gaps) // 2] <= 30


@given(instants, st.integers(1, 100))
def test_more_patience_never_makes_anybody_silent_earlier(contacts, factor):
    rhythm = rhythm_of(contacts)
    one = silent_from(rhythm, evolve(SETTINGS, silence_factor=factor))
    more = silent_from(rhythm, evolve(SETTINGS, silence_factor=min(100, factor + 1)))
    assert (one is None) == (more is None)
    assert one is None or one <= more


@given(instants)
def test_being_heard_of_again_never_leaves_the_silence_standing(contacts):
    rhythm = rhythm_of(contacts)
    begins = silent_from(rhythm, SETTINGS)
    if begins is not None:
        again = rhythm_of([*contacts, begins])
        later = silent_from(again, SETTINGS)
        assert later is None or later > begins
