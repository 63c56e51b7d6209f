"""Derived tables: what a unit has changed is told to every projection, which rewrites the rows that follow from it.

A projection is told at the end of the unit, after the last flush and in its transaction (or before a read that needs
the rows), of all whole records at once; a change of a part is a change of the record that it is part of. So derived
rows are always those that follow from the records, whoever changed them: a command, an import, a merge or an undo.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from attrs import frozen
from sqlalchemy import Table, bindparam, delete, insert

from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.inserting import copies, insert_absent
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.units.work import Work
    from crmkit.core.kernel.units.write import Write

__all__ = ["ChangeNotes", "Changed", "How", "Projecting", "Projection", "note", "project"]

M = TypeVar("M", bound="Record")

How = Literal["created", "changed", "deleted"]
"""What became of a record: of one that was created, nothing can be derived yet; one that came back has changed."""
ChangeNotes = dict[tuple[str, "UUID"], How]
"""What a unit has changed since projections were last told, by the names of entities and ids of whole records."""


Left = tuple[str, str, "UUID"]
"""The name of an entity of facts, a reference of it, and a record that one of them referred to before."""


class Projection(Protocol):
    """Keeps derived rows in step with the records that they follow from; listed as a plugin's ``projections``.

    It is called once per unit that changed anything, in the unit's transaction, after all checks: what it raises ends
    the unit. It decides by nothing but the records that it is shown, and the settings of the deployment, so that
    rebuilding from the records gives the same rows. It has no rights and asks for none: it is shown records as they are
    stored, and whatever reads its rows has to hide what the reader may not see. While its plugin is disabled for a
    tenant it is not called; once it is enabled again, its rows have to be rebuilt (see `Projecting.of`).
    """

    def project(self, changes: Projecting, /) -> None:
        """Rewrite the rows that follow from the changed records, in as few statements as it can."""
        ...


@frozen
class Changed:
    """A whole record that has changed, or of which a part has.

    Attributes:
        entity: what it is.
        id: the record's id.
        how: created, changed or deleted.
        record: as it is now, unmasked; None if it is gone.
    """

    entity: EntityType[Any]
    id: UUID
    how: How
    record: Any


class Projecting:
    """What a projection is handed: the records that have changed, their parts, and a way to rewrite derived rows.

    Args:
        work: the unit's state.
        notes: what has changed.
    """

    __slots__ = ("_changed", "_notes", "_parts", "_work")

    def __init__(self, work: Work, notes: Mapping[tuple[str, UUID], How]) -> None:
        self._work, self._notes = work, notes
        self._parts: dict[str, dict[UUID, list[Any]]] = {}
        self._changed: tuple[Changed, ...] | None = None

    @classmethod
    def of(cls, work: Work, entity: EntityType[Any], ids: Iterable[UUID]) -> Projecting:
        """Records as if they had just changed, to rebuild what is derived from them."""
        notes: dict[tuple[str, UUID], How] = {(entity.name, id_): "changed" for id_ in ids}
        return cls(work, notes)

    @property
    def tenant(self) -> str:
        """The tenant's id."""
        return self._work.tenant

    @property
    def changed(self) -> tuple[Changed, ...]:
        """The records, in the order in which they were first changed; read when they are first asked for."""
        if self._changed is None:
            self._changed = tuple(self._looked_up())
        return self._changed

    def parts(self, part: EntityType[M]) -> Mapping[UUID, Sequence[M]]:
        """The records of ``part`` as they are now, by the id of the changed record that they are part of; by id each.

        Those of records that were created in the unit are known; for the others there is a query per some hundreds.
        """
        found = self._parts.get(part.name)
        if found is None:
            found = self._parts[part.name] = self._parts_of(part)
        return found

    def referring(self, what: EntityType[M], field: str) -> Mapping[UUID, Sequence[M]]:
        """The records of ``what`` whose reference ``field`` names a changed record, by its id; by id each.

        Raises:
            TypeError: if the field is no reference.
        """
        reference = _reference(what, field)
        found: dict[UUID, list[M]] = {}
        for name in dict.fromkeys(one.entity.name for one in self.changed):
            if reference.entity not in {None, name}:
                continue
            ids = [one.id for one in self.changed if one.entity.name == name]
            known = self._work.store(what).referring_many(self._work.db, self._work.tenant, reference, name, ids)
            for id_ in sorted(known):
                found.setdefault(getattr(known[id_], field), []).append(known[id_])
        return found

    def referred(self, what: EntityType[Any], field: str) -> Projecting:
        """The records that changed ones of ``what`` name in ``field``, or named before, as if they had changed too.

        Raises:
            TypeError: if the field is no reference.
        """
        reference = _reference(what, field)
        ids = {id_: None for name, at, id_ in self._work.left if (name, at) == (what.name, field)}
        for one in self.changed:
            if one.entity is what and one.record is not None and getattr(one.record, field) is not None:
                ids[getattr(one.record, field)] = None
        entity = self._work.registry.entity(reference.entity or "")
        named = [(entity.name, id_) for id_ in ids]
        notes: dict[tuple[str, UUID], How] = {key: self._notes.get(key, "changed") for key in named}
        return Projecting(self._work, notes)

    def rewrite(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> None:
        """Replace all derived rows of the changed records.

        Args:
            table: with the columns ``tenant_id``, ``entity`` and ``record_id`` in its key.
            rows: the new ones, with a value for every column but ``tenant_id``; none for a record that is to have none.
        """
        db, tenant = self._work.db, self._work.tenant
        given = [{"tenant_id": tenant, **row} for row in rows]
        few = not copies(db, len(given))
        self._forget(table, lambda how: how != "created" or not few)
        if few and given and not insert_absent(db, table, given):
            # Something else than this projection has left a row under the id of a new record.
            self._forget(table, lambda how: how != "deleted")
            insert_absent(db, table, given)
        if not few:
            db.run_many(_inserting(table), given)

    def _forget(self, table: Table, chosen: Callable[[How], bool]) -> None:
        """Remove the rows of the changed records to which that happened."""
        db, tenant = self._work.db, self._work.tenant
        by_entity: dict[str, list[UUID]] = {}
        for (entity, id_), how in self._notes.items():
            if chosen(how):
                by_entity.setdefault(entity, []).append(id_)
        for entity, ids in by_entity.items():
            for length, named in id_lists(ids, db.dialect):
                db.run(_deleting(table, length), {"tenant": tenant, "entity": entity, **named})

    # -- how ----------------------------------------------------------------------------------------------------------

    def _looked_up(self) -> Iterable[Changed]:
        work = self._work
        unknown: dict[str, list[UUID]] = {}
        for (name, id_), how in self._notes.items():
            if how != "deleted" and (name, id_) not in work.identity:
                unknown.setdefault(name, []).append(id_)
        read = {
            (name, id_): record
            for name, ids in unknown.items()
            for id_, record in work.store(work.registry.entity(name)).read_many(work.db, work.tenant, ids).items()
        }
        for (name, id_), how in self._notes.items():
            record = None if how == "deleted" else work.identity.get((name, id_), read.get((name, id_)))
            yield Changed(work.registry.entity(name), id_, how, record)

    def _parts_of(self, part: EntityType[Any]) -> dict[UUID, list[Any]]:
        work, field = self._work, part.part_of or ""
        reference = part.field(field).reference
        whole = "" if reference is None else reference.entity or ""
        roots = {id_: how for (name, id_), how in self._notes.items() if name == whole and how != "deleted"}
        stored = [id_ for id_, how in roots.items() if how == "changed"]
        known: dict[UUID, Any] = {}
        if stored and reference is not None:
            known = work.store(part).referring_many(work.db, work.tenant, reference, whole, stored)
        if len(stored) < len(roots):  # all parts of a new record were written in this unit
            known |= {id_: record for (name, id_), record in work.identity.items() if name == part.name}
        found: dict[UUID, list[Any]] = {}
        for id_ in sorted(known):
            record = known[id_]
            if record is not None and getattr(record, field) in roots:
                found.setdefault(getattr(record, field), []).append(record)
        return found


def _reference(what: EntityType[Any], field: str) -> Reference:
    found = what.field(field).reference
    if found is None:
        msg = f"{what.name}.{field} is no reference"
        raise TypeError(msg)
    return found


def left(facts: Iterable[Write]) -> Iterator[Left]:
    """What facts no longer refer to, which nobody could find out when they have been stored."""
    for write in facts:
        if write.entity.kind == "fact" and write.before is not None:
            for reference in write.entity.shape.references:
                before = getattr(write.before, reference.column)
                if before is not None and (write.after is None or getattr(write.after, reference.column) != before):
                    yield write.entity.name, reference.column, before


def note(notes: ChangeNotes, writes: Iterable[Write]) -> None:
    """Note the whole records among what has been stored; with a part its root is always written too."""
    for write in writes:
        if write.entity.part_of is not None:
            continue
        key = write.entity.name, write.record.id
        if write.op == "delete":
            notes[key] = "deleted"
        elif write.op == "insert" and write.version == 1 and key not in notes:
            notes[key] = "created"
        elif notes.get(key) != "created":
            notes[key] = "changed"


def project(work: Work) -> None:
    """Tell all projections what has changed since they were told last."""
    if not work.changed:
        return
    notes, work.changed = work.changed, {}
    changes = Projecting(work, notes)
    for projection in work.projections:
        projection.project(changes)
    work.left = {}


_INSERTS: dict[Table, Statement] = {}
_DELETES: dict[tuple[Table, int], Statement] = {}


def _inserting(table: Table) -> Statement:
    found = _INSERTS.get(table)
    if found is None:
        found = _INSERTS[table] = Statement(insert(table).values({c.name: bindparam(c.name) for c in table.columns}))
    return found


def _deleting(table: Table, length: int) -> Statement:
    found = _DELETES.get((table, length))
    if found is None:
        where = (
            table.c.tenant_id == bindparam("tenant"),
            table.c.entity == bindparam("entity"),
            among(table.c.record_id, length),
        )
        found = _DELETES[table, length] = Statement(delete(table).where(*where))
    return found
