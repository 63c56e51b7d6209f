"""Records that give somebody a right, such as a share: who may bring them back."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

__all__ = ["Gift"]


@frozen(kw_only=True)
class Gift:
    """What a record gives somebody.

    Attributes:
        permission: what whoever gives it must be allowed.
        subject: entity and id of the record on which; None if it is about none.
        giver: the id of the only actor who may give it; None for everybody who is allowed.
    """

    permission: str
    subject: tuple[str, UUID] | None = None
    giver: str | None = None
