"""What a team is."""

from __future__ import annotations

from attrs import field, frozen
from attrs.validators import optional

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.permissions import checks

__all__ = ["Team"]


@frozen(kw_only=True)
class Team(Record):
    """A node in the tree of teams.

    Attributes:
        key: how records, the host's directory and memberships name it; unique in the tenant, never changed.
        name: for people.
        parent: key of the team above it; None at the top.
    """

    key: str = field(validator=checks.key)
    name: str = field(validator=checks.text)
    parent: str | None = field(default=None, validator=optional(checks.key))
