"""What a criteria is made of: comparisons, relations and aggregates, combined by and, or and not."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

import attrs
from attrs import frozen

from crmkit.errors import CriteriaError, InvalidOperatorError, InvalidValueError, LimitExceededError
from crmkit.values.criteria.relative import Relative
from crmkit.values.instants import as_instant
from crmkit.values.money import Money

__all__ = [
    "ALWAYS",
    "MAX_DEPTH",
    "MAX_LIST",
    "MAX_NODES",
    "NEVER",
    "OPERATORS",
    "Aggregate",
    "And",
    "Compare",
    "Criteria",
    "Exists",
    "Function",
    "Not",
    "Operator",
    "Or",
    "Value",
    "Variable",
]

MAX_DEPTH: Final = 32
"""How deep a criteria may nest."""
MAX_NODES: Final = 1_000
"""How many parts a criteria may have."""
MAX_LIST: Final = 1_000
"""How many values ``in_`` may list."""

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "contains", "starts_with", "empty"]
OPERATORS: Final[frozenset[str]] = frozenset({
    "eq",
    "ne",
    "lt",
    "le",
    "gt",
    "ge",
    "in",
    "contains",
    "starts_with",
    "empty",
})
Function = Literal["count", "sum", "min", "max"]
_FUNCTIONS: Final = frozenset({"count", "sum", "min", "max"})


@frozen
class Variable:
    """A value that is known only when the criteria runs: ``actor`` (its id), ``teams``, ``subtree`` (team keys).

    Attributes:
        name: which one.
    """

    name: Literal["actor", "teams", "subtree"]


Value = None | bool | int | str | Decimal | date | datetime | UUID | Money | Variable | Relative
_SCALARS = (bool, int, str, Decimal, date, UUID, Money, Variable, Relative)


def _check_value(op: str, name: str, value: object) -> Any:
    if op == "in":
        if isinstance(value, Variable):
            return value
        if isinstance(value, str) or not isinstance(value, Iterable):
            raise InvalidOperatorError(op, name, "takes a list of values")
        values = tuple(_check_scalar(op, name, v) for v in value)
        if len(values) > MAX_LIST:
            raise LimitExceededError(f"values in the list for {name!r}", MAX_LIST, got=len(values))
        return values
    if op == "empty":
        if not isinstance(value, bool):
            raise InvalidOperatorError(op, name, "takes True or False")
        return value
    if op in {"contains", "starts_with"} and not isinstance(value, str):
        raise InvalidOperatorError(op, name, "takes a text")
    return _check_scalar(op, name, value)


def _check_scalar(op: str, name: str, value: object) -> Any:
    if isinstance(value, datetime):
        return as_instant(value, field=name)
    if isinstance(value, str) and "\0" in value:
        raise InvalidValueError(name, value, "contains a NUL character")
    if not isinstance(value, _SCALARS):
        raise InvalidOperatorError(op, name, f"cannot take a {type(value).__name__}; compare with is_empty() for none")
    return value


def _always() -> Criteria:
    return ALWAYS


class Criteria:
    """The base of all criteria; ``&``, ``|`` and ``~`` combine them."""

    __slots__ = ()

    def __and__(self, other: Criteria) -> Criteria:
        return And((*_terms(And, self), *_terms(And, other)))

    def __or__(self, other: Criteria) -> Criteria:
        return Or((*_terms(Or, self), *_terms(Or, other)))

    def __invert__(self) -> Criteria:
        return self.term if isinstance(self, Not) else Not(self)

    def __bool__(self) -> bool:
        raise CriteriaError("a criteria has no truth value; combine criteria with &, | and ~ (not and, or, not)")


def _terms(kind: type[And | Or], criteria: Criteria) -> tuple[Criteria, ...]:
    if not isinstance(criteria, Criteria):
        raise CriteriaError(f"{criteria!r} is not a criteria; write one with f, such as f.stage == 'lead'")
    return criteria.terms if isinstance(criteria, kind) else (criteria,)


def _check_number(_: object, __: object, terms: tuple[Criteria, ...]) -> None:
    # Where a criteria as a whole is used, all of its parts are counted; this stops what would take long to make.
    if len(terms) > MAX_NODES:
        raise LimitExceededError("parts of a criteria", MAX_NODES, got=len(terms))


@frozen
class And(Criteria):
    """True if every term is; with no terms, always."""

    terms: tuple[Criteria, ...] = attrs.field(validator=_check_number)


@frozen
class Or(Criteria):
    """True if any term is; with no terms, never."""

    terms: tuple[Criteria, ...] = attrs.field(validator=_check_number)


@frozen
class Not(Criteria):
    """True if the term is not."""

    term: Criteria


@frozen
class Compare(Criteria):
    """Compares one field with a value.

    Attributes:
        field: the field's name; ``custom.size`` for a custom field.
        op: one of `OPERATORS`; ``empty`` takes True or False, ``in`` a tuple.
        value: what to compare with.
    """

    field: str
    op: Operator
    value: Any

    def __attrs_post_init__(self) -> None:
        if self.op not in OPERATORS:
            raise InvalidOperatorError(str(self.op), self.field, f"is none of {', '.join(sorted(OPERATORS))}")
        object.__setattr__(self, "value", _check_value(self.op, self.field, self.value))


@frozen
class Exists(Criteria):
    """True if a related record fits.

    Attributes:
        relation: a reference (``party``) or the name of its other end (``deals``); a custom one (``custom.agent``) or
            its other end (``deal.custom.agent``: the deals whose agent the record is).
        where: what the related record must fit; every one does by default.
    """

    relation: str
    where: Criteria = attrs.field(factory=_always)


@frozen
class Aggregate(Criteria):
    """Compares a number over related records.

    Attributes:
        relation: the name of a reference's other end, such as ``deals`` or ``deal.custom.agent``.
        function: count, sum, min or max.
        field: the related field that is summed or compared; None for count.
        op: eq, ne, lt, le, gt or ge.
        value: what to compare with. Sums of money take Money and count that currency only.
        where: which related records are meant; all by default.
    """

    relation: str
    function: Function
    field: str | None
    op: Operator
    value: Any
    where: Criteria = attrs.field(factory=_always)

    def __attrs_post_init__(self) -> None:
        name = f"{self.relation}.{self.function}"
        if self.function not in _FUNCTIONS or (self.field is None) != (self.function == "count"):
            raise InvalidOperatorError(str(self.function), name, "is count, or sum, min or max of a field")
        if self.op not in {"eq", "ne", "lt", "le", "gt", "ge"}:
            raise InvalidOperatorError(str(self.op), name, "does not fit an aggregate")
        object.__setattr__(self, "value", _check_scalar(self.op, name, self.value))


ALWAYS: Final[Criteria] = And(())
"""Fits every record."""
NEVER: Final[Criteria] = Or(())
"""Fits no record."""
