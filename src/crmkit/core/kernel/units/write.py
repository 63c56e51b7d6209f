"""One write of a unit: the images before and after, the record that it is part of, and what it is logged with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define

from crmkit.core.kernel.entities.codec import Diff

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work
    from crmkit.values.change import Operation as ChangeKind

__all__ = ["Key", "Write", "logged_of", "root_of"]

Key = tuple[str, "UUID"]

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
        logged: what history is told instead of what differs; None but for an erasure, which keeps nothing of it.
    """

    op: ChangeKind
    entity: EntityType[Any]
    before: Any
    after: Any
    root: Key
    diff: Diff = _NONE
    raises: bool = False
    carried: bool = False
    logged: Diff | None = None

    @property
    def record(self) -> Any:
        """The image that identifies the row: the new one, or the old one of a delete."""
        return self.before if self.after is None else self.after

    @property
    def version(self) -> int:
        """The record's version after this write."""
        version: int = self.before.version + 1 if self.after is None else self.after.version
        return version


def root_of(work: Work, entity: EntityType[Any], record: Record) -> Key:
    """Entity and id of the record that ``record`` is part of, or of itself."""
    if entity.part_of is None:
        return entity.name, record.id
    return work.referred(entity, entity.part_of, record).name, getattr(record, entity.part_of)


def logged_of(work: Work, write: Write) -> Diff:
    """What differs, in JSON form."""
    if write.logged is not None:
        return write.logged
    if write.op == "update":
        return write.diff
    image = work.store(write.entity).codec.image(write.record)
    if write.op == "insert":
        return {name: (None, value) for name, value in image.items()}
    return {name: (value, None) for name, value in image.items()}
