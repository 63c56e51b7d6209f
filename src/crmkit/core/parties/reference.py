"""How a plugin's table refers to a party."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Column

from crmkit.core.kernel.entities.shape import OnDelete, OnErase, OnMerge
from crmkit.core.kernel.entities.table import ref

__all__ = ["party_ref"]


def party_ref(
    column: str = "party_id",
    *,
    on_merge: OnMerge,
    on_erase: OnErase,
    on_delete: OnDelete,
    inverse: str | None = None,
    nullable: bool = False,
) -> Column[Any]:
    """A column that holds a party's id. What happens to the row when the party ends must be said, so nobody forgets.

    Args:
        column: the column's name.
        on_merge: when the party is merged into another: ``repoint``, or, should a unique key collide,
            ``keep_winner``, ``keep_newest``, ``union`` or ``strictest``.
        on_erase: when the person is erased: ``keep``, ``clear`` or ``delete``.
        on_delete: when the party is deleted: ``refuse``, ``clear`` or ``delete``.
        inverse: the relation's name in criteria over parties, such as ``cards``.
        nullable: whether it may be empty.
    """
    return ref(
        "party",
        column,
        inverse=inverse,
        nullable=nullable,
        on_merge=on_merge,
        on_erase=on_erase,
        on_delete=on_delete,
    )
