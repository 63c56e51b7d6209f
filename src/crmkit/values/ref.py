"""A reference to any record of any entity."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

__all__ = ["Ref"]


@frozen
class Ref:
    """Names a record: ``Ref("deal", deal.id)``.

    Attributes:
        entity: the entity's name, such as ``deal`` or ``service_desk.case``.
        id: the record's id.
    """

    entity: str
    id: UUID

    def __str__(self) -> str:
        return f"{self.entity} {self.id}"
