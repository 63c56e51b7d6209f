"""What can happen to relationships."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["PartiesRelated", "RelationshipEnded", "RelationshipRemoved"]


@frozen(kw_only=True)
class PartiesRelated(Event):
    """Two parties stand in a relationship.

    Attributes:
        party: the first party's id.
        other: the other party's id.
        relationship: the relationship's id.
        type: key of its type as the first party sees it.
    """

    party: UUID
    other: UUID
    relationship: UUID
    type: str


@frozen(kw_only=True)
class RelationshipEnded(Event):
    """A relationship ended, or will end on a day to come.

    Attributes:
        party: the first party's id.
        other: the other party's id.
        relationship: the relationship's id.
    """

    party: UUID
    other: UUID
    relationship: UUID


@frozen(kw_only=True)
class RelationshipRemoved(Event):
    """A relationship was deleted, as if it had never been.

    Attributes:
        party: the first party's id.
        other: the other party's id.
        relationship: the id that it had.
    """

    party: UUID
    other: UUID
    relationship: UUID
