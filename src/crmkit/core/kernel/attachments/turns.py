"""Who attaches a content, and who removes it from the store, take turns; no clock and no time of a file decides."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from sqlalchemy import bindparam, func, select

from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["attaching", "removing"]

_ATTACHING: Final = Statement(select(func.pg_advisory_xact_lock_shared(bindparam("turn"))))
_REMOVING: Final = Statement(select(func.pg_advisory_xact_lock(bindparam("turn"))))


def attaching(db: Db, tenant: str, sha256: str) -> None:
    """Wait for whoever removes this content, and keep others from that until the transaction ends.

    On SQLite there is one writer at a time anyway.
    """
    if db.dialect == "postgresql":
        db.rows(_ATTACHING, {"turn": _turn(tenant, sha256)})


def removing(db: Db, tenant: str, hashes: Iterable[str]) -> None:
    """Wait for whoever attaches one of these contents, and keep others from that until the transaction ends."""
    if db.dialect == "postgresql":
        for turn in sorted(_turn(tenant, sha256) for sha256 in hashes):
            db.rows(_REMOVING, {"turn": turn})


def _turn(tenant: str, sha256: str) -> int:
    """A number of 64 bits for PostgreSQL's advisory locks; two contents that share one wait without need."""
    digest = hashlib.sha256(f"crmkit.file:{tenant}:{sha256}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)
