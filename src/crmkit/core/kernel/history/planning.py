"""Plans of undo, restore and merge: what is to become of records, checked against all else before anything is written.

A plan works on images (see `crmkit.core.kernel.history.rules`) and on entities as the catalogue knows them, so it
covers plugins that are disabled or gone. `Planner.plan` says what stands in its way; `Planner.place` hands it to the
unit's buffer, whose flush checks rights, references and guards as for any write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from attrs import define, field

from crmkit.core.kernel.history.custom import check_custom, letters_of
from crmkit.core.kernel.history.hooks import RecordChange, RecordsChange, records_changing
from crmkit.core.kernel.history.rules import Block, CustomLetters, Key, Step
from crmkit.core.kernel.history.seeing import Past, Sight
from crmkit.errors import Conflict, CrmkitError, ForbiddenError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.entities.shape import Reference
    from crmkit.core.kernel.units.work import Work

__all__ = ["Plan", "Planner", "target_of"]


@define
class Plan:
    """Steps, and the records that they make.

    Attributes:
        steps: the writes, in order.
        records: of each step, the record before and after; None where there is none.
        conflicts: what is in the way.
        blocks: what a plan of the rest must leave alone.
    """

    steps: Sequence[Step]
    records: list[tuple[Any, Any]] = field(factory=list)
    conflicts: list[Conflict] = field(factory=list)
    blocks: set[Block] = field(factory=set)

    def refuse(self, key: Key, name: str | None, reason: str, by: UUID | None = None, *, whole: bool = False) -> None:
        """Note a conflict, and what is to be left alone because of it."""
        self.conflicts.append(Conflict(*key, name, reason, blocked_by=by))
        self.blocks.add((key, None if whole else name))


class Planner(Sight):
    """Makes plans in one unit of work; see `Sight` for its arguments.

    Attributes:
        custom: the custom fields that there are, and those that the plan brings back.
    """

    def __init__(self, work: Work, *, lock: bool) -> None:
        super().__init__(work, lock=lock)
        self.custom: CustomLetters = letters_of(work.definitions)
        self._mine: frozenset[UUID] = frozenset()

    # -- plans --------------------------------------------------------------------------------------------------------

    def plan(self, steps: Sequence[Step], mine: Iterable[UUID] = ()) -> Plan:
        """The records of steps, and what is in the way of them.

        Args:
            steps: in order; about records that were loaded.
            mine: units that cannot be what blocks.
        """
        self._mine = frozenset(mine)
        plan = Plan(steps)
        self._build(plan)
        final = {step.key: after for step, (_, after) in zip(steps, plan.records, strict=True)}
        self._check_targets(plan, final)
        self._check_dying(plan, final)
        self._check_uniques(plan)
        check_custom(self, plan, final)
        return plan

    def _build(self, plan: Plan) -> None:
        """Let models make the records, so that their validators have a say."""
        now = dict(self.records)
        back = [s.key[1] for s in plan.steps if s.before is None]
        versions = self.log.last_versions(back) if back else {}
        for step in plan.steps:
            entity = self.registry.entity(step.key[0])
            before = now[step.key]
            after = None
            if step.after is not None:
                version = before.version if before is not None else versions.get(step.key[1], 0) + 1
                try:
                    after = self.work.store(entity).codec.rebuilt(step.key[1], version, step.after)
                except (CrmkitError, TypeError, ValueError, KeyError):
                    plan.refuse(step.key, None, "invalid", whole=True)
                    after = self.shown(entity, step.key[1], version, step.after)
            elif before is not None:
                versions[step.key[1]] = before.version + 1
            now[step.key] = after
            plan.records.append((before, after))

    def _check_targets(self, plan: Plan, final: Mapping[Key, Any]) -> None:
        """What records are to refer to must be there, and not merged away."""
        asked: list[tuple[Key, Reference, Key]] = []
        for key, record in final.items():
            if record is None:
                continue
            entity, before = self.registry.entity(key[0]), self.records[key]
            for reference in entity.shape.references:
                target = target_of(reference, record)
                if target is not None and (before is None or target_of(reference, before) != target):
                    asked.append((key, reference, target))
        others = {target for _, _, target in asked if target not in final}
        there = self.read(others) | {key: record for key, record in final.items() if record is not None}
        for key, reference, target in asked:
            record = there.get(target)
            whole = self.records[key] is None
            if record is None:
                plan.refuse(key, reference.column, "target_gone", self._blocker(target, None), whole=whole)
            elif getattr(record, "merged_into", None) is not None and reference.column != "merged_into":
                by = self._blocker(target, ["merged_into"])
                plan.refuse(key, reference.column, "target_merged", by, whole=whole)

    def _check_dying(self, plan: Plan, final: Mapping[Key, Any]) -> None:
        """Nothing may refer to what is to go, or to be merged into another record."""
        dying: dict[str, set[UUID]] = {}
        for key, record in final.items():
            before = self.records[key]
            if before is not None and (record is None or _merges(before, record)):
                dying.setdefault(key[0], set()).add(key[1])
        for name, ids in dying.items():
            named_by = {name} if self.registry.entity(name).part_of else {None, name}  # see `any_ref`
            for other in self.registry:
                for reference in other.shape.references:
                    if reference.entity in named_by and other.kind != "derived":
                        for target, key in self._referring(final, (name, ids), other, reference):
                            record = self.work.load(other, key[1])
                            seen = record is not None and self.work.sees(other, record)
                            by = self._blocker(key, [reference.column]) if seen else None
                            plan.refuse(target, None, "in_use", by, whole=True)

    def _referring(
        self, final: Mapping[Key, Any], dying: tuple[str, set[UUID]], other: EntityType[Any], reference: Reference
    ) -> Iterator[tuple[Key, Key]]:
        """What would still refer to a dying record in the end: that record, and what refers to it."""
        work, (name, ids) = self.work, dying
        for id_, referred in work.store(other).referring_ids(work.db, work.tenant, reference, name, ids).items():
            key = (other.name, id_)
            target: Key | None = (name, referred)
            if key in final:
                target = None if final[key] is None else target_of(reference, final[key])
            if target is not None and target[0] == name and target[1] in ids:
                yield target, key

    def _check_uniques(self, plan: Plan) -> None:
        """Unique keys must be free, at every step."""
        for name in dict.fromkeys(step.key[0] for step in plan.steps):
            entity = self.registry.entity(name)
            for unique in entity.shape.uniques:
                self._check_unique(plan, entity, tuple(c for c in unique if c != "tenant_id"))

    def _check_unique(self, plan: Plan, entity: EntityType[Any], columns: tuple[str, ...]) -> None:
        work = self.work
        wanted = [
            (step.key, _values(before, columns), _values(after, columns))
            for step, (before, after) in zip(plan.steps, plan.records, strict=True)
            if step.key[0] == entity.name
        ]
        new = list(dict.fromkeys(after for _, before, after in wanted if after is not None and after != before))
        if not new:
            return
        held = {
            _values(record, columns): (entity.name, record.id)
            for record in work.store(entity).holding(work.db, work.tenant, columns, new)
        }
        for key, before, after in wanted:
            if before is not None and before != after and held.get(before) == key:
                del held[before]
            if after is None or after == before:
                continue
            holder = held.setdefault(after, key)
            if holder != key:
                found = work.load(entity, holder[1])
                seen = found is not None and work.sees(entity, found)
                by = self._blocker(holder, columns) if seen else None
                plan.refuse(key, ", ".join(columns), "taken", by, whole=True)

    def read(self, keys: Iterable[Key]) -> dict[Key, Any]:
        """Records beside those of the plan."""
        wanted: dict[str, set[UUID]] = {}
        for name, id_ in keys:
            wanted.setdefault(name, set()).add(id_)
        work, found = self.work, {}
        for name, ids in wanted.items():
            entity = self.entity(name)
            if entity is not None:
                read = work.store(entity).read_many(work.db, work.tenant, ids)
                found.update({(name, id_): record for id_, record in read.items()})
        return found

    def _blocker(self, key: Key, fields: Iterable[str] | None) -> UUID | None:
        return self.log.last_write(key, fields, self._mine)

    def blocked_by(self, conflict: Conflict) -> Conflict:
        """A conflict of values, with the unit that wrote them."""
        if conflict.blocked_by is not None or conflict.reason not in {"changed", "gone", "exists"}:
            return conflict
        fields = None if conflict.field is None else [conflict.field]
        by = self._blocker((conflict.entity, _uuid(conflict.id)), fields)
        return Conflict(conflict.entity, conflict.id, conflict.field, conflict.reason, blocked_by=by)

    # -- doing it -----------------------------------------------------------------------------------------------------

    def place(self, plan: Plan, why: Literal["undo", "restore", "merge"]) -> None:
        """Hand the plan to the unit's buffer, and ask the guard; stored by the next flush.

        Raises:
            ForbiddenError: if it would give somebody a right that the actor may not give.
        """  # raised by _check_gift
        work = self.work
        now: dict[Key, Any] = dict(self.records)
        planned = {step.key: _ends_or_begins(step) for step in plan.steps}
        changes = []
        for step, (_, after) in zip(plan.steps, plan.records, strict=True):
            entity = self.registry.entity(step.key[0])
            before = now[step.key]
            if before is None and after is not None:
                self._check_gift(after)
            carried = goes_along(entity, before, after, planned)
            now[step.key] = work.buffer.place(entity, before, after, carried=carried)
            changes.append(RecordChange(entity=entity.name, id=step.key[1], before=before, after=now[step.key]))
        if changes:
            work.asks.append((records_changing, RecordsChange(why=why, changes=tuple(changes))))

    def _check_gift(self, record: Record) -> None:
        """Whoever brings back what gives others a right, such as a share, must be able to give it by hand.

        Raises:
            ForbiddenError: if the actor may not.
        """
        work = self.work
        gift = work.runtime.rights_source.gift(record)
        if gift is None:
            return
        able = gift.giver in {None, work.actor.id} and work.rights.may(gift.permission)
        if able and gift.subject is not None:
            key = gift.subject
            entity, subject = self.entity(key[0]), self.records.get(key) or work.identity.get(key)
            if entity is not None and subject is None:
                subject = work.load(entity, key[1])
            able = entity is None or subject is None or work.rights.check(gift.permission, entity, subject, Past(self))
        if not able:
            name, id_ = gift.subject or (None, None)
            raise ForbiddenError(gift.permission, work.actor.id, entity=name, id=id_)


def _ends_or_begins(step: Step) -> bool:
    """Whether a step makes a record come or go, or become part of another one, or a record of its own again."""
    if step.before is None or step.after is None:
        return True
    return ("merged_into" in step.before) != ("merged_into" in step.after)


def goes_along(entity: EntityType[Any], before: Any, after: Any, planned: Mapping[Key, bool]) -> bool:
    """Whether a step only follows what happens to the record that this one goes with.

    Args:
        entity: of the record.
        before: as it is; None if it comes back.
        after: as it is to be; None if it goes.
        planned: the records of the whole plan, and whether each comes or goes (by a merge, too); others are changed.
    """
    hanging = [r for r in entity.shape.references if r.column in entity.goes_with]
    if not hanging:
        return False
    if before is None or after is None:
        return any(planned.get(target, False) for r in hanging if (target := target_of(r, after or before)))
    moved = {name for r in hanging for name in (r.column, r.entity_column)}
    unlike = {name for name in entity.shape.fields if getattr(before, name) != getattr(after, name)}
    ends = {target_of(r, one) for r in hanging for one in (before, after)}
    return unlike - {"version", "updated_at"} <= moved and not ends.isdisjoint(planned)


def target_of(reference: Reference, record: Any) -> Key | None:
    """The record that a reference names; None if it names none."""
    id_ = getattr(record, reference.column)
    if id_ is None:
        return None
    return reference.entity or getattr(record, reference.entity_column or ""), id_


def _merges(before: Any, after: Any) -> bool:
    return getattr(before, "merged_into", None) is None and getattr(after, "merged_into", None) is not None


def _values(record: Any, columns: tuple[str, ...]) -> tuple[Any, ...] | None:
    """What a record has in a unique key; None if it has nothing there, and so collides with nothing."""
    if record is None:
        return None
    values = tuple(getattr(record, column) for column in columns)
    return None if None in values else values


def _uuid(id_: Any) -> UUID:
    return id_ if isinstance(id_, UUID) else UUID(str(id_))
