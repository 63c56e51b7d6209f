"""What may be recorded, corrected and closed."""

from datetime import UTC, datetime, timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.interactions.limits import MAX_LINE
from crmkit.core.interactions.model import Interaction, Thread
from crmkit.core.interactions.rules import (
    CHANNEL_KEYS,
    CHANNELS,
    CLOCK_SKEW,
    check_occurred,
    check_thread,
    closed,
    corrected,
    entry_of,
    label_of,
    thread_refusal,
)
from crmkit.errors import ConflictError, InvalidValueError, LimitExceededError
from crmkit.values.ids import new_id
from crmkit.values.money import Money
from crmkit.values.ref import Ref

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
STORED = Interaction(
    party_id=new_id(), occurred_at=NOON, summary="asked for a qoute", body="long", author_id="ann", version=3
)
THREAD = Thread(party_id=new_id(), subject="quote", opened_by="ann", started_at=NOON)


def test_every_tenant_begins_with_ten_channels_of_different_keys():
    assert len(CHANNELS) == len(CHANNEL_KEYS) == 10
    assert {"phone", "email", "meeting", "letter", "fax", "chat", "web", "social", "visit", "video"} == CHANNEL_KEYS


@given(st.timedeltas(min_value=timedelta(days=-36500), max_value=CLOCK_SKEW))
def test_what_has_happened_can_be_recorded(ago):
    check_occurred(NOON + ago, NOON)


@given(st.timedeltas(min_value=CLOCK_SKEW + timedelta(microseconds=1), max_value=timedelta(days=36500)))
def test_what_has_not_happened_yet_cannot(ahead):
    with pytest.raises(InvalidValueError, match="plan an activity"):
        check_occurred(NOON + ahead, NOON)


# -- correcting -------------------------------------------------------------------------------------------------------


def test_a_correction_changes_the_texts_that_it_names_and_says_why():
    after = corrected(STORED, summary="asked for a quote", body=None, reason="typo")
    assert (after.summary, after.body, after.correction_reason) == ("asked for a quote", "long", "typo")


@given(summary=st.none() | st.text(min_size=1, max_size=9), body=st.none() | st.text(max_size=9))
def test_a_correction_touches_nothing_but_texts(summary, body):
    try:
        after = corrected(STORED, summary=summary, body=body, reason="because")
    except InvalidValueError:
        return
    untouched = evolve(after, summary=STORED.summary, body=STORED.body, correction_reason=None)
    assert untouched == STORED


@pytest.mark.parametrize(("summary", "body"), [(None, None), (STORED.summary, None), (STORED.summary, STORED.body)])
def test_a_correction_that_changes_nothing_is_refused(summary, body):
    with pytest.raises(InvalidValueError, match="changes neither"):
        corrected(STORED, summary=summary, body=body, reason="because")


def test_a_correction_without_a_reason_is_refused():
    with pytest.raises(InvalidValueError) as caught:
        corrected(STORED, summary="x", body=None, reason=" ")
    assert caught.value.field == "correction_reason"


def test_a_corrected_text_obeys_the_same_limits():
    with pytest.raises(LimitExceededError):
        corrected(STORED, summary="x" * (MAX_LINE + 1), body=None, reason="because")


# -- threads ----------------------------------------------------------------------------------------------------------


def test_an_open_thread_with_the_party_takes_interactions():
    check_thread(THREAD, THREAD.party_id)
    assert thread_refusal(THREAD) is None


def test_a_thread_with_somebody_else_does_not():
    with pytest.raises(InvalidValueError, match="is not a thread with party"):
        check_thread(THREAD, new_id())


def test_a_closed_thread_takes_nothing_more_and_cannot_be_closed_again():
    done = closed(THREAD, NOON + timedelta(days=1))
    assert (done.status, done.closed_at) == ("closed", NOON + timedelta(days=1))
    refusal = thread_refusal(done)
    assert refusal is not None
    assert refusal.code == "thread_closed"
    with pytest.raises(ConflictError):
        closed(done, NOON)


# -- showing ----------------------------------------------------------------------------------------------------------


def test_a_timeline_entry_can_be_read_by_itself():
    card = new_id()
    noted = evolve(STORED, kind="membership.card_issued", about="membership.card", about_id=card, about_label="Card 7")
    entry = entry_of(noted)
    assert (entry.id, entry.occurred_at, entry.kind, entry.author_id) == (noted.id, NOON, noted.kind, "ann")
    assert (entry.about, entry.about_label) == (Ref("membership.card", card), "Card 7")
    assert not entry.corrected


def test_a_timeline_entry_keeps_its_label_when_the_record_is_gone():
    entry = entry_of(evolve(STORED, about_label="Card 7"))
    assert (entry.about, entry.about_label) == (None, "Card 7")


def test_a_timeline_entry_tells_that_it_was_corrected():
    assert entry_of(corrected(STORED, summary="x", body=None, reason="typo")).corrected


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Roof", "Roof"),
        (None, ""),
        (7, "7"),
        (Money("1.50", "EUR"), str(Money("1.50", "EUR"))),
        ("x" * 2000, "x" * MAX_LINE),
    ],
)
def test_a_label_is_what_a_record_is_called(name, label):
    assert label_of(name) == label
