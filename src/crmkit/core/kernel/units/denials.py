"""What was denied to whom, for the audit."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from attrs import frozen

from crmkit.errors import ForbiddenError, NotFoundError

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.units.gate import Operation
    from crmkit.core.kernel.units.work import Work
    from crmkit.errors import CrmkitError

__all__ = ["Denial", "denial_of"]


@frozen(kw_only=True)
class Denial:
    """Something that was denied: who wanted what. Written in a transaction of its own after the unit has ended."""

    actor: str
    on_behalf_of: str | None
    command: str | None
    permission: str
    entity: str | None
    record: UUID | None
    at: datetime


def denial_of(work: Work, operation: Operation, error: CrmkitError) -> Denial | None:
    """What an error of a command denies to the unit's actor; None if it is about something else."""
    if isinstance(error, ForbiddenError):
        permission, record = error.permission, error.id
    elif isinstance(error, NotFoundError):
        permission, record = operation.permission or operation.name, error.id
    else:
        return None
    return Denial(
        actor=work.actor.id,
        on_behalf_of=work.on_behalf_of,
        command=operation.name,
        permission=permission,
        entity=error.entity,
        record=cast("UUID | None", record),  # ids are UUIDs wherever the gate raises
        at=work.now,
    )
