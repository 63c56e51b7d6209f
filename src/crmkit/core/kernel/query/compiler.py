"""The query compiler: every list, count and sum goes through it, which adds tenant predicates and permission filters.

SQL is built once per structure (see `crmkit.core.kernel.query.check`) and kept; a call then only takes criteria
apart, finds the statement and collects parameters. A page for an actor who sees only some records is a UNION of one
branch per reason to see them (own, each team, shared), each cut to the page's length by its own index.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from attrs import field, frozen
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

from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.access.visibility import Visibility, visibility_of
from crmkit.core.kernel.entities.columns import Integer, codec_of
from crmkit.core.kernel.entities.entity import EntityType, FieldShape, Record
from crmkit.core.kernel.query.check import ALL, Asking, Params, Template, in_list, resolve
from crmkit.core.kernel.query.fields import Registry, criteria_field, root_name
from crmkit.core.kernel.query.pages import At, Order, cursor_of, order_of, read_cursor, sort_key, stretches
from crmkit.core.kernel.query.sql import ONE, TENANT, ZERO, Conditions, Via, in_tenant
from crmkit.core.kernel.storage.statements import Statement
from crmkit.errors import FieldForbiddenError, InvalidOperatorError, LimitExceededError
from crmkit.values.criteria import ALWAYS, Criteria
from crmkit.values.page import Cursor, Page

__all__ = ["MAX_GROUPS", "MAX_LIMIT", "Compiler", "MedianQuery", "PageQuery", "Query", "Tally", "TallyQuery"]

M = TypeVar("M", bound=Record)

MAX_LIMIT: Final = 1_000
"""How many records a page may have, and how many groups a tally that asks for no number."""
MAX_GROUPS: Final = 100_000
"""How many groups a tally may be asked for."""
_TWO: Final[Any] = literal_column("2")
_MAX_STATEMENTS: Final = 2_000
_LIMIT: Final = "limit_rows"


@frozen
class Query:
    """A statement and its parameters, for ``db.rows``.

    Attributes:
        statement: shared by all queries of the same structure.
        params: Python values by name.
    """

    statement: Statement
    params: Mapping[str, Any]


@frozen
class PageQuery(Query, Generic[M]):
    """Selects the columns of `RowCodec.columns` of one page, and one row more to know whether another page follows."""

    entity: EntityType[M]
    order: Order
    limit: int

    def page(self, records: Sequence[M]) -> Page[M]:
        """The page that the loaded rows make."""
        items = tuple(records[: self.limit])
        more = len(records) > self.limit
        return Page(items, cursor_of(self.entity, self.order, items[-1]) if more else None)


@frozen(kw_only=True)
class Tally:
    """One group of records.

    Attributes:
        key: the values of the fields grouped by.
        count: how many records.
        sums: by field, 0 where every value is empty; sums of money are amounts in the currency of the key.
        medians: by field, of an even number of values the mean of the middle two; absent where every value is empty.
    """

    key: tuple[Any, ...]
    count: int
    sums: Mapping[str, Decimal] = field(factory=dict)
    medians: Mapping[str, Decimal] = field(factory=dict)


@frozen
class TallyQuery(Query):
    """Counts and sums by groups."""

    keys: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    sums: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    limit: int

    def groups(self, rows: Sequence[Sequence[Any]]) -> list[Tally]:
        """The groups that the driver's rows stand for.

        Raises:
            LimitExceededError: if there are more groups than were asked for; a part of them would be a wrong answer.
        """
        if len(rows) > self.limit:
            raise LimitExceededError("groups in a tally", self.limit)
        return [self.read(row) for row in rows]

    def read(self, row: Sequence[Any]) -> Tally:
        """The group that a driver's row stands for."""
        width = len(self.keys)
        key = tuple(_read(convert, raw) for (_, convert), raw in zip(self.keys, row, strict=False))
        sums = {
            name: Decimal(0) if raw is None else Decimal(_read(convert, raw))
            for (name, convert), raw in zip(self.sums, row[width + 1 :], strict=True)
        }
        return Tally(key=key, count=row[width], sums=sums)


@frozen
class MedianQuery(Query):
    """Medians of one field by groups."""

    keys: tuple[tuple[str, Callable[[Any], Any] | None], ...]
    convert: Callable[[Any], Any] | None

    def read(self, row: Sequence[Any]) -> tuple[tuple[Any, ...], Decimal]:
        """The group that a driver's row stands for, and its median: the sum of the middle values by their number."""
        key = tuple(_read(convert, raw) for (_, convert), raw in zip(self.keys, row, strict=False))
        return key, Decimal(_read(self.convert, row[-2])) / row[-1]


def _read(convert: Callable[[Any], Any] | None, raw: Any) -> Any:
    return raw if raw is None or convert is None else convert(raw)


@frozen
class _Plan:
    """What a query asks, taken apart."""

    entity: EntityType[Any]
    where: Template
    visible: Visibility
    params: Params


class Compiler:
    """Compiles queries of one deployment; may be shared by threads.

    Args:
        registry: the entities of the deployment.
    """

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._conditions: dict[Via, Conditions] = {
            "row by row": Conditions(registry),
            "in sets": Conditions(registry, "in sets"),
        }
        self._statements: dict[Template, Statement] = {}

    # -- queries ------------------------------------------------------------------------------------------------------

    def page(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        order: str | None = None,
        limit: int = 50,
        after: Cursor | None = None,
        dialect: str,
        permission: str | None = None,
    ) -> PageQuery[M]:
        """One page of the records that the actor may see.

        Args:
            rights: the actor's.
            tenant: the tenant.
            what: an entity, its model or a variant of it.
            where: which of them.
            order: a field, ``-`` in front for descending; the entity's first order by default.
            limit: how many, 1 to 1,000.
            after: the cursor of the page before; for the entity's own orders and ``id`` only.
            dialect: ``sqlite`` or ``postgresql``.
            permission: which right makes a record visible; that to read by default.

        Raises:
            CriteriaError: if ``where`` or ``order`` does not fit the entity; see `check_criteria`.
            FieldForbiddenError: if either looks at a field that the actor may not see.
            InvalidCursorError: if ``after`` was not handed out by this query.
            LimitExceededError: if ``limit`` is out of range.
        """
        if not 1 <= limit <= MAX_LIMIT:
            raise LimitExceededError("records in a page", MAX_LIMIT, got=limit)
        plan = self._plan(rights, tenant, what, where, permission)
        by = order_of(plan.entity, order)
        self._check_readable(rights, plan.entity, by.field)
        at: At = "start"
        if after is not None:
            at, position = read_cursor(plan.entity, by, after)
            plan.params.update(position)
        plan.params[_LIMIT] = limit + 1
        key = ("page", plan.entity.name, by.text, at, dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._page(plan, by, at, dialect))
        return PageQuery(statement, plan.params, plan.entity, by, limit)

    def get(
        self, rights: Rights, tenant: str, what: EntityType[M] | type[M], id: UUID, *, permission: str | None = None
    ) -> Query:
        """The columns of one record, if the actor may see it."""
        plan = self._plan(rights, tenant, what, ALWAYS, permission)
        plan.params["record"] = id
        key = ("get", plan.entity.name, plan.where, plan.visible.template)

        def build() -> Select[Any]:
            table = plan.entity.table.alias()
            rows = self._rows(plan, "row by row", table, _columns(table))
            return rows.where(table.c.id == bindparam("record", type_=table.c.id.type))

        return Query(self._statement(key, build), plan.params)

    def count(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        dialect: str,
        permission: str | None = None,
    ) -> Query:
        """How many records the actor may see; one row of one number. Raises what `page` does."""
        plan = self._plan(rights, tenant, what, where, permission)
        key = ("count", plan.entity.name, dialect, plan.where, plan.visible.template)
        return Query(self._statement(key, lambda: self._count(plan, _via(plan, dialect))), plan.params)

    def tally(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        by: Sequence[str],
        *,
        sums: Sequence[str] = (),
        where: Criteria = ALWAYS,
        limit: int = MAX_LIMIT,
        dialect: str,
        permission: str | None = None,
    ) -> TallyQuery:
        """Counts and sums of the records that the actor may see, by groups.

        Args:
            rights: the actor's.
            tenant: the tenant.
            what: an entity, its model or a variant of it.
            by: fields to group by; the currency of the money field ``amount`` is ``amount_currency``.
            sums: fields to sum; money needs its currency among ``by``.
            where: which records.
            limit: how many groups at most, 1 to 100,000; more are an error.
            dialect: ``sqlite`` or ``postgresql``.
            permission: which right makes a record visible; that to read by default.

        Raises:
            CriteriaError: if a field or ``where`` does not fit the entity.
            FieldForbiddenError: if it looks at a field that the actor may not see.
            LimitExceededError: if ``limit`` is out of range.
        """
        if not 1 <= limit <= MAX_GROUPS:
            raise LimitExceededError("groups in a tally", MAX_GROUPS, got=limit)
        plan = self._plan(rights, tenant, what, where, permission)
        groups, totals = [[criteria_field(plan.entity, n) for n in names] for names in (by, sums)]
        for shape in (*groups, *totals):
            self._check_readable(rights, plan.entity, shape)
        _check_tally(groups, totals)
        names = (tuple(g.columns[0] for g in groups), tuple(t.columns[0] for t in totals))
        plan.params[_LIMIT] = limit + 1
        key = ("tally", plan.entity.name, names, dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._tally(plan, _via(plan, dialect), *names))
        readers = [[(c, codec_of(plan.entity.table.c[c].type, dialect).from_driver) for c in cs] for cs in names]
        return TallyQuery(statement, plan.params, tuple(readers[0]), tuple(readers[1]), limit)

    def median(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[M] | type[M],
        of: str,
        by: Sequence[str],
        *,
        where: Criteria = ALWAYS,
        dialect: str,
    ) -> MedianQuery:
        """Medians of the number field ``of``, over the records that the actor may see, by groups; see `tally`.

        Raises:
            CriteriaError: if a field or ``where`` does not fit the entity.
            InvalidOperatorError: if the values of ``of`` have no median.
            FieldForbiddenError: if it looks at a field that the actor may not see.
        """
        plan = self._plan(rights, tenant, what, where, None)
        groups, value = [criteria_field(plan.entity, n) for n in by], criteria_field(plan.entity, of)
        for shape in (*groups, value):
            self._check_readable(rights, plan.entity, shape)
        if value.type not in {"integer", "decimal"}:
            raise InvalidOperatorError("median", value.name, f"a field of type {value.type} has no median")
        _check_tally(groups, [])
        names = tuple(g.columns[0] for g in groups)
        key = ("median", plan.entity.name, names, of, dialect, plan.where, plan.visible.template)
        statement = self._statement(key, lambda: self._median(plan, _via(plan, dialect), names, value.columns[0]))
        columns = plan.entity.table.c
        keys = tuple((n, codec_of(columns[n].type, dialect).from_driver) for n in names)
        return MedianQuery(statement, plan.params, keys, codec_of(columns[value.columns[0]].type, dialect).from_driver)

    # -- taking apart -------------------------------------------------------------------------------------------------

    def _plan(
        self,
        rights: Rights,
        tenant: str,
        what: EntityType[Any] | type[Any],
        where: Criteria,
        permission: str | None = None,
    ) -> _Plan:
        entity = what if isinstance(what, EntityType) else self._registry.by_model(what)
        visible = self._visible(rights, entity, permission)
        params: Params = {}
        others: Params = {}

        def related(other: EntityType[Any]) -> Template:
            seen = self._visible(rights, other, None)
            others.update(seen.params)
            return seen.condition

        asking = Asking(self._registry, rights, "w", related)
        template = ALL if where is ALWAYS else resolve(where, entity, asking, params)
        template = _of_variant(entity, what, template, params)
        return _Plan(entity, template, visible, {TENANT: tenant, **visible.params, **others, **params})

    def _visible(self, rights: Rights, entity: EntityType[Any], permission: str | None) -> Visibility:
        key = ("visibility", permission, entity.name)
        found: Visibility | None = rights.cache.get(key)
        if found is None:
            wanted = permission or f"{root_name(self._registry, entity)}.read"
            found = rights.cache[key] = visibility_of(rights, wanted, entity, self._registry)
        return found

    def _check_readable(self, rights: Rights, entity: EntityType[Any], shape: FieldShape) -> None:
        permission = f"{root_name(self._registry, entity)}.read"
        if shape.name in rights.hidden_fields(permission, entity):
            raise FieldForbiddenError(permission, rights.actor, entity=entity.name, field=shape.name)

    def _statement(self, key: Template, build: Callable[[], Any]) -> Statement:
        found = self._statements.get(key)
        if found is None:
            if len(self._statements) >= _MAX_STATEMENTS:
                self._statements.clear()  # rather than to grow for ever on criteria that never come again
            found = self._statements[key] = Statement(build())
        return found

    # -- building SQL -------------------------------------------------------------------------------------------------

    def _rows(self, plan: _Plan, via: Via, table: FromClause, columns: Iterable[Any]) -> Select[Any]:
        """The rows that fit, by one condition; for few rows or one reason to see them."""
        build, conditions = self._conditions[via].build, [in_tenant(table)]
        if plan.where != ALL:
            conditions.append(build(plan.where, table))
        if plan.visible.condition != ALL:
            conditions.append(build(plan.visible.condition, table))
        found: Select[Any] = _select(columns).where(*conditions)
        return found

    def _branches(
        self, plan: _Plan, via: Via, columns: Callable[[FromClause], Iterable[Any]]
    ) -> list[tuple[Any, Select[Any]]]:
        """For each reason to see records: an alias, and the rows that fit for that reason."""
        found = []
        for branch in plan.visible.branches:
            table = plan.entity.table.alias()
            parts = (branch, plan.visible.common, plan.where)
            conditions = [self._conditions[via].build(p, table) for p in parts if p != ALL]
            found.append((table, _select(columns(table)).where(in_tenant(table), *conditions)))
        return found

    def _within(self, plan: _Plan, via: Via, table: FromClause, columns: Iterable[Any]) -> Select[Any]:
        """The rows that fit, where there are several reasons to see them: by id, from all branches."""
        if len(plan.visible.branches) < 2:  # noqa: PLR2004  # nothing to unite
            return self._rows(plan, via, table, columns)
        ids = union_all(*[rows for _, rows in self._branches(plan, via, lambda t: [t.c.id])])
        found: Select[Any] = _select(columns).where(in_tenant(table), table.c.id.in_(ids.subquery().select()))
        return found

    def _page(self, plan: _Plan, order: Order, at: At, dialect: str) -> Any:
        via = _via(plan, dialect, page=True)
        if not order.keyset or not plan.visible.branches:
            table = plan.entity.table.alias()
            branches = [(table, self._within(plan, via, table, _columns(table)))]
        else:
            branches = self._branches(plan, via, _columns)
        members = [
            _first(rows.where(*_some(part.condition)).order_by(*part.order_by))
            for table, rows in branches
            for part in stretches(order, table, at, dialect)
        ]
        return members[0] if len(members) == 1 else self._merged(plan, members, order, overlap=len(branches) > 1)

    def _merged(self, plan: _Plan, members: list[Select[Any]], order: Order, *, overlap: bool) -> Select[Any]:
        """The first rows of all members together. Ids and sort keys are united; whole rows compare slowly."""
        keys = dict.fromkeys(["id", order.column])
        inner = [m.with_only_columns(*[m.selected_columns[k] for k in keys]).subquery() for m in members]
        unite = union if overlap else union_all
        found = unite(*[select(*i.c) for i in inner]).subquery()
        first = _first(select(*found.c).order_by(*sort_key(order, found))).subquery()
        table = plan.entity.table.alias()
        rows: Select[Any] = _select(_columns(table)).select_from(first.join(table, table.c.id == first.c.id))
        return rows.where(in_tenant(table)).order_by(*sort_key(order, first))

    def _count(self, plan: _Plan, via: Via) -> Select[Any]:
        if len(plan.visible.branches) > 1:
            ids = union(*[rows for _, rows in self._branches(plan, via, lambda t: [t.c.id])])
            return select(func.count()).select_from(ids.subquery())
        table = plan.entity.table.alias()
        return self._rows(plan, via, table, [func.count()]).select_from(table)

    def _tally(self, plan: _Plan, via: Via, groups: Sequence[str], sums: Sequence[str]) -> Select[Any]:
        table = plan.entity.table.alias()
        keys = [table.c[g] for g in groups]
        rows = self._within(plan, via, table, [*keys, func.count(ONE), *[func.sum(table.c[s]) for s in sums]])
        return _first(rows.group_by(*keys).order_by(*keys))

    def _median(self, plan: _Plan, via: Via, groups: Sequence[str], of: str) -> Select[Any]:
        """Per group the sum and the number of the middle values: those whose place, twice, lies within n and n + 2."""
        table = plan.entity.table.alias()
        keys, value = [table.c[g] for g in groups], table.c[of]
        place = func.row_number().over(partition_by=keys, order_by=value).label("place")
        many = func.count(ONE).over(partition_by=keys).label("many")
        rows = self._within(plan, via, table, [*keys, value.label("value"), place, many])
        ranked = rows.where(value.is_not(None)).subquery()
        by = [ranked.c[g] for g in groups]
        twice = ranked.c.place + ranked.c.place
        middle = select(*by, func.sum(ranked.c.value), func.count(ONE)).where(
            twice >= ranked.c.many, twice <= ranked.c.many + _TWO
        )
        # Without groups to make, a select of sums has a row also of nothing.
        return middle.group_by(*by).having(func.count(ONE) > ZERO)


def _via(plan: _Plan, dialect: str, *, page: bool = False) -> Via:
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
    return rows.limit(bindparam(_LIMIT, type_=Integer())).offset(ZERO)


def _of_variant(entity: EntityType[Any], what: Any, template: Template, params: Params) -> Template:
    """``template``, and that a record is of the variant asked for."""
    if not entity.variants or entity.discriminator is None or what is entity or what is entity.model:
        return template
    kinds = [kind for kind, model in entity.variants.items() if issubclass(model, what)]
    return ("and", in_list(entity.discriminator, kinds, "v", params), template)


def _check_tally(groups: list[FieldShape], totals: list[FieldShape]) -> None:
    currencies = {g.columns[0] for g in groups}
    for shape in groups:
        if shape.type in {"json", "money"}:
            raise InvalidOperatorError("by", shape.name, f"a field of type {shape.type} makes no groups")
    for shape in totals:
        if shape.type not in {"integer", "decimal", "money"}:
            raise InvalidOperatorError("sum", shape.name, f"a field of type {shape.type} has no sum")
        if shape.type == "money" and shape.columns[1] not in currencies:
            raise InvalidOperatorError("sum", shape.name, f"money is summed per currency; add {shape.columns[1]!r}")
