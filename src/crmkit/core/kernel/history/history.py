"""Reading the change log: what was changed, when, by whom and from which source."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import bindparam, select

from crmkit.core.kernel.entities.columns import Id, Instant, Json, codec_of
from crmkit.core.kernel.query.reading import Reading
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, unit_table
from crmkit.values.change import Change

if TYPE_CHECKING:
    from datetime import datetime

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work

__all__ = ["History", "Provenance"]

_COLUMNS = (
    change_table.c.unit_id,
    change_table.c.seq,
    change_table.c.entity,
    change_table.c.record_id,
    change_table.c.version,
    change_table.c.op,
    change_table.c.diff,
    change_table.c.root_id,
    change_table.c.root_version,
    unit_table.c.actor_id,
    unit_table.c.at,
    unit_table.c.source,
)
# Outer, because the unit that is still running has no row yet.
_JOINED = change_table.outerjoin(
    unit_table,
    (unit_table.c.tenant_id == change_table.c.tenant_id) & (unit_table.c.id == change_table.c.unit_id),
)
_OF_RECORD = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(change_table.c.tenant_id == bindparam("tenant"), change_table.c.record_id == bindparam("record"))
    .order_by(change_table.c.version)
)
_OF_ROOT = Statement(
    select(*_COLUMNS)
    .select_from(_JOINED)
    .where(change_table.c.tenant_id == bindparam("tenant"), change_table.c.root_id == bindparam("record"))
    .order_by(change_table.c.root_version, change_table.c.unit_id, change_table.c.seq)
)


@frozen(kw_only=True)
class Provenance:
    """Where a field's present value comes from.

    Attributes:
        value: the value in JSON form.
        actor: who gave it.
        at: when, UTC.
        source: the unit's source, such as ``import:people.csv``; None where nobody said.
        unit: the unit of work that wrote it.
        version: the record's version since which it stands.
    """

    value: Any
    actor: str
    at: datetime
    source: str | None
    unit: UUID
    version: int


class History:
    """The changes of one tenant that the actor may see; fields that it may not read are left out."""

    def __init__(self, work: Work) -> None:
        self._work = work

    def changes(self, record: Record, *, parts: bool = False) -> list[Change]:
        """Every change of a record, oldest first.

        Args:
            record: a record that the actor may see.
            parts: whether to include the changes of what is part of it, as far as the actor may see that.

        Raises:
            NotFoundError: if the record is hidden or gone.
        """
        work = self._work
        work.check_open()
        work.flush()
        entity = work.runtime.registry.by_model(type(record))
        work.get(entity, record.id)
        statement = _OF_ROOT if parts else _OF_RECORD
        rows = work.db.rows(statement, {"tenant": work.tenant, "record": record.id})
        changes = [self._change(row) for row in rows]
        return self._seen(record.id, changes) if parts else changes

    def _seen(self, root: UUID, changes: list[Change]) -> list[Change]:
        """Without those of parts that are hidden though their root is not."""
        work, seen = self._work, {root}
        registry, reading = work.runtime.registry, Reading(work)
        if work.rights.reads_everything:
            return changes
        ids: dict[str, list[UUID]] = {}
        for change in changes:
            if change.entity in registry and registry.entity(change.entity).visible_with:
                ids.setdefault(change.entity, []).append(change.id)
            else:
                seen.add(change.id)
        for name, wanted in ids.items():
            entity = registry.entity(name)
            seen.update(reading.sees(entity, wanted))
            for id_ in set(wanted) - seen:
                if work.load(entity, id_) is None and self._saw(entity, [c for c in changes if c.id == id_]):
                    seen.add(id_)
        return [change for change in changes if change.id in seen]

    def _saw(self, entity: EntityType[Any], changes: list[Change]) -> bool:
        """Whether the actor may see all that a part that is gone was ever visible with."""
        for name in entity.visible_with:
            reference = entity.field(name).reference
            named = frozenset(UUID(v) for c in changes for v in c.diff.get(name, ()) if v is not None)
            if reference is None or reference.entity is None:
                return False
            if Reading(self._work).sees(self._work.registry.entity(reference.entity), named) != named:
                return False
        return True

    def provenance(self, record: Record) -> Mapping[str, Provenance]:
        """Where each value of ``record`` comes from: its last change, and the source of that change's unit.

        Raises:
            NotFoundError: if the record is hidden or gone.
        """
        found: dict[str, Provenance] = {}
        for change in self.changes(record):
            for name, (_, value) in change.diff.items():
                found[name] = Provenance(
                    value=value,
                    actor=change.actor,
                    at=change.at,
                    source=change.source,
                    unit=change.unit,
                    version=change.version,
                )
        return {name: said for name, said in found.items() if said.value is not None}

    def _change(self, row: tuple[Any, ...]) -> Change:
        work = self._work
        dialect = work.db.dialect
        to_id, to_instant = _reader(Id(), dialect), _reader(Instant(), dialect)
        unit, seq, entity, id_, version, op, diff, root, root_version, actor, at, source = row
        hidden = self._hidden(entity)
        diff = _reader(Json(), dialect)(diff)
        return Change(
            unit=to_id(unit),
            seq=seq,
            entity=entity,
            id=to_id(id_),
            version=version,
            op=op,
            diff={name: (pair[0], pair[1]) for name, pair in diff.items() if name not in hidden},
            root=to_id(root),
            root_version=root_version,
            actor=actor or work.actor.id,
            at=to_instant(at) if at is not None else work.now,
            source=source if actor else work.facts.source,
        )

    def _hidden(self, name: str) -> frozenset[str]:
        work = self._work
        registry = work.runtime.registry
        if name not in registry:  # of a plugin that is not loaded: nobody can say what may be read
            return frozenset()
        return work.hidden(registry.entity(name))


def _reader(type_: Any, dialect: str) -> Any:
    convert = codec_of(type_, dialect).from_driver
    return convert if convert is not None else lambda value: value
