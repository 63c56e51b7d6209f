"""What messages, templates and lanes are."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen

from crmkit.sdk import InvalidKeyError, InvalidValueError, LimitExceededError, Record, as_instant

__all__ = [
    "LONGEST_TEXT",
    "STATES",
    "Direction",
    "Lane",
    "Message",
    "MessageState",
    "Template",
]

Direction = Literal["in", "out"]
MessageState = Literal[
    "queued",
    "handing_over",
    "sent",
    "failed",
    "bounced",
    "complained",
    "withheld",
    "uncertain",
    "cancelled",
    "received",
]
STATES: Final = get_args(MessageState)
LONGEST_TEXT: Final = 200_000
"""Characters in a text, as in the body of an interaction."""
LONGEST_HTML: Final = 1_000_000
LONGEST_LINE: Final = 1_000


def _text(limit: int) -> Any:
    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is None:
            return
        if not isinstance(value, str):
            raise InvalidValueError(attribute.name, value, "is not a text")
        if len(value) > limit:
            raise LimitExceededError(f"characters in {attribute.name}", limit, got=len(value))
        if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
            raise InvalidValueError(attribute.name, value[:80], "contains a NUL character or half of a surrogate pair")

    return check


_line, _body, _html = _text(LONGEST_LINE), _text(LONGEST_TEXT), _text(LONGEST_HTML)


def _state(_: object, attribute: Attribute[Any], value: object) -> None:
    if value not in STATES:
        raise InvalidValueError(attribute.name, value, f"is none of {', '.join(STATES)}")


def _instant(_: object, attribute: Attribute[Any], value: datetime | None) -> None:
    if value is not None:
        as_instant(value, field=attribute.name)


def _key(_: object, attribute: Attribute[Any], value: object) -> None:
    if not isinstance(value, str) or not value.replace("_", "a").replace(".", "a").isalnum() or not value.islower():
        raise InvalidKeyError(attribute.name, repr(value), "is no key; use lower case words, such as 'order_confirmed'")
    _line(None, attribute, value)


@frozen(kw_only=True)
class Message(Record):
    """One message to or from one correspondent.

    Attributes:
        party_id: the correspondent, if it is known who that is.
        direction: ``out`` to the correspondent, ``in`` from it.
        state: of an outgoing message queued (waits until it is due), handing_over (a sender has it), sent (the server
            took it), failed (the server refused it, or put it off too often), bounced, complained, withheld (nothing
            may be sent there), uncertain (nobody knows whether the server took it; see the setting ``uncertain``) or
            cancelled; received of one that came in.
        key: by which its sender knows it; with the recipient unique, so that nothing is sent twice. It may name
            somebody, so erasing the correspondent takes it.
        once: keyed hash of both, in hexadecimal digits; it stays.
        purpose: what it was sent for.
        address: the correspondent's, in one form.
        name: what the correspondent is called in the message.
        ours: our own address: whom it is from, or the one that it came to.
        domain: the domain of an outgoing one's recipient.
        subject: as it was sent; of incoming ones without line breaks.
        text: the plain text; of incoming ones all of it.
        fresh: of an incoming one the text without what it quotes.
        html: as it was sent; of incoming ones what was left of it by an allow-list, without anything that is fetched.
        message_id: of its header, without angle brackets.
        in_reply_to: the message id of the one that it answers.
        earlier: message ids of those before it in the correspondence, the oldest first.
        reply_to: where answers are to go, if not to the configured address.
        thread_id: the thread that it belongs to.
        interaction_id: its entry on the party's timeline.
        about: the entity of the record that it is about.
        about_id: that record's id.
        template: key of the template that it was made by.
        automatic: whether a machine wrote it: nothing answers it by itself.
        unsubscribable: whether it carries a link by which its recipient withdraws the consent to its purpose.
        due_at: when it is to be sent, or tried again, UTC; None once it is over.
        attempts: how often it was handed over.
        courier: which sender has it, or had it last.
        handed_at: when it was claimed last, UTC.
        settled_at: when it was sent, failed or received, UTC.
        answer: what the server said last.
        reasons: why it was withheld.
        owner_id: the actor who sent it.
    """

    party_id: UUID | None = None
    direction: Direction = "out"
    state: MessageState = field(default="queued", validator=_state)
    key: str | None = field(default=None, validator=_line)
    once: str | None = None
    purpose: str | None = None
    address: str | None = field(default=None, validator=_line)
    name: str | None = field(default=None, validator=_line)
    ours: str | None = field(default=None, validator=_line)
    domain: str | None = None
    subject: str = field(default="", validator=_line)
    text: str = field(default="", validator=_body)
    fresh: str | None = field(default=None, validator=_body)
    html: str | None = field(default=None, validator=_html)
    message_id: str = field(validator=_line)
    in_reply_to: str | None = field(default=None, validator=_line)
    earlier: tuple[str, ...] = ()
    reply_to: str | None = field(default=None, validator=_line)
    thread_id: UUID | None = None
    interaction_id: UUID | None = None
    about: str | None = None
    about_id: UUID | None = None
    template: str | None = None
    automatic: bool = False
    unsubscribable: bool = False
    due_at: datetime | None = field(default=None, validator=_instant)
    attempts: int = 0
    courier: str | None = None
    handed_at: datetime | None = field(default=None, validator=_instant)
    settled_at: datetime | None = field(default=None, validator=_instant)
    answer: str | None = field(default=None, validator=_line)
    reasons: tuple[str, ...] = ()
    owner_id: str | None = None


@frozen(kw_only=True)
class Template(Record):
    """What messages are made of: texts with places such as ``{{ party.given_name }}``, which are filled in.

    Attributes:
        key: by which it is named.
        label: for people.
        subject: of the message.
        text: the plain-text part; made from the HTML if it is empty.
        html: the HTML part, with its style in place; None for messages of plain text.
        source: what the HTML was made from: MJML or HTML as it was given; None for plain text.
        owner_id: the actor who wrote it.
    """

    key: str = field(validator=_key)
    label: str = field(default="", validator=_line)
    subject: str = field(validator=_line)
    text: str = field(default="", validator=_body)
    html: str | None = field(default=None, validator=_html)
    source: str | None = field(default=None, validator=_html)
    owner_id: str | None = None


@frozen(kw_only=True)
class Lane(Record):
    """What goes to one domain. Every claim of messages to it changes it, so that two at a time count as one.

    Attributes:
        domain: of recipients.
        open_at: from when on more may be sent there, UTC.
        turns: how often messages to it were claimed.
    """

    domain: str
    open_at: datetime = field(validator=_instant)
    turns: int = 0
