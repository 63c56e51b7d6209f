"""Bounces (RFC 3464) and complaints (RFC 5965), as machines report them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from email.message import Message as Mime
from typing import Any, Final, Literal

from attrs import frozen

from crmkit.plugins.email.addresses import normal_address
from crmkit.sdk import InvalidValueError

__all__ = ["Report", "report_in"]

_STATUS: Final = re.compile(r"([245])\.(\d{1,3})\.(\d{1,3})")
_ID: Final = re.compile(r"<([^<>\s]{1,900})>")
_ADDRESS: Final = re.compile(r"(?:[^;]*;)?\s*<?([^<>\s;]+@[^<>\s;]+)>?")
MOST: Final = 200


@frozen(kw_only=True)
class Report:
    """What a report says.

    Attributes:
        kind: a bounce or a complaint.
        action: of a bounce what the server did: failed, delayed, delivered, relayed or expanded.
        status: of a bounce the code (RFC 3463), such as ``5.1.1``; empty if it says none.
        feedback: of a complaint its kind, such as ``abuse``.
        recipients: the addresses that it is about, in one form.
        original: the message id of the message that it is about; None if it does not say.
        diagnostic: what the other server said.
    """

    kind: Literal["bounce", "complaint"]
    action: str = ""
    status: str = ""
    feedback: str = ""
    recipients: tuple[str, ...] = ()
    original: str | None = None
    diagnostic: str = ""


def report_in(mime: Mime) -> Report | None:
    """The report that a message is; None if it is none."""
    if mime.get_content_type() != "multipart/report" or not mime.is_multipart():
        return None
    parts: Any = mime.get_payload()
    kinds = {part.get_content_type(): part for part in reversed(parts[:10])}
    if "message/delivery-status" in kinds:
        return _bounce(kinds["message/delivery-status"], _original(kinds))
    if "message/feedback-report" in kinds:
        return _complaint(kinds["message/feedback-report"], _original(kinds))
    return None


def _bounce(part: Mime, original: str | None) -> Report:
    """Of several recipients the worst is told: we send to one at a time."""
    blocks = [fields for fields in _blocks(part) if "final-recipient" in fields or "original-recipient" in fields]
    failed = [fields for fields in blocks if fields.get("action", "").lower().startswith("failed")]
    told = (failed or blocks or [{}])[0]
    status = _STATUS.search(told.get("status", ""))
    named = (told.get(name, "") for name in ("original-recipient", "final-recipient"))
    return Report(
        kind="bounce",
        action=told.get("action", "").split(" ")[0].lower()[:40],
        status=status[0] if status else "",
        recipients=tuple(dict.fromkeys(a for text in named for a in _addresses(text))),
        original=original,
        diagnostic=told.get("diagnostic-code", "")[:500],
    )


def _complaint(part: Mime, original: str | None) -> Report:
    fields: dict[str, str] = {}
    for block in _blocks(part):
        fields = {**block, **fields}
    return Report(
        kind="complaint",
        feedback=(fields.get("feedback-type", "").strip().lower() or "other")[:40],
        recipients=tuple(_addresses(fields.get("original-rcpt-to", ""))),
        original=original,
    )


def _blocks(part: Mime) -> Iterator[dict[str, str]]:
    """The groups of fields of a report; the standard library takes some apart into messages, and some not."""
    payload: Any = part.get_payload()
    if isinstance(payload, list):
        for block in payload[:MOST]:
            yield {name.lower(): _line(str(value)) for name, value in block.items()}
            text = block.get_payload()
            if isinstance(text, str) and text.strip():
                yield from _fields(text)
    elif isinstance(payload, str):
        yield from _fields(payload)


def _fields(text: str) -> Iterator[dict[str, str]]:
    for block in re.split(r"\r?\n[ \t]*\r?\n", text)[:MOST]:
        unfolded = re.sub(r"\r?\n(?=[ \t])", "", block)
        yield {
            name.strip().lower(): _line(value)
            for name, colon, value in (line.partition(":") for line in unfolded.splitlines()[:MOST])
            if colon
        }


def _original(kinds: dict[str, Mime]) -> str | None:
    """The message id of the message that came back with the report, whole or its headers."""
    for kind in ("message/rfc822", "text/rfc822-headers", "message/rfc822-headers", "message/global"):
        part = kinds.get(kind)
        if part is None:
            continue
        payload: Any = part.get_payload()
        inner = payload[0] if isinstance(payload, list) and payload else None
        said = str(inner.get("message-id", "")) if inner is not None else _header(part)
        found = _ID.search(said)
        if found:
            return found[1]
    return None


def _header(part: Mime) -> str:
    payload: Any = None
    with suppress(Exception):  # a malformed encoding
        payload = part.get_payload(decode=True)
    text = payload.decode("latin-1") if isinstance(payload, bytes) else str(part.get_payload())
    found = re.search(r"(?im)^message-id:\s*(?:\r?\n[ \t]+)?(<[^<>\s]+>)", text)
    return found[1] if found else ""


def _addresses(text: str) -> Iterator[str]:
    found = _ADDRESS.search(text)
    if found:
        with suppress(InvalidValueError):
            yield normal_address(found[1])


def _line(text: str) -> str:
    return re.sub(r"[\x00-\x1f\x7f]+", " ", text).strip()[:1_000]
