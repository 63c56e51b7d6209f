"""What rights are decided by while records are deleted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.units.work import Work
    from crmkit.core.kernel.units.write import Key

__all__ = ["Leaving"]


class Leaving:
    """What rights are decided by: the records of the unit, and those whose deletion is part of the flush.

    A record goes after its parts and after what is visible with it only; so for them it counts as it was.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self.records: dict[Key, Any] = {}

    @property
    def registry(self) -> EntityRegistry:
        """The entities of the unit."""
        return self._work.registry

    @property
    def now(self) -> datetime:
        """The instant of the unit."""
        return self._work.now

    def load(self, entity: EntityType[Any], id_: UUID, /) -> Any:
        """The record as it is, or as it was before the flush."""
        return self._work.load(entity, id_) or self.records.get((entity.name, id_))

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether the record is shared."""
        return self._work.granted(entity, id, permission, kind, keys)
