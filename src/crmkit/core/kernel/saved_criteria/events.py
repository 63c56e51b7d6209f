"""What happened to saved criteria."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["CriteriaChanged", "CriteriaRemoved", "CriteriaSaved"]


@frozen(kw_only=True)
class CriteriaSaved(Event):
    """Criteria were saved.

    Attributes:
        id: of the saved criteria.
        entity: what they ask about.
    """

    id: UUID
    entity: str


@frozen(kw_only=True)
class CriteriaChanged(Event):
    """Saved criteria were changed, named anew, or shared with another team.

    Attributes:
        id: of the saved criteria.
        entity: what they ask about.
    """

    id: UUID
    entity: str


@frozen(kw_only=True)
class CriteriaRemoved(Event):
    """Saved criteria were removed.

    Attributes:
        id: of the saved criteria.
        entity: what they asked about.
    """

    id: UUID
    entity: str
