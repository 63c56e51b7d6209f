"""When schedules run, and how long jobs wait that have failed."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.kernel.jobs.rules import backoff, verdict
from crmkit.errors import ForbiddenError, InvalidValueError, NaiveDatetimeError, UnknownActorError
from crmkit.sdk import Manifest, Schedule

INSTANTS = st.integers(946_684_800, 2_840_140_800).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def schedule(**when):
    return Schedule(name="tend", run="plugin.jobs:tend", role="seller", **when)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(made, start, many):
    found = [at(start)]
    for _ in range(many):
        found.append(made.next_after(found[-1]))
    return [f"{one:%m-%d %H:%M}" for one in found[1:]]


def test_every_so_often_is_counted_from_the_epoch():
    assert times(schedule(every=timedelta(minutes=15)), "2026-03-02 09:03", 3) == [
        "03-02 09:15",
        "03-02 09:30",
        "03-02 09:45",
    ]


def test_daily_is_by_the_clock_on_the_wall():
    made = schedule(daily_at=time(3, 30), timezone="Europe/Oslo")
    assert times(made, "2026-03-27 12:00", 3) == ["03-28 02:30", "03-29 01:30", "03-30 01:30"]


def test_a_time_that_the_clocks_skip_comes_an_hour_later():
    assert times(schedule(daily_at=time(2, 30), timezone="Europe/Oslo"), "2026-03-28 12:00", 2) == [
        "03-29 01:30",
        "03-30 00:30",
    ]


def test_a_time_that_the_clocks_repeat_comes_once():
    assert times(schedule(daily_at=time(2, 30), timezone="Europe/Oslo"), "2026-10-24 12:00", 2) == [
        "10-25 00:30",
        "10-26 01:30",
    ]


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("*/20 8-9 * * 1-5", ["03-02 09:20", "03-02 09:40", "03-03 08:00"]),
        ("0 12 13 * 5", ["03-06 12:00", "03-13 12:00", "03-20 12:00"]),
        ("0 12 14 * 5", ["03-06 12:00", "03-13 12:00", "03-14 12:00"]),
        ("5,10 0 * * 7", ["03-08 00:05", "03-08 00:10", "03-15 00:05"]),
        ("50/5 9 2 3 *", ["03-02 09:50", "03-02 09:55", "03-02 09:50"]),
        ("0 0 29 2 *", ["02-29 00:00", "02-29 00:00", "02-29 00:00"]),
    ],
)
def test_cron_is_read_as_cron_reads_it(cron, expected):
    assert times(schedule(cron=cron), "2026-03-02 09:03", 3) == expected


@given(INSTANTS, st.sampled_from(["UTC", "Europe/Oslo", "America/St_Johns", "Pacific/Apia"]))
def test_what_comes_next_comes_later_and_is_at_the_time_that_was_said(instant, zone):
    made = schedule(cron="17 5 * * *", timezone=zone)
    found = made.next_after(instant)
    local = found.astimezone(ZoneInfo(zone))
    assert found > instant
    assert (local.hour, local.minute) == (5, 17)
    assert found - instant <= timedelta(hours=50)  # Apia once skipped a whole day


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "says not once when it runs"),
        ({"cron": "* * * * *", "every": timedelta(1)}, "says not once when it runs"),
        ({"every": timedelta(milliseconds=1)}, "less than a second"),
        ({"daily_at": time(3, tzinfo=UTC)}, "time zone of its own"),
        ({"cron": "* * * *"}, "is not minute, hour"),
        ({"cron": 5}, "is not minute, hour"),
        ({"cron": "60 * * * *"}, "goes from 0 to 59"),
        ({"cron": "5-1 * * * *"}, "goes from 0 to 59"),
        ({"cron": "*/0 * * * *"}, "goes from 0 to 59"),
        ({"cron": "* * * JAN *"}, "'JAN' for the month"),
        ({"cron": "* * * * ٣"}, "for the weekday"),
        ({"cron": "0 0 30 2 *"}, "never comes"),
        ({"cron": "* * * * *", "timezone": "Mars/Olympus"}, "no time zone"),
        ({"cron": "* * * * *", "timezone": "../etc/passwd"}, "no time zone"),
    ],
)
def test_what_no_schedule_can_be_is_refused(given, said):
    with pytest.raises(InvalidValueError, match=said):
        schedule(**given)


@pytest.mark.parametrize(("name", "run"), [("Tend", "a:b"), ("tend", "a.b"), ("t" * 41, "a:b")])
def test_names_and_functions_have_their_form(name, run):
    with pytest.raises(ValueError, match=r"must match regex|longer than"):
        Schedule(name=name, run=run, role="seller", cron="* * * * *")


def test_a_naive_instant_is_refused():
    with pytest.raises(NaiveDatetimeError):
        schedule(cron="* * * * *").next_after(at("2026-03-02").replace(tzinfo=None))


def test_two_schedules_of_a_plugin_have_two_names():
    with pytest.raises(InvalidValueError, match="declared twice"):
        Manifest(id="twice", distribution="crm-twice", api=">=1", schedules=[schedule(cron="* * * * *")] * 2)


def test_it_says_when_it_runs():
    assert schedule(every=timedelta(minutes=5)).when == "every 0:05:00"
    assert schedule(daily_at=time(3)).when == "daily at 03:00"
    assert schedule(cron="0 3 * * 1", timezone="Europe/Oslo").when == "cron 0 3 * * 1 (Europe/Oslo)"


# -- failures ---------------------------------------------------------------------------------------------------------


@given(st.integers(1, 10_000), st.floats(0, 1))
def test_the_wait_doubles_up_to_a_longest_and_is_scattered_over_half_of_it(failures, jitter):
    wait = backoff(failures, first=5, longest=3600, jitter=jitter).total_seconds()
    whole = min(3600, 5 * 2 ** min(failures - 1, 30))
    assert whole / 2 <= wait <= whole


def test_the_lack_of_a_right_is_not_cured_by_trying_again():
    assert verdict(ForbiddenError("deal.update", "sam"), 1, 10) == "refused"
    assert verdict(UnknownActorError("sam", "acme"), 1, 10) == "refused"
    assert [verdict(KeyError(), n, 3) for n in (1, 2, 3)] == ["queued", "queued", "dead"]
