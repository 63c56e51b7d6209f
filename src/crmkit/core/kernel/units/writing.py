"""What commands write: buffered in program order, checked as a whole, then stored with its history.

Program order is kept because writes depend on each other: a unique value is freed by one row before another takes it,
a parent exists before its child. Only consecutive writes of the same table, kind and columns share a statement.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define
from sqlalchemy import bindparam, insert

from crmkit.core.kernel.custom_fields.definitions import EntityFields
from crmkit.core.kernel.custom_fields.references import check_references, referred_by
from crmkit.core.kernel.custom_fields.rules import settled
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.custom_fields.uniqueness import keep_uniques
from crmkit.core.kernel.entities.codec import Diff
from crmkit.core.kernel.entities.custom import PREFIX, key_of, tagged
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table
from crmkit.core.kernel.units.projecting import note
from crmkit.errors import (
    FieldForbiddenError,
    ForbiddenError,
    InUseError,
    InvalidValueError,
    NotFoundError,
    RefusedError,
    StaleVersionError,
)

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record, Reference
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.units.work import Work
    from crmkit.values.change import Operation as ChangeKind

__all__ = ["Buffer", "Write"]

M = TypeVar("M", bound="Record")
Key = tuple[str, "UUID"]

INSERT_CHANGE = Statement(insert(change_table).values({c.name: bindparam(c.name) for c in change_table.columns}))


_NONE: Diff = {}


@define(eq=False)
class Write:
    """One buffered write.

    Attributes:
        op: insert, update or delete.
        entity: of the record.
        before: the stored image; None for an insert.
        after: the image to store; None for a delete.
        root: entity and id of the record that this one is part of, or of itself.
        diff: what an update changes, in JSON form. What an insert or a delete is logged with is all of the image, which
            is made when it is stored: kept for a whole batch, it would keep the garbage collector busy.
        raises: only lifts a root's version for its parts, whose change rows name it; no change of its own.
        carried: only follows what happens to the record that it goes with, and needs no right but that one's.
    """

    op: ChangeKind
    entity: EntityType[Any]
    before: Any
    after: Any
    root: Key
    diff: Diff = _NONE
    raises: bool = False
    carried: bool = False

    @property
    def record(self) -> Any:
        """The image that identifies the row: the new one, or the old one of a delete."""
        return self.before if self.after is None else self.after

    @property
    def version(self) -> int:
        """The record's version after this write."""
        version: int = self.before.version + 1 if self.after is None else self.after.version
        return version


class Buffer:
    """The writes of one unit that are not stored yet.

    Args:
        work: the unit's state.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self.writes: list[Write] = []
        self.born: set[Key] = set()
        self.flushing = False
        self._leaving = _Leaving(work)
        self._roots: dict[tuple[str, Key], bool] = {}  # what may be done to a root, asked for each of its parts

    # -- buffering ----------------------------------------------------------------------------------------------------

    def insert(self, record: M) -> M:
        """Buffer a new record."""
        work = self.work
        entity: EntityType[M] = work.registry.by_model(type(record))
        store = work.store(entity)
        record = self._settled(entity, record, None)
        stored = store.codec.stamped(record, 1, record.created_at or work.now, work.now)
        key = (entity.name, stored.id)
        self.born.add(key)
        work.identity[key] = stored
        self.writes.append(Write("insert", entity, None, stored, self._root(entity, stored)))
        return stored

    def update(self, before: M, after: M) -> M:
        """Buffer a change.

        Raises:
            StaleVersionError: if the caller had read another version.
        """
        work = self.work
        entity: EntityType[M] = work.registry.by_model(type(before))
        current = work.get(entity, before.id)
        if after.version != current.version:
            raise StaleVersionError(entity.name, before.id, expected=after.version, actual=current.version)
        codec = work.store(entity).codec
        after = self._settled(entity, self._unmasked(entity, current, after), current)
        diff = codec.diff(current, after)
        if not diff:
            return before
        stored = codec.stamped(after, current.version + 1, current.created_at or work.now, work.now)
        work.identity[entity.name, stored.id] = stored
        self.writes.append(Write("update", entity, current, stored, self._root(entity, stored), diff))
        return work.masked(entity, stored)

    def delete(self, record: Record) -> None:
        """Buffer a deletion, after those of what must go with it.

        Raises:
            StaleVersionError: if the caller had read another version.
        """
        work = self.work
        entity = work.registry.by_model(type(record))
        current = work.get(entity, record.id)
        if record.version != current.version:
            raise StaleVersionError(entity.name, record.id, expected=record.version, actual=current.version)
        self._delete_with_dependants(entity, current)

    def _delete_with_dependants(self, entity: EntityType[Any], current: Record, *, carried: bool = False) -> None:
        work = self.work
        referring = [
            (other, reference)
            for other in work.registry
            for reference in other.shape.references
            if reference.entity in {None, entity.name} and other.kind == "entity"  # derived rows follow by themselves
        ]
        if work.definitions.referring(entity.name) or any(
            write.entity is other for write in self.writes for other, _ in referring
        ):
            self.flush()  # dependants are found in the database
        for other, reference in referring:
            self._settle(entity, current, other, reference, carried=carried)
        for other, field, dependant in list(referred_by(work, entity, current.id)):
            self._clear(other, dependant, field.name)
        current = work.identity[entity.name, current.id] or current
        self.writes.append(Write("delete", entity, current, None, self._root(entity, current), carried=carried))
        work.identity[entity.name, current.id] = None

    def _settle(
        self, entity: EntityType[Any], gone: Record, other: EntityType[Any], reference: Reference, *, carried: bool
    ) -> None:
        """Delete, clear or refuse what refers to ``gone``.

        Raises:
            InUseError: if it is to be refused, and something does.
        """
        work = self.work
        store = work.store(other)
        for dependant in store.referring(work.db, work.tenant, reference, entity.name, gone.id):
            key = (other.name, dependant.id)
            current = work.identity.setdefault(key, dependant)
            if current is None:
                continue
            if reference.on_delete == "refuse":
                raise InUseError(entity.name, gone.id, by=other.name)
            if reference.on_delete == "delete":
                self._delete_with_dependants(other, current, carried=carried or reference.column in other.goes_with)
                continue
            self._clear(other, dependant, reference.column)

    def _clear(self, entity: EntityType[Any], dependant: Record, name: str) -> None:
        """Empty a field of a record that was found in the database."""
        work, key = self.work, (entity.name, dependant.id)
        current = work.identity.setdefault(key, dependant)
        if current is None:
            return
        codec = work.store(entity).codec
        cleared = codec.replaced(current, {name: None})
        stored = codec.stamped(cleared, current.version + 1, current.created_at or work.now, work.now)
        work.identity[key] = stored
        diff = codec.diff(current, stored)
        if diff:
            self.writes.append(Write("update", entity, current, stored, self._root(entity, stored), diff))

    def place(self, entity: EntityType[M], before: M | None, after: M | None, *, carried: bool = False) -> M | None:
        """Buffer one step of a plan of undo, restore or merge, which has looked at dependants and versions itself.

        Args:
            entity: of the record.
            before: as it is; None if it is not there.
            after: as it is to be; None if it is to go. Of one that comes back, at the version that it comes back with.
            carried: see `Write`.

        Returns:
            What is stored; None if the record goes.
        """
        work, codec = self.work, self.work.store(entity).codec
        if after is None:
            if before is None:
                return None
            self.writes.append(Write("delete", entity, before, None, self._root(entity, before), carried=carried))
            work.identity[entity.name, before.id] = None
            return None
        version = after.version if before is None else before.version + 1
        created_at = after.created_at if before is None else before.created_at
        stored = codec.stamped(after, version, created_at or work.now, work.now)
        if before is None:
            self.born.add((entity.name, stored.id))
            self.writes.append(Write("insert", entity, None, stored, self._root(entity, stored), carried=carried))
        else:
            diff = codec.diff(before, stored)
            root = self._root(entity, stored)
            self.writes.append(Write("update", entity, before, stored, root, diff, carried=carried))
        work.identity[entity.name, stored.id] = stored
        return stored

    def _unmasked(self, entity: EntityType[M], current: M, after: M) -> M:
        """``after`` with the stored values of fields that the actor cannot read and has not set."""
        work = self.work
        hidden = work.masks(entity)
        kept = {n: getattr(current, n) for n in hidden if hasattr(after, n) and getattr(after, n) is None}
        if current.custom:
            keys = {n: key_of(n) for n in hidden if n.startswith(PREFIX)}
            kept.update({
                n: current.custom[key] for n, key in keys.items() if key in current.custom and key not in after.custom
            })
        return work.store(entity).codec.replaced(after, kept) if kept else after

    def _settled(self, entity: EntityType[M], record: M, before: M | None) -> M:
        """``record`` with the values of its custom fields checked, and defaults for a new one."""
        work = self.work
        fields = work.definitions.entities.get(entity.name)
        if fields is None:
            if not record.custom and (before is None or not before.custom):
                return record
            fields = EntityFields(entity.name, {}, {})
        hidden = work.hidden(entity, "create" if before is None else "update")
        custom = settled(fields, record.custom, None if before is None else before.custom, hidden)
        return work.store(entity).codec.replaced(record, {"custom": custom})

    def _root(self, entity: EntityType[Any], record: Record) -> Key:
        if entity.part_of is None:
            return entity.name, record.id
        return self.work.referred(entity, entity.part_of, record).name, getattr(record, entity.part_of)

    # -- checking and storing -----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Check permission, references and guards, then store: all of it, or nothing."""
        if self.flushing or not (self.writes or self.work.asks or self.work.refusals):
            return
        self.flushing = True  # guards read the database as it was before these writes
        try:
            writes = self._checked()
            if writes:
                self._store(writes)
        finally:
            self.flushing = False

    def rehearse(self) -> None:
        """Check as `flush` does, and give up what is buffered instead of storing it."""
        self.flushing = True
        try:
            self._checked()
        finally:
            self.flushing = False

    def _checked(self) -> list[Write]:
        work = self.work
        writes, self.writes = self.writes, []
        asks, work.asks = work.asks, []
        self._leaving.records = {(w.entity.name, w.before.id): w.before for w in writes if w.op == "delete"}
        self._roots.clear()
        for write in writes:
            if not write.carried:
                self._check_row(write)
        for write in writes:
            self._check_references(write)
        self._ask(asks)
        return writes

    def _check_row(self, write: Write) -> None:
        work, entity = self.work, write.entity
        if write.root in self.born and write.op != "delete" and entity.part_of is not None:
            permission = work.permission(entity, "create")  # whoever makes a record makes its parts
        else:
            permission = work.permission(entity, _VERBS[write.op])
            for image in (write.before, write.after):
                if image is not None and not self._may(permission, write, image):
                    raise ForbiddenError(permission, work.actor.id, entity=entity.name, id=image.id)
        self._check_fields(permission, write)

    def _may(self, permission: str, write: Write, image: Record) -> bool:
        if write.entity.part_of is None:
            return self.work.rights.check(permission, write.entity, image, self._leaving)
        key = self._root(write.entity, image)  # a part may move from one root to another
        may = self._roots.get((permission, key))
        if may is None:
            may = self._roots[permission, key] = self._may_root(permission, key)
        return may

    def _may_root(self, permission: str, key: Key) -> bool:
        entity = self.work.registry.entity(key[0])
        root, rights = self._leaving.load(entity, key[1]), self.work.rights
        read = self.work.permission(entity, "read")
        if root is None or not rights.check(read, entity, root, self._leaving):
            raise NotFoundError(*key)
        return rights.check(permission, entity, root, self._leaving)

    def _check_fields(self, permission: str, write: Write) -> None:
        work = self.work
        hidden = work.rights.hidden_fields(permission, write.entity)
        if hidden and write.op != "delete":
            for field in self._diff(write):
                if field in hidden and not self._is_default(write, field):
                    name, id_ = write.entity.name, write.record.id
                    raise FieldForbiddenError(permission, work.actor.id, entity=name, field=field, id=id_)

    def _is_default(self, write: Write, name: str) -> bool:
        """Whether a new record has a value that nobody has given: the default of a custom field."""
        if write.op != "insert" or not name.startswith(PREFIX):
            return False
        field = self.work.definitions.find(write.entity.name, key_of(name))
        return field is not None and field.default == tagged(write.after.custom[field.key])

    def _check_references(self, write: Write) -> None:
        """What a row newly refers to must be there, seen by the actor, and not merged away.

        Raises:
            NotFoundError: if it is not.
            InvalidValueError: if a reference to any record names a part.
        """
        if write.after is None:
            return
        work = self.work
        check_references(work, write)
        final = work.identity.get((write.entity.name, write.after.id))
        for reference in write.entity.shape.references:
            if write.op == "update" and reference.column not in write.diff:
                continue
            id_ = getattr(write.after, reference.column)
            if id_ is None or final is None or getattr(final, reference.column) != id_:
                continue  # it names nothing, or a later write of the flush has the last word
            other = work.referred(write.entity, reference.column, write.after)
            if reference.entity is None and other.part_of is not None:
                whole = work.registry.root_of(other).name
                raise InvalidValueError(reference.name, other.name, f"is part of a record; name the {whole} itself")
            if (other.name, id_) in self.born:
                continue
            record = work.get(other, id_, share="merged_into" in other.shape.fields)
            if getattr(record, "merged_into", None) is not None and reference.column != "merged_into":
                raise NotFoundError(other.name, id_)

    def _ask(self, asks: list[tuple[Any, Any]]) -> None:
        work = self.work
        refusals, work.refusals = work.refusals, []
        for hook, payload in asks:
            refusals.extend(hook.refusals(work.context, payload))
        if refusals:
            raise RefusedError(work.command.name if work.command else "unit", refusals)

    def _store(self, writes: list[Write]) -> None:
        work = self.work
        versions = self._raise_roots(writes)
        for (op, entity, columns), group in groupby(writes, key=self._alike):
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
        self._log([w for w in writes if not w.raises], versions)
        if work.projections:
            note(work.changed, writes)
        note(work.touched, writes)

    def _alike(self, write: Write) -> tuple[str, EntityType[Any], tuple[str, ...]]:
        if write.op != "update":
            return write.op, write.entity, ()
        return "update", write.entity, self.work.store(write.entity).codec.changed_columns(write.diff)

    def _raise_roots(self, writes: list[Write]) -> dict[Key, int]:
        """Each root's version after this flush; adds a raise for roots of which only parts are written.

        A root that a part has left gets a change of its own, since that part's change names the new root.

        Raises:
            NotFoundError: if a root is gone.
        """
        work = self.work
        versions: dict[Key, int] = {}
        for write in writes:
            if write.entity.part_of is None:
                versions[write.entity.name, write.record.id] = write.version
        parts = [w for w in writes if w.entity.part_of is not None]
        left = {self._root(w.entity, w.before) for w in parts if w.op == "update"} - {w.root for w in parts}
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

    def _log(self, writes: list[Write], versions: dict[Key, int]) -> None:
        """One change row per write."""
        work, first = self.work, self.work.seq + 1
        work.seq += len(writes)
        work.db.run_many(INSERT_CHANGE, (self._change(w, seq, versions) for seq, w in enumerate(writes, first)))

    def _change(self, write: Write, seq: int, versions: dict[Key, int]) -> dict[str, Any]:
        version = write.version
        return {
            "tenant_id": self.work.tenant,
            "unit_id": self.work.id,
            "seq": seq,
            "entity": write.entity.name,
            "record_id": write.record.id,
            "version": version,
            "op": write.op,
            "diff": self._diff(write),
            "root_id": write.root[1],
            "root_version": versions[write.root] if write.entity.part_of is not None else version,
        }

    def _diff(self, write: Write) -> Diff:
        """What differs, in JSON form."""
        if write.op == "update":
            return write.diff
        image = self.work.store(write.entity).codec.image(write.record)
        if write.op == "insert":
            return {name: (None, value) for name, value in image.items()}
        return {name: (value, None) for name, value in image.items()}


class _Leaving:
    """What rights are decided by: the records of the unit, and those whose deletion is part of the flush.

    A record goes after its parts and after what is visible with it only; so for them it counts as it was.
    """

    def __init__(self, work: Work) -> None:
        self._work = work
        self.records: dict[Key, Any] = {}

    @property
    def registry(self) -> EntityRegistry:
        """The entities of the unit."""
        return self._work.registry

    @property
    def now(self) -> datetime:
        """The instant of the unit."""
        return self._work.now

    def load(self, entity: EntityType[Any], id_: UUID, /) -> Any:
        """The record as it is, or as it was before the flush."""
        return self._work.load(entity, id_) or self.records.get((entity.name, id_))

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether the record is shared."""
        return self._work.granted(entity, id, permission, kind, keys)


_VERBS = {"insert": "create", "update": "update", "delete": "delete"}
