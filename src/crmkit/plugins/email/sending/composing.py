"""A message as bytes (RFC 5322, RFC 2045), and its signature (RFC 6376). Pure: what is signed when is handed in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from typing import Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.plugins.email.addresses import header_text, parsed_address
from crmkit.plugins.email.requiring import required
from crmkit.sdk import ConfigError, InvalidValueError

__all__ = ["Enclosure", "Letter", "ascii_address", "composed", "message_id_for", "signed"]

SIGNED: Final = (
    "from", "to", "reply-to", "subject", "date", "message-id", "in-reply-to", "references", "mime-version",
    "content-type", "content-transfer-encoding", "auto-submitted", "list-unsubscribe", "list-unsubscribe-post",
)  # fmt: skip
"""What the signature covers: all headers that one acts on, both of one-click unsubscription among them (RFC 8058)."""

_ID: Final = re.compile(r"[!-;=?-~]{3,900}")  # printable ASCII but for angle brackets


@frozen(kw_only=True)
class Enclosure:
    """A file that goes with a message.

    Attributes:
        name: what it is called.
        media_type: such as ``application/pdf``.
        content: the bytes.
    """

    name: str
    media_type: str
    content: bytes


@frozen(kw_only=True)
class Letter:
    """A message with all that its headers say.

    Attributes:
        message: the id of its record.
        sender: whom it is from, as it stands in the header.
        recipient: to whom.
        recipient_name: what the recipient is called.
        return_to: the address of the envelope, where bounces go.
        reply_to: where answers go.
        subject: of the message.
        text: the plain-text part.
        html: the HTML part.
        message_id: without angle brackets.
        in_reply_to: the message id that it answers.
        earlier: message ids of those before it.
        date: when it is sent.
        unsubscribe: the link for one-click unsubscription; None for messages that need no consent.
        automatic: whether a machine wrote it.
        enclosures: files.
    """

    message: UUID
    sender: str
    recipient: str
    recipient_name: str = ""
    return_to: str
    reply_to: str | None = None
    subject: str
    text: str
    html: str | None = None
    message_id: str
    in_reply_to: str | None = None
    earlier: Sequence[str] = ()
    date: datetime
    unsubscribe: str | None = None
    automatic: bool = False
    enclosures: Sequence[Enclosure] = ()


def message_id_for(message: UUID, sender: str) -> str:
    """The Message-ID of a record: always the same, so that a message that is sent again is known to be the same one."""
    domain = ascii_address(parsed_address(sender, field="sender").address).rpartition("@")[2]
    return f"{message}@{domain}"


def ascii_address(address: str) -> str:
    """An address with its domain in ASCII (RFC 5891), as servers want it.

    Raises:
        InvalidValueError: if the domain has no such form.
    """
    local, _, domain = address.rpartition("@")
    try:
        return f"{local}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        raise InvalidValueError("address", address, "has a domain that cannot be") from None


def composed(letter: Letter) -> bytes:
    """The message, with lines that end in CR LF.

    Raises:
        InvalidValueError: if a header would have a line break in it.
    """
    made = EmailMessage(policy=SMTP)
    sender = parsed_address(letter.sender, field="sender")
    made["From"] = _header_address(sender.address, sender.name)
    made["To"] = _header_address(letter.recipient, letter.recipient_name)
    if letter.reply_to:
        reply = parsed_address(letter.reply_to, field="reply_to")
        made["Reply-To"] = _header_address(reply.address, reply.name)
    made["Subject"] = header_text(letter.subject, field="subject")
    made["Date"] = letter.date
    for name, ids in _ids(letter):
        made[name] = " ".join(f"<{one}>" for one in ids)
    if letter.automatic:
        made["Auto-Submitted"] = "auto-replied" if letter.in_reply_to else "auto-generated"
    if letter.unsubscribe:
        made["List-Unsubscribe"] = f"<{header_text(letter.unsubscribe, field='unsubscribe_url')}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    made.set_content(letter.text, cte="quoted-printable")
    if letter.html is not None:
        made.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    for one in letter.enclosures:
        main, _, sub = one.media_type.partition("/")
        made.add_attachment(one.content, maintype=main, subtype=sub or "octet-stream", filename=one.name)
    _name_boundaries(made, letter.message)
    return made.as_bytes()


def signed(message: bytes, *, domain: str, selector: str, key: str) -> bytes:
    """The message with its DKIM signature in front.

    Args:
        message: as `composed` gives it.
        domain: that signs.
        selector: of the key.
        key: the private RSA key, PEM.

    Raises:
        ConfigError: if the key cannot be read, or the extra is not installed.
    """
    dkim: Any = required("dkim", what="messages are signed")
    present = message.partition(b"\r\n\r\n")[0].lower()
    names = [name.encode() for name in SIGNED if re.search(rb"(?m)^" + name.encode() + rb":", present)]
    try:
        signer = dkim.DKIM(message, debug_content=False)
        header: bytes = signer.sign(
            selector.encode(), domain.encode(), key.encode(), include_headers=names,
            canonicalize=(b"relaxed", b"relaxed"),
        )  # fmt: skip
    except (dkim.DKIMException, ValueError) as error:
        raise ConfigError(
            f"plugins.email.dkim_key does not sign: {error}; make one with: openssl genrsa 2048"
        ) from None
    return header + message


def _ids(letter: Letter) -> list[tuple[str, list[str]]]:
    found = [("Message-ID", [letter.message_id])]
    if letter.in_reply_to:
        found.append(("In-Reply-To", [letter.in_reply_to]))
    if letter.earlier:
        found.append(("References", list(letter.earlier)[-20:]))
    return [(name, [one for one in ids if _ID.fullmatch(one)]) for name, ids in found]


def _header_address(address: str, name: str) -> Address:
    local, _, domain = ascii_address(address).rpartition("@")
    return Address(header_text(name, field="name"), local, domain)


def _name_boundaries(made: EmailMessage, message: UUID) -> None:
    """Give the parts fixed boundaries, so that a message that is composed again is the same, byte by byte."""
    for number, part in enumerate(p for p in made.walk() if p.is_multipart()):
        part.set_boundary(f"=_{message.hex}_{number}")
