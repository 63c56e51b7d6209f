"""What happened to addresses; no event says which address."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["AddressSuppressed", "SuppressionLifted"]


@frozen(kw_only=True)
class AddressSuppressed(Event):
    """Nothing is to be sent to an address any more.

    Attributes:
        suppression: the record that says so.
        channel: the key of the channel.
        reason: withdrawn, bounced, complained, erased or manual.
    """

    suppression: UUID
    channel: str
    reason: str


@frozen(kw_only=True)
class SuppressionLifted(Event):
    """An address is no longer suppressed for a reason.

    Attributes:
        suppression: the record that says so.
        channel: the key of the channel.
        reason: withdrawn, bounced, complained or manual.
    """

    suppression: UUID
    channel: str
    reason: str
