"""Taking a message apart (RFC 5322, RFC 2045), whatever state it is in. Pure, and bounded in what it looks at.

What the standard library makes of a message is not trusted to be sound: any part may be missing, malformed or hostile.
Nothing that is found here is ever put into a header again without a check.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from email import message_from_bytes
from email.errors import MessageError
from email.message import Message as Mime
from email.policy import compat32
from email.utils import parsedate_to_datetime
from typing import Any, Final

from attrs import frozen

from crmkit.plugins.email.addresses import Correspondent, decoded, parsed_addresses
from crmkit.plugins.email.errors import MailFormatError
from crmkit.plugins.email.receiving.cleaning import clean_html, fresh_text
from crmkit.plugins.email.receiving.reports import Report, report_in
from crmkit.plugins.email.templates.html import as_text
from crmkit.sdk import LimitExceededError

__all__ = ["Enclosed", "Incoming", "parsed"]

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
_LINE_CONTROLS: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_ID: Final = re.compile(r"<([^<>\s]{1,900})>")
_NESTING: Final = re.compile(rb"(?i)\bboundary\s*=|^content-type:\s*message/|\nmessage/rfc822", re.MULTILINE)
_PARTS: Final = re.compile(rb"(?im)^content-(?:type|transfer-encoding|disposition):")
DEEPEST: Final = 50
"""Multiparts and messages in messages; each costs the parser a level of recursion."""
LONGEST_TEXT: Final = 200_000
LONGEST_HTML: Final = 1_000_000
LONGEST_SUBJECT: Final = 900
MOST_FILES: Final = 50
MOST_IDS: Final = 50


@frozen(kw_only=True)
class Enclosed:
    """A file that came with a message.

    Attributes:
        name: as its sender calls it.
        media_type: as its sender says.
        content: the bytes.
    """

    name: str
    media_type: str
    content: bytes


@frozen(kw_only=True)
class Incoming:
    """What a message says.

    Attributes:
        message_id: of its header, without angle brackets; made from its bytes where there is none.
        in_reply_to: the message id that it answers.
        earlier: message ids of those before it, the oldest first.
        sender: whom it says to be from; None if that cannot be read.
        recipients: to whom it says to be.
        subject: in one line.
        date: when it says to be written, UTC; None if that cannot be read.
        text: the plain text, or that of the HTML.
        fresh: the text without what it quotes.
        html: what is left of the HTML by an allow-list; nothing in it is fetched.
        automatic: whether a machine wrote it (RFC 3834).
        report: the bounce or complaint that it is; None if it is none.
        files: what came with it.
    """

    message_id: str
    in_reply_to: str | None
    earlier: tuple[str, ...]
    sender: Correspondent | None
    recipients: tuple[Correspondent, ...]
    subject: str
    date: datetime | None
    text: str
    fresh: str
    html: str | None
    automatic: bool
    report: Report | None
    files: tuple[Enclosed, ...]


def parsed(
    raw: bytes, *, max_size: int, max_parts: int, languages: Sequence[str], envelope_from: str | None = None
) -> Incoming:
    """A message taken apart.

    Args:
        raw: the bytes.
        max_size: how many there may be.
        max_parts: of how many parts the message may be made.
        languages: in which quoted parts are recognised.
        envelope_from: the sender that the server was told; empty for bounces.

    Raises:
        LimitExceededError: if it is too large, or is made of too many parts.
        MailFormatError: if it is no message.
    """
    _check_size(raw, max_size, max_parts)
    try:
        mime = message_from_bytes(raw, policy=compat32)
        parts = list(_leaves(mime, max_parts))
    except (RecursionError, MessageError, AssertionError) as error:
        raise MailFormatError(f"it cannot be taken apart ({type(error).__name__})") from None
    plain, html = _body(parts)
    text = plain if plain.strip() else as_text(html)[:LONGEST_TEXT]
    report = report_in(mime)
    senders = parsed_addresses(_values(mime, "from") or _values(mime, "sender"), limit=1)
    return Incoming(
        message_id=_first_id(mime, "message-id") or f"{hashlib.sha256(raw).hexdigest()}@none.invalid",
        in_reply_to=_first_id(mime, "in-reply-to"),
        earlier=tuple(_ids(mime, "references"))[-MOST_IDS:],
        sender=senders[0] if senders else None,
        recipients=parsed_addresses([
            t for n in ("to", "cc", "delivered-to", "x-original-to") for t in _texts(mime, n)
        ]),
        subject=_line(mime, "subject")[:LONGEST_SUBJECT],
        date=_date(mime),
        text=text,
        fresh=fresh_text(text, languages),
        html=clean_html(html)[:LONGEST_HTML] if html.strip() else None,
        automatic=report is not None or _is_automatic(mime, envelope_from),
        report=report,
        files=tuple(_files(parts)),
    )


def _check_size(raw: bytes, max_size: int, max_parts: int) -> None:
    """Refuse what would take too long, before the parser looks at it.

    Raises:
        LimitExceededError: if it is too large or too deep.
        MailFormatError: if it is empty.
    """
    if len(raw) > max_size:
        raise LimitExceededError("bytes in an incoming message (plugins.email.max_incoming)", max_size, got=len(raw))
    if not raw.strip():
        raise MailFormatError("it is empty")
    nested = sum(1 for _ in _NESTING.finditer(raw))
    if nested > max(DEEPEST, max_parts // 4):
        raise LimitExceededError("parts within parts of an incoming message", max(DEEPEST, max_parts // 4), got=nested)
    headers = sum(1 for _ in _PARTS.finditer(raw))
    if headers > 3 * max_parts:
        raise LimitExceededError("parts of an incoming message (plugins.email.max_parts)", max_parts, got=headers // 3)


def _leaves(mime: Mime, most: int) -> Iterator[Mime]:
    """The parts that are not made of others; messages in messages are left whole.

    Raises:
        LimitExceededError: if there are more than ``most``.
    """
    for number, part in enumerate(_walk(mime)):
        if number >= most:
            raise LimitExceededError("parts of an incoming message (plugins.email.max_parts)", most, got=number + 1)
        if not part.is_multipart() or part.get_content_maintype() == "message":
            yield part


def _walk(mime: Mime) -> Iterator[Mime]:
    yield mime
    if mime.is_multipart() and mime.get_content_maintype() != "message":
        payload: Any = mime.get_payload()
        for part in payload:
            yield from _walk(part)


def _body(parts: Sequence[Mime]) -> tuple[str, str]:
    """Plain text and HTML: the first of each that is no file."""
    found = {"text/plain": "", "text/html": ""}
    for part in parts:
        kind = part.get_content_type()
        if kind in found and not found[kind] and not _file_name(part):
            found[kind] = _CONTROLS.sub("", _decoded(part)).replace("\r\n", "\n").replace("\r", "\n")
    return found["text/plain"][:LONGEST_TEXT], found["text/html"][:LONGEST_HTML]


def _decoded(part: Mime) -> str:
    """The text of a part in whatever character set it is really in."""
    content = _bytes(part)
    named: object = None
    with suppress(Exception):  # a malformed parameter
        named = part.get_content_charset()
    for charset in (named, "utf-8"):
        with suppress(LookupError, UnicodeError, ValueError, TypeError):
            return content.decode(str(charset))
    return content.decode("latin-1")


def _bytes(part: Mime) -> bytes:
    with suppress(Exception):  # whatever the standard library stumbles over in a malformed part
        payload: Any = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return payload
    raw: Any = part.get_payload()
    return raw.encode("utf-8", "surrogateescape") if isinstance(raw, str) else b""


def _files(parts: Sequence[Mime]) -> Iterator[Enclosed]:
    for number, part in enumerate(parts[: MOST_FILES * 4]):
        name = _file_name(part)
        if name and number < MOST_FILES * 4:
            kind = part.get_content_type()
            content = _whole(part) if part.get_content_maintype() == "message" else _bytes(part)
            yield Enclosed(
                name=name[:200], media_type=kind if kind.isascii() else "application/octet-stream", content=content
            )


def _whole(part: Mime) -> bytes:
    with suppress(Exception):  # a message in a message may be malformed as any other
        payload: Any = part.get_payload()
        return b"\n".join(one.as_bytes() for one in payload) if isinstance(payload, list) else _bytes(part)
    return b""


def _file_name(part: Mime) -> str:
    """What a part is called as a file; empty if it is none."""
    with suppress(Exception):  # malformed parameters, of which there are many kinds
        name = part.get_filename()
        if name:
            return _LINE_CONTROLS.sub(" ", decoded(name)).strip() or "file"
        if part.get_content_disposition() == "attachment":
            return "file"
    return ""


# -- headers ----------------------------------------------------------------------------------------------------------


def _texts(mime: Mime, name: str) -> list[str]:
    """The values of a header as people read them."""
    return [decoded(value) for value in _values(mime, name)]


def _values(mime: Mime, name: str) -> list[str]:
    """The values of a header as they stand, without folds."""
    found: list[str] = []
    with suppress(Exception):  # a header that the standard library stumbles over
        found = [re.sub(r"\r?\n(?=[ \t])", "", str(value)) for value in mime.get_all(name, [])[:20]]
    return found


def _line(mime: Mime, name: str) -> str:
    return _LINE_CONTROLS.sub(" ", " ".join(_texts(mime, name)[:1])).strip()


def _ids(mime: Mime, name: str) -> list[str]:
    return [_LINE_CONTROLS.sub("", one) for text in _values(mime, name) for one in _ID.findall(text)]


def _first_id(mime: Mime, name: str) -> str | None:
    return next(iter(_ids(mime, name)), None)


def _date(mime: Mime) -> datetime | None:
    for text in _texts(mime, "date")[:1]:
        with suppress(ValueError, TypeError, IndexError, OverflowError):
            found = parsedate_to_datetime(text)
            return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    return None


def _is_automatic(mime: Mime, envelope_from: str | None) -> bool:
    """Whether a machine wrote the message: RFC 3834, and what programs said before it."""
    submitted = _line(mime, "auto-submitted").partition(";")[0].strip().lower()
    if submitted not in {"", "no"}:
        return True
    if envelope_from is not None and envelope_from.strip(" <>") == "":
        return True
    if _line(mime, "return-path") == "<>" or _line(mime, "list-id"):
        return True
    if _line(mime, "precedence").lower() in {"bulk", "junk", "list", "auto_reply"}:
        return True
    return any(_line(mime, name) for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress"))
