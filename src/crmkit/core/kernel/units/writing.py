"""What commands write: buffered in program order, checked as a whole, then stored with its history.

Program order is kept because writes depend on each other: a unique value is freed by one row before another takes it,
a parent exists before its child. Only consecutive writes of the same table, kind and columns share a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crmkit.core.kernel.custom_fields.definitions import EntityFields
from crmkit.core.kernel.custom_fields.rules import settled
from crmkit.core.kernel.entities.custom import PREFIX, key_of
from crmkit.core.kernel.units.checking import Checking
from crmkit.core.kernel.units.dependants import delete_with_dependants
from crmkit.core.kernel.units.storing import store_writes
from crmkit.core.kernel.units.write import Key, Write, root_of
from crmkit.errors import StaleVersionError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.codec import Diff
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work

__all__ = ["Buffer"]

M = TypeVar("M", bound="Record")


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
        self.writes.append(Write("insert", entity, None, stored, root_of(work, entity, stored)))
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
        self.writes.append(Write("update", entity, current, stored, root_of(work, entity, stored), diff))
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
        delete_with_dependants(self, entity, current)

    def place(
        self,
        entity: EntityType[M],
        before: M | None,
        after: M | None,
        *,
        carried: bool = False,
        logged: Diff | None = None,
    ) -> M | None:
        """Buffer one step of a plan of undo, restore, merge or erasure; dependants and versions were looked at there.

        Args:
            entity: of the record.
            before: as it is; None if it is not there.
            after: as it is to be; None if it is to go. Of one that comes back, at the version that it comes back with.
            carried: see `Write`.
            logged: see `Write`.

        Returns:
            What is stored; None if the record goes.
        """
        work, codec = self.work, self.work.store(entity).codec
        if after is None:
            if before is None:
                return None
            root = root_of(work, entity, before)
            self.writes.append(Write("delete", entity, before, None, root, carried=carried, logged=logged))
            work.identity[entity.name, before.id] = None
            return None
        version = after.version if before is None else before.version + 1
        created_at = after.created_at if before is None else before.created_at
        stored = codec.stamped(after, version, created_at or work.now, work.now)
        if before is None:
            self.born.add((entity.name, stored.id))
            self.writes.append(Write("insert", entity, None, stored, root_of(work, entity, stored), carried=carried))
        else:
            diff = codec.diff(before, stored)
            root = root_of(work, entity, stored)
            self.writes.append(Write("update", entity, before, stored, root, diff, carried=carried, logged=logged))
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

    # -- checking and storing -----------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Check permission, references and guards, then store: all of it, or nothing."""
        if self.flushing or not (self.writes or self.work.asks or self.work.refusals):
            return
        self.flushing = True  # guards read the database as it was before these writes
        try:
            writes = self._checked()
            if writes:
                store_writes(self.work, writes)
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
        checking = Checking(work, self.born)
        checking.check(writes)
        checking.ask(asks)
        return writes
