"""Custom references: they name records that are there, are emptied when these go, and follow them into a merge."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.kernel.custom_fields.queries import referring
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.units.work import Work
    from crmkit.core.kernel.units.write import Write

__all__ = ["check_references", "named_by", "referred_by"]


def check_references(work: Work, write: Write) -> None:
    """What a record newly refers to must be there, seen by the actor, and not merged away.

    Raises:
        NotFoundError: if it is not.
    """
    fields = work.definitions.entities.get(write.entity.name)
    if fields is None or not fields.references or write.after is None:
        return
    for key, field in fields.references.items():
        id_ = write.after.custom.get(key)
        if not isinstance(id_, UUID) or (write.before is not None and write.before.custom.get(key) == id_):
            continue
        other = work.registry.entity(field.refers_to or "")
        if (other.name, id_) in work.buffer.born:
            continue
        record = work.get(other, id_, share="merged_into" in other.shape.fields)
        if getattr(record, "merged_into", None) is not None:
            raise NotFoundError(other.name, id_)


def referred_by(work: Work, entity: EntityType[Any], id_: UUID) -> Iterator[tuple[EntityType[Any], CustomField, Any]]:
    """What refers to a record by a custom field, as it is stored: entity, field and record."""
    for field in work.definitions.referring(entity.name):
        if field.entity in work.registry:
            other = work.registry.entity(field.entity)
            for record in referring(work.db, work.tenant, work.store(other), field, id_):
                yield other, field, record


def named_by(definitions: Definitions, entity: str, record: Any) -> Iterator[tuple[CustomField, str, UUID]]:
    """What a record names in its custom references: field, entity and id."""
    fields = definitions.entities.get(entity)
    if fields is not None and record is not None:
        for key, field in fields.references.items():
            if key in record.custom:
                yield field, field.refers_to or "", record.custom[key]
