"""Pure decisions about decisions: which ones stand, and which may be recorded."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError
from crmkit.values.criteria import Criteria, f

if TYPE_CHECKING:
    from crmkit.core.kernel.decisions.model import Decision
    from crmkit.values.ref import Ref

__all__ = ["about", "check_decided", "check_successor", "in_time"]


def about(ref: Ref) -> Criteria:
    """The decisions about a record."""
    return (f.subject == ref.entity) & (f.subject_id == ref.id)


def in_time(at: datetime) -> Criteria:
    """The decisions whose time is not over.

    Args:
        at: the present instant, UTC.
    """
    return f.valid_until.is_empty() | (f.valid_until > at)


def check_decided(decision: Decision, now: datetime) -> None:
    """Refuse a decision that has not been made yet.

    Raises:
        InvalidValueError: if so.
    """
    if decision.decided_at > now:
        raise InvalidValueError(
            "decided_at", decision.decided_at, "is in the future; record it when it has been decided"
        )


def check_successor(before: Decision, ref: Ref) -> None:
    """Refuse to supersede a decision about another record.

    Raises:
        InvalidValueError: if it is.
    """
    if before.ref != ref:
        raise InvalidValueError("supersedes", before.id, f"is about another record than {ref}")
