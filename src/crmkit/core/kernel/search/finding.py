"""Looks for records by the index or among the newest, and at their documents for how well they fit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.entities.columns import Id, codec_of
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.search.looking import MAX_HITS, Looking
from crmkit.core.kernel.search.model import Fit, Reach
from crmkit.core.kernel.search.rules import Fitting, Term

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.search.documents import Searched
    from crmkit.core.kernel.units.work import Work

__all__ = ["Finding", "Found"]

_COUNTED: Final = 1_000
"""How many records are read at a time where more than those have to be looked at."""
_LEAST: Final[Mapping[Reach, int]] = {"words": 6, "beginnings": 4, "inside": 2}
_MOST: Final[Mapping[Reach, int]] = {"words": 7, "beginnings": 5, "inside": 3}
"""What a record scores at most that fits as far as that and no farther."""

Rank = tuple[int, int, str]
"""By which records are sorted, the best last: the score, the id, the entity."""


@frozen
class Found:
    """A record that fits."""

    entity: str
    id: UUID
    fit: Fit


@frozen
class _Fitting:
    """One that fits, of which it is not known yet where."""

    entity: str
    id: UUID
    score: int
    document: str

    @property
    def rank(self) -> Rank:
        return self.score, self.id.int, self.entity


class Finding:
    """What one search finds.

    Args:
        work: the unit's state.
        plans: what is searched, by the names of entities.
        terms: what a document has to contain.
    """

    def __init__(self, work: Work, plans: Mapping[str, Searched], terms: Sequence[Term]) -> None:
        self._work, self._plans = work, plans
        self._fitting = Fitting(terms)
        self._reaches: tuple[Reach, ...] = ("beginnings", "inside") if any(t.inside for t in terms) else ("beginnings",)
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
        self._looking = Looking(work, terms, self._asked_singly)
        # Whether rows come in the order of ranks, so that older ones cannot come before newer ones that fit as well.
        # SQLite's order is that of writing, and it has them at once.
        self._in_order = work.db.dialect != "sqlite"

    def best(self, limit: int, begin: Rank | None) -> list[Found]:
        """The best that come after ``begin``, from as few rows as can tell."""
        candidates: dict[tuple[str, UUID], _Fitting] = {}
        following: list[_Fitting] = []
        for some, least in self._gathered(limit):
            candidates.update({(one.entity, one.id): one for one in some})
            following = [one for one in candidates.values() if begin is None or one.rank < begin]
            if sum(one.score >= least for one in following) >= limit:
                break
        best = sorted(following, key=lambda one: one.rank, reverse=True)[:limit]
        return [self._found(one) for one in best]

    def count(self) -> dict[str, int]:
        """How many there are of each entity."""
        reach = self._reaches[-1]
        looked_at = self._asked_singly.union(self._hidden)
        open_ = [e for e in self._entities if e.name not in looked_at]
        counts = self._looking.counted(reach, open_) if open_ else {}
        covered = [e for e in self._entities if e.name in looked_at]
        for found in self._newest(reach, None, covered):
            counts[found.entity] = counts.get(found.entity, 0) + 1
        return {name: counts[name] for name in sorted(counts)}

    # -- how ----------------------------------------------------------------------------------------------------------

    def _gathered(self, limit: int) -> Iterator[tuple[list[_Fitting], int]]:
        """More and more that fit; and from which score on none that is still missing comes before those."""
        first = limit if self._in_order else MAX_HITS
        begun = self._looking.rows("beginnings", self._entities, first)
        some = self._judged(begun, "beginnings")
        if len(begun) >= first:  # older ones may fit better
            if self._in_order:
                yield some, _MOST["words"]
            yield list(self._newest("words", MAX_HITS, self._entities)), _LEAST["words"]
            if self._in_order:
                yield some, _MOST["beginnings"]
            some = list(self._newest("beginnings", MAX_HITS, self._entities))
        yield some, _LEAST["beginnings"]
        if "inside" not in self._reaches:
            return
        begun = self._looking.rows("inside", self._entities, first)
        yield self._judged(begun, "inside"), _MOST["inside"]
        if len(begun) >= first:
            yield list(self._newest("inside", MAX_HITS, self._entities)), _LEAST["inside"]

    def _newest(self, reach: Reach, most: int | None, entities: Sequence[EntityType[Any]]) -> Iterator[_Fitting]:
        """The newest that fit as far as that, by what the actor may read of them."""
        taken, read = 0, MAX_HITS
        rows = self._looking.rows(reach, entities, read)
        while rows:
            for found in self._judged(rows, reach):
                yield found
                taken += 1
                if taken == most:
                    return
            if len(rows) < read:
                return
            rows, read = self._looking.rows(reach, entities, _COUNTED, rows[-1]), _COUNTED

    def _judged(self, rows: Sequence[Any], reach: Reach) -> list[_Fitting]:
        """Those that fit as far as that, and that the actor may see."""
        score_of, least, plans, hidden = self._fitting.score_of, _LEAST[reach], self._plans, self._hidden
        nothing = frozenset[str]()
        scored = (
            (entity, raw, score_of(text, plans[entity].entity.display, hidden.get(entity, nothing)), text)
            for entity, raw, text, _ in rows
        )
        fitting = [
            _Fitting(entity, self._to_id(raw), score, text) for entity, raw, score, text in scored if score >= least
        ]
        return self._visible(fitting) if self._asked_singly else fitting

    def _found(self, one: _Fitting) -> Found:
        title, hidden = self._plans[one.entity].entity.display, self._hidden.get(one.entity, frozenset())
        fit = self._fitting.fit_of(one.document, title, hidden)
        return Found(one.entity, one.id, Fit(one.score, title) if fit is None else fit)

    def _visible(self, found: list[_Fitting]) -> list[_Fitting]:
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


def _hidden(work: Work, plan: Searched) -> frozenset[str]:
    """The fields that the actor may not read, by their names in documents."""
    named = {name for entity, field, name in plan.names() if field in work.masks(entity)}
    # Of custom ones all, since what is in documents of one that is searched no more goes when they are rebuilt.
    return frozenset(named.union(n for n in work.masks(plan.entity) if n.startswith(PREFIX)))


def _with_any(entity: EntityType[Any]) -> bool:
    """Whether its records are seen with records of any kind."""
    references = (entity.field(column).reference for column in entity.visible_with)
    return any(reference is not None and reference.entity is None for reference in references)
