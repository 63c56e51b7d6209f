"""Storing what was checked: rows in program order, versions of roots, and a change row for each write."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import TYPE_CHECKING, Any

from sqlalchemy import bindparam, insert

from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.custom_fields.uniqueness import keep_uniques
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table
from crmkit.core.kernel.units.projecting import left, note
from crmkit.core.kernel.units.write import Key, Write, logged_of, root_of
from crmkit.errors import NotFoundError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.units.work import Work

__all__ = ["store_writes"]

_INSERT_CHANGE = Statement(insert(change_table).values({c.name: bindparam(c.name) for c in change_table.columns}))


def store_writes(work: Work, writes: list[Write]) -> None:
    """Store what was checked, in its order, with its history, and note what has changed.

    Args:
        work: the unit's state.
        writes: what is to be stored; raises of roots are added.

    Raises:
        NotFoundError: if the root of a part is gone.
        StaleVersionError: if somebody has changed a record meanwhile.
    """  # raised by what this calls
    versions = _raise_roots(work, writes)
    for (op, entity, columns), group in groupby(writes, key=partial(_alike, work)):
        batch = list(group)
        store = work.store(entity)
        if op == "insert":
            store.insert(work.db, work.tenant, [w.after for w in batch])
        elif op == "update":
            store.update(work.db, work.tenant, columns, [(w.before, w.after) for w in batch])
        else:
            store.delete(work.db, work.tenant, [w.before for w in batch])
    if work.definitions.entities or any(write.entity is CUSTOM_FIELD for write in writes):
        keep_uniques(work, writes)
    work.versions.update((w.record.id, w.version) for w in writes)
    _log(work, [w for w in writes if not w.raises], versions)
    if work.projections:
        note(work.changed, writes)
        work.left.update(dict.fromkeys(left(writes)))
    note(work.touched, writes)


def _alike(work: Work, write: Write) -> tuple[str, EntityType[Any], tuple[str, ...]]:
    if write.op != "update":
        return write.op, write.entity, ()
    return "update", write.entity, work.store(write.entity).codec.changed_columns(write.diff)


def _raise_roots(work: Work, writes: list[Write]) -> dict[Key, int]:
    """Each root's version after this flush; adds a raise for roots of which only parts are written.

    A root that a part has left gets a change of its own, since that part's change names the new root.

    Raises:
        NotFoundError: if a root is gone.
    """
    versions: dict[Key, int] = {}
    for write in writes:
        if write.entity.part_of is None:
            versions[write.entity.name, write.record.id] = write.version
    parts = [w for w in writes if w.entity.part_of is not None]
    left = {root_of(work, w.entity, w.before) for w in parts if w.op == "update"} - {w.root for w in parts}
    for key in dict.fromkeys(key for key in (*(w.root for w in parts), *left) if key not in versions):
        entity = work.registry.entity(key[0])
        current = work.load(entity, key[1])
        if current is None:
            raise NotFoundError(*key)
        codec = work.store(entity).codec
        raised = codec.stamped(current, current.version + 1, current.created_at or work.now, work.now)
        work.identity[key] = raised
        writes.append(Write("update", entity, current, raised, key, raises=key not in left))
        versions[key] = raised.version
    return versions


def _log(work: Work, writes: list[Write], versions: dict[Key, int]) -> None:
    """One change row per write."""
    first = work.seq + 1
    work.seq += len(writes)
    work.db.run_many(_INSERT_CHANGE, (_change(work, w, seq, versions) for seq, w in enumerate(writes, first)))


def _change(work: Work, write: Write, seq: int, versions: dict[Key, int]) -> dict[str, Any]:
    version = write.version
    return {
        "tenant_id": work.tenant,
        "unit_id": work.id,
        "seq": seq,
        "entity": write.entity.name,
        "record_id": write.record.id,
        "version": version,
        "op": write.op,
        "diff": logged_of(work, write),
        "root_id": write.root[1],
        "root_version": versions[write.root] if write.entity.part_of is not None else version,
    }
