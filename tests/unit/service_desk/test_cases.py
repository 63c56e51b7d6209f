"""Where cases may go, what that makes of them, when somebody must look, and what looks like what."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import new_id
from crmkit.errors import ConflictError
from crmkit.plugins.service_desk.cases.model import ENDED, STATUSES, Case
from crmkit.plugins.service_desk.cases.rules import MOVES, live, may_reopen, moved, next_due
from crmkit.plugins.service_desk.errors import CaseStatusError
from crmkit.plugins.service_desk.problems.rules import similarity, telling_words

PARTY = new_id()
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


def case(**said):
    return Case(**{"number": 7, "party_id": PARTY, "subject": "Leaking roof", "opened_at": NOW, **said})


@given(st.lists(st.sampled_from(STATUSES), max_size=12))
def test_what_a_case_says_of_itself_agrees_with_its_status_wherever_it_goes(steps):
    one, reopened = case(), 0
    for hours, to in enumerate(steps, 1):
        if to not in MOVES[one.status]:
            with pytest.raises(CaseStatusError) as caught:
                moved(one, to, NOW)
            assert caught.value.allowed == MOVES[one.status]
            continue
        reopened += one.status in ENDED and to == "open"
        one = moved(one, to, NOW + hours * HOUR)
        assert (one.paused_since is not None) == (one.status == "waiting")
        assert (one.resolved_at is not None) == (one.status in ENDED) == (one.next_due_at is None)
        assert (one.closed_at is not None) == (one.status == "closed")
        assert one.reopened == reopened


@pytest.mark.parametrize(
    ("said", "due"),
    [
        ({}, NOW),
        ({"first_response_due_at": NOW + HOUR, "resolution_due_at": NOW + 5 * HOUR}, NOW + HOUR),
        (
            {"first_response_due_at": NOW + HOUR, "first_responded_at": NOW, "resolution_due_at": NOW + 5 * HOUR},
            NOW + 5 * HOUR,
        ),
        ({"resolution_due_at": NOW + 5 * HOUR, "deadline_at": NOW + 2 * HOUR}, NOW + 2 * HOUR),
        ({"status": "resolved", "deadline_at": NOW + HOUR}, None),
        ({"merged_into": PARTY}, None),
    ],
)
def test_somebody_must_look_when_the_next_promise_falls_due(said, due):
    assert next_due(case(**said)) == due


@pytest.mark.parametrize(("hours", "may"), [(0, True), (24, True), (25, False)])
def test_a_reply_reopens_for_some_days(hours, may):
    assert may_reopen(case(status="resolved", resolved_at=NOW), NOW + hours * HOUR, days=1) is may


def test_a_case_that_was_merged_names_the_one_to_go_on_with():
    into = new_id()
    with pytest.raises(ConflictError, match=str(into)):
        live(case(merged_into=into))


@given(st.text(max_size=60), st.text(max_size=60))
def test_likeness_is_the_same_both_ways_and_between_nothing_and_one(one, other):
    alike = similarity(one, other)
    assert 0 <= alike <= 1
    assert alike == similarity(other, one)
    assert similarity(one, one) in {0.0, 1.0}


def test_a_text_is_more_like_its_paraphrase_than_like_another():
    said = "The roof leaks after the storm"
    assert similarity(said, "Roof leaking after a storm") > 0.5 > similarity(said, "Invoice was paid twice")


def test_the_longest_words_tell_most():
    assert telling_words("My roof is leaking, the ROOF!") == ["leaking", "roof"]
