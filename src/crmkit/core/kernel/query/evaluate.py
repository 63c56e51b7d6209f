"""Criteria evaluated on records in Python; SQLite, PostgreSQL and this agree on every record.

How they are brought to agree:

- Logic has two values. A comparison with an empty field is false, and so ``ne`` is true.
- Texts are equal and ordered by code points, as in the C collation and SQLite's BINARY.
- ``contains`` and ``starts_with`` disregard the case of A to Z only (`crmkit.core.kernel.query.fields.fold`). More
  than that the two databases cannot do alike without extensions; search, which folds accents, width and all scripts,
  has a table of its own.
- Money is less, greater or equal only within its currency; ``ne`` is true for any other currency.
- A sum over nothing is 0; the least and greatest of nothing are empty.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from crmkit.core.kernel.entities.custom import NO_CUSTOM, PREFIX, CustomShapes, key_of
from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.query.check import Variables
from crmkit.core.kernel.query.fields import criteria_field, fold
from crmkit.core.kernel.query.moments import moment_for
from crmkit.errors import CriteriaError, LimitExceededError
from crmkit.values.criteria import MAX_DEPTH, Aggregate, And, Compare, Criteria, Exists, Not, Or, Relative, Variable
from crmkit.values.money import Money

__all__ = ["Related", "compare", "matches", "value_of"]

Related = Callable[[EntityType[Any], Record, str], tuple[EntityType[Any], Iterable[Record]]]
"""Given an entity, one of its records and a relation: the other entity and the related records that may be seen."""

_COMPARE: Final[dict[str, Callable[[Any, Any], bool]]] = {
    "eq": operator.eq,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
}


def matches(
    criteria: Criteria,
    entity: EntityType[Any],
    record: Record,
    *,
    variables: Variables,
    related: Related | None = None,
    now: datetime | None = None,
    custom: CustomShapes = NO_CUSTOM,
) -> bool:
    """Whether ``record`` fits ``criteria``, which has been checked (`check_criteria`).

    Args:
        criteria: what to fit.
        entity: the record's entity.
        record: any record of it.
        variables: what the criteria's variables stand for.
        related: gives related records; without it relations and aggregates are refused.
        now: the present instant, UTC, from which relative dates are counted.
        custom: the custom fields of the tenant.

    Raises:
        CriteriaError: for a relation where ``related`` is not given, and a relative date where ``now`` is not.
        LimitExceededError: if it nests deeper than 32 levels.
        UnknownFieldError: for a field that the entity does not have.
    """
    return _Evaluation(variables, related, now, custom).fits(criteria, entity, record, 1)


class _Evaluation:
    __slots__ = ("custom", "now", "related", "variables")

    def __init__(
        self, variables: Variables, related: Related | None, now: datetime | None, custom: CustomShapes
    ) -> None:
        self.variables, self.related, self.now, self.custom = variables, related, now, custom

    def fits(self, criteria: Criteria, entity: EntityType[Any], record: Record, depth: int) -> bool:
        if depth > MAX_DEPTH:
            raise LimitExceededError("depth of a criteria", MAX_DEPTH)
        match criteria:
            case Compare():
                return self._compare(criteria, entity, record)
            case And():
                return all(self.fits(t, entity, record, depth + 1) for t in criteria.terms)
            case Or():
                return any(self.fits(t, entity, record, depth + 1) for t in criteria.terms)
            case Not():
                return not self.fits(criteria.term, entity, record, depth + 1)
            case Exists():
                other, found = self._follow(entity, record, criteria.relation)
                return any(self.fits(criteria.where, other, r, depth + 1) for r in found)
            case Aggregate():
                return self._aggregate(criteria, entity, record, depth)
            case _:
                raise CriteriaError(f"{criteria!r} is not a criteria; write one with f, such as f.stage == 'lead'")

    def _compare(self, criteria: Compare, entity: EntityType[Any], record: Record) -> bool:
        field = criteria_field(entity, criteria.field, self.custom)
        found = value_of(record, field)
        if criteria.op == "empty":
            return (found is None) is criteria.value
        if criteria.op == "in":
            wanted = self._value(criteria.value, field)
            return found is not None and any(_equal(found, self._value(v, field)) for v in wanted)
        return compare(found, criteria.op, self._value(criteria.value, field))

    def _value(self, value: Any, field: FieldShape) -> Any:
        if isinstance(value, Relative):
            return moment_for(field, "eq", value).at(self.now)
        return getattr(self.variables, value.name) if isinstance(value, Variable) else value

    def _follow(
        self, entity: EntityType[Any], record: Record, relation: str
    ) -> tuple[EntityType[Any], Iterable[Record]]:
        if self.related is None:
            raise CriteriaError(f"the relation {relation!r} cannot be followed here; only the record's own fields can")
        return self.related(entity, record, relation)

    def _aggregate(self, criteria: Aggregate, entity: EntityType[Any], record: Record, depth: int) -> bool:
        other, found = self._follow(entity, record, criteria.relation)
        fitting = [r for r in found if self.fits(criteria.where, other, r, depth + 1)]
        wanted = criteria.value
        if criteria.field is None:
            return compare(len(fitting), criteria.op, wanted)
        field = criteria_field(other, criteria.field, self.custom)
        wanted = self._value(wanted, field)
        values = [v for r in fitting if (v := value_of(r, field)) is not None]
        if isinstance(wanted, Money):
            values = [v.amount for v in values if v.currency == wanted.currency]
            wanted = wanted.amount
        return compare(_total(criteria.function, values), criteria.op, wanted)


def _total(function: str, values: list[Any]) -> Any:
    if function == "sum":
        return sum(values, Decimal(0))
    if not values:
        return None
    return min(values) if function == "min" else max(values)


def value_of(record: Record, field: FieldShape) -> Any:
    """The value that criteria see; None for a field that this variant of the model does not have."""
    custom = field.name.startswith(PREFIX)
    value = record.custom.get(key_of(field.name)) if custom else getattr(record, field.name, None)
    return value.currency if field.type == "text" and isinstance(value, Money) else value


def _equal(found: Any, wanted: Any) -> bool:
    return bool(found == wanted)


def compare(found: Any, op: str, wanted: Any) -> bool:
    """Whether ``found`` (which may be empty) stands in the relation ``op`` to ``wanted``."""
    if op == "ne":
        return found is None or not _equal(found, wanted)
    if found is None:
        return False
    if op == "contains":
        return wanted in found if isinstance(found, tuple) else fold(wanted) in fold(found)
    if op == "starts_with":
        return fold(found).startswith(fold(wanted))
    if isinstance(wanted, Money):
        same = found.currency == wanted.currency
        return same and _COMPARE[op](found.amount, wanted.amount)
    return _COMPARE[op](found, wanted)
