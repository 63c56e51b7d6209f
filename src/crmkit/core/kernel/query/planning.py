"""What a query asks, taken apart, as SQL: pages, counts, sums and medians of the records that an actor may see.

A page for an actor who sees only some records is a UNION of one branch per reason to see them (own, each team,
shared), each cut to the page's length by its own index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final

from attrs import frozen
from sqlalchemy import (
    FromClause,
    Index,
    Select,
    UniqueConstraint,
    bindparam,
    func,
    literal_column,
    select,
    union,
    union_all,
)

from crmkit.core.kernel.access.visibility import Visibility
from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.query.check import ALL, Params, Template
from crmkit.core.kernel.query.custom import column_of
from crmkit.core.kernel.query.fields import Registry
from crmkit.core.kernel.query.pages import At, Order, sort_key, stretches
from crmkit.core.kernel.query.sql import ONE, ZERO, Conditions, Via, in_tenant, named

__all__ = ["LIMIT", "RECORD", "Plan", "Statements"]

LIMIT: Final = "limit_rows"
"""The parameter that holds how many rows are wanted."""
RECORD: Final = "record"
"""The parameter that holds the id of the one record that is wanted."""
_TWO: Final[Any] = literal_column("2")


@frozen
class Plan:
    """What a query asks, taken apart."""

    entity: EntityType[Any]
    where: Template
    visible: Visibility
    params: Params


class Statements:
    """Builds the statements of plans.

    Args:
        registry: the entities of the deployment.
    """

    def __init__(self, registry: Registry) -> None:
        self._conditions: dict[Via, Conditions] = {
            "row by row": Conditions(registry),
            "in sets": Conditions(registry, "in sets"),
        }

    def _rows(self, plan: Plan, via: Via, table: FromClause, columns: Iterable[Any]) -> Select[Any]:
        """The rows that fit, by one condition; for few rows or one reason to see them."""
        build, conditions = self._conditions[via].build, [in_tenant(table)]
        if plan.where != ALL:
            conditions.append(build(plan.where, table))
        if plan.visible.condition != ALL:
            conditions.append(build(plan.visible.condition, table))
        found: Select[Any] = _select(columns).where(*conditions)
        return found

    def _branches(
        self, plan: Plan, via: Via, columns: Callable[[FromClause], Iterable[Any]]
    ) -> list[tuple[Any, Select[Any]]]:
        """For each reason to see records: an alias, and the rows that fit for that reason."""
        found = []
        for branch in plan.visible.branches:
            table = plan.entity.table.alias()
            parts = (branch, plan.visible.common, plan.where)
            conditions = [self._conditions[via].build(p, table) for p in parts if p != ALL]
            found.append((table, _select(columns(table)).where(in_tenant(table), *conditions)))
        return found

    def _within(self, plan: Plan, via: Via, table: FromClause, columns: Iterable[Any]) -> Select[Any]:
        """The rows that fit, where there are several reasons to see them: by id, from all branches."""
        if len(plan.visible.branches) < 2:  # noqa: PLR2004  # nothing to unite
            return self._rows(plan, via, table, columns)
        ids = union_all(*[rows for _, rows in self._branches(plan, via, lambda t: [t.c.id])])
        found: Select[Any] = _select(columns).where(in_tenant(table), table.c.id.in_(ids.subquery().select()))
        return found

    def page(self, plan: Plan, order: Order, at: At, dialect: str) -> Any:
        """One page and a row more, beginning ``at`` the start or after a cursor."""
        via = _via(plan, dialect, page=True)
        if not order.keyset or not plan.visible.branches:
            table = plan.entity.table.alias()
            branches = [(table, self._within(plan, via, table, _columns(table)))]
        else:
            branches = self._branches(plan, via, _columns)
        members = [
            (table, _first(rows.where(*_some(part.condition)).order_by(*part.order_by)))
            for table, rows in branches
            for part in stretches(order, table, at, dialect)
        ]
        if len(members) == 1:
            return members[0][1]
        if order.column.startswith(PREFIX):  # which is no column that is read anyway
            members = [(t, m.add_columns(column_of(t, order.column).label(order.column))) for t, m in members]
        return self._merged(plan, [m for _, m in members], order, overlap=len(branches) > 1)

    def _merged(self, plan: Plan, members: list[Select[Any]], order: Order, *, overlap: bool) -> Select[Any]:
        """The first rows of all members together. Ids and sort keys are united; whole rows compare slowly."""
        keys = dict.fromkeys(["id", order.column])
        inner = [m.with_only_columns(*[m.selected_columns[k] for k in keys]).subquery() for m in members]
        unite = union if overlap else union_all
        found = unite(*[select(*i.c) for i in inner]).subquery()
        first = _first(select(*found.c).order_by(*sort_key(order, found))).subquery()
        table = plan.entity.table.alias()
        rows: Select[Any] = _select(_columns(table)).select_from(first.join(table, table.c.id == first.c.id))
        return rows.where(in_tenant(table)).order_by(*sort_key(order, first))

    def get(self, plan: Plan) -> Select[Any]:
        """One record."""
        table = plan.entity.table.alias()
        rows = self._rows(plan, "row by row", table, _columns(table))
        return rows.where(table.c.id == named(RECORD, table.c.id.type))

    def count(self, plan: Plan, dialect: str) -> Select[Any]:
        """How many records there are."""
        via = _via(plan, dialect)
        if len(plan.visible.branches) > 1:
            ids = union(*[rows for _, rows in self._branches(plan, via, lambda t: [t.c.id])])
            return select(func.count()).select_from(ids.subquery())
        table = plan.entity.table.alias()
        return self._rows(plan, via, table, [func.count()]).select_from(table)

    def tally(self, plan: Plan, groups: Sequence[str], sums: Sequence[str], dialect: str) -> Select[Any]:
        """Counts and sums of the columns ``sums``, by the columns ``groups``."""
        via = _via(plan, dialect)
        table = plan.entity.table.alias()
        keys = [column_of(table, g) for g in groups]
        totals = [func.sum(column_of(table, s)) for s in sums]
        rows = self._within(plan, via, table, [*keys, func.count(ONE), *totals])
        return _first(rows.group_by(*keys).order_by(*keys))

    def median(self, plan: Plan, groups: Sequence[str], of: str, dialect: str) -> Select[Any]:
        """Per group the sum and the number of the middle values: those whose place, twice, lies within n and n + 2."""
        table = plan.entity.table.alias()
        keys, value = [column_of(table, g) for g in groups], column_of(table, of)
        place = func.row_number().over(partition_by=keys, order_by=value).label("place")
        many = func.count(ONE).over(partition_by=keys).label("many")
        labelled = [key.label(name) for key, name in zip(keys, groups, strict=True)]
        rows = self._within(plan, _via(plan, dialect), table, [*labelled, value.label("value"), place, many])
        ranked = rows.where(value.is_not(None)).subquery()
        by = [ranked.c[g] for g in groups]
        twice = ranked.c.place + ranked.c.place
        middle = select(*by, func.sum(ranked.c.value), func.count(ONE)).where(
            twice >= ranked.c.many, twice <= ranked.c.many + _TWO
        )
        # Without groups to make, a select of sums has a row also of nothing.
        return middle.group_by(*by).having(func.count(ONE) > ZERO)


def _via(plan: Plan, dialect: str, *, page: bool = False) -> Via:
    """How the records are found that decide about the visibility of those asked for.

    PostgreSQL's planner chooses by itself. SQLite does as it is told: row by row where the criteria leave few, by one
    value of a reference or, for a page, of anything that is indexed.
    """
    if dialect != "sqlite":
        return "row by row"
    table = plan.entity.table
    few = {"id", *(r.column for r in plan.entity.shape.references)}
    if page:
        keys: list[Any] = [k for k in (*table.indexes, *table.constraints) if isinstance(k, Index | UniqueConstraint)]
        few.update(column.name for key in keys for column in list(key.columns)[1:2])  # the first is the tenant
    return "in sets" if few.isdisjoint(_pinned(plan.where)) else "row by row"


def _pinned(where: Template) -> Iterator[str]:
    """The columns of which all records that fit have one value, or one of a few."""
    match where:
        case ("and", *terms):
            for term in terms:
                yield from _pinned(term)
        case ("cmp", column, "eq", _) | ("in", column, _, _, _):
            yield column
        case _:
            pass


def _select(columns: Iterable[Any]) -> Any:
    """A select of columns whose number is known at run time only, which the types of SQLAlchemy cannot say."""
    return select(*columns)


def _columns(table: FromClause) -> list[Any]:
    return [c for c in table.c if c.name != "tenant_id"]


def _some(condition: Any) -> list[Any]:
    return [] if condition is None else [condition]


def _first(rows: Select[Any]) -> Select[Any]:
    """As many rows as asked for. The offset is said, because on SQLite it would be a parameter without a name."""
    return rows.limit(bindparam(LIMIT, type_=Integer())).offset(ZERO)
