"""Plans of undo, restore and merge: what is to become of records, checked against all else before anything is written.

A plan works on images (see `crmkit.core.kernel.history.rules`) and on entities as the catalogue knows them, so it
covers plugins that are disabled or gone. `Planner.check` says what stands in its way; `Planner.place` hands it to the
unit's buffer, whose flush checks rights, references and guards as for any write.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from attrs import define, field

from crmkit.core.kernel.entities.absent import whole_registry
from crmkit.core.kernel.history.hooks import RecordChange, RecordsChange, records_changing
from crmkit.core.kernel.history.log import Log
from crmkit.core.kernel.history.model import PlannedChange
from crmkit.core.kernel.history.rules import Block, Image, Key, Step, companies, differing
from crmkit.errors import Conflict, CrmkitError

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record, Reference
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.history.log import Logged
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


class Planner:
    """Makes plans in one unit of work.

    Args:
        work: the unit's state; what it has buffered must be stored.
        lock: keep others from the records that a plan is about, until the unit ends.

    Attributes:
        log: the change log.
        registry: every entity, of absent plugins too.
        records: every record that a plan was asked about, as it is; None where it is not there.
    """

    def __init__(self, work: Work, *, lock: bool) -> None:
        self.work, self._lock = work, lock
        self.log = Log(work.db, work.tenant)
        self.registry: EntityRegistry = whole_registry(work.db, work.runtime.registry, work.runtime.absent)
        work.registry = self.registry  # for the checks at the flush, and until the unit ends
        self.records: dict[Key, Record | None] = {}
        self._images: dict[Key, Image] = {}
        self._graves: dict[Key, Sequence[Any]] = {}
        self._seen: dict[Key, bool] = {}
        self._mine: frozenset[UUID] = frozenset()

    # -- records ------------------------------------------------------------------------------------------------------

    def entity(self, name: str) -> EntityType[Any] | None:
        """The entity of that name; None if nobody knows it any more."""
        return self.registry.entity(name) if name in self.registry else None

    def load(self, keys: Iterable[Key]) -> dict[Key, Image | None]:
        """The images of records as they are; None where there is none."""
        wanted: dict[str, set[UUID]] = {}
        every = list(dict.fromkeys(keys))
        for name, id_ in every:
            if (name, id_) not in self.records:
                wanted.setdefault(name, set()).add(id_)
        work = self.work
        for name in sorted(wanted):
            entity = self.entity(name)
            found: Mapping[UUID, Any] = {}
            if entity is not None:
                store = work.store(entity)
                found = store.read_many(work.db, work.tenant, wanted[name], lock=self._lock)
                self._images.update({(name, id_): store.codec.image(record) for id_, record in found.items()})
            for id_ in wanted[name]:
                self.records[name, id_] = work.identity[name, id_] = found.get(id_)
        return {key: self._images.get(key) for key in every}

    def image(self, key: Key, record: Record | None) -> Image | None:
        """A record's image."""
        if record is None:
            return None
        if record is self.records.get(key) and key in self._images:
            return self._images[key]
        return self.work.store(self.registry.entity(key[0])).codec.image(record)

    def seen(self, keys: Iterable[Key]) -> set[Key]:
        """Those records that the actor may see, live or gone."""
        state = self.load(keys)
        self.exhume(key for key, image in state.items() if image is None)
        return {key for key in state if self.sees(key)}

    def sees(self, key: Key) -> bool:
        """Whether the actor may see a record that was loaded.

        One that is gone is judged by what it was at last, with all that it ever was part of or visible with.
        """
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = self._sees(key)
        return found

    def _sees(self, key: Key) -> bool:
        entity, work = self.entity(key[0]), self.work
        if entity is None:
            return work.rights.may(f"{key[0]}.read")
        record = self.records.get(key) or work.identity.get(key)
        if record is None:
            buried = self._buried(key)
            return bool(buried) and all(self.sees_record(entity, one) for one in buried)
        root = self._root_that_decides(entity, record)
        return self.sees_record(entity, record) if root is None else self.sees(root)

    def _root_that_decides(self, entity: EntityType[Any], record: Record) -> Key | None:
        """The root of a part, if it is live and all that its visibility hangs on."""
        if entity.part_of is None or entity.visible_with:
            return None
        root = self.work.referred(entity, entity.part_of, record)
        id_ = getattr(record, entity.part_of)
        return None if self.work.load(root, id_) is None else (root.name, id_)

    def sees_record(self, entity: EntityType[Any], record: Record | None) -> bool:
        """Whether the actor may see a record of this form, where others that are gone count as they were."""
        permission = self.work.permission(entity, "read")
        return record is not None and self.work.rights.check(permission, entity, record, _Past(self, self.work))

    def past(self, key: Key) -> Any:
        """A record as it is, or as it was when it was deleted; None if there never was one."""
        record = self.records.get(key) or self.work.identity.get(key)
        if record is None:
            record = next(iter(self._buried(key)), None)
        return record

    def _buried(self, key: Key) -> Sequence[Any]:
        """What a record was when it was deleted; and the same with what it was part of or visible with before."""
        if key not in self._graves:
            self.exhume([key])
        return self._graves[key]

    def exhume(self, keys: Iterable[Key]) -> None:
        """Read what records were when they were deleted, many at once."""
        wanted: dict[Key, list[Logged]] = {key: [] for key in keys}
        for change in self.log.of_records(id_ for _, id_ in wanted):
            if change.key in wanted:
                wanted[change.key].append(change)
        for key, changes in wanted.items():
            entity = self.entity(key[0])
            last = next((c for c in reversed(changes) if c.op == "delete"), None)
            if entity is None or last is None:
                self._graves[key] = ()
                continue
            image = {name: pair[0] for name, pair in last.diff.items()}
            forms = [image, *({**image, **company} for company in companies(entity, changes))]
            shown = (self.shown(entity, key[1], last.version, form) for form in forms)
            self._graves[key] = tuple(record for record in shown if record is not None)

    def shown(self, entity: EntityType[Any], id_: UUID, version: int, image: Image) -> Any:
        """The record that an image shows, unvalidated; None if there are no records of this form any more."""
        try:
            return self.work.store(entity).codec.from_image(id_, version, image)
        except (KeyError, ValueError, TypeError):  # of a form that there is no more
            return None

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
                    if reference.entity in named_by:
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
        """Hand the plan to the unit's buffer, and ask the guard; stored by the next flush."""
        work = self.work
        now: dict[Key, Any] = dict(self.records)
        changes = []
        for step, (_, after) in zip(plan.steps, plan.records, strict=True):
            entity = self.registry.entity(step.key[0])
            before = now[step.key]
            now[step.key] = work.buffer.place(entity, before, after)
            changes.append(RecordChange(entity=entity.name, id=step.key[1], before=before, after=now[step.key]))
        if changes:
            work.asks.append((records_changing, RecordsChange(why=why, changes=tuple(changes))))

    def told(self, plan: Plan) -> tuple[PlannedChange, ...]:
        """The plan as the actor may read it."""
        return tuple(
            self._told(step, before, after) for step, (before, after) in zip(plan.steps, plan.records, strict=True)
        )

    def _told(self, step: Step, before: Any, after: Any) -> PlannedChange:
        entity = self.registry.entity(step.key[0])
        hidden = self.work.hidden(entity)
        old, new = self.image(step.key, before) or {}, self.image(step.key, after) or {}
        op: Literal["insert", "update", "delete"] = (
            "insert" if before is None else "delete" if after is None else "update"
        )
        changed = [*old, *new] if op != "update" else _changed(entity, old, new)
        shown = {n: (old.get(n), new.get(n)) for n in _in_order(entity, changed) if n not in hidden}
        label = "" if entity.display in hidden else (old or new).get(entity.display, "")
        return PlannedChange(entity=entity.name, id=step.key[1], op=op, diff=shown, label=str(label))


class _Past:
    """What rights are decided by, when records that are gone count as they were."""

    def __init__(self, planner: Planner, work: Work) -> None:
        self._planner, self._work = planner, work
        self.registry, self.now = planner.registry, work.now

    def load(self, entity: EntityType[Any], id_: UUID, /) -> Any:
        """The record as it is or was."""
        return self._work.load(entity, id_) or self._planner.past((entity.name, id_))

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether the record is shared."""
        return self._work.granted(entity, id, permission, kind, keys)


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


def _changed(entity: EntityType[Any], old: Image, new: Image) -> list[str]:
    return [n for n in {**old, **new} if old.get(n) != new.get(n)] or differing(entity, old, new)


def _in_order(entity: EntityType[Any], names: Iterable[str]) -> list[str]:
    """Fields in the model's order, then custom ones by their keys."""
    given, known = set(names), entity.shape.fields
    return [n for n in known if n in given] + sorted(n for n in given if n not in known)


def _uuid(id_: Any) -> UUID:
    return id_ if isinstance(id_, UUID) else UUID(str(id_))
