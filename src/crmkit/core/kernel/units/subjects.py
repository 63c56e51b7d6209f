"""What hangs on any record, such as a comment, looks here at the record that it is to hang on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.errors import InvalidValueError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import Record
    from crmkit.core.kernel.units.unit import UnitOfWork
    from crmkit.values.ref import Ref

__all__ = ["subject_of"]


def subject_of(uow: UnitOfWork, ref: Ref) -> Record:
    """The record that ``ref`` names, as the actor may see it.

    Raises:
        NotFoundError: if there is none, or it is hidden.
        UnknownFieldError: if there is no such entity; names the nearest one.
        InvalidValueError: if it is part of another record.
    """  # the first two by what this calls; callers want to know
    entity = uow.entity(ref.entity)
    if entity.part_of is not None:
        raise InvalidValueError("ref", ref.entity, "is part of a record; name that record itself")
    return uow.get(entity, ref.id)
