"""What erasure tells: what will go, what has gone, and everything that there is about a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from attrs import frozen

from crmkit.values.change import Operation
from crmkit.values.ref import Ref

__all__ = ["Erased", "ErasedRows", "ErasurePlan", "SubjectChange", "SubjectRecord"]


@frozen(kw_only=True)
class ErasedRows:
    """What becomes of the records of one entity.

    Attributes:
        entity: its name.
        plugin: who registers it; ``core`` for the areas. It may be disabled, or its package gone.
        table: its table.
        blanked: how many stay, without the values of ``fields``.
        deleted: how many go.
        past: of how many that were deleted before history forgets the values.
        fields: the fields that lose a value in a record that stays.
    """

    entity: str
    plugin: str
    table: str
    blanked: int = 0
    deleted: int = 0
    past: int = 0
    fields: tuple[str, ...] = ()


@frozen(kw_only=True)
class ErasurePlan:
    """What erasing a record comes to.

    Attributes:
        ref: the record.
        also: what was merged into it, which is erased with it.
        rows: by entity, in the order of their names.
        files: how many contents of attachments go, unless somebody else has the same.
    """

    ref: Ref
    also: tuple[Ref, ...] = ()
    rows: tuple[ErasedRows, ...] = ()
    files: int = 0

    @property
    def records(self) -> int:
        """How many records are blanked or deleted."""
        return sum(one.blanked + one.deleted for one in self.rows)

    def lines(self) -> Iterator[str]:
        """The plan for people, an entity a line."""
        for one in self.rows:
            fields = f" ({', '.join(one.fields)})" if one.fields else ""
            past = f", {one.past} from history" if one.past else ""
            yield f"{one.entity}: {one.blanked} blanked{fields}, {one.deleted} deleted{past}"
        if self.files:
            yield f"files: {self.files}"


@frozen(kw_only=True)
class Erased:
    """What an erasure has done.

    Attributes:
        unit: the unit of work that did it; history names it in the place of each value.
        plan: as it was carried out.
        changes: how many rows of history lost values.
        units: how many units of work lost their reason, or a part of it.
        jobs: how many jobs lost a part of their payload.
        answers: how many answers kept under a key are gone.
    """

    unit: UUID
    plan: ErasurePlan
    changes: int
    units: int
    jobs: int
    answers: int


@frozen(kw_only=True)
class SubjectChange:
    """One change of a record, for whom the record is about.

    Attributes:
        version: of the record after it.
        op: insert, update or delete.
        at: when, UTC.
        actor: who did it.
        source: where the data came from; None where nobody said.
        diff: field to (before, after), in JSON form.
    """

    version: int
    op: Operation
    at: datetime | None
    actor: str | None
    source: str | None
    diff: Mapping[str, tuple[Any, Any]]


@frozen(kw_only=True)
class SubjectRecord:
    """One record about a person.

    Attributes:
        entity: its name.
        plugin: who registers it; ``core`` for the areas. It may be disabled, or its package gone.
        id: the record's.
        state: live; merged, if it has become part of the person's record; or deleted.
        fields: its values in JSON form, custom fields as ``custom.<key>``; of a deleted one, what it was at last.
        history: its changes, oldest first.
    """

    entity: str
    plugin: str
    id: UUID
    state: Literal["live", "merged", "deleted"]
    fields: Mapping[str, Any]
    history: tuple[SubjectChange, ...]
