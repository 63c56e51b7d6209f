"""What parties have said."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["ConsentGiven", "ConsentWithdrawn"]


@frozen(kw_only=True)
class ConsentGiven(Event):
    """A party allows to be written to for a purpose.

    Attributes:
        party: the party.
        consent: the record of what it said.
        purpose: the key of the purpose.
        channel: the key of the channel, or ``any``.
        said_at: when it was said, UTC.
    """

    party: UUID
    consent: UUID
    purpose: str
    channel: str
    said_at: datetime


@frozen(kw_only=True)
class ConsentWithdrawn(Event):
    """A party no longer allows to be written to for a purpose.

    Attributes:
        party: the party.
        consent: the record of what it said.
        purpose: the key of the purpose.
        channel: the key of the channel, or ``any``.
        said_at: when it was said, UTC.
    """

    party: UUID
    consent: UUID
    purpose: str
    channel: str
    said_at: datetime
