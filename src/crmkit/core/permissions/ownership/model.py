"""What a claim is, and what a hand-over comes to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.permissions import checks

__all__ = ["Claim", "Transfer"]


@frozen(kw_only=True)
class Claim(Record):
    """That an actor owns a record until some time: the base of rights on leads.

    Attributes:
        subject: the entity of the record.
        subject_id: the record.
        actor_id: who has claimed it, and owns it as long as the claim lasts.
        expires_at: when the claim expires, UTC; the record is free again when expired claims are released.
    """

    subject: str
    subject_id: UUID
    actor_id: str = field(validator=checks.actor_id)
    expires_at: datetime = field(validator=checks.instant)


@frozen(kw_only=True)
class Transfer:
    """What was handed over.

    Attributes:
        from_actor: who owned it.
        to_actor: who owns it now.
        counts: how many records, by entity.
    """

    from_actor: str
    to_actor: str
    counts: Mapping[str, int]

    @property
    def total(self) -> int:
        """How many records in all."""
        return sum(self.counts.values())
