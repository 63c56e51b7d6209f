"""What can happen to identifiers."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["IdentifierAdded", "IdentifierRemoved"]


@frozen(kw_only=True)
class IdentifierAdded(Event):
    """A party has one more identifier.

    Attributes:
        party: the party's id.
        identifier: the identifier's id.
        scheme: its scheme.
    """

    party: UUID
    identifier: UUID
    scheme: str


@frozen(kw_only=True)
class IdentifierRemoved(Event):
    """A party lost an identifier.

    Attributes:
        party: the party's id.
        identifier: the id that it had.
        scheme: its scheme.
    """

    party: UUID
    identifier: UUID
    scheme: str
