"""What a party of a conflict wants."""

from __future__ import annotations

from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.service_desk.limits import LONGEST_BODY
from crmkit.sdk import Record, checks

__all__ = ["Position"]


@frozen(kw_only=True)
class Position(Record):
    """Where a party stands in a conflict: a part of the case.

    Attributes:
        case_id: the case.
        party_id: whose position it is; the case's party, or one on the other side.
        stance: what the party says and wants.
        agreed: whether the party has agreed to the outcome; None while it has not been asked.
    """

    case_id: UUID
    party_id: UUID
    stance: str = field(validator=checks.text(LONGEST_BODY))
    agreed: bool | None = None
