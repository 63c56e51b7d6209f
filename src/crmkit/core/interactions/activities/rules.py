"""Which changes an activity allows, what is next, and which records nobody works on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from crmkit.core.interactions.activities.model import Activity, NextAction
from crmkit.core.interactions.model import Direction, Interaction, Participant
from crmkit.errors import ConflictError, InvalidValueError, Refusal
from crmkit.values.criteria import Criteria, f
from crmkit.values.ref import Ref

__all__ = [
    "OPEN",
    "cancelled",
    "channel_for",
    "concern_of",
    "concerning",
    "done",
    "earliest",
    "following",
    "next_action_refusal",
    "outcome_of",
    "reassigned",
    "rescheduled",
    "without_next_action",
]

OPEN: Final[Criteria] = f.status == "open"
"""Activities that are still to be done."""

_CHANNELS: Final = {"call": "phone", "email": "email", "letter": "letter", "meeting": "meeting", "visit": "visit"}


def without_next_action() -> Criteria:
    """Records of any entity that no open activity is about, of those activities that the reader may see.

    For parties it is the activities with the party that count. Add what makes a record open:
    ``(f.category == "open") & without_next_action()``.
    """
    return ~f.activities.exists(OPEN)


def channel_for(kind: str) -> str | None:
    """The channel over which an activity of this kind is done by default; None for a task or a plugin's kind."""
    return _CHANNELS.get(kind)


def earliest(activities: Iterable[Activity]) -> Activity | None:
    """The next action among ``activities``: the open one that is due first; of several, the one planned first."""
    return min((a for a in activities if a.is_open), key=lambda a: (a.due_at, a.id), default=None)


def _require_open(activity: Activity, verb: str) -> None:
    """Refuse to change what is closed.

    Raises:
        ConflictError: if ``activity`` is not open.
    """
    if not activity.is_open:
        raise ConflictError(f"activity {activity.id} is {activity.status} and cannot be {verb}; plan another one")


def done(activity: Activity, *, at: datetime, interaction: UUID | None) -> Activity:
    """``activity`` as done.

    Args:
        activity: an open one.
        at: when it was closed, UTC.
        interaction: the interaction that it yielded.

    Raises:
        ConflictError: if it is not open.
    """
    _require_open(activity, "completed")
    return evolve(activity, status="done", closed_at=at, interaction_id=interaction)


def cancelled(activity: Activity, *, at: datetime, reason: str) -> Activity:
    """``activity`` as cancelled.

    Args:
        activity: an open one.
        at: when it was closed, UTC.
        reason: why, in one line.

    Raises:
        ConflictError: if it is not open.
        InvalidValueError: if the reason is blank.
    """
    _require_open(activity, "cancelled")
    return evolve(activity, status="cancelled", closed_at=at, cancel_reason=reason)


def reassigned(activity: Activity, *, assignee: str | None, team: str | None) -> Activity:
    """``activity`` in other hands.

    Args:
        activity: an open one.
        assignee: who shall do it; None for anybody of ``team``.
        team: the team whose work it is; None to leave that.

    Raises:
        ConflictError: if it is not open.
        InvalidValueError: if neither is given.
    """
    _require_open(activity, "reassigned")
    if assignee is None and team is None:
        raise InvalidValueError("assignee", None, "is nobody; give an assignee, a team or both")
    return evolve(activity, assignee_id=assignee, team_id=activity.team_id if team is None else team)


def rescheduled(activity: Activity, *, due_at: datetime) -> Activity:
    """``activity`` at another time.

    Args:
        activity: an open one.
        due_at: when it is due, aware.

    Raises:
        ConflictError: if it is not open.
        NaiveDatetimeError: if ``due_at`` has no time zone.
    """
    _require_open(activity, "rescheduled")
    return evolve(activity, due_at=due_at)


def outcome_of(
    activity: Activity,
    *,
    author: str,
    occurred_at: datetime,
    summary: str | None = None,
    body: str = "",
    channel: str | None = None,
    direction: Direction = "none",
    duration_seconds: int | None = None,
    participants: Sequence[Participant] = (),
    custom: Mapping[str, Any] | None = None,
) -> Interaction | None:
    """The interaction that doing ``activity`` yields; None if it concerns no party.

    Args:
        activity: what was done.
        author: the id of the actor who did it.
        occurred_at: when it happened, aware.
        summary: what has happened; the activity's subject by default.
        body: all that was said or written.
        channel: the channel's key; by default the one that activities of this kind are done over, if there is one.
        direction: in, out or none.
        duration_seconds: how long it took, in seconds.
        participants: who else took part.
        custom: values of the interaction's custom fields, by key.

    Raises:
        InvalidValueError: if something was said, but there is no party with whom; or a text is invalid.
    """
    if activity.party_id is None:
        if summary is not None or body or participants or custom:
            raise InvalidValueError("summary", summary, "has no party to be recorded with; plan the activity with one")
        return None
    return Interaction(
        party_id=activity.party_id,
        channel=channel_for(activity.kind) if channel is None else channel,
        direction=direction,
        occurred_at=occurred_at,
        duration_seconds=duration_seconds,
        summary=activity.subject if summary is None else summary,
        body=body,
        about=activity.about,
        about_id=activity.about_id,
        about_label=activity.about_label,
        author_id=author,
        custom=custom,
    )


def following(activity: Activity, action: NextAction) -> Activity:
    """The activity that ``action`` plans after ``activity``: with the same party, about the same record."""
    return Activity(
        kind=action.kind,
        subject=action.subject,
        note=action.note,
        due_at=action.due_at,
        priority=action.priority,
        party_id=activity.party_id,
        about=activity.about,
        about_id=activity.about_id,
        about_label=activity.about_label,
        assignee_id=activity.assignee_id if action.assignee is None else action.assignee,
        team_id=activity.team_id,
        custom=action.custom,
    )


def concern_of(activity: Activity) -> Ref | None:
    """Whom or what ``activity`` advances: the record that it is about, else its party."""
    if activity.ref is None and activity.party_id is not None:
        return Ref("party", activity.party_id)
    return activity.ref


def concerning(of: Ref) -> Criteria:
    """Activities with this party, or about this other record."""
    if of.entity == "party":
        return f.party_id == of.id
    return (f.about == of.entity) & (f.about_id == of.id)


def next_action_refusal(of: Ref) -> Refusal:
    """Why the last open activity of ``of`` cannot be closed by itself."""
    message = f"{of} would be left without a next action; plan one with next_action=NextAction(...)"
    return Refusal("next_action_missing", message, field="status")
