"""What history tells: versions, units, and what an undo or a restore changes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import Conflict
from crmkit.values.change import Change, Operation
from crmkit.values.ref import Ref

__all__ = ["Difference", "PlannedChange", "Provenance", "Reversal", "Snapshot", "UnitEntry", "Version"]


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


@frozen(kw_only=True)
class Version:
    """One version of a record: what a unit of work made of it and of its parts.

    Attributes:
        version: its number.
        unit: the unit of work that made it.
        actor: who did it.
        at: when, UTC.
        source: the unit's source; None where nobody said.
        op: insert, update or delete of the record itself; update if only parts were changed.
        fields: names of the record's own fields that were changed, as far as the actor may read them.
        parts: how many of its parts were changed.
    """

    version: int
    unit: UUID
    actor: str
    at: datetime
    source: str | None
    op: Operation
    fields: tuple[str, ...]
    parts: int


@frozen(kw_only=True)
class Snapshot:
    """A record as it was at a version, with its parts.

    Attributes:
        ref: the record.
        version: of the record; a part shows the version that it had itself.
        fields: name to value in JSON form, of what the actor may read; custom fields as ``custom.<key>``.
        record: the same as a record; None if its plugin is not loaded.
        parts: its parts as they were then.
        unknown: fields that it had and that its entity has no more; they cannot be restored.
    """

    ref: Ref
    version: int
    fields: Mapping[str, Any]
    record: Record | None
    parts: tuple[Snapshot, ...] = ()
    unknown: tuple[str, ...] = ()


@frozen(kw_only=True)
class Difference:
    """How two versions of a record differ.

    Attributes:
        ref: the record or part.
        op: insert if only the second version has it, delete if only the first one, else update.
        fields: name to (value in the first, value in the second), in JSON form, of what the actor may read.
        parts: how its parts differ.
    """

    ref: Ref
    op: Operation
    fields: Mapping[str, tuple[Any, Any]]
    parts: tuple[Difference, ...] = ()


@frozen(kw_only=True)
class PlannedChange:
    """One write of an undo or a restore, in the order in which it is done.

    Attributes:
        entity: of the record.
        id: of the record.
        op: insert, update or delete.
        diff: field to (before, after), in JSON form, of what the actor may read.
        label: what the record is called; empty if the actor may not read that.
    """

    entity: str
    id: UUID
    op: Operation
    diff: Mapping[str, tuple[Any, Any]]
    label: str

    def lines(self) -> Iterator[str]:
        """The change for people: what is changed, then a line for each field."""
        yield f"{self.op} {self.entity} {self.id}" + (f" ({self.label})" if self.label else "")
        for name, (before, after) in self.diff.items():
            yield f"    {name}: {_shown(before)} -> {_shown(after)}"


@frozen(kw_only=True)
class Reversal:
    """What an undo or a restore changes, or has changed.

    Attributes:
        applied: whether it was done; False for a plan.
        units: the units of work that are undone; none for a restore.
        changes: each write.
        conflicts: what is in the way; once applied, what was left as it is (``partial=True``).
        unknown: fields, as ``entity.field``, that the history speaks of and that there are no more.
        attached: what has come, since they were merged, to records from which others are taken apart now; it stays with
            them. Only what the actor may see.
        kept: facts that the units recorded, such as that somebody gave consent; no undo takes them back.
        caused: units that those undone have caused, such as those of subscribers; they stay.
        jobs: how many queued jobs of the units are cancelled.
        keys: how many idempotency keys of the units are released.
        requeued: how many jobs are queued again that the units, undos themselves, had cancelled.
    """

    applied: bool
    units: tuple[UUID, ...] = ()
    changes: tuple[PlannedChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    unknown: tuple[str, ...] = ()
    attached: tuple[Ref, ...] = ()
    kept: tuple[Ref, ...] = ()
    caused: tuple[UUID, ...] = ()
    jobs: int = 0
    keys: int = 0
    requeued: int = 0

    def lines(self) -> Iterator[str]:
        """All of it for people, line by line."""
        for change in self.changes:
            yield from change.lines()
        yield from (f"! {conflict}" for conflict in self.conflicts)
        for name in self.unknown:
            yield f"! {name} is a field that there is no more; it is not brought back"
        if self.jobs:
            yield f"{self.jobs} queued jobs are cancelled"
        if self.requeued:
            yield f"{self.requeued} cancelled jobs are queued again"
        if self.keys:
            yield f"{self.keys} idempotency keys are released"
        yield from self._staying()
        yield f"{len(self.changes)} changes, {len(self.conflicts)} in the way"

    def _staying(self) -> Iterator[str]:
        for ref in self.attached:
            yield f"stays: {ref.entity} {ref.id}, which has come since the merge"
        for ref in self.kept:
            yield f"stays: {ref.entity} {ref.id}, a fact, which is never undone; record the contrary"
        for unit in self.caused:
            yield f"stays: unit {unit}, which was caused by what is undone"


@frozen(kw_only=True)
class UnitEntry:
    """A unit of work as history has it.

    Attributes:
        id: the unit's.
        actor: who acted.
        on_behalf_of: for whom, under a delegation.
        at: when, UTC.
        commands: names of its outermost commands, in order.
        reason: why; None where nobody said.
        source: where its data came from; None where nobody said.
        undoes: the unit that it undid; None for most.
        caused_by: the unit whose event caused it; None for most.
        reversible: whether it can be undone at all.
        changes: what it changed, in order; fields that the actor may not read are absent.
    """

    id: UUID
    actor: str
    on_behalf_of: str | None
    at: datetime
    commands: tuple[str, ...]
    reason: str | None
    source: str | None
    undoes: UUID | None
    caused_by: UUID | None
    reversible: bool
    changes: tuple[Change, ...] = ()


def _shown(value: Any) -> str:
    """One value on one line, whatever is in it."""
    return "-" if value is None else json.dumps(value, ensure_ascii=True, default=_plain)


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)
