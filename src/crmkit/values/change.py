"""A change: the field-exact before and after of one row in one unit of work."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from attrs import frozen

__all__ = ["Change", "Operation"]

Operation = Literal["insert", "update", "delete"]


@frozen(kw_only=True)
class Change:
    """The field-exact before and after of one row in one unit of work.

    Attributes:
        unit: the unit of work that wrote it.
        seq: its place in the unit, in program order, from 1.
        entity: the entity's name, such as ``deal``.
        id: the record's id.
        version: the record's version after the change; of a deletion, the last one plus one.
        op: insert, update or delete.
        diff: field to ``(before, after)``, in JSON form; a field the actor may not read is absent.
        root: id of the record that this row is part of (the record itself where it stands alone).
        root_version: that record's version after the change.
        actor: who did it.
        at: when the unit wrote it, UTC.
        source: where the unit's data came from, such as ``import`` or ``web``; None where nobody said.
    """

    unit: UUID
    seq: int
    entity: str
    id: UUID
    version: int
    op: Operation
    diff: Mapping[str, tuple[Any, Any]]
    root: UUID
    root_version: int
    actor: str
    at: datetime
    source: str | None = None
