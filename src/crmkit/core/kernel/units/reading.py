"""What a unit knows of records: which it has read, as they are in it now, and what of them its actor may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.core.kernel.access.policy import permission_for
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.access.policy import Rights
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.storage.storing import Lock, Store
    from crmkit.core.kernel.units.writing import Buffer

__all__ = ["Reading"]

M = TypeVar("M", bound="Record")


class Reading:
    """The part of a unit's state that is about single records; see `Work`, which makes it."""

    runtime: Runtime
    registry: EntityRegistry
    db: Db
    tenant: str
    now: datetime
    read_only: bool
    rights: Rights
    definitions: Definitions
    buffer: Buffer
    identity: dict[tuple[str, UUID], Any]
    locked: dict[tuple[str, UUID], Lock]

    def store(self, entity: EntityType[M]) -> Store[M]:
        """The entity's store on this dialect."""
        return self.runtime.store(entity, self.db.dialect)

    def load(self, entity: EntityType[M], id_: UUID, *, share: bool = False) -> M | None:
        """The record as it is in this unit, whoever may see it."""
        key = (entity.name, id_)
        share = share and not self.read_only
        if key in self.identity and (not share or key in self.locked or self.db.dialect == "sqlite"):
            cached: M | None = self.identity[key]
            return cached
        return self._read(entity, id_, "key" if share else None)

    def hold(self, entity: EntityType[M], id_: UUID, *, alone: bool = False) -> M | None:
        """The record as it is now, whoever may see it; nobody changes it until the unit has ended.

        For a record that a decision rests on, such as the pipeline of a move. If units decide by what each of them
        reads and writes elsewhere, let each hold one record ``alone`` before it reads, so that they take turns.

        Args:
            entity: the record's entity.
            id_: its id.
            alone: whether others may not hold it either.
        """
        key = (entity.name, id_)
        lock: Lock = "alone" if alone else "share"
        if key in self.identity and (self.db.dialect == "sqlite" or self.locked.get(key) in {lock, "alone"}):
            cached: M | None = self.identity[key]
            return cached
        return self._read(entity, id_, lock)

    def _read(self, entity: EntityType[M], id_: UUID, lock: Lock | None = None) -> M | None:
        """Read a record, which others may have written since this unit read it.

        What is held for a decision is as it is now. What merely stays where it is, such as the target of a command,
        is as the unit knows it, so that a write to it is refused as stale; unless it was merged or is gone.
        """
        key = (entity.name, id_)
        found = self.store(entity).read(self.db, self.tenant, id_, lock=lock)
        if lock is not None:
            self.locked[key] = lock
        known: M | None = self.identity.setdefault(key, found)
        if known is None:  # what the unit has deleted may still be found until that is stored
            return None
        if found is None:
            outdated = key not in self.buffer.born
        else:
            moved = lock != "key" or getattr(found, "merged_into", None) is not None
            outdated = moved and found.version > known.version
        if outdated:
            self.identity[key] = found
        return found if outdated else known

    def get(self, entity: EntityType[M], id_: UUID, *, share: bool = False) -> M:
        """The record, unmasked, if the actor may see it.

        Raises:
            NotFoundError: if there is none, or it is hidden.
        """
        record = self.load(entity, id_, share=share)
        if record is None or not self.sees(entity, record):
            raise NotFoundError(entity.name, id_)
        return record

    def sees(self, entity: EntityType[Any], record: Record) -> bool:
        """Whether the actor may see ``record`` as it is now."""
        return self.may(self.permission(entity, "read"), entity, record)

    def may(self, permission: str, entity: EntityType[Any], record: Record) -> bool:
        """Whether the actor may do this to ``record``."""
        return self.rights.check(permission, entity, record, self)

    def permission(self, entity: EntityType[Any], verb: str) -> str:
        """The permission that ``verb`` needs on records of ``entity``; of a part, its root's."""
        names = self.runtime.permission_names
        name = names.get((entity.name, verb))
        if name is None:
            name = names[entity.name, verb] = permission_for(self.registry, entity, verb)
        return name

    def hidden(self, entity: EntityType[Any], verb: str = "read") -> frozenset[str]:
        """The fields of ``entity`` that the actor may not read, or write."""
        return self.rights.hidden_fields(self.permission(entity, verb), entity)

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether this record is shared with one of ``keys``; asked by the policy."""
        return self.runtime.rights_source.granted(self.db, self.tenant, entity, id, permission, kind, keys)

    def referred(self, entity: EntityType[Any], field: str, record: Record) -> EntityType[Any]:
        """The entity that the reference ``field`` of ``record`` names.

        Raises:
            TypeError: if the field is no reference.
        """
        reference = entity.field(field).reference
        if reference is None:
            msg = f"{entity.name}.{field} is no reference"
            raise TypeError(msg)
        name = reference.entity or getattr(record, reference.entity_column or "")
        return self.registry.entity(name)

    def masked(self, entity: EntityType[M], record: M) -> M:
        """``record`` without the values that the actor may not read."""
        hidden = self.masks(entity)
        if not hidden:
            return record
        return self.store(entity).codec.replaced(record, dict.fromkeys(hidden))

    def masks(self, entity: EntityType[Any]) -> frozenset[str]:
        """The fields that are taken out of records: those that the actor may not read, and custom ones removed."""
        gone = self.definitions.shapes.hidden.get(entity.name)
        hidden = self.hidden(entity)
        return hidden if gone is None else hidden | gone
