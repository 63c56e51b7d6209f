"""What happened to returns."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["ReturnRecorded", "ReturnSettled"]


@frozen(kw_only=True)
class ReturnRecorded(Event):
    """Something came back.

    Attributes:
        returned: the return.
        party: who brought or sent it.
        product: what was sold.
        reason: why.
    """

    returned: UUID
    party: UUID
    product: str
    reason: str


@frozen(kw_only=True)
class ReturnSettled(Event):
    """It was decided what becomes of a return.

    Attributes:
        returned: the return.
        outcome: refunded, replaced, repaired or rejected.
    """

    returned: UUID
    outcome: str
