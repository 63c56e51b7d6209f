"""What becomes of a message after it was handed over."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.email import Message
from crmkit.plugins.email.sending.line import Answer
from crmkit.plugins.email.sending.rules import gone_for_good, settled

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
GIVEN = {"now": NOW, "attempts": 3, "first": 60.0, "longest": 600.0, "jitter": 1.0}


def message(attempts=1):
    return Message(message_id="a@b", state="handing_over", attempts=attempts, courier="c", handed_at=NOW)


def answer(verdict):
    return Answer(verdict=verdict, said="said")


@pytest.mark.parametrize(
    ("verdict", "uncertain", "state"),
    [
        ("accepted", "resend", "sent"),
        ("refused", "resend", "failed"),
        ("deferred", "resend", "queued"),
        ("deferred", "hold", "queued"),
        ("uncertain", "resend", "queued"),
        ("uncertain", "hold", "uncertain"),
    ],
)
def test_each_answer_has_its_state(verdict, uncertain, state):
    after = settled(message(), answer(verdict), uncertain=uncertain, **GIVEN)
    assert after.state == state
    assert after.answer == "said"
    assert (after.due_at is None) is (state != "queued")


def test_what_was_put_off_too_often_has_failed():
    after = settled(message(attempts=3), answer("deferred"), uncertain="resend", **GIVEN)
    assert (after.state, after.due_at) == ("failed", None)


def test_what_was_not_handed_over_costs_no_try():
    after = settled(message(attempts=2), None, uncertain="hold", **GIVEN)
    assert (after.state, after.attempts, after.due_at, after.handed_at) == ("queued", 1, NOW, None)


@given(st.integers(min_value=1, max_value=10_000), st.floats(min_value=0, max_value=1))
def test_waits_grow_up_to_the_longest_and_are_scattered(attempts, jitter):
    def wait(attempts, jitter):
        given = {**GIVEN, "attempts": 20_000, "jitter": jitter}
        return settled(message(attempts), answer("deferred"), uncertain="hold", **given).due_at - NOW

    whole = wait(attempts, 1.0)
    assert whole == timedelta(seconds=min(600, 60 * 2 ** (attempts - 1)))
    assert whole / 2 <= wait(attempts, jitter) <= whole <= wait(attempts + 1, 1.0)
    assert wait(attempts, 0.0) == whole / 2


@pytest.mark.parametrize("said", ["550 5.1.1 no such user", "5.1.10 null MX", "550 User unknown", "5.2.1 disabled"])
def test_an_address_that_reaches_nobody_is_told(said):
    assert gone_for_good(said)


@pytest.mark.parametrize(
    "said", ["550 5.7.1 spam", "552 5.2.2 full", "554 5.3.4 too big", "450 4.1.1 later", "", "550 no"]
)
def test_from_an_unwanted_message(said):
    assert not gone_for_good(said)
