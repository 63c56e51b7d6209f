"""History as units of work have it: what was changed, what things were, and bringing them back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any, Final, Literal
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.entities.custom import PREFIX, shown, shown_fields
from crmkit.core.kernel.history.custom import letters_of
from crmkit.core.kernel.history.events import RecordRestored, UnitUndone
from crmkit.core.kernel.history.log import Log, Logged, LoggedUnit
from crmkit.core.kernel.history.model import Difference, Provenance, Reversal, Snapshot, UnitEntry, Version
from crmkit.core.kernel.history.planning import Plan, Planner
from crmkit.core.kernel.history.restoring import past_of, way_back
from crmkit.core.kernel.history.rules import Image, Key, is_known
from crmkit.core.kernel.history.telling import told
from crmkit.core.kernel.history.undoing import Undoing
from crmkit.core.kernel.units.gate import EVERYBODY, command, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import (
    LimitExceededError,
    RestoreRefusedError,
    UndoRefusedError,
)
from crmkit.values.change import Change
from crmkit.values.ids import new_id
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record

__all__ = ["MOST_UNITS", "History"]

MOST_UNITS: Final = 1000
"""How many units are listed at most."""


class History(Service):
    """The changes of one tenant that the actor may see: ``uow.history``.

    Fields that the actor may not read are left out everywhere. Undo and restore need, for every record and field that
    they change, the rights to do so by hand.
    """

    # -- changes ------------------------------------------------------------------------------------------------------

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
        if not parts:
            return [self._change(row) for row in Log(work.db, work.tenant).of_record(record.id, entity.name)]
        planner = self._planner()
        rows = planner.log.of_root(record.id)
        seen = planner.seen(row.key for row in rows)
        return [self._change(row) for row in rows if row.key in seen]

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

    # -- versions -----------------------------------------------------------------------------------------------------

    @query("history.versions", permission=EVERYBODY)
    def versions(self, ref: Ref) -> tuple[Version, ...]:
        """Every version of a record, live or deleted, oldest first; with the versions that its parts made.

        Raises:
            NotFoundError: if there never was such a record, or it is hidden.
        """
        planner = self._planner()
        past = past_of(planner, ref)
        seen = planner.seen(change.key for changes in past.versions.values() for change in changes)
        found = []
        for version, changes in past.versions.items():
            own = [self._change(c) for c in changes if c.key == past.key]
            last = self._change(changes[-1])
            found.append(
                Version(
                    version=version,
                    unit=last.unit,
                    actor=last.actor,
                    at=last.at,
                    source=last.source,
                    op=own[-1].op if own else "update",
                    fields=tuple(own[-1].diff) if own else (),
                    parts=len({c.key for c in changes if c.key != past.key and c.key in seen}),
                )
            )
        return tuple(found)

    @query("history.at", permission=EVERYBODY)
    def at(self, ref: Ref, version: int) -> Snapshot:
        """What a record was at a version, with those of its parts that the actor may see.

        Raises:
            NotFoundError: if there never was such a record, or it is hidden.
            UnknownVersionError: if it never was at this version, or that is the one of its deletion.
        """
        planner = self._planner()
        past = past_of(planner, ref)
        image, parts = past.at(version)
        planner.load(parts)
        shown = []
        for key, (own, part) in sorted(parts.items()):
            entity = planner.entity(key[0])
            if entity is not None and planner.sees_record(entity, planner.shown(entity, key[1], own, part)):
                shown.append(self._snapshot(entity, key, own, part))
        return self._snapshot(past.entity, past.key, version, image, tuple(shown))

    @query("history.diff", permission=EVERYBODY)
    def diff(self, ref: Ref, one: int, other: int) -> Difference:
        """How a record differs between two versions, with its parts.

        Raises:
            NotFoundError: if there never was such a record, or it is hidden.
            UnknownVersionError: if it never was at one of these versions, or that is the one of its deletion.
        """
        return _difference(self.at(ref, one), self.at(ref, other))

    @query("history.plan_restore", permission=EVERYBODY)
    def plan_restore(self, ref: Ref, version: int) -> Reversal:
        """What restoring a version would change, and what is in the way; writes nothing. See `restore`.

        Raises:
            NotFoundError: if there never was such a record, or it is hidden.
            UnknownVersionError: if it never was at this version, or that is the one of its deletion.
            ForbiddenError: if the actor may not do all of it by hand.
            RefusedError: if a plugin refuses.
        """
        planner = self._planner()
        made, answer = _returning(planner, ref, version)
        if not answer.conflicts:
            self._rehearse(planner, made, "restore")
        return answer

    @command("history.restore", permission=EVERYBODY)
    def restore(self, ref: Ref, version: int) -> Reversal:
        """Make a record, live or deleted, again what it was at a version, with its parts; this is a version of its own.

        References follow merges. Parts that the actor may not see stay as they are.

        Raises:
            NotFoundError: if there never was such a record, or it is hidden.
            UnknownVersionError: if it never was at this version, or that is the one of its deletion.
            RestoreRefusedError: if what it refers to is gone, or what it needs for itself is taken.
            ForbiddenError: if the actor may not do all of it by hand.
            RefusedError: if a plugin refuses.
        """
        planner = self._planner(lock=True)
        made, answer = _returning(planner, ref, version)
        if answer.conflicts:
            raise RestoreRefusedError(ref.entity, ref.id, version, answer.conflicts)
        if made.steps:
            planner.place(made, "restore")
            self._work.flush()
            raise_policy_generation(self._work)  # it may have been a role or a grant
            self.emit(RecordRestored(entity=ref.entity, id=ref.id, version=version))
        return evolve(answer, applied=True)

    # -- units --------------------------------------------------------------------------------------------------------

    @query("history.unit", permission=EVERYBODY)
    def unit(self, unit: UUID) -> UnitEntry:
        """A unit of work and what it changed.

        Raises:
            NotFoundError: if there is none, or the actor may not see all of what it changed.
            ForbiddenError: if it is another actor's, and the right ``history.undo`` is missing.
        """
        planner = self._planner()
        found, changes = Undoing(planner).found(unit)
        return self._entry(found, changes)

    @query("history.units", permission=EVERYBODY)
    def units(self, *, before: UUID | None = None, limit: int = 20) -> tuple[UnitEntry, ...]:
        """The last units of work, newest first: one's own, and with the right ``history.undo`` those of others.

        Args:
            before: only those before this one.
            limit: how many to look at; those of which the actor may not see all are left out.

        Raises:
            LimitExceededError: if that is more than 1,000.
        """
        if limit > MOST_UNITS:
            raise LimitExceededError("units", MOST_UNITS, got=limit)
        planner = self._planner()
        undoing = Undoing(planner)
        found = []
        for one in planner.log.recent(before or new_id(), limit):
            changes = planner.log.of_unit(one.id)
            if changes and undoing.may_see(one, changes):
                found.append(self._entry(one, changes))
        return tuple(found)

    @query("history.plan", permission=EVERYBODY)
    def plan(self, units: Sequence[UUID], *, partial: bool = False) -> Reversal:
        """What undoing units would change, and what is in the way; writes nothing.

        Args:
            units: ids of the units of work.
            partial: as if conflicts were to be left out. Without it there are no changes if there are conflicts.

        Raises:
            NotFoundError: if there is no such unit, or the actor may not see all of what it changed.
            ForbiddenError: if the actor may not do all of it by hand, or may not undo units of others.
            RefusedError: if a plugin refuses.
        """
        planner = self._planner()
        made, answer = Undoing(planner).plan(units, partial=partial, rehearsing=True)
        if partial or not answer.conflicts:
            self._rehearse(planner, made, "undo")
        return answer

    @command("history.undo", permission=EVERYBODY)
    def undo(self, unit: UUID, *, partial: bool = False) -> Reversal:
        """Change back what a unit of work changed: all of it, or with ``partial`` what has not moved on since.

        It is a unit of work itself, so it can be undone, too.

        Raises:
            NotFoundError: if there is no such unit, or the actor may not see all of what it changed.
            UndoRefusedError: if something has moved on since, or the unit did what cannot be undone; lists all of it.
            ForbiddenError: if the actor may not do all of it by hand, or may not undo units of others.
            RefusedError: if a plugin refuses.
        """
        return self._undo([unit], partial=partial)

    @command("history.undo_all", permission=EVERYBODY)
    def undo_all(self, units: Sequence[UUID], *, partial: bool = False) -> Reversal:
        """Change back what several units of work changed, as a whole; see `undo`.

        Args:
            units: ids, in any order.
            partial: leave what has moved on since as it is.
        """
        return self._undo(units, partial=partial)

    def _rehearse(self, planner: Planner, plan: Plan, why: Literal["undo", "restore"]) -> None:
        """Let rights and guards judge a plan, and forget it."""
        work = self._work
        kept, born, locked = copy(work.identity), copy(work.buffer.born), copy(work.locked)
        try:
            planner.place(plan, why)
            work.buffer.rehearse()
        finally:
            work.identity, work.buffer.born, work.locked = kept, born, locked
            work.buffer.writes, work.asks = [], []

    # -- inside: undo -------------------------------------------------------------------------------------------------

    def _undo(self, units: Sequence[UUID], *, partial: bool) -> Reversal:
        work = self._work
        planner = self._planner(lock=True)
        made, answer = Undoing(planner).plan(units, partial=partial, rehearsing=False)
        if not answer.applied:
            raise UndoRefusedError(answer.units, answer.conflicts)
        if made.steps:
            planner.place(made, "undo")
            work.flush()
            raise_policy_generation(work)  # it may have been a role or a grant
        work.undoes += answer.units
        for unit in answer.units:
            self.emit(UnitUndone(undone=unit, whole=not answer.conflicts))
        return answer

    def _planner(self, *, lock: bool = False) -> Planner:
        self._work.check_open()
        self._work.flush()
        return Planner(self._work, lock=lock)

    # -- inside: what is told -----------------------------------------------------------------------------------------

    def _entry(self, unit: LoggedUnit, changes: Iterable[Logged]) -> UnitEntry:
        return UnitEntry(
            id=unit.id,
            actor=unit.actor,
            on_behalf_of=unit.on_behalf_of,
            at=unit.at,
            commands=tuple(_commands(unit.commands)),
            reason=unit.reason,
            source=unit.source,
            undoes=unit.undoes,
            caused_by=unit.caused_by,
            reversible=unit.reversible,
            changes=tuple(map(self._change, changes)),
        )

    def _change(self, row: Logged) -> Change:
        work = self._work
        hidden = self._hidden(row.entity)
        return Change(
            unit=row.unit,
            seq=row.seq,
            entity=row.entity,
            id=row.id,
            version=row.version,
            op=row.op,
            diff={
                name: (shown(pair[0]), shown(pair[1])) if name.startswith(PREFIX) else (pair[0], pair[1])
                for name, pair in row.diff.items()
                if name not in hidden
            },
            root=row.root,
            root_version=row.root_version,
            actor=row.actor or work.actor.id,
            at=row.at or work.now,
            source=row.source if row.actor else work.facts.source,
        )

    def _hidden(self, name: str) -> frozenset[str]:
        work = self._work
        registry = work.registry
        if name not in registry:  # of a plugin that was purged: nobody can say what may be read
            return frozenset()
        return work.hidden(registry.entity(name))

    def _snapshot(
        self, entity: EntityType[Any], key: Key, version: int, image: Image, parts: tuple[Snapshot, ...] = ()
    ) -> Snapshot:
        work = self._work
        hidden = self._hidden(entity.name)
        visible = {name: value for name, value in image.items() if name not in hidden}
        record = None
        if entity.name in work.runtime.registry:
            found = work.store(entity).codec.from_image(key[1], version, image)
            record = work.masked(entity, found)
        letters = letters_of(work.definitions)
        unknown = tuple(n for n, value in visible.items() if not is_known(entity, n, value, letters))
        fields = shown_fields(visible)
        return Snapshot(ref=Ref(*key), version=version, fields=fields, record=record, parts=parts, unknown=unknown)


def _returning(planner: Planner, ref: Ref, version: int) -> tuple[Plan, Reversal]:
    """The plan of restoring a version, and what is told of it."""
    way = way_back(planner, past_of(planner, ref), version)
    plan = planner.plan(way.steps)
    conflicts = (*way.conflicts, *plan.conflicts)
    changes = () if conflicts else told(planner, plan)
    return plan, Reversal(applied=False, changes=changes, conflicts=conflicts, unknown=tuple(sorted(way.unknown)))


def _commands(said: Iterable[Any]) -> Iterator[str]:
    for one in said:
        name = one.get("command")
        if name is not None:
            yield name


def _difference(one: Snapshot, other: Snapshot) -> Difference:
    parts = {part.ref: part for part in one.parts}, {part.ref: part for part in other.parts}
    found = []
    for ref in {**parts[0], **parts[1]}:
        then, now = parts[0].get(ref), parts[1].get(ref)
        if then is None or now is None:
            there = then or now
            fields = {} if there is None else there.fields
            shown = {n: (v, None) if now is None else (None, v) for n, v in fields.items()}
            found.append(Difference(ref=ref, op="delete" if now is None else "insert", fields=shown))
        elif differing := _difference(then, now).fields:
            found.append(Difference(ref=ref, op="update", fields=differing))
    names = {**one.fields, **other.fields}
    fields = {n: (one.fields.get(n), other.fields.get(n)) for n in names if one.fields.get(n) != other.fields.get(n)}
    return Difference(ref=one.ref, op="update", fields=fields, parts=tuple(found))
