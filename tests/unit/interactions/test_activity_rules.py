"""What an activity allows, what comes next, and who is left without."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve, fields
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.interactions.activities.model import KINDS, Activity, NextAction
from crmkit.core.interactions.activities.rules import (
    OPEN,
    cancelled,
    channel_for,
    concern_of,
    concerning,
    done,
    earliest,
    following,
    next_action_refusal,
    outcome_of,
    reassigned,
    rescheduled,
    without_next_action,
)
from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.model import Participant
from crmkit.core.interactions.rules import CHANNEL_KEYS
from crmkit.core.kernel.query.check import Variables
from crmkit.core.kernel.query.evaluate import matches
from crmkit.errors import ConflictError, InvalidValueError, NaiveDatetimeError
from crmkit.values.criteria import Criteria, criteria_from_json, criteria_to_json
from crmkit.values.ids import new_id
from crmkit.values.ref import Ref

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PARTY, DEAL = new_id(), new_id()
NOBODY = Variables(actor="nobody", teams=frozenset(), subtree=frozenset())


def activity(**said: Any) -> Activity:
    return Activity(**{"kind": "call", "subject": "call back", "due_at": NOON, **said})


ABOUT_DEAL = activity(
    party_id=PARTY, about="deal", about_id=DEAL, about_label="Roof", assignee_id="ann", team_id="east"
)


def fits(where: Criteria, record: Activity) -> bool:
    return matches(where, ACTIVITY, record, variables=NOBODY)


# -- closing ----------------------------------------------------------------------------------------------------------


def test_what_is_done_names_what_it_yielded():
    result = new_id()
    after = done(activity(), at=NOON, interaction=result)
    assert (after.status, after.closed_at, after.interaction_id) == ("done", NOON, result)


def test_what_is_cancelled_says_why():
    after = cancelled(activity(), at=NOON, reason="moved away")
    assert (after.status, after.closed_at, after.cancel_reason) == ("cancelled", NOON, "moved away")


def test_cancelling_needs_a_reason():
    with pytest.raises(InvalidValueError) as caught:
        cancelled(activity(), at=NOON, reason="")
    assert caught.value.field == "cancel_reason"


CHANGES = {
    "completed": lambda a: done(a, at=NOON, interaction=None),
    "cancelled": lambda a: cancelled(a, at=NOON, reason="because"),
    "reassigned": lambda a: reassigned(a, assignee="bob", team=None),
    "rescheduled": lambda a: rescheduled(a, due_at=NOON),
}


@pytest.mark.parametrize("status", ["done", "cancelled"])
@pytest.mark.parametrize("verb", CHANGES)
def test_what_is_closed_cannot_be(verb, status):
    with pytest.raises(ConflictError, match=f"is {status} and cannot be {verb}"):
        CHANGES[verb](activity(status=status))


@given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=6))
def test_an_activity_is_closed_once_at_most_and_never_open_again(verbs):
    current, closings = activity(), 0
    for verb in verbs:
        was_open = current.is_open
        try:
            current = CHANGES[verb](current)
        except ConflictError:
            assert not was_open
        closings += was_open and not current.is_open
        assert current.is_open == (current.closed_at is None)
        assert was_open or not current.is_open
    assert closings <= 1


# -- other hands, other times -----------------------------------------------------------------------------------------


def test_a_new_assignee_leaves_the_team_as_it_is():
    after = reassigned(ABOUT_DEAL, assignee="bob", team=None)
    assert (after.assignee_id, after.team_id) == ("bob", "east")


def test_a_team_alone_means_anybody_of_it():
    after = reassigned(ABOUT_DEAL, assignee=None, team="west")
    assert (after.assignee_id, after.team_id) == (None, "west")


def test_nobody_is_no_assignee():
    with pytest.raises(InvalidValueError, match="is nobody"):
        reassigned(ABOUT_DEAL, assignee=None, team=None)


def test_another_time_must_be_a_time():
    with pytest.raises(NaiveDatetimeError):
        rescheduled(activity(), due_at=datetime(2026, 3, 3))  # noqa: DTZ001  # the naive datetime is what is refused


# -- what it yields ---------------------------------------------------------------------------------------------------


def test_what_is_done_is_recorded_with_its_party_about_the_same_record():
    said = outcome_of(ABOUT_DEAL, author="bob", occurred_at=NOON, summary="agreed", direction="out")
    assert said is not None
    assert (said.party_id, said.ref, said.about_label) == (PARTY, Ref("deal", DEAL), "Roof")
    assert (said.summary, said.channel, said.author_id) == ("agreed", "phone", "bob")


def test_what_is_done_without_a_word_is_recorded_by_its_subject():
    said = outcome_of(ABOUT_DEAL, author="ann", occurred_at=NOON)
    assert said is not None
    assert said.summary == "call back"


def test_what_concerns_no_party_is_not_recorded():
    assert outcome_of(activity(), author="ann", occurred_at=NOON) is None


@pytest.mark.parametrize("said", [{"summary": "agreed"}, {"body": "long"}, {"participants": [Participant(name="Ida")]}])
def test_nothing_that_was_said_is_dropped_silently(said):
    with pytest.raises(InvalidValueError, match="no party"):
        outcome_of(activity(), author="ann", occurred_at=NOON, **said)


@pytest.mark.parametrize("kind", [*KINDS, "sales.demo"])
def test_the_channel_of_a_kind_exists(kind):
    assert channel_for(kind) is None or channel_for(kind) in CHANNEL_KEYS


# -- what comes next --------------------------------------------------------------------------------------------------


def test_what_follows_has_the_same_party_record_and_team_and_by_default_the_same_assignee():
    action = NextAction(kind="meeting", subject="sign", due_at=NOON + timedelta(days=2), priority="high")
    after = following(ABOUT_DEAL, action)
    assert (after.party_id, after.ref, after.about_label, after.team_id) == (PARTY, Ref("deal", DEAL), "Roof", "east")
    assert (after.kind, after.subject, after.due_at, after.priority) == ("meeting", "sign", action.due_at, "high")
    assert after.assignee_id == "ann"
    assert following(ABOUT_DEAL, evolve(action, assignee="bob")).assignee_id == "bob"
    assert after.id != ABOUT_DEAL.id
    assert after.is_open


def test_every_attribute_of_a_next_action_reaches_the_activity():
    names = {a.name for a in fields(NextAction)} - {"assignee"}
    assert names <= {a.name for a in fields(Activity)}


@given(
    st.lists(
        st.tuples(st.integers(0, 5), st.sampled_from(["open", "done", "cancelled"])).map(
            lambda t: activity(due_at=NOON + timedelta(days=t[0]), status=t[1])
        )
    )
)
def test_the_earliest_open_activity_is_next(activities):
    found = earliest(activities)
    waiting = [a for a in activities if a.is_open]
    if found is None:
        assert not waiting
    else:
        assert found in waiting
        assert all((found.due_at, found.id) <= (a.due_at, a.id) for a in waiting)


def test_an_activity_concerns_the_record_that_it_is_about_or_else_its_party():
    assert concern_of(ABOUT_DEAL) == Ref("deal", DEAL)
    assert concern_of(activity(party_id=PARTY)) == Ref("party", PARTY)
    assert concern_of(activity()) is None


def test_all_activities_with_a_party_concern_it_whatever_they_are_about():
    assert fits(concerning(Ref("party", PARTY)), ABOUT_DEAL)
    assert fits(concerning(Ref("deal", DEAL)), ABOUT_DEAL)
    assert not fits(concerning(Ref("deal", PARTY)), ABOUT_DEAL)
    assert not fits(concerning(Ref("case", DEAL)), ABOUT_DEAL)


def test_open_means_open():
    assert fits(OPEN, activity())
    assert not fits(OPEN, activity(status="done"))


def test_the_question_who_has_no_next_action_can_be_stored():
    assert criteria_from_json(criteria_to_json(without_next_action())) == without_next_action()


def test_the_refusal_names_the_record_and_the_way_out():
    refusal = next_action_refusal(Ref("deal", DEAL))
    assert refusal.code == "next_action_missing"
    assert str(DEAL) in refusal.message
    assert "next_action=" in refusal.message
