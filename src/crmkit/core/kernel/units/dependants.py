"""What becomes of the records that refer to one that is deleted: they go with it, let go of it, or refuse."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.custom_fields.references import referred_by
from crmkit.core.kernel.units.write import Write, root_of
from crmkit.errors import InUseError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.units.writing import Buffer

__all__ = ["delete_with_dependants"]


def delete_with_dependants(buffer: Buffer, entity: EntityType[Any], current: Record, *, carried: bool = False) -> None:
    """Buffer the deletion of a record, after what has to go with it, and let go of it what may stay.

    Args:
        buffer: the unit's writes.
        entity: of the record.
        current: the record as it is.
        carried: see `Write`.

    Raises:
        InUseError: if something refers to it that refuses that.
    """  # raised by what this calls
    work = buffer.work
    referring = [
        (other, reference)
        for other in work.registry
        for reference in other.shape.references
        if reference.entity in {None, entity.name} and other.kind != "derived"  # derived rows follow by themselves
    ]
    if work.definitions.referring(entity.name) or any(
        write.entity is other for write in buffer.writes for other, _ in referring
    ):
        buffer.flush()  # dependants are found in the database
    for other, reference in referring:
        _settle(buffer, entity, current, other, reference, carried=carried)
    for other, field, dependant in list(referred_by(work, entity, current.id)):
        _clear(buffer, other, dependant, field.name)
    current = work.identity[entity.name, current.id] or current
    buffer.writes.append(Write("delete", entity, current, None, root_of(work, entity, current), carried=carried))
    work.identity[entity.name, current.id] = None


def _settle(
    buffer: Buffer,
    entity: EntityType[Any],
    gone: Record,
    other: EntityType[Any],
    reference: Reference,
    *,
    carried: bool,
) -> None:
    """Delete, clear or refuse what refers to ``gone``.

    Raises:
        InUseError: if it is to be refused, and something does.
    """
    work = buffer.work
    store = work.store(other)
    for dependant in store.referring(work.db, work.tenant, reference, entity.name, gone.id):
        key = (other.name, dependant.id)
        current = work.identity.setdefault(key, dependant)
        if current is None:
            continue
        if reference.on_delete == "refuse":
            raise InUseError(entity.name, gone.id, by=other.name)
        if reference.on_delete == "delete":
            delete_with_dependants(buffer, other, current, carried=carried or reference.column in other.goes_with)
            continue
        _clear(buffer, other, dependant, reference.column)


def _clear(buffer: Buffer, entity: EntityType[Any], dependant: Record, name: str) -> None:
    """Empty a field of a record that was found in the database."""
    work, key = buffer.work, (entity.name, dependant.id)
    current = work.identity.setdefault(key, dependant)
    if current is None:
        return
    codec = work.store(entity).codec
    cleared = codec.replaced(current, {name: None})
    stored = codec.stamped(cleared, current.version + 1, current.created_at or work.now, work.now)
    work.identity[key] = stored
    diff = codec.diff(current, stored)
    if diff:
        buffer.writes.append(Write("update", entity, current, stored, root_of(work, entity, stored), diff))
