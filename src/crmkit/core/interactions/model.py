"""What an interaction is, who took part in it, the thread that it belongs to and the channel that it came over."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen
from attrs.validators import optional

from crmkit.core.interactions.activities.model import Activity
from crmkit.core.interactions.limits import MAX_BODY, MAX_LINE
from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidValueError
from crmkit.values.checks import in_utc, in_utc_or_none, instant, key, one_of, text
from crmkit.values.ref import Ref

__all__ = [
    "Channel",
    "ChannelKind",
    "Direction",
    "Interaction",
    "LastState",
    "Participant",
    "ParticipantRole",
    "Thread",
    "ThreadState",
    "ThreadStatus",
    "TimelineEntry",
]

Direction = Literal["in", "out", "none"]
ParticipantRole = Literal["from", "to", "cc", "host", "attendee"]
ThreadStatus = Literal["open", "closed"]
ChannelKind = Literal["spoken", "written", "in_person"]

DIRECTIONS: Final = get_args(Direction)
ROLES: Final = get_args(ParticipantRole)
THREAD_STATUSES: Final = get_args(ThreadStatus)
CHANNEL_KINDS: Final = get_args(ChannelKind)


def _check_duration(_: object, attribute: Attribute[Any], value: object) -> None:
    if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 0):
        raise InvalidValueError(attribute.name, value, "is no whole number of seconds, 0 or more")


@frozen(kw_only=True)
class Interaction(Record):
    """Something that happened with a party. Only `Interactions.correct` changes its texts; history keeps the old ones.

    Attributes:
        party_id: with whom.
        kind: ``interaction``, or a plugin's own kind, such as ``membership.card_issued``.
        channel: the key of the channel that it came over; None for what came over none, such as an entry of a plugin.
        direction: ``in`` from the party to us, ``out`` from us to the party, ``none`` for neither (a meeting).
        occurred_at: when it happened or began, UTC.
        duration_seconds: how long it took, in seconds; None where nobody measured.
        summary: what happened, in one line.
        body: all that was said or written.
        thread_id: the thread that it belongs to.
        about: the entity of the record that it was about, such as ``deal``.
        about_id: that record's id.
        about_label: what that record was called then, so that the entry can be read when the record's plugin is gone.
        author_id: the actor who had it. Stays when the actor leaves and when records change hands.
        correction_reason: why its texts were corrected last; None if they never were.
    """

    party_id: UUID
    kind: str = field(default="interaction", validator=key)
    channel: str | None = field(default=None, validator=optional(key))
    direction: Direction = field(default="none", validator=one_of(DIRECTIONS))
    occurred_at: datetime = field(converter=in_utc, validator=instant)
    duration_seconds: int | None = field(default=None, validator=_check_duration)
    summary: str = field(validator=text(MAX_LINE))
    body: str = field(default="", validator=text(MAX_BODY, blank=True))
    thread_id: UUID | None = None
    about: str | None = field(default=None, validator=optional(key))
    about_id: UUID | None = None
    about_label: str | None = field(default=None, validator=optional(text(MAX_LINE, blank=True)))
    author_id: str = field(validator=text(MAX_LINE))
    correction_reason: str | None = field(default=None, validator=optional(text(MAX_LINE)))

    @property
    def plugin(self) -> str:
        """The id of the plugin that recorded it: the first part of its kind; ``core`` for crmkit itself."""
        owner, dot, _ = self.kind.partition(".")
        return owner if dot else "core"

    @property
    def ref(self) -> Ref | None:
        """The record that it was about."""
        return None if self.about is None or self.about_id is None else Ref(self.about, self.about_id)


@frozen(kw_only=True)
class Participant(Record):
    """Somebody who took part in an interaction, on our side or on theirs, besides its party and its author.

    Attributes:
        interaction_id: the interaction; filled in when it is recorded.
        role: what they did in it.
        party_id: who, if they are a party.
        actor_id: who, if they are one of us.
        name: who, in words: for anybody else, or as they were named then.
    """

    interaction_id: UUID | None = None
    role: ParticipantRole = field(default="attendee", validator=one_of(ROLES))
    party_id: UUID | None = None
    actor_id: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    name: str | None = field(default=None, validator=optional(text(MAX_LINE)))

    def __attrs_post_init__(self) -> None:
        if self.party_id is None and self.actor_id is None and self.name is None:
            raise InvalidValueError("participant", None, "names nobody; give party_id, actor_id or name")
        if self.party_id is not None and self.actor_id is not None:
            raise InvalidValueError("participant", self.actor_id, "is one of us and a party; write two participants")

    @property
    def ours(self) -> bool:
        """Whether they were on our side."""
        return self.actor_id is not None


@frozen(kw_only=True)
class Thread(Record):
    """Interactions with a party that belong together, such as one correspondence; open until somebody closes it.

    Attributes:
        party_id: with whom.
        subject: what about, in one line.
        status: open or closed.
        opened_by: the actor who opened it.
        started_at: when it was opened, UTC.
        closed_at: when it was closed, UTC; None while it is open.
    """

    party_id: UUID
    subject: str = field(validator=text(MAX_LINE))
    status: ThreadStatus = field(default="open", validator=one_of(THREAD_STATUSES))
    opened_by: str = field(validator=text(MAX_LINE))
    started_at: datetime = field(converter=in_utc, validator=instant)
    closed_at: datetime | None = field(default=None, converter=in_utc_or_none, validator=optional(instant))

    @property
    def is_open(self) -> bool:
        """Whether interactions can still be recorded in it."""
        return self.status == "open"


@frozen(kw_only=True)
class Channel(Record):
    """A way in which we and parties reach each other. Which there are is the tenant's data.

    Attributes:
        key: how interactions name it; unique, never changed; ``plugin.noun`` for a plugin's own.
        label: for people.
        kind: how one meets over it: spoken, written or in person.
    """

    key: str = field(validator=key)
    label: str = field(validator=text(MAX_LINE))
    kind: ChannelKind = field(default="written", validator=one_of(CHANNEL_KINDS))


# -- what queries answer ----------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class TimelineEntry:
    """One line of a party's timeline, readable by itself.

    Attributes:
        id: the interaction's.
        occurred_at: when it happened, UTC.
        kind: see `Interaction`.
        channel: see `Interaction`.
        direction: see `Interaction`.
        summary: what happened, in one line.
        author_id: the actor who had it.
        about: the record that it was about; it may be gone, or its plugin may.
        about_label: what that record was called then.
        thread_id: its thread.
        corrected: whether its texts were corrected since.
    """

    id: UUID
    occurred_at: datetime
    kind: str
    channel: str | None
    direction: Direction
    summary: str
    author_id: str
    about: Ref | None
    about_label: str | None
    thread_id: UUID | None
    corrected: bool


@frozen(kw_only=True)
class ThreadState:
    """A thread and where it stands.

    Attributes:
        thread: the thread.
        last: the last interaction in it; None if there was none yet.
    """

    thread: Thread
    last: Interaction | None

    @property
    def last_at(self) -> datetime:
        """When something happened in it last, UTC: its last interaction, or its opening."""
        return self.thread.started_at if self.last is None else max(self.thread.started_at, self.last.occurred_at)


@frozen(kw_only=True)
class LastState:
    """Where we stopped with a party.

    Attributes:
        last: the last entry of the timeline; None if there was none.
        promises: what is still open, the earliest first.
    """

    last: TimelineEntry | None
    promises: tuple[Activity, ...]

    @property
    def next_action(self) -> Activity | None:
        """The earliest of the promises; None if nobody works with the party."""
        return self.promises[0] if self.promises else None
