"""What says that nothing is to be sent to an address, without saying the address."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal, get_args

from attrs import field, frozen

from crmkit.sdk import Record, checks

__all__ = ["REASONS", "Suppression", "SuppressionReason"]

SuppressionReason = Literal["withdrawn", "bounced", "complained", "erased", "manual"]
REASONS: Final[tuple[str, ...]] = get_args(SuppressionReason)


@frozen(kw_only=True)
class Suppression(Record):
    """That an address was suppressed, or that this was lifted. Recorded once and never changed.

    Attributes:
        channel: the key of the channel.
        digest: the keyed hash of the channel and the address, 64 hexadecimal digits.
        reason: ``withdrawn`` by whom it belongs to, ``bounced``, ``complained`` about as spam, ``erased`` with the
            person, or ``manual``.
        lifted: whether the reason no longer holds.
        source: who or what said so.
        at: when, UTC.
        actor_id: who recorded it.
    """

    channel: str = field(validator=checks.key)
    digest: str
    reason: SuppressionReason = field(validator=checks.one_of(REASONS))
    lifted: bool = False
    source: str | None = field(default=None, validator=checks.text(200, controls=False))
    at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    actor_id: str
