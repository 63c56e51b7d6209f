"""What a silence is: a party that used to talk with us does not any more."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from attrs import field, frozen
from attrs.validators import ge

from crmkit.sdk import Record, checks

__all__ = ["Silence"]


@frozen(kw_only=True)
class Silence(Record):
    """A party that used to talk with us has fallen silent. It is over once the party is heard of again.

    Attributes:
        party_id: who.
        since: when it was heard of last, UTC.
        usual_days: how many days usually lay between two days on which it talked with us.
        noticed_at: when it was noticed, UTC.
    """

    party_id: UUID
    since: datetime = field(converter=checks.in_utc, validator=checks.instant)
    usual_days: int = field(validator=ge(1))
    noticed_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
