"""What a grant is: that one record is shared."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.permissions import checks

__all__ = ["Grant"]


@frozen(kw_only=True)
class Grant(Record):
    """One permission on one record, given to one actor or team.

    Attributes:
        subject: the entity of the record.
        subject_id: the record.
        permission: such as ``deal.read``.
        grantee_kind: actor or team.
        grantee: the actor's id or the team's key.
        granted_by: the actor who shared it.
    """

    subject: str
    subject_id: UUID
    permission: str
    grantee_kind: Literal["actor", "team"] = field(validator=checks.one_of("actor", "team"))
    grantee: str = field(validator=checks.actor_id)
    granted_by: str = field(validator=checks.actor_id)
