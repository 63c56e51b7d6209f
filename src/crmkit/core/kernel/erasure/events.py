"""What has happened when something was erased."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["RecordErased"]


@frozen(kw_only=True)
class RecordErased(Event):
    """A record was erased, with everything that is about it; whoever keeps a copy elsewhere has to erase that.

    Attributes:
        entity: of the record.
        id: of the record, which stays as an empty one.
        also: ids of what was merged into it before, and is erased too.
    """

    entity: str
    id: UUID
    also: tuple[UUID, ...] = ()
