"""Statements that search: built once per structure, with the permission filter of the query compiler."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import Select, and_, bindparam, false, func, or_, select, tuple_

from crmkit.core.kernel.access.visibility import Visibility, visibility_of
from crmkit.core.kernel.entities.columns import Grams, Id, Integer, Text
from crmkit.core.kernel.query.check import ALL, NONE, Template
from crmkit.core.kernel.query.sql import TENANT, ZERO, Conditions, in_tenant
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
    """

    def __init__(self, registry: EntityRegistry) -> None:
        self._registry, self._conditions = registry, Conditions(registry)
        self._statements: dict[Any, Statement] = {}

    def fitting(  # what a search is made of
        self,
        rights: Rights,
        tenant: str,
        entities: Sequence[EntityType[Any]],
        terms: Sequence[Term],
        reach: Reach,
        *,
        unfiltered: Collection[str] = (),
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
            limit: how many rows at most.
            after: the place of the last row that is known already.
            dialect: ``sqlite`` or ``postgresql``.
        """
        seen, params = self._seen(rights, entities, unfiltered)
        params.update(self._asked(terms, reach, tenant), limit_rows=limit)
        params.update({f"after_{n}": value for n, value in enumerate(after or ())})
        key = ("fitting", dialect, len(terms), after is not None, seen)

        def build() -> Select[Any]:
            rows = self._rows(seen, len(terms), dialect, [_row.entity, _row.record_id, _row.text, _row.docid])
            newest = (index_table.c.rowid,) if dialect == "sqlite" else (_row.record_id, _row.entity)
            if after is not None:
                types: tuple[Any, ...] = (Integer(),) if dialect == "sqlite" else (Id(), Text())
                at = [bindparam(f"after_{n}", type_=t) for n, t in enumerate(types)]
                rows = rows.where(newest[0] < at[0] if len(newest) == 1 else tuple_(*newest) < tuple_(*at))
            most: Any = bindparam("limit_rows", type_=Integer())
            return rows.order_by(*(column.desc() for column in newest)).limit(most).offset(ZERO)

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
        params.update(self._asked(terms, reach, tenant))
        key = ("counting", dialect, len(terms), seen)

        def build() -> Select[Any]:
            rows = self._rows(seen, len(terms), dialect, [_row.entity, func.count()])
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
        grams = wanted(terms, reach, tenant)
        needles = {f"needle_{n}": term.needle(reach) for n, term in enumerate(terms)}
        return {TENANT: tenant, "grams": grams, **needles}

    def _rows(self, seen: Template, terms: int, dialect: str, columns: Iterable[Any]) -> Select[Any]:
        contains = func.instr if dialect == "sqlite" else func.strpos
        needles = [contains(_row.text, bindparam(f"needle_{n}", type_=Text())) > ZERO for n in range(terms)]
        where = [in_tenant(search_table), *needles, self._condition(seen)]
        rows: Any = select(*columns)
        asked = bindparam("grams", type_=Grams())  # on SQLite words in a row, which mean all of them
        if dialect == "sqlite":
            matching = index_table.c.crm_search_index.op("MATCH")(asked)
            joined = index_table.join(search_table, _row.docid == index_table.c.rowid)
            found: Select[Any] = rows.select_from(joined).where(matching, *where)
            return found
        return rows.where(_row.grams.op("@>")(asked), *where)  # type: ignore[no-any-return]  # of a number of columns known at run time

    def _condition(self, seen: Template) -> Any:
        whole, filtered = seen
        conditions: list[Any] = [_row.entity.in_([_named(name) for name in whole])] if whole else []
        for name, condition in filtered:
            there = self._conditions.build(("exists", name, ("id", "record_id"), condition), search_table)
            conditions.append(and_(_row.entity == _named(name), there))
        return or_(false(), *conditions)

    def _statement(self, key: Any, build: Callable[[], Select[Any]]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= _MAX_STATEMENTS:
                self._statements.clear()
            found = self._statements[key] = Statement(build(), anew=True)
        return found


_row = search_table.c


def _named(entity: str) -> Any:
    return bindparam(f"entity_{entity}", type_=Text())
