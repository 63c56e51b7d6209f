"""Templates (see `crmkit.core.kernel.query.check`) as SQL over one alias of an entity's table.

Negation is pushed down to the leaves, where it is null-safe; so every part stands in a positive place, where NULL
counts as false, and indexes stay usable. Every alias of a table gets a tenant predicate of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Literal

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.types import TypeEngine

from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.query.check import ALL, IN_SETS, Template
from crmkit.core.kernel.query.custom import IdText, column_of
from crmkit.core.kernel.query.fields import Registry

__all__ = ["ONE", "TENANT", "ZERO", "Conditions", "in_tenant", "named"]

Condition = ColumnElement[bool]
Via = Literal["row by row", "in sets"]
"""How it is found out whether the record that a row refers to may be seen.

``row by row``: a look-up by its id, which is best where few rows are asked about. ``in sets``: whether it is one of the
visible ones, which are found first; best where the actor sees few records and many rows refer to others.
"""
TENANT: Final = "tenant"
"""The parameter that holds the tenant."""

ONE: Final[Any] = literal_column("1")
ZERO: Final[Any] = literal_column("0")

_COMPARE: Final[dict[str, Callable[[Any, Any], Condition]]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}
_OPPOSITE: Final = {"eq": "ne", "ne": "eq", "lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}


def named(name: str, type_: TypeEngine[Any]) -> Any:
    """The parameter ``name``; there may be several of one name, with the same value."""
    return bindparam(name, type_=type_)


def in_tenant(table: FromClause) -> Condition:
    """The tenant predicate of one alias."""
    column = table.c.tenant_id
    condition: Condition = column == named(TENANT, column.type)
    return condition


class Conditions:
    """Builds conditions from templates.

    Args:
        registry: the entities of the deployment.
        via: how records are looked up that decide about the visibility of others.
    """

    def __init__(self, registry: Registry, via: Via = "row by row") -> None:
        self._registry = registry
        self._via_sets = via == "in sets"
        # What is asked per row already is asked about few rows.
        self._row_by_row = Conditions(registry) if self._via_sets else self
        self._builders: dict[str, Callable[..., Condition]] = {
            "and": self._all,
            "or": self._any,
            "cmp": self._compare,
            "money": self._money,
            "in": self._in,
            "like": self._like,
            "empty": self._empty,
            "exists": self._exists,
            "via": self._via,
            "agg": self._aggregate,
            "granted": self._granted,
        }

    def build(self, template: Template, table: FromClause, *, positive: bool = True) -> Condition:
        """The condition that ``template`` (or its negation) puts on rows of ``table``, an alias."""
        tag = template[0]
        if tag == "not":
            return self.build(template[1], table, positive=not positive)
        return self._builders[tag](template, table, positive=positive)

    def _all(self, template: Template, table: Any, *, positive: bool) -> Condition:
        terms = [self.build(t, table, positive=positive) for t in template[1:]]
        return and_(true(), *terms) if positive else or_(false(), *terms)

    def _any(self, template: Template, table: Any, *, positive: bool) -> Condition:
        terms = [self.build(t, table, positive=positive) for t in template[1:]]
        return or_(false(), *terms) if positive else and_(true(), *terms)

    def _compare(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, column, op, name = template
        target = column_of(table, column)
        return compared(target, op, named(name, target.type), positive=positive, nullable=target.nullable)

    def _money(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, column, currency_column, op, name, currency_name = template
        amount, currency = column_of(table, column), column_of(table, currency_column)
        value, wanted = named(name, amount.type), named(currency_name, currency.type)
        if op == "ne":
            op, positive = "eq", not positive
        if positive:
            return and_(currency == wanted, _COMPARE[op](amount, value))
        return or_empty(amount, or_(currency != wanted, _COMPARE[_OPPOSITE[op]](amount, value)))

    def _in(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, column, prefix, start, count = template
        target = column_of(table, column)
        names = [named(f"{prefix}{i}", target.type) for i in range(start, start + count)]
        return target.in_(names) if positive else or_empty(target, target.not_in(names))

    def _like(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, column, name = template
        target = column_of(table, column)
        like: Condition = func.lower(target).like(named(name, target.type), escape="!")
        return like if positive else or_empty(target, not_(like))

    def _empty(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, column, wanted = template
        target = column_of(table, column)
        condition: Condition = target.is_(None) if wanted is positive else target.is_not(None)
        return condition

    def _exists(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, name, join, *conditions = template
        other = self._registry.entity(name).table.alias()
        if join[1].startswith(PREFIX):
            return self._referred(column_of(table, join[1]), other, conditions, positive=positive)
        if join[-1] == IN_SETS:
            return _among(table, self._named(other, join, conditions), positive=positive)
        found = exists(self._related(ONE, other, join, conditions, table))
        return found if positive else not_(found)

    def _referred(self, target: Any, other: FromClause, conditions: list[Template], *, positive: bool) -> Condition:
        """That a custom reference names one of the rows of ``other`` that fit, which are found first."""
        ids = select(IdText(other.c.id)).where(
            in_tenant(other), *[self._row_by_row.build(c, other) for c in conditions]
        )
        return target.in_(ids) if positive else or_empty(target, target.not_in(ids))

    def _aggregate(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, name, join, (function, column, op, value_name, currency), *conditions = template
        other = self._registry.entity(name).table.alias()
        target = column_of(other, "id" if column is None else column)
        what = {"count": func.count(), "sum": func.sum(target), "min": func.min(target), "max": func.max(target)}
        number: Any = func.coalesce(what[function], ZERO) if function == "sum" else what[function]
        value = named(value_name, Integer() if column is None else target.type)
        in_currency: list[Condition] = []
        if currency is not None:
            currency_column = column_of(other, currency[0])
            in_currency = [currency_column == named(currency[1], currency_column.type)]
        nullable = function in {"min", "max"}
        if join[-1] == IN_SETS:
            ids = self._named(other, join, conditions).where(*in_currency)
            return _totalled(table, ids, number, op, value, positive=positive, nullable=nullable)
        rows = self._related(number, other, join, conditions, table).where(*in_currency)
        return compared(rows.scalar_subquery(), op, value, positive=positive, nullable=nullable)

    def _related(
        self, what: Any, other: FromClause, join: Template, conditions: list[Template], table: Any
    ) -> Select[Any]:
        """Selects ``what`` of the rows of ``other`` that ``join`` relates to ``table`` and that fit ``conditions``."""
        theirs, ours, *named_entity = join
        same = table.c[ours] if theirs in other.c else IdText(table.c[ours])
        rows = select(what).select_from(other).where(in_tenant(other), column_of(other, theirs) == same)
        if named_entity:
            column = other.c[named_entity[0]]
            rows = rows.where(column == named(named_entity[1], column.type))
        return rows.where(*[self._row_by_row.build(c, other) for c in conditions]).correlate_except(other)

    def _named(self, other: FromClause, join: Template, conditions: list[Template]) -> Select[Any]:
        """The ids, in the form of custom references, that rows of ``other`` name which fit."""
        value = column_of(other, join[0])
        fitting = [self._row_by_row.build(c, other) for c in conditions]
        return select(value).where(in_tenant(other), value.is_not(None), *fitting)

    def _via(self, template: Template, table: Any, *, positive: bool) -> Condition:
        """That the record in a column may be seen, for one of several reasons."""
        _, name, column, reasons, common = template
        if not self._via_sets:
            return self._exists(("exists", name, ("id", column), ("or", *reasons), common), table, positive=positive)
        entity = self._registry.entity(name).table
        sets = [self._visible(entity.alias(), reason, common) for reason in reasons]
        target = column_of(table, column)
        if not sets:
            return or_(false()) if positive else and_(true())
        found: Condition = target.in_(sets[0] if len(sets) == 1 else union_all(*sets))
        return found if positive else or_empty(target, not_(found))

    def _visible(self, table: FromClause, *templates: Template) -> Select[Any]:
        """The ids of the rows of ``table`` that fit."""
        fitting = [self.build(t, table) for t in templates if t != ALL]
        return select(table.c.id).where(in_tenant(table), *fitting)

    def _granted(self, template: Template, table: Any, *, positive: bool) -> Condition:
        _, entity, permission, kind, grantees = template
        grant = self._registry.entity("grant").table.alias()
        ids = select(grant.c.subject_id).where(
            in_tenant(grant),
            grant.c.subject == named(entity, grant.c.subject.type),
            grant.c.permission == named(permission, grant.c.permission.type),
            grant.c.grantee_kind == named(kind, grant.c.grantee_kind.type),
            self.build(grantees, grant),
        )
        shared: Condition = table.c.id.in_(ids)
        return shared if positive else not_(shared)


def _among(table: FromClause, ids: Select[Any], *, positive: bool) -> Condition:
    """That the record is one of ``ids``, which are in the form of custom references and never empty."""
    own: Any = IdText(table.c.id)
    found: Condition = own.in_(ids) if positive else own.not_in(ids)
    return found


def _totalled(  # the parts of an aggregate
    table: FromClause, ids: Select[Any], number: Any, op: str, value: Any, *, positive: bool, nullable: bool
) -> Condition:
    """That ``number``, over those of ``ids`` that are the record's, compares so.

    Over none of them a count or sum is 0; the least and greatest, which are asked for equality only, are empty.
    """
    by_id = ids.group_by(*ids.selected_columns)
    if nullable:
        return _among(table, by_id.having(number == value), positive=(op == "eq") is positive)
    compare = _COMPARE[op if positive else _OPPOSITE[op]]
    none = and_(_among(table, ids, positive=False), compare(ZERO, value))
    return or_(_among(table, by_id.having(compare(number, value)), positive=True), none)


def or_empty(column: Any, condition: Condition) -> Condition:
    """``condition``, or the column is empty; just ``condition`` where it cannot be."""
    return or_(condition, column.is_(None)) if column.nullable else condition


def compared(target: Any, op: str, value: Any, *, positive: bool, nullable: bool) -> Condition:
    """``target op value`` or its negation, with empty counting as different from everything."""
    condition = _COMPARE[op if positive else _OPPOSITE[op]](target, value)
    # An empty target fits ``ne``, and the negation of everything else.
    return or_(condition, target.is_(None)) if nullable and (op == "ne") is positive else condition
