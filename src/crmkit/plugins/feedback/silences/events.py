"""What happened to parties that used to talk with us."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["PartyFellSilent"]


@frozen(kw_only=True)
class PartyFellSilent(Event):
    """A party that used to talk with us does not any more; told once for each silence.

    Attributes:
        silence: the record of it.
        party: who.
        since: when it was heard of last, UTC.
        usual_days: how many days usually lay between two days on which it talked with us.
    """

    silence: UUID
    party: UUID
    since: datetime
    usual_days: int
