"""What is read of decisions, by whatever can read: a unit of work, or the context that a hook is handed."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Protocol, TypeVar

from crmkit.core.kernel.decisions.model import Decision
from crmkit.core.kernel.decisions.rules import about, in_time
from crmkit.core.kernel.decisions.tables import DECISION
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.values.criteria import ALWAYS, Criteria, f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["LATEST_FIRST", "Reader", "standing"]

M = TypeVar("M", bound=Record)

LATEST_FIRST: Final = "-decided_at"


class Reader(Protocol):
    """As much of a unit of work, or of a hook's context, as is needed here."""

    @property
    def now(self) -> datetime:
        """The unit's instant, UTC."""
        ...

    def find(
        self,
        entity: EntityType[M],
        where: Criteria = ALWAYS,
        /,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
    ) -> Page[M]:
        """A page of the records that fit and that the actor may see."""
        ...


def standing(reader: Reader, ref: Ref, *, limit: int) -> tuple[Decision, ...]:
    """The decisions about a record that hold now, neither superseded nor past their time, the latest first.

    Args:
        reader: reads with the rights of its actor.
        ref: the record.
        limit: how many at most.
    """
    found: list[Decision] = []
    after: Cursor | None = None
    while len(found) < limit:
        page = reader.find(DECISION, about(ref) & in_time(reader.now), order=LATEST_FIRST, limit=limit, after=after)
        later = about(ref) & f.supersedes_id.in_([one.id for one in page])
        ended = {one.supersedes_id for one in reader.find(DECISION, later, limit=limit)} if page else set()
        found += [one for one in page if one.id not in ended]
        after = page.next
        if after is None:
            break
    return tuple(found[:limit])
