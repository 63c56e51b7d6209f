"""What is decided about messages on their way out. Pure."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from attrs import evolve, frozen

from crmkit.plugins.email.config import Uncertain
from crmkit.plugins.email.model import Message
from crmkit.plugins.email.sending.line import Answer
from crmkit.sdk import backoff

__all__ = ["Outcome", "gone_for_good", "settled"]

_STATUS: Final = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
_NOBODY: Final = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
"""No such mailbox, no such domain, bad syntax, moved, null MX, disabled (RFC 3463; 5.1.10: RFC 7505)."""


@frozen(kw_only=True)
class Outcome:
    """What became of one claimed message.

    Attributes:
        message: the message as it was claimed.
        answer: what the server said; None if it was not handed over at all.
    """

    message: Message
    answer: Answer | None


def settled(
    message: Message, answer: Answer | None, *, now: datetime, attempts: int, first: float, longest: float,
    jitter: float, uncertain: Uncertain,
) -> Message:  # fmt: skip
    """A claimed message after it was handed over, or was not.

    Args:
        message: as it is stored, handing over.
        answer: what became of it; None if it was not handed over.
        now: the instant.
        attempts: how often a message is tried.
        first: the longest wait after the first try; seconds.
        longest: the longest wait; seconds.
        jitter: 0 to 1, drawn anew each time; see `crmkit.sdk.backoff`.
        uncertain: what becomes of a message of which nobody knows.
    """
    if answer is None:
        return evolve(message, state="queued", due_at=now, attempts=message.attempts - 1, handed_at=None)
    told = evolve(message, answer=answer.said, settled_at=now, due_at=None)
    if answer.verdict == "accepted":
        return evolve(told, state="sent")
    if answer.verdict == "refused":
        return evolve(told, state="failed")
    if answer.verdict == "uncertain" and uncertain == "hold":
        return evolve(told, state="uncertain")
    if message.attempts >= attempts:
        return evolve(told, state="failed")
    due = now + backoff(message.attempts, first=first, longest=longest, jitter=jitter)
    return evolve(told, state="queued", due_at=due, settled_at=None)


def gone_for_good(said: str) -> bool:
    """Whether a refusal means that the address reaches nobody, rather than that this message was not wanted."""
    found = _STATUS.search(said)
    if found:
        return found[1] in _NOBODY
    return said.startswith(("550 ", "551 ", "553 ")) and "user" in said.lower() and "unknown" in said.lower()
