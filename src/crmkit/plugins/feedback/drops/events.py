"""What happened to satisfaction."""

from __future__ import annotations

from decimal import Decimal
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["SatisfactionDropped", "SatisfactionRecovered"]


@frozen(kw_only=True)
class SatisfactionDropped(Event):
    """The satisfaction of a party, or with an agent's work, has become worse; told once until it is better again.

    Attributes:
        drop: the record of it.
        party: whose; None for an agent.
        agent: with whose work; None for a party.
        before: the mean before, where 0 is the worst and 1 the best.
        after: the mean of the latest.
    """

    drop: UUID
    party: UUID | None
    agent: str | None
    before: Decimal
    after: Decimal


@frozen(kw_only=True)
class SatisfactionRecovered(Event):
    """Satisfaction that had become worse is better again.

    Attributes:
        drop: the record of the drop.
        party: whose; None for an agent.
        agent: with whose work; None for a party.
    """

    drop: UUID
    party: UUID | None
    agent: str | None
