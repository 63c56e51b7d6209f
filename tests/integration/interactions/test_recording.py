"""Interactions are recorded once, stay readable, and change by correction only."""

from datetime import UTC, datetime, timedelta

import pytest

from crmkit import Ref, f
from crmkit.core.interactions.events import InteractionCorrected, InteractionRecorded
from crmkit.core.interactions.model import Interaction, Participant
from crmkit.errors import (
    InvalidKeyError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    OutsideCommandError,
    RefusedError,
    StaleVersionError,
    UnknownChannelError,
)
from crmkit.values.ids import new_id


def record(crm, with_whom, actor="ada", **said):
    with crm.begin(actor) as uow:
        return uow.interactions.record(**{
            "party": with_whom.id,
            "channel": "phone",
            "direction": "in",
            "summary": "asked for a quote",
            **said,
        })


def stored(crm, id_):
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Interaction, id_)


def test_what_was_recorded_is_read_back_as_it_was_said(crm, ida, ago):
    said = record(crm, ida, body="Roof, 40 square metres", occurred_at=ago(hours=3), duration_seconds=240, author="sam")
    assert stored(crm, said.id) == said
    assert (said.version, said.author_id, said.occurred_at) == (1, "sam", ago(hours=3))
    assert (said.direction, said.channel, said.duration_seconds) == ("in", "phone", 240)


def test_an_interaction_is_had_now_by_whoever_records_it_unless_told_otherwise(crm, ida):
    with crm.begin("ada") as uow:
        said = uow.interactions.record(party=ida.id, channel="email", summary="wrote")
        assert (said.occurred_at, said.author_id, said.direction) == (uow.now, "ada", "none")


def test_recording_leaves_the_party_at_its_version(crm, ida):
    """A form that somebody has open on the party must not become stale."""
    record(crm, ida)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(type(ida), ida.id).version == ida.version


def test_recording_is_told_with_ids_and_keys_but_no_texts(crm, ida, told):
    said = record(crm, ida)
    (event,) = told
    assert event == InteractionRecorded(
        interaction=said.id,
        party=ida.id,
        kind="interaction",
        channel="phone",
        direction="in",
        occurred_at=said.occurred_at,
    )


def test_participants_of_both_sides_are_part_of_the_interaction(crm, ida):
    guests = [
        Participant(role="host", actor_id="sam"),
        Participant(role="attendee", party_id=ida.id),
        Participant(role="attendee", name="a man from the bank"),
    ]
    said = record(crm, ida, channel="meeting", direction="none", participants=guests)
    with crm.begin("ada", read_only=True) as uow:
        found = list(uow.find(Participant, f.interaction_id == said.id))
        assert [(p.role, p.party_id, p.actor_id, p.name) for p in found] == [
            (p.role, p.party_id, p.actor_id, p.name) for p in guests
        ]
        assert [p.ours for p in found] == [True, False, False]
        # The interaction and its participants are one thing, made at once.
        assert uow.get(Interaction, said.id).version == 1
        assert [i.id for i in uow.find(Interaction, f.participants.exists(f.actor_id == "sam"))] == [said.id]


def test_an_interaction_keeps_the_name_of_the_record_that_it_was_about(crm, ida):
    said = record(crm, ida, about=Ref("party", ida.id))
    assert said.ref == Ref("party", ida.id)
    assert said.about_label


# -- noting -----------------------------------------------------------------------------------------------------------


def test_a_plugin_notes_what_it_did_in_words_that_can_be_read_without_it(crm, ida):
    with crm.begin("ada") as uow:
        noted = uow.interactions.note(
            party=ida.id,
            kind="membership.card_issued",
            summary="Card 7 issued",
            about=Ref("party", ida.id),
            label="Card 7",
        )
        (entry,) = uow.interactions.timeline(ida.id)
    assert (noted.plugin, noted.channel) == ("membership", None)
    assert (entry.kind, entry.summary, entry.about_label) == ("membership.card_issued", "Card 7 issued", "Card 7")


def test_a_note_written_in_a_unit_that_fails_is_gone_with_it(crm, ida, rows):
    def issue_and_fail():
        with crm.begin("ada") as uow:
            uow.interactions.note(party=ida.id, kind="membership.card_issued", summary="Card 7 issued")
            uow.interactions.open_thread(party=ida.id, subject="")

    before = rows()
    with pytest.raises(InvalidValueError):
        issue_and_fail()
    assert rows() == before


# -- correcting -------------------------------------------------------------------------------------------------------


def test_a_correction_is_the_next_version_and_the_old_text_stays_in_history(crm, ida, told):
    said = record(crm, ida, summary="asked for a qoute")
    with crm.begin("ada") as uow:
        after = uow.interactions.correct(said.id, summary="asked for a quote", reason="typo")
        assert (after.id, after.version, after.summary) == (said.id, 2, "asked for a quote")
        assert after.correction_reason == "typo"
    with crm.begin("ada", read_only=True) as uow:
        first, second = uow.history.changes(uow.get(Interaction, said.id))
        assert first.diff["summary"] == (None, "asked for a qoute")
        assert second.diff["summary"] == ("asked for a qoute", "asked for a quote")
        (entry,) = uow.interactions.timeline(ida.id)
        assert entry.corrected
    assert told[-1] == InteractionCorrected(interaction=said.id, party=ida.id)


def test_a_correction_of_a_version_that_has_moved_on_is_refused(crm, ida, rows):
    said = record(crm, ida)
    with crm.begin("ada") as uow:
        uow.interactions.correct(said.id, summary="asked for two", reason="misheard")
    before = rows()
    with pytest.raises(StaleVersionError) as caught, crm.begin("ada") as uow:
        uow.interactions.correct(said.id, summary="asked for three", reason="misheard", version=1)
    assert (caught.value.expected, caught.value.actual) == (1, 2)
    assert rows() == before


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"reason": "because"}, InvalidValueError),
        ({"reason": "because", "summary": "asked for a quote"}, InvalidValueError),
        ({"reason": " ", "summary": "other"}, InvalidValueError),
        ({"reason": "because", "summary": ""}, InvalidValueError),
    ],
    ids=["nothing", "the same text", "no reason", "a blank text"],
)
def test_a_correction_is_refused_that_corrects(crm, ida, rows, said, error):
    id_ = record(crm, ida).id
    before = rows()
    with pytest.raises(error), crm.begin("ada") as uow:
        uow.interactions.correct(id_, **said)
    assert rows() == before


def test_nothing_but_a_command_writes_an_interaction(crm, ida, rows):
    said = record(crm, ida)
    before = rows()
    with pytest.raises(OutsideCommandError), crm.begin("ada") as uow:
        uow.interactions.records.remove(said)
    assert rows() == before


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"occurred_at": datetime(2026, 3, 2, 12)}, NaiveDatetimeError),  # noqa: DTZ001  # the naive one is refused
        ({"occurred_at": datetime.now(UTC) + timedelta(days=1)}, InvalidValueError),
        ({"channel": "pigeon"}, UnknownChannelError),
        ({"channel": "Phone!"}, UnknownChannelError),
        ({"summary": " "}, InvalidValueError),
        ({"direction": "sideways"}, InvalidValueError),
        ({"duration_seconds": -1}, InvalidValueError),
        ({"summary": "nul \0"}, InvalidValueError),
        ({"party": new_id()}, NotFoundError),
        ({"thread": new_id()}, NotFoundError),
        ({"about": Ref("party", new_id())}, NotFoundError),
        ({"participants": [Participant(party_id=new_id())]}, NotFoundError),
    ],
    ids=lambda value: "-".join(value) if isinstance(value, dict) else None,
)
def test_recording_is_refused_and_nothing_is_changed(crm, ida, rows, said, error):
    before = rows()
    with pytest.raises(error):
        record(crm, ida, **said)
    assert rows() == before


def test_what_was_refused_is_not_told(crm, ida, told):
    with pytest.raises(UnknownChannelError):
        record(crm, ida, channel="pigeon")
    assert told == []


def test_an_unknown_channel_is_refused_with_those_that_there_are(crm, ida):
    with pytest.raises(UnknownChannelError) as caught:
        record(crm, ida, channel="pigeon")
    assert {"phone", "email", "meeting"} <= set(caught.value.known)


def test_a_note_needs_a_kind_that_is_a_key(crm, ida, rows):
    before = rows()
    with pytest.raises(InvalidKeyError), crm.begin("ada") as uow:
        uow.interactions.note(party=ida.id, kind="Card issued!", summary="Card 7 issued")
    assert rows() == before


# -- threads ----------------------------------------------------------------------------------------------------------


def test_a_second_user_sees_the_open_thread_of_the_first_and_who_said_what_last(crm, ida, ago):
    with crm.begin("sam") as uow:
        thread = uow.interactions.open_thread(party=ida.id, subject="Quote for the roof")
        uow.interactions.record(
            party=ida.id, channel="email", direction="out", summary="sent the quote", thread=thread.id
        )
    with crm.begin("sue", read_only=True) as uow:
        (state,) = uow.interactions.threads(ida.id)
    assert (state.thread.subject, state.thread.opened_by) == ("Quote for the roof", "sam")
    assert state.last is not None
    assert (state.last.summary, state.last.author_id) == ("sent the quote", "sam")
    assert state.last_at == state.last.occurred_at


def test_recording_in_a_thread_leaves_it_at_its_version(crm, ida):
    """Else two who write in one thread at once would be in each other's way."""
    with crm.begin("ada") as uow:
        thread = uow.interactions.open_thread(party=ida.id, subject="Quote")
    record(crm, ida, thread=thread.id)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(type(thread), thread.id).version == 1


def test_a_closed_thread_is_listed_only_when_asked_for_and_takes_nothing_more(crm, ida, rows):
    with crm.begin("ada") as uow:
        thread = uow.interactions.open_thread(party=ida.id, subject="Quote")
        closed = uow.interactions.close_thread(thread.id)
        assert (closed.status, closed.closed_at) == ("closed", uow.now)
        assert uow.interactions.threads(ida.id) == ()
        assert [s.thread for s in uow.interactions.threads(ida.id, status="closed")] == [closed]
        assert [s.thread for s in uow.interactions.threads(ida.id, status=None)] == [closed]
    before = rows()
    with pytest.raises(RefusedError, match="thread_closed"):
        record(crm, ida, thread=thread.id)
    assert rows() == before


def test_a_thread_with_somebody_else_is_refused(crm, ida, rows):
    with crm.begin("ada") as uow:
        other = uow.parties.add(type(ida)(given_name="Per", family_name="Dahl"))
        thread = uow.interactions.open_thread(party=other.id, subject="Quote")
    before = rows()
    with pytest.raises(InvalidValueError, match="is not a thread with party"):
        record(crm, ida, thread=thread.id)
    assert rows() == before


# -- channels ---------------------------------------------------------------------------------------------------------


def test_a_plugin_adds_its_own_channel_once(crm, ida):
    with crm.begin("ada") as uow:
        first = uow.interactions.add_channel("sms.text", label="SMS")
        again = uow.interactions.add_channel("sms.text", label="Short message")
        assert again == first
    assert record(crm, ida, channel="sms.text").channel == "sms.text"


def test_every_tenant_begins_with_the_channels_of_the_field(crm):
    from crmkit.core.interactions.model import Channel
    from crmkit.core.interactions.rules import CHANNEL_KEYS

    with crm.begin("ada", read_only=True) as uow:
        assert {c.key for c in uow.each(Channel)} == CHANNEL_KEYS


@pytest.mark.parametrize(
    "said", [{"key": "SMS", "label": "x"}, {"key": "sms", "label": " "}, {"key": "sms", "label": "x", "kind": "loud"}]
)
def test_a_channel_is_refused_that_is_none(crm, rows, said):
    before = rows()
    with pytest.raises(InvalidValueError), crm.begin("ada") as uow:
        uow.interactions.add_channel(**said)
    assert rows() == before
