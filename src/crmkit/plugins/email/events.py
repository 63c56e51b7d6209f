"""What happened to messages. The ids lead to what was said; no event carries a text or an address."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = [
    "MailReceived",
    "MessageBounced",
    "MessageComplained",
    "MessageFailed",
    "MessageQueued",
    "MessageSent",
    "MessageWithheld",
    "Unsubscribed",
]


@frozen(kw_only=True)
class MessageQueued(Event):
    """A message waits to be sent.

    Attributes:
        message: the message.
        party: to whom; None if nobody known has the address.
        purpose: what for.
    """

    message: UUID
    party: UUID | None
    purpose: str


@frozen(kw_only=True)
class MessageSent(Event):
    """The server has taken a message; whether it arrived, nobody has said.

    Attributes:
        message: the message.
        party: to whom.
        interaction: its entry on the timeline; None without a party.
        thread: its thread.
        key: by which its sender knows it.
    """

    message: UUID
    party: UUID | None
    interaction: UUID | None
    thread: UUID | None
    key: str


@frozen(kw_only=True)
class MessageFailed(Event):
    """A message will not be sent: the server refused it, or put it off too often.

    Attributes:
        message: the message.
        party: to whom.
        key: by which its sender knows it.
    """

    message: UUID
    party: UUID | None
    key: str


@frozen(kw_only=True)
class MessageWithheld(Event):
    """A message was not sent since nothing may be sent there any more, by the time it was due.

    Attributes:
        message: the message.
        party: to whom.
        key: by which its sender knows it.
        reasons: codes, such as ``withdrawn``.
    """

    message: UUID
    party: UUID | None
    key: str
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class MessageBounced(Event):
    """A message could not be delivered, as a server says that took it.

    Attributes:
        message: the message.
        party: to whom it was.
        status: the code (RFC 3463), such as ``5.1.1``.
        suppressed: whether the address gets nothing any more.
    """

    message: UUID
    party: UUID | None
    status: str
    suppressed: bool


@frozen(kw_only=True)
class MessageComplained(Event):
    """Its recipient calls a message unwanted; the address gets nothing any more.

    Attributes:
        message: the message.
        party: to whom it was.
        feedback: the kind of complaint (RFC 5965), such as ``abuse``.
    """

    message: UUID
    party: UUID | None
    feedback: str


@frozen(kw_only=True)
class Unsubscribed(Event):
    """The recipient of a message has withdrawn the consent to its purpose, by the link in it.

    Attributes:
        message: the message.
        party: to whom it was.
        purpose: its purpose.
    """

    message: UUID
    party: UUID | None
    purpose: str


@frozen(kw_only=True)
class MailReceived(Event):
    """A message came in.

    Attributes:
        message: the message.
        interaction: its entry on the timeline; None if nobody known has sent it.
        thread: the thread that it belongs to.
        party: who sent it; None if nobody known has the address.
        ours: the address of ours that it was sent to.
        automatic: whether a machine wrote it, so that nothing may answer it by itself.
        answers: the message of ours that it answers; None if it answers none.
    """

    message: UUID
    interaction: UUID | None
    thread: UUID | None
    party: UUID | None
    ours: str
    automatic: bool
    answers: UUID | None
