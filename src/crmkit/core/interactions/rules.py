"""What may be recorded, corrected and closed, and how an interaction is shown on a timeline."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from crmkit.core.interactions.limits import MAX_LINE
from crmkit.core.interactions.model import Channel, Interaction, Thread, TimelineEntry
from crmkit.errors import ConflictError, InvalidValueError, Refusal

__all__ = [
    "CHANNELS",
    "CHANNEL_KEYS",
    "CLOCK_SKEW",
    "check_occurred",
    "check_thread",
    "closed",
    "corrected",
    "entry_of",
    "label_of",
    "thread_refusal",
]

CHANNELS: Final = (
    Channel(key="phone", label="Phone", kind="spoken"),
    Channel(key="email", label="E-mail", kind="written"),
    Channel(key="meeting", label="Meeting", kind="in_person"),
    Channel(key="letter", label="Letter", kind="written"),
    Channel(key="fax", label="Fax", kind="written"),
    Channel(key="chat", label="Chat", kind="written"),
    Channel(key="web", label="Web", kind="written"),
    Channel(key="social", label="Social media", kind="written"),
    Channel(key="visit", label="Visit", kind="in_person"),
    Channel(key="video", label="Video", kind="spoken"),
)
"""The channels that every tenant has from the start."""

CHANNEL_KEYS: Final = frozenset(channel.key for channel in CHANNELS)
"""Their keys. No command removes a channel, so whoever records an interaction over one of these need not look."""

CLOCK_SKEW: Final = timedelta(hours=1)
"""How far a clock elsewhere (a telephone system, a mail server) may be ahead of ours."""


def check_occurred(occurred_at: datetime, now: datetime) -> None:
    """Refuse what has not happened yet, but for clocks that are a little ahead.

    Args:
        occurred_at: when it happened, UTC.
        now: the present, UTC.

    Raises:
        InvalidValueError: if it is more than `CLOCK_SKEW` in the future.
    """
    if occurred_at > now + CLOCK_SKEW:
        raise InvalidValueError("occurred_at", occurred_at.isoformat(), "has not come yet; plan an activity instead")


def check_thread(thread: Thread, party: UUID) -> None:
    """Refuse a thread with somebody else.

    Raises:
        InvalidValueError: if the thread is not with ``party``.
    """
    if thread.party_id != party:
        raise InvalidValueError("thread", str(thread.id), f"is not a thread with party {party}")


def thread_refusal(thread: Thread) -> Refusal | None:
    """Why nothing may be recorded in ``thread`` any more; None if something may."""
    if thread.is_open:
        return None
    return Refusal("thread_closed", f"thread {thread.id} is closed; open another one", field="thread_id")


def closed(thread: Thread, at: datetime) -> Thread:
    """``thread`` as closed at the instant ``at``.

    Raises:
        ConflictError: if it is closed already.
    """
    if not thread.is_open:
        raise ConflictError(f"thread {thread.id} is closed already")
    return evolve(thread, status="closed", closed_at=at)


def corrected(
    interaction: Interaction, *, summary: str | None, body: str | None, reason: str, version: int | None = None
) -> Interaction:
    """``interaction`` with other texts.

    Args:
        interaction: as it is stored.
        summary: the new summary; None to keep it.
        body: the new body; None to keep it.
        reason: why.
        version: the version that the correction is of; the stored one by default.

    Raises:
        InvalidValueError: if no text would change, or one is invalid.
        LimitExceededError: if a text is too long.
    """
    after = evolve(
        interaction,
        summary=interaction.summary if summary is None else summary,
        body=interaction.body if body is None else body,
        correction_reason=reason,
        version=interaction.version if version is None else version,
    )
    if (after.summary, after.body) == (interaction.summary, interaction.body):
        raise InvalidValueError("correction", str(interaction.id), "changes neither summary nor body")
    return after


def entry_of(interaction: Interaction) -> TimelineEntry:
    """``interaction`` as a line of a timeline."""
    return TimelineEntry(
        id=interaction.id,
        occurred_at=interaction.occurred_at,
        kind=interaction.kind,
        channel=interaction.channel,
        direction=interaction.direction,
        summary=interaction.summary,
        author_id=interaction.author_id,
        about=interaction.ref,
        about_label=interaction.about_label,
        thread_id=interaction.thread_id,
        corrected=interaction.correction_reason is not None,
    )


def label_of(name: Any) -> str:
    """What a record is called, cut to what a label snapshot holds; empty for nothing.

    Args:
        name: the value of the record's display field.
    """
    return "" if name is None else str(name)[:MAX_LINE]
