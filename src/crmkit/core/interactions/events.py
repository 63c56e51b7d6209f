"""What happened to interactions, threads and channels. Events carry ids and keys, never texts."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event
from crmkit.values.ref import Ref

__all__ = ["ChannelAdded", "InteractionCorrected", "InteractionRecorded", "ThreadClosed", "ThreadOpened"]


@frozen(kw_only=True)
class InteractionRecorded(Event):
    """Something that happened with a party has been recorded.

    Attributes:
        interaction: its id.
        party: the id of the party.
        kind: ``interaction`` or a plugin's own kind.
        channel: the channel's key, if it came over one.
        direction: in, out or none.
        occurred_at: when it happened, UTC.
        about: the record that it was about.
        thread: the id of its thread.
    """

    interaction: UUID
    party: UUID
    kind: str
    channel: str | None
    direction: str
    occurred_at: datetime
    about: Ref | None = None
    thread: UUID | None = None


@frozen(kw_only=True)
class InteractionCorrected(Event):
    """The texts of an interaction have been corrected; the old ones are in its history.

    Attributes:
        interaction: its id.
        party: the id of the party.
    """

    interaction: UUID
    party: UUID


@frozen(kw_only=True)
class ThreadOpened(Event):
    """A thread with a party has been opened.

    Attributes:
        thread: its id.
        party: the id of the party.
    """

    thread: UUID
    party: UUID


@frozen(kw_only=True)
class ThreadClosed(Event):
    """A thread with a party has been closed.

    Attributes:
        thread: its id.
        party: the id of the party.
    """

    thread: UUID
    party: UUID


@frozen(kw_only=True)
class ChannelAdded(Event):
    """There is a new channel.

    Attributes:
        channel: its key.
    """

    channel: str
