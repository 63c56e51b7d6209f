"""Who watches a case."""

from __future__ import annotations

from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import Record, checks

__all__ = ["Watcher"]


@frozen(kw_only=True)
class Watcher(Record):
    """Somebody who is notified of comments on a case: a part of the case.

    Attributes:
        case_id: the case.
        actor_id: the actor who watches it.
    """

    case_id: UUID
    actor_id: str = field(validator=checks.text(LONGEST_LINE))
