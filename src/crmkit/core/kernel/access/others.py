"""What another actor may see, asked from inside of a unit of work that is not theirs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from crmkit.core.kernel.deployment.tenants import read_tenant

if TYPE_CHECKING:
    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.kernel.access.policy import Rights
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work

__all__ = ["readers_among"]


def readers_among(work: Work, ids: Iterable[str], entity: EntityType[Any], record: Record) -> Iterator[Actor]:
    """Those of the actors ``ids`` who are active and may read ``record`` by rights of their own, as they are now.

    What this tells is not for the unit's actor, who may not know who sees what.

    Args:
        work: the unit in which it is asked.
        ids: of actors; those that the host's directory does not know are left out.
        entity: the record's.
        record: as it is in the unit.
    """
    wanted = tuple(ids)
    known = work.runtime.directory(work.tenant, wanted) if wanted else {}
    permission = work.permission(entity, "read")
    for id_ in wanted:
        actor = known.get(id_)
        if actor is not None and actor.active and _rights(work, actor).check(permission, entity, record, work):
            yield actor


def _rights(work: Work, actor: Actor) -> Rights:
    runtime = work.runtime
    if work.policy_touched:  # roles or shares as this unit has changed them are not for other units, should it fail
        return runtime.rights_source.load(work.db, work.tenant, actor, None, work.now)
    return runtime.rights(work.db, read_tenant(work.db, work.tenant), actor, None, work.now)
