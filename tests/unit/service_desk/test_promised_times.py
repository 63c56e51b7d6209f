"""Due times and time spent, with pauses, equal a count of every single minute over changes of the clocks."""

from datetime import UTC, date, datetime, time, timedelta

import minute_by_minute as slow
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from minute_by_minute import MINUTE, utc

from crmkit import BusinessCalendar, Hours, new_id
from crmkit.errors import InvalidValueError
from crmkit.plugins.service_desk import Calendar, Case, CaseStay, Policy
from crmkit.plugins.service_desk.sla.counting import Terms, counted, told, untold
from crmkit.plugins.service_desk.sla.rules import Pause, due, fingerprint, pauses_of, promised, spent

DAY = 24 * 60
NEAR = {
    "Europe/Oslo": (utc(2026, 3, 29, 1), utc(2026, 10, 25, 1)),
    "America/New_York": (utc(2026, 3, 8, 7), utc(2026, 11, 1, 6)),
    "Australia/Lord_Howe": (utc(2026, 4, 4, 15), utc(2026, 10, 3, 15, 30)),
    "Asia/Kathmandu": (utc(2028, 2, 28, 18, 15),),
}


@st.composite
def hours(draw):
    edges = [30 * edge for edge in sorted(draw(st.sets(st.integers(0, DAY // 30), max_size=4)))]
    return tuple(zip(edges[: len(edges) // 2 * 2 : 2], edges[1::2], strict=True))


@st.composite
def situations(draw):
    """A calendar, as the oracle and as the value have it, when a case came, and its pauses; the last one may last."""
    zone = draw(st.sampled_from(sorted(NEAR)))
    opened = draw(st.sampled_from(NEAR[zone])) + draw(st.integers(-2 * DAY, DAY)) * MINUTE
    week = draw(st.lists(hours(), min_size=7, max_size=7).filter(any))
    days = draw(
        st.dictionaries(st.integers(-3, 4).map(lambda n: opened.date() + timedelta(days=n)), hours(), max_size=2)
    )
    edges = sorted(draw(st.lists(st.integers(0, 3 * DAY), max_size=7)))
    pairs = [(opened + a * MINUTE, opened + b * MINUTE) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    pauses = [*pairs, *([(opened + edges[-1] * MINUTE, None)] if len(edges) % 2 else [])]
    calendar = BusinessCalendar(
        timezone=zone, week=[as_hours(day) for day in week], days={d: as_hours(h) for d, h in days.items()}
    )
    return calendar, {"zone": zone, "week": week, "days": days, "pauses": pauses}, opened


def as_hours(spans):
    return [Hours(time(a // 60, a % 60), time(b // 60 % 24, b % 60)) for a, b in spans]


@given(situations(), st.integers(1, 2 * DAY))
def test_a_due_time_is_the_minute_after_which_the_target_was_worked_outside_of_pauses(situation, minutes):
    calendar, said, opened = situation
    horizon = timedelta(days=12)
    expected = slow.due(opened, minutes, **said, horizon=horizon)
    got = due(opened, minutes * MINUTE, calendar, [Pause(*pause) for pause in said["pauses"]])
    if expected is not None:
        assert got == expected
    else:
        assert got is None or got > opened + horizon


@given(situations(), st.integers(0, 3 * DAY))
def test_the_time_spent_is_the_number_of_minutes_worked_outside_of_pauses(situation, minutes):
    calendar, said, opened = situation
    end = opened + minutes * MINUTE
    took = spent(opened, end, calendar, [Pause(*pause) for pause in said["pauses"]])
    assert took == slow.count(opened, end, **said) * MINUTE


@given(situations(), st.integers(1, 2 * DAY))
def test_what_is_done_at_its_due_time_has_spent_its_target(situation, minutes):
    calendar, said, opened = situation
    pauses = [Pause(*pause) for pause in said["pauses"]]
    at = due(opened, minutes * MINUTE, calendar, pauses)
    assert at is None or spent(opened, at, calendar, pauses) == minutes * MINUTE


# -- which policy -----------------------------------------------------------------------------------------------------

scopes = st.tuples(
    st.sampled_from(["", "gold", "silver"]), st.sampled_from(["", "high", "low"]), st.sampled_from(["", "incident"])
)


def policy(scope=("", "", ""), **said):
    tier, priority, kind = scope
    return Policy(**{"label": "p", "tier": tier, "priority": priority, "kind": kind, "resolution": 60} | said)


@given(st.lists(scopes, unique=True), st.randoms(use_true_random=False))
def test_the_most_particular_policy_counts_in_whatever_order_they_are(given_scopes, random):
    policies = [policy(scope) for scope in given_scopes]
    shuffled = list(policies)
    random.shuffle(shuffled)
    case = {"tier": "gold", "priority": "high", "kind": "incident"}
    found = promised(policies, **case)
    assert promised(shuffled, **case) == found
    fitting = [s for s in given_scopes if all(one in {"", own} for one, own in zip(s, case.values(), strict=True))]
    assert (found is None) == (not fitting)
    if found is not None:
        assert [bool(one) for one in (found.tier, found.priority, found.kind)] == max(
            [bool(one) for one in scope] for scope in fitting
        )


def test_a_policy_that_is_not_active_does_not_count():
    assert promised([policy(active=False)], tier=None, priority="high", kind="incident") is None


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"resolution": None}, "promise nothing"),
        ({"first_response": 120, "resolution": 60}, "comes before"),
        ({"resolution": 0}, "resolution"),
        ({"warn_after": 100}, "warn_after"),
    ],
)
def test_a_policy_that_makes_no_sense_is_refused(said, reason):
    with pytest.raises((InvalidValueError, ValueError), match=reason):
        policy(**said)


# -- what follows for a case ------------------------------------------------------------------------------------------

OPENED = utc(2026, 3, 2, 8)
OFFICE = Calendar(key="office", label="Office", week=[["08:00-16:00"]] * 5 + [[], []])
HOUR = timedelta(hours=1)


def case(**said):
    return Case(**{"number": 1, "party_id": new_id(), "subject": "Leak", "opened_at": OPENED} | said)


def terms(**said):
    return Terms.of([policy(**said)], [OFFICE])


def test_a_case_knows_its_due_times_and_when_there_is_something_to_tell():
    found = counted(case(), terms(first_response=60, resolution=600), (), OPENED)
    assert found.first_response_due_at == OPENED + HOUR
    assert found.resolution_due_at == utc(2026, 3, 3, 10)  # 8 hours on Monday, 2 on Tuesday
    assert found.alert_at == OPENED + timedelta(minutes=45)  # three quarters of the first hour


def test_without_a_policy_nothing_is_promised_but_time_is_still_counted():
    found = counted(case(status="resolved", resolved_at=utc(2026, 3, 3, 9)), Terms((), {}), (), utc(2026, 3, 3, 9))
    assert (found.resolution_due_at, found.resolution_met, found.alert_at) == (None, None, None)
    assert found.resolution_seconds == 25 * 3600  # around the clock


def test_while_a_case_waits_nobody_can_say_when_it_is_due_and_nobody_is_told():
    stays = [CaseStay(case_id=new_id(), status="waiting", entered_at=OPENED + HOUR, entered_by="ada")]
    pauses = pauses_of(stays, "waiting", OPENED + 2 * HOUR)
    found = counted(case(status="waiting"), terms(resolution=300), pauses, OPENED + 2 * HOUR)
    assert (found.resolution_due_at, found.alert_at) == (None, None)
    after = pauses_of(stays, "open", OPENED + 3 * HOUR)
    assert counted(found, terms(resolution=300), after, OPENED + 3 * HOUR).resolution_due_at == OPENED + 7 * HOUR


def test_what_was_settled_is_not_judged_anew():
    kept = counted(case(status="resolved", resolved_at=OPENED + HOUR), terms(resolution=60), (), OPENED + HOUR)
    assert (kept.resolution_met, kept.resolution_seconds) == (True, 3600)
    assert counted(kept, terms(resolution=30), (), OPENED + 2 * HOUR).resolution_met is True


def test_a_case_that_is_reopened_runs_on_where_it_stood():
    """The time between the resolution and the reopening is nobody's."""
    resolved = counted(case(status="resolved", resolved_at=OPENED + HOUR), terms(resolution=180), (), OPENED + HOUR)
    stays = [CaseStay(case_id=new_id(), status="resolved", entered_at=OPENED + HOUR, entered_by="ada")]
    again = case(status="open", resolved_at=None, resolution_seconds=resolved.resolution_seconds)
    found = counted(again, terms(resolution=180), pauses_of(stays, "open", OPENED + 4 * HOUR), OPENED + 4 * HOUR)
    assert (found.resolution_seconds, found.resolution_met) == (None, None)
    assert found.resolution_due_at == OPENED + 6 * HOUR


def test_a_warning_and_a_breach_are_told_once_each():
    said, heard = terms(resolution=100), []
    now, one = OPENED, counted(case(), terms(resolution=100), (), OPENED)
    while one.alert_at is not None:
        now = one.alert_at
        heard += [(alert.level, alert.at) for alert in untold(one, said, (), now)]
        one = told(one, said, (), now)
    assert heard == [("warning", OPENED + 75 * MINUTE), ("breach", OPENED + 100 * MINUTE)]
    assert untold(one, said, (), now + 5 * HOUR) == ()


def test_whoever_comes_late_tells_of_the_breach_alone():
    said = terms(resolution=100)
    one = counted(case(), said, (), OPENED)
    late = OPENED + 5 * HOUR
    assert [alert.level for alert in untold(one, said, (), late)] == ["breach"]
    assert told(one, said, (), late).alert_at is None


def test_a_due_time_that_moves_away_is_told_again_when_it_comes():
    one = told(counted(case(), terms(resolution=60), (), OPENED), terms(resolution=60), (), OPENED + HOUR)
    moved = counted(one, terms(resolution=240), (), OPENED + HOUR)
    assert (moved.alerts, moved.alert_at) == ((), OPENED + 3 * HOUR)


changes = st.lists(st.tuples(st.integers(1, 600), st.integers(1, 2000), st.integers(1, 99)), min_size=1, max_size=4)


@settings(max_examples=60)
@given(changes, situations())
def test_counting_after_each_change_equals_counting_from_scratch(said, situation):
    """Whatever policies counted meanwhile, what is promised now follows from the terms of now."""
    calendar, own, opened = situation
    pauses = tuple(Pause(*pause) for pause in own["pauses"])
    fresh = case(opened_at=opened)
    changed = fresh
    for first, more, warn in said:
        one = policy(first_response=first, resolution=first + more, warn_after=warn)
        last = Terms((one,), {"": calendar})
        changed = counted(changed, last, pauses, opened)
    assert changed == counted(fresh, last, pauses, opened)


def test_the_fingerprint_tells_every_version_from_every_other():
    one = policy()
    other = policy()
    assert fingerprint([one, other]) == fingerprint([other, one])
    assert len({fingerprint(found) for found in ([], [one], [one, other])}) == 3


# -- calendars as data ------------------------------------------------------------------------------------------------


def test_a_calendar_of_a_team_wins_over_that_of_all_others():
    night = Calendar(key="night", label="Night", team_id="night", week=[["20:00-24:00"]] * 7)
    said = Terms.of([policy(resolution=60)], [OFFICE, night])
    assert counted(case(team_id="night"), said, (), OPENED).resolution_due_at == datetime(2026, 3, 2, 21, tzinfo=UTC)
    assert counted(case(team_id="other"), said, (), OPENED).resolution_due_at == OPENED + HOUR


def test_own_days_win_over_holidays():
    both = Calendar(
        key="c",
        label="C",
        week=[["08:00-16:00"]] * 7,
        holidays={"2026-05-01": "Labour Day", "2026-05-17": "Constitution Day"},
        days={"2026-05-17": ["10:00-12:00"]},
    )
    assert both.business.hours(date(2026, 5, 1)) == ()
    assert both.business.hours(date(2026, 5, 17)) == (Hours.of("10:00-12:00"),)


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ({"week": [[]] * 7}, "leave no time to work in"),
        ({"week": [["08:00-16:00"]] * 5}, "are no week"),
        ({"week": [["16:00-08:00"]] * 7}, "is not after"),
        ({"week": ["8 to 4"] * 7}, "are no hours"),
        ({"timezone": "Atlantis"}, "is no time zone"),
        ({"days": {"2026-02-30": []}}, "is no day"),
        ({"subdivision": "BY"}, "part of no country"),
    ],
)
def test_a_calendar_that_makes_no_sense_is_refused(said, reason):
    with pytest.raises(InvalidValueError, match=reason):
        Calendar(**{"key": "c", "label": "C", "week": [["08:00-16:00"]] * 7} | said)
