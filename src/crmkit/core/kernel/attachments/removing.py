"""Removes contents from the store at once, where an erasure must not wait for ``crmkit files clean``."""

from __future__ import annotations

from collections.abc import Collection
from itertools import islice
from typing import TYPE_CHECKING

from crmkit.core.kernel.attachments.queries import PAGE, named_by_history, named_by_rows
from crmkit.core.kernel.attachments.turns import removing

if TYPE_CHECKING:
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.storage.database import Db

__all__ = ["remove_unnamed"]


def remove_unnamed(db: Db, tenant: str, hashes: Collection[str], runtime: Runtime) -> int:
    """Remove those contents that no attachment of the tenant has and its history does not name, however new they are.

    A unit that is attaching the same content meanwhile is waited for; one that has put it into the store and comes
    later finds it gone, and is run again.

    Args:
        db: in a transaction that writes, after the unit that has let go of them is committed.
        tenant: whose.
        hashes: of the contents.
        runtime: with the store.

    Returns:
        How many were removed.
    """
    left = set(hashes)
    removing(db, tenant, left)
    every = iter(sorted(left))
    while batch := list(islice(every, PAGE)):
        left -= named_by_rows(db, tenant, batch)
    if left:
        left.difference_update(named_by_history(db, tenant))
    return sum(runtime.files.delete(tenant, sha256) for sha256 in sorted(left))
