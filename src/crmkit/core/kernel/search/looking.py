"""Asks the database for documents that fit, the way that is quickest for what is looked for.

SQLite's index gives the newest first and stops when it has enough. PostgreSQL's gives all that fit before the newest of
them are known, so what many records have is found sooner by walking over the newest, one after the other; and its
planner cannot know how many that are, since it knows nothing of how grams go together. So it is not asked: a short walk
tells how many there are, unless the counts of grams have told already that there are few.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any, Final

from crmkit.core.kernel.entities.columns import Id, codec_of
from crmkit.core.kernel.search.frequencies import SAMPLE
from crmkit.core.kernel.search.rules import rarest, share_of, wanted

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.search.model import Reach
    from crmkit.core.kernel.search.rules import Term
    from crmkit.core.kernel.units.work import Work

__all__ = ["MAX_HITS", "Looking"]

MAX_HITS: Final = 200
"""How many of the newest that fit as far as that are ranked; the pages of a search end with the last of them."""
_ALL: Final = sys.maxsize
_FIRST: Final = 1_000
"""How many documents are walked over to see how many fit; half a microsecond each."""
_FARTHEST: Final = 5_000
"""How many are walked over at most, which takes some two milliseconds."""
_EACH: Final = 25
"""Or how many for each row that is wanted, if that is more."""
_MARGIN: Final = 1.3
"""By how much farther is walked than where the last row is to be expected."""


class Looking:
    """The rows of one search.

    Args:
        work: the unit's state.
        terms: what a document has to contain.
        unfiltered: the names of entities whose rows come whether or not the actor may see them.
    """

    def __init__(self, work: Work, terms: Sequence[Term], unfiltered: Collection[str]) -> None:
        self._work, self._terms, self._unfiltered = work, terms, unfiltered
        self._known: dict[tuple[Reach, tuple[str, ...]], tuple[Sequence[Any], int]] = {}
        self._to_id = codec_of(Id(), work.db.dialect).from_driver or (lambda raw: raw)

    def rows(self, reach: Reach, entities: Sequence[EntityType[Any]], limit: int, after: Any = None) -> Sequence[Any]:
        """Rows of documents that may fit, the newest first: entity, record, text and SQLite's number.

        Args:
            reach: how far they may be from whole words.
            entities: which records.
            limit: how many rows are wanted; fewer are all that there are, and more may come if they are known.
            after: the row after which they begin.
        """
        if not entities:
            return ()
        key = (reach, tuple(entity.name for entity in entities))
        known, asked = self._known.get(key, ((), 0))
        if after is None and asked >= limit:
            return known
        found, asked = self._read(reach, entities, limit, after)
        if after is None:
            self._known[key] = found, asked if len(found) == asked else _ALL
        return found

    def _read(
        self, reach: Reach, entities: Sequence[EntityType[Any]], limit: int, after: Any
    ) -> tuple[Sequence[Any], int]:
        """The rows, and how many were asked for."""
        work = self._work
        if work.db.dialect == "sqlite":
            return self._asked(reach, entities, limit, after, grams=wanted(self._terms, reach, work.tenant)), limit
        common = work.runtime.search.frequencies.of(work.db, work.tenant, work.now)
        grams = rarest(self._terms, reach, work.tenant, common)
        share = share_of(self._terms, reach, work.tenant, common, SAMPLE)
        found = self._walked(reach, entities, limit, after, share=share)
        if found is not None:
            return found, limit
        most = max(limit, MAX_HITS)  # since all are looked at anyway
        return self._asked(reach, entities, most, after, grams=grams), most

    def counted(self, reach: Reach, entities: Sequence[EntityType[Any]]) -> dict[str, int]:
        """How many records of each entity fit."""
        work, dialect = self._work, self._work.db.dialect
        asked = work.runtime.search.counting(work.rights, work.tenant, entities, self._terms, reach, dialect=dialect)
        return dict(work.db.rows(asked.statement, asked.params))

    def _walked(
        self, reach: Reach, entities: Sequence[EntityType[Any]], limit: int, after: Any, *, share: float
    ) -> Sequence[Any] | None:
        """The rows, if so many are among the newest that a walk over these comes to them soon.

        Args:
            reach: see `rows`.
            entities: see `rows`.
            limit: see `rows`.
            after: see `rows`.
            share: of how many documents each is likely to be one that fits, from 0 to 1.
        """
        farthest = max(_FARTHEST, _EACH * limit)
        if share * farthest < limit:
            return None
        found = self._asked(reach, entities, limit, after, walked=_FIRST)
        missing = limit - len(found)
        walked = _FIRST + int(_MARGIN * missing * _FIRST / len(found)) if found else farthest + 1
        if missing and walked > farthest:
            return None
        if missing:
            found = [*found, *self._asked(reach, entities, missing, found[-1], walked=walked)]
        return found if len(found) == limit else None

    def _asked(
        self,
        reach: Reach,
        entities: Sequence[EntityType[Any]],
        limit: int,
        after: Any,
        *,
        grams: Sequence[int] | None = None,
        walked: int | None = None,
    ) -> Sequence[Any]:
        work = self._work
        asked = work.runtime.search.fitting(
            work.rights,
            work.tenant,
            entities,
            self._terms,
            reach,
            unfiltered=self._unfiltered,
            grams=grams,
            walked=walked,
            limit=limit,
            after=None if after is None else self._place_of(after),
            dialect=work.db.dialect,
        )
        return work.db.rows(asked.statement, asked.params)

    def _place_of(self, row: Sequence[Any]) -> tuple[Any, ...]:
        entity, raw, _, docid = row
        return (docid,) if self._work.db.dialect == "sqlite" else (self._to_id(raw), entity)
