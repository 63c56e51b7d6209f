"""One erasure: planned from what is about a record, then done in an order in which nothing is left half."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, delete

from crmkit.core.kernel.attachments.rules import is_sha256
from crmkit.core.kernel.attachments.tables import ATTACHMENT
from crmkit.core.kernel.belongings.holdings import facts_of
from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.entities.erased import erased
from crmkit.core.kernel.erasure.model import Erased, ErasedRows, ErasurePlan
from crmkit.core.kernel.erasure.reach import Reach
from crmkit.core.kernel.erasure.rewriting import Rewriting
from crmkit.core.kernel.erasure.rules import Blanking, Repeated
from crmkit.core.kernel.erasure.unlinked import scrub_unlinked, unlinked
from crmkit.core.kernel.search.storing import read_documents, write_documents
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import Record
    from crmkit.core.kernel.history.rules import Image, Key
    from crmkit.core.kernel.history.seeing import Sight
    from crmkit.core.kernel.units.work import Work

__all__ = ["Erasing"]

_HASH: Final = "sha256"


class Erasing:
    """Erases what was found.

    Args:
        work: the unit's state.
        sight: of the same.
        reached: what is about the record.
    """

    def __init__(self, work: Work, sight: Sight, reached: Reach) -> None:
        self._work, self._sight, self._reach = work, sight, reached
        self._blankings: dict[str, Blanking] = {}
        self._repeated = Repeated()
        self._mark = erased(work.id)

    # -- the plan -----------------------------------------------------------------------------------------------------

    def plan(self) -> ErasurePlan:
        """What it comes to."""
        root, *others = self._reach.roots
        return ErasurePlan(
            ref=Ref(*root), also=tuple(Ref(*key) for key in others), rows=tuple(self._rows()), files=len(self._hashes)
        )

    def _rows(self) -> Iterator[ErasedRows]:
        blanked, deleted, past = Counter[str](), Counter[str](), Counter[str]()
        fields: dict[str, set[str]] = {}
        for key in self._reach.past:
            past[key[0]] += 1
        for key in self._reach.going:
            deleted[key[0]] += 1
        for key, lost in self._lost.items():
            blanked[key[0]] += 1
            fields.setdefault(key[0], set()).update(lost)
        catalogue = read_catalogue(self._work.db)
        for name in sorted({*blanked, *deleted, *past}):
            yield ErasedRows(
                entity=name,
                plugin=catalogue[name][0] if name in catalogue else "",
                table=self._sight.registry.entity(name).table.name,
                blanked=blanked[name],
                deleted=deleted[name],
                past=past[name],
                fields=tuple(sorted(fields.get(name, ()))),
            )

    @cached_property
    def _lost(self) -> dict[Key, Image]:
        """Of each record that stays, the fields that lose something, with what stands there then."""
        found: dict[Key, Image] = {}
        reached = self._reach
        for key in dict.fromkeys([*reached.rows, *reached.clearing, *reached.labels]):
            if key in reached.going:
                continue
            lost = self._lost_of(key)
            if lost:
                found[key] = lost
        return found

    def _lost_of(self, key: Key) -> Image:
        reached = self._reach
        image = self._sight.load([key])[key] or {}
        lost: Image = {}
        if key in reached.rows:
            lost = self._blanking(key[0]).lost(image, key[1])
        elif key in reached.labels:
            lost = self._label(key).lost(image, key[1])
        return lost | {column: None for column in reached.clearing.get(key, ()) if image.get(column) is not None}

    def _blanking(self, name: str) -> Blanking:
        found = self._blankings.get(name)
        if found is None:
            entity = self._sight.registry.entity(name)
            found = self._blankings[name] = Blanking(entity, self._work.definitions)
        return found

    def _label(self, key: Key) -> Blanking:
        entity = self._sight.registry.entity(key[0])
        return Blanking(entity, self._work.definitions, only=self._reach.labels[key])

    @cached_property
    def _hashes(self) -> frozenset[str]:
        """The contents of the attachments that go, or went."""
        ids = [id_ for name, id_ in (*self._reach.going, *self._reach.past) if name == ATTACHMENT.name]
        changes = self._sight.log.of_records(ids) if ids else []
        values = (v for c in changes if c.entity == ATTACHMENT.name for v in c.diff.get(_HASH, ()))
        return frozenset(value for value in values if is_sha256(value))

    # -- doing it -----------------------------------------------------------------------------------------------------

    def run(self, plan: ErasurePlan) -> Erased:
        """Erase what was planned, in the unit's buffer and beside it.

        The guards first, since they read the database as it was. Then history: what is written into it afterwards is
        the erasure's own change, which holds no value any more.
        """
        work, reached = self._work, self._reach
        work.flush()
        rewriting = Rewriting(work, self._repeated)
        changes = self._forget(rewriting)
        self._write()
        work.flush()
        for key in self._lost:
            work.touched.pop(key, None)  # no rule of quality may ask for what was erased
        ids = {id_ for _, id_ in (*reached.rows, *reached.past)}
        units, jobs, answers = rewriting.reasons(self._sight.log), rewriting.jobs(ids), rewriting.answers()
        for name in {key[0] for key in (*reached.rows, *reached.past)}:
            of = [key[1] for key in (*reached.rows, *reached.past) if key[0] == name]
            rewriting.facts(facts_of(name), of)
        for entity in unlinked(self._sight.registry, reached.roots[0][0]):
            scrub_unlinked(work, self._sight.log, entity, self._repeated.anywhere)
        self._forget_derived()
        work.files_gone |= self._hashes
        return Erased(unit=work.id, plan=plan, changes=changes, units=units, jobs=jobs, answers=answers)

    def _forget(self, rewriting: Rewriting) -> int:
        log, reached = self._sight.log, self._reach
        own = {id_ for _, id_ in reached.roots}
        changes = rewriting.history(log, {*reached.rows, *reached.past}, self._blanking, own)
        for key in reached.labels:
            if key not in reached.rows:
                changes += rewriting.history(log, [key], lambda _, key=key: self._label(key), ())  # type: ignore[misc]  # mypy infers no type of the default
        return changes

    def _write(self) -> None:
        """Blank what stays, fields of one kind together, since those share a statement; then delete."""
        lost = self._lost
        for key in sorted(lost, key=lambda k: (k[0], tuple(lost[k]), k[1])):
            self._blank(key, lost[key])
        for key in self._leaving_order():
            self._delete(key)

    def _blank(self, key: Key, lost: Image) -> None:
        work, entity = self._work, self._sight.registry.entity(key[0])
        before = self._record(key)
        codec, image = work.store(entity).codec, self._sight.load([key])[key] or {}
        values = {n: None if n.startswith(PREFIX) else codec.field_from_json(n, value) for n, value in lost.items()}
        cleared = self._reach.clearing.get(key, set())
        said = {n: (image[n] if n in cleared else self._mark, value) for n, value in lost.items()}
        work.buffer.place(entity, before, codec.replaced(before, values), carried=True, logged=said)

    def _delete(self, key: Key) -> None:
        entity, image = self._sight.registry.entity(key[0]), self._sight.load([key])[key] or {}
        said = {name: (value, None) for name, value in image.items()}
        # History was rewritten, and knows marks where this image still has the values.
        logged = self._blanking(key[0]).marked(said, key[1], self._mark)
        self._work.buffer.place(entity, self._record(key), None, carried=True, logged=logged)

    def _record(self, key: Key) -> Record:
        record = self._sight.records[key]
        if record is None:
            msg = f"{key[0]} {key[1]} was found and is not there"
            raise AssertionError(msg)
        return record

    def _leaving_order(self) -> Iterable[Key]:
        """What goes, each before what it names."""
        going = self._reach.going
        sorter: TopologicalSorter[Key] = TopologicalSorter(dict.fromkeys(sorted(going), ()))
        for source, _, target in self._reach.ties:
            if source in going and target in going:
                sorter.add(target, source)
        try:
            return list(sorter.static_order())
        except CycleError:
            return sorted(going)

    # -- what follows from records ------------------------------------------------------------------------------------

    def _forget_derived(self) -> None:
        """Remove derived rows, of absent plugins too; what follows from what is left is made at the unit's end."""
        work, reached = self._work, self._reach
        keys = [*self._lost, *reached.going]
        stored = read_documents(work.db, work.tenant, keys)
        write_documents(work.db, work.tenant, dict.fromkeys(stored, ""), stored)
        for name, ids in reached.derived.items():
            rows: Any = self._sight.registry.entity(name).table
            for length, params in id_lists(ids, work.db.dialect):
                gone = delete(rows).where(rows.c.tenant_id == bindparam("tenant"), among(rows.c.id, length))
                work.db.run(Statement(gone), {"tenant": work.tenant, **params})
