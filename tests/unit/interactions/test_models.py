"""What can be said of an interaction, a participant, a thread, a channel and an activity, and what cannot."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.interactions.activities.model import KINDS, Activity, NextAction
from crmkit.core.interactions.limits import MAX_BODY, MAX_LINE
from crmkit.core.interactions.model import Channel, Interaction, LastState, Participant, Thread, ThreadState
from crmkit.core.interactions.plugin import AREA
from crmkit.core.kernel.wire import from_json, to_json
from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError, NaiveDatetimeError
from crmkit.values.ids import new_id
from crmkit.values.ref import Ref

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NAIVE = datetime(2026, 3, 2, 12)  # noqa: DTZ001  # the naive datetime is what is refused


def interaction(**said: Any) -> Interaction:
    return Interaction(**{
        "party_id": new_id(),
        "occurred_at": NOON,
        "summary": "asked for a quote",
        "author_id": "ann",
        **said,
    })


def activity(**said: Any) -> Activity:
    return Activity(**{"kind": "call", "subject": "call back", "due_at": NOON, **said})


def thread(**said: Any) -> Thread:
    return Thread(**{"party_id": new_id(), "subject": "quote", "opened_by": "ann", "started_at": NOON, **said})


MAKERS = {"interaction": interaction, "activity": activity, "thread": thread}


@pytest.mark.parametrize(
    ("make", "name"),
    [
        (interaction, "occurred_at"),
        (activity, "due_at"),
        (activity, "closed_at"),
        (thread, "started_at"),
        (thread, "closed_at"),
    ],
)
def test_an_instant_without_a_time_zone_is_refused_by_the_name_of_its_field(make, name):
    with pytest.raises(NaiveDatetimeError) as caught:
        make(**{name: NAIVE})
    assert caught.value.field == name


def test_an_instant_of_any_time_zone_is_kept_in_utc():
    oslo = datetime(2026, 3, 2, 13, tzinfo=timezone(timedelta(hours=1)))
    assert interaction(occurred_at=oslo).occurred_at == NOON
    assert interaction(occurred_at=oslo).occurred_at.tzinfo is UTC


@pytest.mark.parametrize("due_at", [None, "tomorrow", 0])
def test_an_activity_without_a_date_is_none(due_at):
    with pytest.raises(InvalidValueError) as caught:
        activity(due_at=due_at)
    assert caught.value.field == "due_at"


@pytest.mark.parametrize(
    ("make", "name"), [(interaction, "summary"), (activity, "subject"), (thread, "subject"), (interaction, "author_id")]
)
@pytest.mark.parametrize("value", ["", "  \n", None, 7])
def test_a_line_must_say_something(make, name, value):
    with pytest.raises(InvalidValueError) as caught:
        make(**{name: value})
    assert caught.value.field == name


@pytest.mark.parametrize("value", ["nul \0", "half a pair \ud83d"])
def test_what_the_databases_cannot_store_is_refused(value):
    with pytest.raises(InvalidValueError):
        interaction(summary=value)


@pytest.mark.parametrize(("name", "limit"), [("summary", MAX_LINE), ("body", MAX_BODY)])
def test_texts_are_bounded(name, limit):
    assert len(getattr(interaction(**{name: "x" * limit}), name)) == limit
    with pytest.raises(LimitExceededError):
        interaction(**{name: "x" * (limit + 1)})


def test_a_body_may_be_empty():
    assert interaction(body="").body == ""


@pytest.mark.parametrize("value", ["inwards", "", None])
def test_a_direction_is_in_or_out_or_none(value):
    with pytest.raises(InvalidValueError, match="in, out, none"):
        interaction(direction=value)


@pytest.mark.parametrize("value", [-1, 1.5, True, "3"])
def test_a_duration_is_a_whole_number_of_seconds(value):
    with pytest.raises(InvalidValueError):
        interaction(duration_seconds=value)


@pytest.mark.parametrize("value", ["Phone", "1st", "a b", "a..b", "x" * 64, "", ".a", "a\n"])
def test_what_is_no_key_is_refused(value):
    with pytest.raises(InvalidKeyError):
        Channel(key=value, label="A channel")
    with pytest.raises(InvalidKeyError):
        interaction(kind=value)


def test_the_first_part_of_a_kind_is_the_plugin_that_recorded_it():
    assert interaction().plugin == "core"
    assert interaction(kind="membership.card_issued").plugin == "membership"


def test_a_channel_is_spoken_written_or_in_person():
    with pytest.raises(InvalidValueError, match="spoken, written, in_person"):
        Channel(key="sms", label="SMS", kind="loud")


# -- participants -----------------------------------------------------------------------------------------------------


def test_a_participant_is_somebody():
    with pytest.raises(InvalidValueError, match="names nobody"):
        Participant(role="host")


def test_a_participant_is_on_one_side_only():
    with pytest.raises(InvalidValueError, match="two participants"):
        Participant(party_id=new_id(), actor_id="ann")


def test_a_participant_may_be_a_party_one_of_us_or_a_name():
    assert not Participant(party_id=new_id()).ours
    assert Participant(actor_id="ann", role="host").ours
    assert not Participant(name="a man from the bank").ours


@pytest.mark.parametrize("role", ["guest", None])
def test_a_participant_has_a_known_role(role):
    with pytest.raises(InvalidValueError, match="from, to, cc, host, attendee"):
        Participant(name="Ida", role=role)


# -- activities -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [*KINDS, "sales.demo"])
def test_an_activity_is_of_a_known_kind_or_of_a_plugins_own(kind):
    assert activity(kind=kind).kind == kind
    assert NextAction(kind=kind, subject="x", due_at=NOON).kind == kind


def test_a_misspelt_kind_of_activity_is_refused_and_the_known_ones_are_listed():
    with pytest.raises(InvalidValueError, match="call, email, letter, meeting, task, visit"):
        activity(kind="cal")


@pytest.mark.parametrize(("name", "value"), [("status", "closed"), ("priority", "urgent")])
def test_an_activity_has_a_known_status_and_priority(name, value):
    with pytest.raises(InvalidValueError):
        activity(**{name: value})


def test_only_what_is_open_can_be_overdue():
    late = NOON + timedelta(seconds=1)
    assert activity().is_overdue(late)
    assert not activity().is_overdue(NOON)
    assert not activity(status="done").is_overdue(late)


def test_an_activity_names_what_it_is_about():
    deal = new_id()
    assert activity(about="deal", about_id=deal).ref == Ref("deal", deal)
    assert activity().ref is None


# -- answers ----------------------------------------------------------------------------------------------------------


def test_the_next_action_is_the_first_promise():
    first, second = activity(), activity(due_at=NOON + timedelta(days=1))
    assert LastState(last=None, promises=(first, second)).next_action is first
    assert LastState(last=None, promises=()).next_action is None


def test_a_thread_was_last_alive_when_it_was_opened_or_when_something_happened_in_it():
    assert ThreadState(thread=thread(), last=None).last_at == NOON
    later = NOON + timedelta(hours=2)
    assert ThreadState(thread=thread(), last=interaction(occurred_at=later)).last_at == later
    # Something entered afterwards that had happened before the thread was opened.
    assert ThreadState(thread=thread(), last=interaction(occurred_at=NOON - timedelta(days=1))).last_at == NOON


# -- as data ----------------------------------------------------------------------------------------------------------


VALUES = {
    UUID: st.builds(new_id),
    str: st.text(max_size=20),
    datetime: st.datetimes(timezones=st.just(UTC)),
    Ref: st.builds(Ref, st.just("deal"), st.builds(new_id)),
}


@pytest.mark.parametrize("event", AREA.events, ids=lambda e: e.__name__)
@given(data=st.data())
def test_every_event_goes_to_json_and_back_unchanged(event, data):
    said = {}
    for name, hint in get_type_hints(event).items():
        if name != "origin":
            (known,) = {hint, *get_args(hint)} & set(VALUES)
            strategy = VALUES[known] if hint is known else st.none() | VALUES[known]
            said[name] = data.draw(strategy, label=name)
    told = event(**said)
    assert from_json(json.loads(json.dumps(to_json(told))), event) == told


def test_a_record_can_be_evolved_without_losing_a_field():
    full = interaction(
        kind="membership.note",
        channel="phone",
        direction="out",
        duration_seconds=9,
        body="b",
        thread_id=new_id(),
        about="deal",
        about_id=new_id(),
        about_label="Roof",
        correction_reason="typo",
    )
    assert evolve(full) == full
