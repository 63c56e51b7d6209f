"""Search: the records that fit a text best, and how many there are, of those that the actor may see."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.custom_fields.definitions import texts_of
from crmkit.core.kernel.entities.columns import Id, codec_of
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.search.documents import Searched, searched_in
from crmkit.core.kernel.search.model import Fit, Reach, SearchHit
from crmkit.core.kernel.search.queries import Place
from crmkit.core.kernel.search.rules import Fitting, Term, excerpt, terms_of
from crmkit.core.kernel.units.gate import EVERYBODY, query
from crmkit.core.kernel.units.service import Service
from crmkit.errors import InvalidCursorError, InvalidValueError, LimitExceededError
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.units.work import Work

__all__ = ["MAX_HITS", "MAX_SEARCH_LIMIT", "Search"]

MAX_HITS: Final = 200
"""How many of the newest that fit as far as that are ranked; the pages of a search end with the last of them."""
_COUNTED: Final = 1_000
"""How many records are read at a time where more than those have to be looked at."""
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
        found = _Finding(work, plans, terms).best(limit + 1, begin)
        shown = found[:limit]
        following = _cursor_of(shown[-1]) if len(found) > limit else None
        return Page(tuple(_Showing(work, plans, terms).hits(shown)), following)

    @query("search.count", permission=EVERYBODY)
    def count(self, text: str, *, entities: Sequence[str] = ()) -> Mapping[str, int]:
        """How many records of each entity contain all words of ``text``; see `find`. Entities without any are left out.

        It looks at all of them, which takes longer the more common the words are.

        Args:
            text: see `find`.
            entities: see `find`.
        """
        work, terms, plans = self._asked(text, entities)
        return _Finding(work, plans, terms).count() if terms else {}

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


@frozen
class _Found:
    """A record that fits."""

    entity: str
    id: UUID
    fit: Fit

    @property
    def rank(self) -> tuple[int, int, str]:
        """By which records are sorted, the best last."""
        return self.fit.score, self.id.int, self.entity


class _Finding:
    """Looks for records by the index, and at their documents for how well they fit."""

    def __init__(self, work: Work, plans: Mapping[str, Searched], terms: Sequence[Term]) -> None:
        self._work, self._plans, self._terms = work, plans, terms
        self._fitting = Fitting(terms)
        self._to_id = codec_of(Id(), work.db.dialect).from_driver or (lambda raw: raw)
        hidden = {name: _hidden(work, plan) for name, plan in plans.items()}
        self._hidden = {name: fields for name, fields in hidden.items() if fields}
        # Nothing to search is left of an entity whose every field is hidden.
        readable = [p for name, p in plans.items() if any(field not in hidden[name] for _, _, field in p.names())]
        self._entities = [plan.entity for plan in readable]
        # What is seen with a record of any kind takes a condition of all kinds, which takes long to plan; so whether
        # the actor may see them is asked of the few that fit.
        every = work.rights.reads_everything
        self._asked_singly = frozenset(e.name for e in self._entities if not every and _with_any(e))

    def best(self, limit: int, begin: tuple[int, int, str] | None) -> list[_Found]:
        """The best that come after ``begin``, from as few rows as can tell."""
        found: dict[tuple[str, UUID], _Found] = {}
        following: list[_Found] = []
        for reach in self._reaches():
            begun = self._rows(reach, self._entities)
            # Older ones may fit better, and those may be enough.
            wholes = reach == "beginnings" and len(begun) == MAX_HITS and not self._are_best(begun, limit, begin)
            if wholes:
                found.update({(f.entity, f.id): f for f in self._newest("words", MAX_HITS, self._entities)})
                following = [f for f in found.values() if begin is None or f.rank < begin]
                if len(following) >= limit:
                    break
            found.update({(f.entity, f.id): f for f in self._newest(reach, MAX_HITS, self._entities, begun)})
            following = [f for f in found.values() if begin is None or f.rank < begin]
            if len(following) >= limit:
                break  # whatever reaches farther fits less
        return sorted(following, key=lambda f: f.rank, reverse=True)[:limit]

    def _are_best(self, rows: Sequence[Any], limit: int, begin: tuple[int, int, str] | None) -> bool:
        """Whether so many of the newest fit best that none of the older ones can come before them."""
        if self._work.db.dialect == "sqlite":  # its order is that of writing, and looking for whole words costs little
            return False
        found = self._judged(rows, "words")
        return sum(f.fit.score == _BEST and (begin is None or f.rank < begin) for f in found) >= limit

    def count(self) -> dict[str, int]:
        """How many there are of each entity."""
        work, reach = self._work, self._reaches()[-1]
        looked_at = self._asked_singly.union(self._hidden)
        open_ = [e for e in self._entities if e.name not in looked_at]
        counts: dict[str, int] = {}
        if open_:
            asked = work.runtime.search.counting(
                work.rights, work.tenant, open_, self._terms, reach, dialect=work.db.dialect
            )
            counts.update(dict(work.db.rows(asked.statement, asked.params)))
        covered = [e for e in self._entities if e.name in looked_at]
        for found in self._newest(reach, None, covered):
            counts[found.entity] = counts.get(found.entity, 0) + 1
        return {name: counts[name] for name in sorted(counts)}

    def _reaches(self) -> tuple[Reach, ...]:
        return ("beginnings", "inside") if any(term.inside for term in self._terms) else ("beginnings",)

    def _newest(
        self,
        reach: Reach,
        most: int | None,
        entities: Sequence[EntityType[Any]],
        rows: Sequence[Any] | None = None,
    ) -> Iterator[_Found]:
        """The newest that fit as far as that, by what the actor may read of them; ``rows`` are the first, if known."""
        taken, read = 0, MAX_HITS
        rows = self._rows(reach, entities) if rows is None else rows
        while rows:
            for found in self._judged(rows, reach):
                yield found
                taken += 1
                if taken == most:
                    return
            if len(rows) < read:
                return
            rows, read = self._rows(reach, entities, _COUNTED, self._after(rows[-1])), _COUNTED

    def _rows(
        self, reach: Reach, entities: Sequence[EntityType[Any]], limit: int = MAX_HITS, after: Place | None = None
    ) -> Sequence[Any]:
        """Rows of documents that may fit, the newest first."""
        work = self._work
        if not entities:
            return ()
        asked = work.runtime.search.fitting(
            work.rights,
            work.tenant,
            entities,
            self._terms,
            reach,
            unfiltered=self._asked_singly,
            limit=limit,
            after=after,
            dialect=work.db.dialect,
        )
        return work.db.rows(asked.statement, asked.params)

    def _judged(self, rows: Sequence[Any], reach: Reach) -> list[_Found]:
        """Those that fit as far as that, and that the actor may see."""
        fits = ((entity, raw, self._fit(entity, text, reach)) for entity, raw, text, _ in rows)
        return self._visible([_Found(entity, self._to_id(raw), fit) for entity, raw, fit in fits if fit is not None])

    def _visible(self, found: list[_Found]) -> list[_Found]:
        """Those that the actor may see."""
        singly: dict[str, list[UUID]] = {}
        for one in found:
            if one.entity in self._asked_singly:
                singly.setdefault(one.entity, []).append(one.id)
        seen = {(name, id_) for name, ids in singly.items() for id_ in self._seen(self._plans[name].entity, ids)}
        return [one for one in found if one.entity not in singly or (one.entity, one.id) in seen]

    def _seen(self, entity: EntityType[Any], ids: list[UUID]) -> list[UUID]:
        """Those of ``ids`` that the actor may see, read together with what they are seen with."""
        work, registry = self._work, self._work.registry
        records = work.store(entity).read_many(work.db, work.tenant, ids)
        company: dict[str, set[UUID]] = {}
        for column in entity.visible_with:
            reference = entity.field(column).reference
            for record in records.values():
                id_ = getattr(record, column)
                name = "" if reference is None else reference.entity or getattr(record, reference.entity_column or "")
                if id_ is not None and name in registry and (name, id_) not in work.identity:
                    company.setdefault(name, set()).add(id_)
        for name, others in company.items():
            read = work.store(registry.entity(name)).read_many(work.db, work.tenant, others)
            for id_ in others:
                work.identity.setdefault((name, id_), read.get(id_))
        return [id_ for id_, record in records.items() if work.sees(entity, record)]

    def _fit(self, entity: str, text: str, reach: Reach) -> Fit | None:
        plan = self._plans[entity]
        fit = self._fitting.fit_of(text, plan.entity.display, self._hidden.get(entity, frozenset()))
        return None if fit is None or fit.score < _LEAST[reach] else fit

    def _after(self, row: Sequence[Any]) -> Place:
        entity, raw, _, docid = row
        return (docid,) if self._work.db.dialect == "sqlite" else (self._to_id(raw), entity)


_BEST: Final = 7
_LEAST: Final[Mapping[Reach, int]] = {"words": 6, "beginnings": 4, "inside": 2}


def _hidden(work: Work, plan: Searched) -> frozenset[str]:
    """The fields that the actor may not read, by their names in documents."""
    named = {name for entity, field, name in plan.names() if field in work.masks(entity)}
    # Of custom ones all, since what is in documents of one that is searched no more goes when they are rebuilt.
    return frozenset(named.union(n for n in work.masks(plan.entity) if n.startswith(PREFIX)))


def _with_any(entity: EntityType[Any]) -> bool:
    """Whether its records are seen with records of any kind."""
    references = (entity.field(column).reference for column in entity.visible_with)
    return any(reference is not None and reference.entity is None for reference in references)


class _Showing:
    """Makes hits of what was found: reads the records, as far as the actor may."""

    def __init__(self, work: Work, plans: Mapping[str, Searched], terms: Sequence[Term]) -> None:
        self._work, self._plans, self._terms = work, plans, terms

    def hits(self, found: Sequence[_Found]) -> Iterator[SearchHit]:
        """A hit for each, in order."""
        records = {
            name: self._records(plan.entity, [f.id for f in found if f.entity == name])
            for name, plan in self._plans.items()
        }
        named = {f.fit.field for f in found if "." in f.fit.field and not f.fit.field.startswith(PREFIX)}
        parts = {name: self._parts(name, found) for name in named}
        for one in found:
            record = records[one.entity].get(one.id)
            if record is None:  # gone, and its document not yet
                continue
            values = (
                parts[one.fit.field].get(one.id, ())
                if one.fit.field in parts
                else self._own(one.entity, record, one.fit.field)
            )
            label = getattr(record, self._plans[one.entity].entity.display, None)
            yield SearchHit(
                ref=Ref(one.entity, one.id),
                label="" if label is None else str(label),
                score=one.fit.score,
                field=one.fit.field,
                snippet=excerpt(values, self._terms),
            )

    def _own(self, entity: str, record: Any, field: str) -> list[str]:
        """The values of a field of the record itself."""
        custom = next((one for one in self._plans[entity].custom if one.name == field), None)
        return _values([record], field) if custom is None else list(texts_of(custom, record.custom))

    def _records(self, entity: EntityType[Any], ids: list[UUID]) -> dict[UUID, Any]:
        work = self._work
        if not ids:
            return {}
        read = work.store(entity).read_many(work.db, work.tenant, ids)
        return {id_: work.masked(entity, record) for id_, record in read.items()}

    def _parts(self, name: str, found: Iterable[_Found]) -> dict[UUID, list[str]]:
        """The values of a part's field, by the id of what it is part of."""
        work = self._work
        part_name, _, field = name.rpartition(".")
        part = work.runtime.registry.entity(part_name)
        whole, column = work.runtime.registry.root_of(part), part.part_of or ""
        reference = part.field(column).reference
        ids = [f.id for f in found if f.fit.field == name]
        values: dict[UUID, list[str]] = {}
        if reference is not None:
            read = work.store(part).referring_many(work.db, work.tenant, reference, whole.name, ids)
            for record in read.values():
                values.setdefault(getattr(record, column), []).extend(_values([record], field))
        return values


def _values(records: Iterable[Any], field: str) -> list[str]:
    values = (getattr(record, field, None) for record in records)
    return [str(value) for value in values if value is not None]


def _cursor_of(found: _Found) -> Cursor:
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
