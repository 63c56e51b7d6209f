"""What happened to history itself."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.values.event import Event

__all__ = ["RecordRestored", "UnitUndone"]


@frozen(kw_only=True)
class UnitUndone(Event):
    """What a unit of work had changed was changed back. The commands that did it at the time tell nothing of it.

    Attributes:
        undone: the unit's id.
        whole: whether all of it was; False if something was left as it is.
    """

    undone: UUID
    whole: bool


@frozen(kw_only=True)
class RecordRestored(Event):
    """A record was made again what it was at a version.

    Attributes:
        entity: of the record.
        id: of the record.
        version: the version that it was restored to.
    """

    entity: str
    id: UUID
    version: int
