"""Search: the records that fit a text best, and how many there are, of those that the actor may see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final
from uuid import UUID

from crmkit.core.kernel.search.documents import Searched, searched_in
from crmkit.core.kernel.search.finding import Finding, Found
from crmkit.core.kernel.search.looking import MAX_HITS
from crmkit.core.kernel.search.model import SearchHit
from crmkit.core.kernel.search.rules import Term, terms_of
from crmkit.core.kernel.search.showing import Showing
from crmkit.core.kernel.units.gate import EVERYBODY, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import InvalidCursorError, InvalidValueError, LimitExceededError
from crmkit.values.page import Cursor, Page

if TYPE_CHECKING:
    from crmkit.core.kernel.units.work import Work

__all__ = ["MAX_HITS", "MAX_SEARCH_LIMIT", "Search"]

MAX_SEARCH_LIMIT: Final = 100
"""How many hits a page may have."""
_ORDER: Final = "search"


class Search(Service):
    """Search over all records that the actor may see."""

    @query("search.find", permission=EVERYBODY)
    def find(
        self, text: str, *, entities: Sequence[str] = (), limit: int = 20, after: Cursor | None = None
    ) -> Page[SearchHit]:
        """The records that contain all words of ``text``, the best first.

        Case, accents, width and punctuation do not matter. A word is found at the beginning of words, and from three
        characters on inside of them; in Chinese, Japanese and Korean every character is. What punctuation joins, such
        as an e-mail address, has to stand together. Numbers are found in any spelling (``+47 22 12 34 56``,
        ``22123456``).

        Whole words count more than beginnings, and those more than parts of words; next what is found in the field that
        names the record; then the newest record comes first. Ranked are the 200 newest records with all as whole words,
        the 200 newest with all at beginnings, and the 200 newest with all in any place.

        Args:
            text: at most 1,000 characters and 16 words; without a letter or digit it finds nothing.
            entities: the names of entities, such as ``party``, to find only these; all by default.
            limit: how many hits, 1 to 100.
            after: the ``next`` of the page before, of the same search.

        Raises:
            LimitExceededError: if the text or the limit is too large.
            UnknownFieldError: if an entity is unknown.
            InvalidValueError: if an entity has nothing to search, or is found as what it is part of.
            InvalidCursorError: if ``after`` belongs to something else.
        """  # raised by what this calls; callers want to know
        if not 1 <= limit <= MAX_SEARCH_LIMIT:
            raise LimitExceededError("hits in a page", MAX_SEARCH_LIMIT, got=limit)
        work, terms, plans = self._asked(text, entities)
        begin = None if after is None else _place_of(after)
        if not terms:
            return Page(())
        found = Finding(work, plans, terms).best(limit + 1, begin)
        shown = found[:limit]
        following = _cursor_of(shown[-1]) if len(found) > limit else None
        return Page(tuple(Showing(work, plans, terms).hits(shown)), following)

    @query("search.count", permission=EVERYBODY)
    def count(self, text: str, *, entities: Sequence[str] = ()) -> Mapping[str, int]:
        """How many records of each entity contain all words of ``text``; see `find`. Entities without any are left out.

        It looks at all of them, which takes longer the more common the words are.

        Args:
            text: see `find`.
            entities: see `find`.
        """
        work, terms, plans = self._asked(text, entities)
        return Finding(work, plans, terms).count() if terms else {}

    def _asked(self, text: str, entities: Sequence[str]) -> tuple[Work, tuple[Term, ...], dict[str, Searched]]:
        work = self._work
        terms = terms_of(text)
        known = searched_in(work.runtime.registry, work.definitions)
        present = work.enabled | {"core"}
        for name in entities:
            entity = work.runtime.registry.entity(name)
            if name not in known:
                whole = work.runtime.registry.root_of(entity).name
                way = f"is found as {whole!r}" if whole in known and whole != name else "has nothing to search"
                raise InvalidValueError("entities", name, way)
        plans = {
            name: plan
            for name, plan in known.items()
            if (not entities or name in entities) and work.runtime.registry.plugin_of(name) in present
        }
        work.settle()  # what the unit itself has written is found
        return work, terms, plans


def _cursor_of(found: Found) -> Cursor:
    return Cursor(_ORDER, found.fit.score, f"{found.entity} {found.id}")


def _place_of(cursor: Cursor) -> tuple[int, int, str]:
    entity, _, id_ = cursor.id.partition(" ")
    try:
        place = UUID(id_).int
    except ValueError:
        raise InvalidCursorError(cursor.encode()[:80]) from None
    if cursor.order != _ORDER or not isinstance(cursor.key, int):
        raise InvalidCursorError(cursor.encode()[:80])
    return cursor.key, place, entity
