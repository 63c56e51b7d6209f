"""What an activity is: something planned, which done yields an interaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen
from attrs.validators import optional

from crmkit.core.interactions.limits import MAX_BODY, MAX_LINE
from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidValueError
from crmkit.values.checks import in_utc, in_utc_or_none, instant, key, one_of, text
from crmkit.values.instants import as_instant
from crmkit.values.ref import Ref

__all__ = ["KINDS", "Activity", "ActivityStatus", "NextAction", "Priority"]

ActivityStatus = Literal["open", "done", "cancelled"]
Priority = Literal["low", "normal", "high"]

STATUSES: Final = get_args(ActivityStatus)
PRIORITIES: Final = get_args(Priority)
KINDS: Final = ("call", "email", "letter", "meeting", "task", "visit")
"""The kinds of activities that crmkit knows itself; a plugin's own has the plugin's id in front: ``sales.demo``."""


def _check_kind(instance: object, attribute: Attribute[Any], value: object) -> None:
    key(instance, attribute, value)
    if value not in KINDS and "." not in str(value):
        reason = f"is none of {', '.join(KINDS)}; a plugin's own kind begins with its id, such as 'sales.demo'"
        raise InvalidValueError(attribute.name, value, reason)


@frozen(kw_only=True)
class NextAction:
    """What shall be done next, said while closing an activity: same party, record and team.

    Attributes:
        kind: one of `KINDS`, or a plugin's own.
        subject: what, in one line.
        due_at: when, UTC.
        assignee: the id of the actor who shall do it; None for whoever had the closed one.
        note: what to know before doing it.
        priority: low, normal or high.
        custom: values of the custom fields of activities, by key.
    """

    kind: str = field(validator=_check_kind)
    subject: str = field(validator=text(MAX_LINE))
    due_at: datetime = field(converter=in_utc, validator=instant)
    assignee: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    note: str = field(default="", validator=text(MAX_BODY, blank=True))
    priority: Priority = field(default="normal", validator=one_of(PRIORITIES))
    custom: Mapping[str, Any] | None = None


@frozen(kw_only=True)
class Activity(Record):
    """Something planned: due, assigned, of a kind; done, it yields an interaction.

    Attributes:
        kind: one of `KINDS`, or a plugin's own.
        subject: what, in one line.
        note: what to know before doing it.
        due_at: when, UTC.
        priority: low, normal or high.
        party_id: with whom; None for something that concerns no party.
        about: the entity of the record that it is about, such as ``deal``.
        about_id: that record's id.
        about_label: what that record was called when the activity was planned.
        assignee_id: the actor who shall do it; None for anybody of the team.
        team_id: the team whose work it is.
        status: open, done or cancelled.
        closed_at: when it was done or cancelled, UTC; None while it is open.
        interaction_id: the interaction that it yielded.
        cancel_reason: why it was cancelled.
    """

    kind: str = field(validator=_check_kind)
    subject: str = field(validator=text(MAX_LINE))
    note: str = field(default="", validator=text(MAX_BODY, blank=True))
    due_at: datetime = field(converter=in_utc, validator=instant)
    priority: Priority = field(default="normal", validator=one_of(PRIORITIES))
    party_id: UUID | None = None
    about: str | None = field(default=None, validator=optional(key))
    about_id: UUID | None = None
    about_label: str | None = field(default=None, validator=optional(text(MAX_LINE, blank=True)))
    assignee_id: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    team_id: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    status: ActivityStatus = field(default="open", validator=one_of(STATUSES))
    closed_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=optional(instant))
    interaction_id: UUID | None = None
    cancel_reason: str | None = field(default=None, validator=optional(text(MAX_LINE)))

    @property
    def is_open(self) -> bool:
        """Whether it is still to be done."""
        return self.status == "open"

    @property
    def ref(self) -> Ref | None:
        """The record that it is about."""
        return None if self.about is None or self.about_id is None else Ref(self.about, self.about_id)

    def is_overdue(self, now: datetime) -> bool:
        """Whether it should have been done before ``now`` (an aware instant)."""
        return self.is_open and self.due_at < as_instant(now, field="now")
