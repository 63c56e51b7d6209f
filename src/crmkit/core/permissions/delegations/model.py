"""What a delegation is."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.permissions import checks

__all__ = ["Delegation"]


@frozen(kw_only=True)
class Delegation(Record):
    """Rights that one actor lends to another, who uses them by acting on behalf of the lender.

    Attributes:
        from_actor: who lends.
        to_actor: who borrows.
        permissions: permissions or patterns of several.
        starts_at: from when it holds, UTC.
        expires_at: until when, UTC; then it holds no more.
        reason: why.
    """

    from_actor: str = field(validator=checks.actor_id)
    to_actor: str = field(validator=checks.actor_id)
    permissions: tuple[str, ...]
    starts_at: datetime = field(validator=checks.instant)
    expires_at: datetime = field(validator=checks.instant)
    reason: str = field(default="", validator=checks.note)

    def holds(self, now: datetime) -> bool:
        """Whether it holds at ``now``, an instant."""
        return self.starts_at <= now < self.expires_at
