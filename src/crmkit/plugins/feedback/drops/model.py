"""What a drop is: the satisfaction of a party, or with an agent's work, has become worse."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from crmkit.plugins.feedback.limits import LONGEST_LINE
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["Drop"]


@frozen(kw_only=True)
class Drop(Record):
    """Satisfaction that has become worse: of a party, or with an agent's work.

    Attributes:
        party_id: whose; None for an agent.
        agent_id: with whose work; None for a party.
        before: the mean before, where 0 is the worst and 1 the best.
        after: the mean of the latest.
        since: when the latest of them was said, UTC.
        ended_at: when it had become better again, UTC; None while it has not.
        open: True while it has not, else None: so that nobody has two of them at once.
    """

    party_id: UUID | None = None
    agent_id: str | None = field(default=None, validator=optional(checks.text(LONGEST_LINE)))
    before: Decimal
    after: Decimal
    since: datetime = field(converter=checks.in_utc, validator=checks.instant)
    ended_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    open: bool | None = True

    def __attrs_post_init__(self) -> None:
        if (self.party_id is None) == (self.agent_id is None):
            raise InvalidValueError("party_id", self.party_id, "or agent_id: give one of the two")
        if bool(self.open) == (self.ended_at is not None):
            raise InvalidValueError("open", self.open, "is True until ended_at is given, and None afterwards")
