"""What a unit leaves behind: its own row, the names of actors seen, jobs for durable subscribers, and denials."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert, select, update

from crmkit.core.kernel.jobs.writing import write_jobs
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import actor_table, denial_table, unit_table
from crmkit.values.ids import new_id

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.denials import Denial
    from crmkit.core.kernel.units.work import Work

__all__ = ["write_denials", "write_unit"]

log = logging.getLogger("crmkit")


def _insert(table: Any) -> Statement:
    return Statement(insert(table).values({c.name: bindparam(c.name) for c in table.columns}))


_UNIT, _DENIAL, _ACTOR = _insert(unit_table), _insert(denial_table), _insert(actor_table)
_KNOWN = Statement(
    select(actor_table.c.name, actor_table.c.kind).where(
        actor_table.c.tenant_id == bindparam("tenant"), actor_table.c.id == bindparam("actor")
    )
)
_RENAME = Statement(
    update(actor_table)
    .where(actor_table.c.tenant_id == bindparam("tenant"), actor_table.c.id == bindparam("actor"))
    .values(name=bindparam("new_name"), kind=bindparam("new_kind"), seen_at=bindparam("at"))
)


def write_unit(work: Work) -> None:
    """Write the unit's row and its jobs, if it changed or told anything."""
    if not (work.seq or work.events):
        return
    facts = work.facts
    row = {
        "tenant_id": work.tenant,
        "id": work.id,
        "actor_id": work.actor.id,
        "on_behalf_of": work.on_behalf_of,
        "commands": work.told,
        "reason": facts.reason,
        "source": facts.source,
        "at": work.now,
        "undoes": work.undoes[0] if len(work.undoes) == 1 else None,
        "caused_by": facts.caused_by,
        "reversible": work.reversible,
        "purged": None,
    }
    work.db.run(_UNIT, row)
    _snapshot_actor(work)
    write_jobs(work)


def _snapshot_actor(work: Work) -> None:
    """Keep the actor's name, so that history stays readable when the host has forgotten it."""
    actor, seen = work.actor, work.runtime.actors_seen
    key = (work.tenant, actor.id)
    if seen.get(key) == (actor.name, actor.kind):
        return
    rows = work.db.rows(_KNOWN, {"tenant": work.tenant, "actor": actor.id})
    if not rows:
        row = {"tenant_id": work.tenant, "id": actor.id, "kind": actor.kind, "name": actor.name, "seen_at": work.now}
        work.db.run(_ACTOR, row)
    elif tuple(rows[0]) != (actor.name, actor.kind):
        params = {"tenant": work.tenant, "actor": actor.id, "new_name": actor.name, "new_kind": actor.kind}
        work.db.run(_RENAME, {**params, "at": work.now})
    work.actors_noted[key] = (actor.name, actor.kind)


def write_denials(db: Db, tenant: str, denials: list[Denial]) -> None:
    """Write what was denied, in a transaction of its own that the caller has begun."""
    rows = [
        {
            "tenant_id": tenant,
            "id": new_id(),
            "actor_id": d.actor,
            "on_behalf_of": d.on_behalf_of,
            "command": d.command,
            "permission": d.permission,
            "entity": d.entity,
            "record_id": d.record,
            "at": d.at,
        }
        for d in denials
    ]
    db.run_many(_DENIAL, rows)
