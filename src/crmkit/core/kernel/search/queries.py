"""Statements that search: built once per structure, with the permission filter of the query compiler."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Select, and_, bindparam, false, func, or_, select, tuple_

from crmkit.core.kernel.access.visibility import Visibility, visibility_of
from crmkit.core.kernel.entities.columns import Grams, Id, Integer, Text
from crmkit.core.kernel.query.check import ALL, NONE, Template
from crmkit.core.kernel.query.sql import TENANT, ZERO, Conditions, in_tenant
from crmkit.core.kernel.search.frequencies import Frequencies
from crmkit.core.kernel.search.rules import Term, wanted
from crmkit.core.kernel.search.tables import index_table, search_table
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from crmkit.core.kernel.access.policy import Rights
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.core.kernel.search.model import Reach

__all__ = ["Place", "SearchQueries", "SearchQuery"]

Place = tuple[Any, ...]
"""After which row the next ones begin: the index's number of it, or the record's id and entity."""

_MAX_STATEMENTS: Final = 500


@frozen
class SearchQuery:
    """A statement and its parameters, for ``db.rows``.

    Attributes:
        statement: shared by all queries of the same structure.
        params: Python values by name.
    """

    statement: Statement
    params: Mapping[str, Any]


class SearchQueries:
    """Compiles searches of one deployment; may be shared by threads.

    Args:
        registry: the entities of the deployment.

    Attributes:
        frequencies: how common grams are.
    """

    def __init__(self, registry: EntityRegistry) -> None:
        self._registry, self._conditions = registry, Conditions(registry)
        self._statements: dict[Any, Statement] = {}
        self.frequencies = Frequencies()

    def fitting(  # what a search is made of
        self,
        rights: Rights,
        tenant: str,
        entities: Sequence[EntityType[Any]],
        terms: Sequence[Term],
        reach: Reach,
        *,
        unfiltered: Collection[str] = (),
        grams: Sequence[int] | None = None,
        walked: int | None = None,
        limit: int,
        after: Place | None,
        dialect: str,
    ) -> SearchQuery:
        """Entity, id, document and place of the records that fit and that the actor may see, the newest first.

        Fields that the actor may not read are looked at too; whoever reads the rows looks at the documents again.

        Args:
            rights: the actor's.
            tenant: the tenant.
            entities: which records; each stands alone.
            terms: what a document has to contain.
            reach: how far they may be from whole words.
            unfiltered: the names of entities whose rows come whether or not the actor may see them.
            grams: what the index is asked for; whoever has the words has these.
            walked: instead, how many of the newest documents are looked at, without the index; on PostgreSQL only.
            limit: how many rows at most.
            after: the place of the last row that is known already.
            dialect: ``sqlite`` or ``postgresql``.
        """
        seen, params = self._seen(rights, entities, unfiltered)
        params.update(self._asked(terms, reach, tenant), limit_rows=limit)
        if walked is None:
            params["grams"] = grams
        else:
            params["walked_rows"] = walked
        params.update({f"after_{n}": value for n, value in enumerate(after or ())})
        key = ("fitting", dialect, len(terms), after is not None, walked is None, seen)

        def build() -> Select[Any]:
            if dialect == "sqlite":
                return self._first_of_index(seen, len(terms), after=after is not None)
            if walked is None:
                return self._all_of_index(seen, len(terms), after=after is not None)
            return self._newest(seen, len(terms), after=after is not None)

        return SearchQuery(self._statement(key, build), params)

    def counting(
        self,
        rights: Rights,
        tenant: str,
        entities: Sequence[EntityType[Any]],
        terms: Sequence[Term],
        reach: Reach,
        *,
        dialect: str,
    ) -> SearchQuery:
        """How many records of each entity fit; see `fitting`."""
        seen, params = self._seen(rights, entities)
        params.update(self._asked(terms, reach, tenant), grams=wanted(terms, reach, tenant))
        key = ("counting", dialect, len(terms), seen)

        def build() -> Select[Any]:
            rows = _INDEXED[dialect](_row.entity, func.count()).where(*self._fits(seen, len(terms), dialect))
            return rows.group_by(_row.entity)

        return SearchQuery(self._statement(key, build), params)

    # -- how ----------------------------------------------------------------------------------------------------------

    def _seen(
        self, rights: Rights, entities: Sequence[EntityType[Any]], unfiltered: Collection[str] = ()
    ) -> tuple[Template, dict[str, Any]]:
        """Which rows name a record that the actor may see, as a template; and its parameters.

        The entities of which nothing is hidden share one condition; any other has its own, none if all is hidden.
        """
        whole: list[str] = []
        filtered: list[Template] = []
        params: dict[str, Any] = {}
        for entity in entities:
            if entity.name in unfiltered:
                whole.append(entity.name)
                continue
            visible = self._visible(rights, entity)
            if visible.condition == ALL:
                whole.append(entity.name)
            elif visible.condition != NONE:
                filtered.append((entity.name, visible.condition))
                params.update(visible.params)
        params.update({f"entity_{name}": name for name in (*whole, *(name for name, _ in filtered))})
        return (tuple(whole), tuple(filtered)), params

    def _visible(self, rights: Rights, entity: EntityType[Any]) -> Visibility:
        key = ("visibility", None, entity.name)
        found: Visibility | None = rights.cache.get(key)  # as the query compiler keeps it
        if found is None:
            found = rights.cache[key] = visibility_of(rights, f"{entity.name}.read", entity, self._registry)
        return found

    @staticmethod
    def _asked(terms: Sequence[Term], reach: Reach, tenant: str) -> dict[str, Any]:
        return {TENANT: tenant, **{f"needle_{n}": term.needle(reach) for n, term in enumerate(terms)}}

    def _first_of_index(self, seen: Template, terms: int, *, after: bool) -> Select[Any]:
        """SQLite's index gives its rows in the order in which they were written, and stops when there are enough."""
        number = index_table.c.rowid
        rows = _by_words(*_ANSWER).where(*self._fits(seen, terms, "sqlite"))
        if after:
            rows = rows.where(number < bindparam("after_0", type_=Integer()))
        return rows.order_by(number.desc()).limit(_MOST).offset(ZERO)

    def _all_of_index(self, seen: Template, terms: int, *, after: bool) -> Select[Any]:
        """PostgreSQL's index; the fence keeps the planner from walking over the newest instead."""
        rows = _by_array(*_ANSWER).where(*self._fits(seen, terms, "postgresql"))
        fitting = (rows.where(_AFTER) if after else rows).offset(ZERO).subquery("fitting")
        return select(fitting).order_by(*_newest_first(fitting)).limit(_MOST)

    def _newest(self, seen: Template, terms: int, *, after: bool) -> Select[Any]:
        """So many of the newest, one after the other, until enough of them fit."""
        rows = select(*_ANSWER, _row.tenant_id).where(in_tenant(search_table))
        rows = (rows.where(_AFTER) if after else rows).order_by(*_newest_first(search_table))
        newest = rows.limit(bindparam("walked_rows", type_=Integer())).subquery("newest")
        asked = select(*(newest.c[column.name] for column in _ANSWER))
        fitting = asked.where(*self._fits(seen, terms, "postgresql", newest))
        return fitting.order_by(*_newest_first(newest)).limit(_MOST)

    def _fits(self, seen: Template, terms: int, dialect: str, rows: Any = search_table) -> list[Any]:
        contains = func.instr if dialect == "sqlite" else func.strpos
        needles = [contains(rows.c.text, bindparam(f"needle_{n}", type_=Text())) > ZERO for n in range(terms)]
        return [in_tenant(rows), *needles, self._condition(seen, rows)]

    def _condition(self, seen: Template, rows: Any) -> Any:
        whole, filtered = seen
        conditions: list[Any] = [rows.c.entity.in_([_named(name) for name in whole])] if whole else []
        for name, condition in filtered:
            there = self._conditions.build(("exists", name, ("id", "record_id"), condition), rows)
            conditions.append(and_(rows.c.entity == _named(name), there))
        return or_(false(), *conditions)

    def _statement(self, key: Any, build: Callable[[], Select[Any]]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= _MAX_STATEMENTS:
                self._statements.clear()
            found = self._statements[key] = Statement(build(), anew=True)
        return found


_row = search_table.c
_ANSWER: Final = (_row.entity, _row.record_id, _row.text, _row.docid)
_MOST: Final[Any] = bindparam("limit_rows", type_=Integer())
_AFTER: Final = tuple_(_row.record_id, _row.entity) < tuple_(
    bindparam("after_0", type_=Id()), bindparam("after_1", type_=Text())
)


def _newest_first(rows: Any) -> tuple[Any, Any]:
    return rows.c.record_id.desc(), rows.c.entity.desc()


def _by_words(*columns: ColumnElement[Any]) -> Select[Any]:
    """SQLite takes the grams as words in a row, which mean all of them."""
    matching = index_table.c.crm_search_index.op("MATCH")(bindparam("grams", type_=Grams()))
    return (
        select(*columns).select_from(index_table.join(search_table, _row.docid == index_table.c.rowid)).where(matching)
    )


def _by_array(*columns: ColumnElement[Any]) -> Select[Any]:
    return select(*columns).where(_row.grams.op("@>")(bindparam("grams", type_=Grams())))


_INDEXED: Final = {"sqlite": _by_words, "postgresql": _by_array}


def _named(entity: str) -> Any:
    return bindparam(f"entity_{entity}", type_=Text())
