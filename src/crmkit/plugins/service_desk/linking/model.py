"""A link between two cases."""

from __future__ import annotations

from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen

from crmkit.sdk import Record, checks

__all__ = ["LINK_KINDS", "CaseLink", "LinkKind"]

LinkKind = Literal["related", "follows", "caused_by"]
LINK_KINDS: Final[tuple[LinkKind, ...]] = get_args(LinkKind)


@frozen(kw_only=True)
class CaseLink(Record):
    """A link from one case to another. Who may not see both does not see it.

    Attributes:
        case_id: the case that it leads from.
        other_id: the case that it leads to.
        kind: related, follows (the first goes on with what the other left) or caused_by.
    """

    case_id: UUID
    other_id: UUID
    kind: LinkKind = field(default="related", validator=checks.one_of(LINK_KINDS))
