"""What is read about a party: its timeline, its threads, where we stopped. Also sections of the 360 view.

These are functions of whatever can read: a unit of work, or the context that a hook is handed.
"""

from __future__ import annotations

from typing import Final, Protocol, TypeVar
from uuid import UUID

from crmkit.core.interactions.activities.model import Activity
from crmkit.core.interactions.activities.rules import OPEN
from crmkit.core.interactions.activities.tables import ACTIVITY
from crmkit.core.interactions.model import Interaction, LastState, ThreadState, ThreadStatus, TimelineEntry
from crmkit.core.interactions.rules import entry_of
from crmkit.core.interactions.tables import INTERACTION, THREAD
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.errors import LimitExceededError
from crmkit.values.criteria import ALWAYS, Criteria, f
from crmkit.values.page import Cursor, Page

__all__ = [
    "MAX_TIMELINE_PAGE",
    "Reader",
    "last_state",
    "open_activities",
    "recent",
    "thread_states",
    "timeline_page",
]

M = TypeVar("M", bound=Record)

MAX_TIMELINE_PAGE: Final = 500
"""Entries on one page of a timeline."""

NEWEST_FIRST: Final = "-occurred_at"


class Reader(Protocol):
    """As much of a unit of work, or of a hook's context, as is needed here."""

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


def timeline_page(reader: Reader, party: UUID, *, after: Cursor | None, limit: int) -> Page[TimelineEntry]:
    """A page of a party's timeline, the latest first.

    Args:
        reader: reads with the rights of its actor.
        party: whose timeline.
        after: the ``next`` of the page before.
        limit: how many entries at most, 1 to `MAX_TIMELINE_PAGE`.

    Raises:
        LimitExceededError: if the limit is too large.
        InvalidCursorError: if ``after`` is not from a timeline.
    """
    if not 1 <= limit <= MAX_TIMELINE_PAGE:
        raise LimitExceededError("entries of a timeline page", MAX_TIMELINE_PAGE, got=limit)
    page = reader.find(INTERACTION, f.party_id == party, order=NEWEST_FIRST, limit=limit, after=after)
    return Page(tuple(entry_of(i) for i in page), page.next)


def last_state(reader: Reader, party: UUID, *, promises: int = 20) -> LastState:
    """Where we stopped with a party.

    Args:
        reader: reads with the rights of its actor.
        party: with whom.
        promises: how many open activities at most.
    """
    latest = recent(reader, party, limit=1)
    return LastState(last=latest[0] if latest else None, promises=open_activities(reader, party, limit=promises))


# -- sections of the 360 view -----------------------------------------------------------------------------------------


def recent(reader: Reader, party: UUID, *, limit: int = 10) -> tuple[TimelineEntry, ...]:
    """The latest entries of a party's timeline, the latest first."""
    return timeline_page(reader, party, after=None, limit=limit).items


def open_activities(reader: Reader, party: UUID, *, limit: int = 10) -> tuple[Activity, ...]:
    """What is planned with a party, the earliest first."""
    return reader.find(ACTIVITY, (f.party_id == party) & OPEN, order="due_at", limit=limit).items


def thread_states(
    reader: Reader, party: UUID, *, status: ThreadStatus | None = "open", limit: int = 10
) -> tuple[ThreadState, ...]:
    """The threads with a party and where each stands, the newest first."""
    where: Criteria = f.party_id == party
    if status is not None:
        where &= f.status == status
    threads = reader.find(THREAD, where, order="-started_at", limit=limit)
    return tuple(ThreadState(thread=t, last=_last_in(reader, t.id)) for t in threads)


def _last_in(reader: Reader, thread: UUID) -> Interaction | None:
    page = reader.find(INTERACTION, f.thread_id == thread, order=NEWEST_FIRST, limit=1)
    return page[0] if page else None
