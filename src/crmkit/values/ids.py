"""Record ids: UUID version 7 (RFC 9562), so that ids sort by the time they were made, in milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from uuid_utils.compat import uuid7

if TYPE_CHECKING:
    from uuid import UUID

__all__ = ["new_id"]


def new_id() -> UUID:
    """A new id; later ids are greater, also within one process and millisecond."""
    return uuid7()
