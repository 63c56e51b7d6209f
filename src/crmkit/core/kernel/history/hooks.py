"""Where plugins have a say about what undo, restore and merge make of records."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.kernel.hooks.hook import Guard

__all__ = ["RecordChange", "RecordsChange", "records_changing"]


@frozen(kw_only=True)
class RecordChange:
    """A record that is about to change.

    Attributes:
        entity: of the record.
        id: the record's.
        before: as it is; None if it is not there.
        after: as it is to be; None if it is to go.
    """

    entity: str
    id: UUID
    before: Record | None
    after: Record | None


@frozen(kw_only=True)
class RecordsChange:
    """What an undo, a restore or a merge is about to do, as a whole.

    Attributes:
        why: undo, restore or merge.
        changes: each write, in order; a record may be among them more than once.
    """

    why: Literal["undo", "restore", "merge"]
    changes: tuple[RecordChange, ...]


records_changing = Guard(
    "records_changing",
    RecordsChange,
    doc="""When an undo, a restore or a merge is about to write records, of any entity, past the commands that look
    after them: for rules that tie several records together. What one record has to fulfil, its model has checked
    already. Also asked by a dry run.""",
)
