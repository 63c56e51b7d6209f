"""Criteria: safe filter expressions over registered fields, which can be stored, sent and explained.

Python writes them with `f`; JSON is their stored form; nothing in them is ever SQL. Their logic has two values: a
comparison with an empty field is false (and ``!=`` is true), so that Python, SQLite and PostgreSQL agree::

    where = (f.stage == "lead") & (f.amount >= Money("1000", "EUR")) & f.party.exists(f.city == "Oslo")
    where = ~f.owner_id.is_empty() | (f.deals.count(f.category == "won") > 2)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Literal
from uuid import UUID

import attrs
from attrs import frozen

from crmkit.errors import CriteriaError, InvalidOperatorError, InvalidValueError, LimitExceededError
from crmkit.values.instants import as_instant, format_instant, parse_instant
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
    "Field",
    "Not",
    "Or",
    "Value",
    "Variable",
    "criteria_from_json",
    "criteria_to_json",
    "f",
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


Value = None | bool | int | str | Decimal | date | datetime | UUID | Money | Variable
_SCALARS = (bool, int, str, Decimal, date, UUID, Money, Variable)


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


@frozen
class And(Criteria):
    """True if every term is; with no terms, always."""

    terms: tuple[Criteria, ...]


@frozen
class Or(Criteria):
    """True if any term is; with no terms, never."""

    terms: tuple[Criteria, ...]


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
        relation: a reference (``party``) or the name of its other end (``deals``).
        where: what the related record must fit; every one does by default.
    """

    relation: str
    where: Criteria = attrs.field(factory=_always)


@frozen
class Aggregate(Criteria):
    """Compares a number over related records.

    Attributes:
        relation: the name of a reference's other end, such as ``deals``.
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


class Field:
    """A field or relation named in Python; comparing it makes a criteria. `f` makes fields.

    A path walks references: ``f.party.city == "Oslo"`` is ``f.party.exists(f.city == "Oslo")``. A field whose name is
    a method here is reached as ``f["count"]``.
    """

    __slots__ = ("_path",)
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # comparing makes a criteria, so a field is no key

    def __init__(self, path: tuple[str, ...]) -> None:
        self._path = path

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((*self._path, name))

    def __getitem__(self, name: str) -> Field:
        return Field((*self._path, name))

    def __repr__(self) -> str:
        return ".".join(("f", *self._path))

    def _walk(self, make: Any) -> Criteria:
        path = self._path
        if path[0] == "custom" and len(path) == 2:  # noqa: PLR2004  # "custom" and the key
            path = (".".join(path),)
        criteria: Criteria = make(path[-1])
        for relation in reversed(path[:-1]):
            criteria = Exists(relation, criteria)
        return criteria

    def _compare(self, op: Operator, value: object) -> Criteria:
        if value is None and op in {"eq", "ne"}:
            return self.is_empty() if op == "eq" else ~self.is_empty()
        return self._walk(lambda name: Compare(name, op, value))

    def __eq__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of a field
        return self._compare("eq", value)

    def __ne__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of a field
        return self._compare("ne", value)

    def __lt__(self, value: object) -> Criteria:
        return self._compare("lt", value)

    def __le__(self, value: object) -> Criteria:
        return self._compare("le", value)

    def __gt__(self, value: object) -> Criteria:
        return self._compare("gt", value)

    def __ge__(self, value: object) -> Criteria:
        return self._compare("ge", value)

    def in_(self, values: Iterable[object] | Variable) -> Criteria:
        """The field is one of ``values``, at most `MAX_LIST` of them."""
        return self._compare("in", values if isinstance(values, Variable) else tuple(values))

    def contains(self, text: str) -> Criteria:
        """The text field contains ``text``, in any case; ``%`` and ``_`` stand for themselves."""
        return self._compare("contains", text)

    def starts_with(self, text: str) -> Criteria:
        """The text field starts with ``text``, in any case."""
        return self._compare("starts_with", text)

    def is_empty(self) -> Criteria:
        """The field has no value."""
        return self._walk(lambda name: Compare(name, "empty", value=True))

    def exists(self, where: Criteria = ALWAYS) -> Criteria:
        """A related record fits ``where``."""
        return self._walk(lambda name: Exists(name, where))

    def count(self, where: Criteria = ALWAYS) -> _Aggregated:
        """How many related records fit ``where``; compare it with a number."""
        return _Aggregated(self, "count", None, where)

    def sum(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The sum of the field ``of`` over related records."""
        return _Aggregated(self, "sum", of, where)

    def min(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The least value of the field ``of`` over related records."""
        return _Aggregated(self, "min", of, where)

    def max(self, of: str, where: Criteria = ALWAYS) -> _Aggregated:
        """The greatest value of the field ``of`` over related records, such as the last instant."""
        return _Aggregated(self, "max", of, where)


class _Aggregated:
    __slots__ = ("_field", "_function", "_of", "_where")
    __hash__ = None  # type: ignore[assignment]  # pyright: ignore[reportAssignmentType]  # comparing makes a criteria

    def __init__(self, field_: Field, function: Function, of: str | None, where: Criteria) -> None:
        self._field, self._of, self._where = field_, of, where
        self._function: Function = function

    def _compare(self, op: Operator, value: object) -> Criteria:
        return self._field._walk(  # noqa: SLF001  # one thing in two classes
            lambda name: Aggregate(name, self._function, self._of, op, value, self._where)
        )

    def __eq__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of an aggregate
        return self._compare("eq", value)

    def __ne__(self, value: object) -> Criteria:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]  # the point of an aggregate
        return self._compare("ne", value)

    def __lt__(self, value: object) -> Criteria:
        return self._compare("lt", value)

    def __le__(self, value: object) -> Criteria:
        return self._compare("le", value)

    def __gt__(self, value: object) -> Criteria:
        return self._compare("gt", value)

    def __ge__(self, value: object) -> Criteria:
        return self._compare("ge", value)


class _Fields:
    """``f.name`` and ``f["name"]`` name a field."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Field:
        if name.startswith("__"):
            raise AttributeError(name)
        return Field((name,))

    def __getitem__(self, name: str) -> Field:
        return Field((name,))


f: Final = _Fields()


# -- JSON -------------------------------------------------------------------------------------------------------------

Json = Any


def _value_to_json(value: object) -> Json:  # noqa: PLR0911  # one line per type
    match value:
        case tuple():
            return [_value_to_json(v) for v in value]
        case datetime():
            return {"instant": format_instant(value)}
        case date():
            return {"date": value.isoformat()}
        case Decimal():
            return {"decimal": str(value)}
        case UUID():
            return {"id": str(value)}
        case Money():
            return {"money": [str(value.amount), value.currency]}
        case Variable():
            return {"variable": value.name}
        case _:
            return value


def _value_from_json(data: Json) -> Any:
    if isinstance(data, list):
        if len(data) > MAX_LIST:
            raise LimitExceededError("values in a list", MAX_LIST, got=len(data))
        return tuple(_scalar_from_json(v) for v in data)
    return _scalar_from_json(data)


def _scalar_from_json(data: Json) -> Any:
    if not isinstance(data, Mapping | list):
        return data
    if isinstance(data, list) or len(data) != 1:
        raise CriteriaError(f"not a value of a criteria: {_shown(data)}")
    ((kind, raw),) = data.items()
    try:
        return _READ[kind](raw)
    except (AttributeError, KeyError, IndexError, TypeError, ValueError, InvalidOperation):
        raise CriteriaError(f"not a value of a criteria: {_shown(data)}") from None


def _shown(data: Json) -> str:
    """The outermost level of ``data``, for errors; what came from outside may be huge or nest without end."""
    if isinstance(data, Mapping):
        return "{" + ", ".join(str(key)[:20] for key in list(data)[:4]) + "}"
    return f"a list of {len(data)}" if isinstance(data, list) else repr(data)[:80]


def _variable(name: str) -> Variable:
    if name not in {"actor", "teams", "subtree"}:
        raise ValueError(name)
    return Variable(name)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # checked in the line above


_READ: Final[dict[str, Any]] = {
    "instant": parse_instant,
    "date": date.fromisoformat,
    "decimal": Decimal,
    "id": UUID,
    "money": lambda raw: Money(*raw),
    "variable": _variable,
}


def criteria_to_json(criteria: Criteria) -> Json:
    """The stored form of ``criteria``: plain lists, objects, texts, numbers and booleans.

    Raises:
        CriteriaError: if it is none.
        LimitExceededError: if it nests deeper than `MAX_DEPTH`.
    """
    return _to_json(criteria, 1)


def _to_json(criteria: Criteria, depth: int) -> Json:
    if depth > MAX_DEPTH:
        raise LimitExceededError("depth of a criteria", MAX_DEPTH)
    match criteria:
        case And(terms):
            return {"and": [_to_json(t, depth + 1) for t in terms]}
        case Or(terms):
            return {"or": [_to_json(t, depth + 1) for t in terms]}
        case Not(term):
            return {"not": _to_json(term, depth + 1)}
        case Compare(name, op, value):
            return {"field": name, "op": op, "value": _value_to_json(value)}
        case Exists(relation, where):
            return {"exists": relation, "where": _to_json(where, depth + 1)}
        case Aggregate(relation, function, of, op, value, where):
            return {
                "aggregate": relation,
                "function": function,
                "of": of,
                "op": op,
                "value": _value_to_json(value),
                "where": _to_json(where, depth + 1),
            }
        case _:
            raise CriteriaError(f"{criteria!r} is not a criteria")


def criteria_from_json(data: Json) -> Criteria:
    """The criteria that `criteria_to_json` gave as ``data``.

    Raises:
        CriteriaError: if ``data`` is no criteria.
        InvalidOperatorError: if it uses an operator that does not exist.
        LimitExceededError: if it nests deeper than `MAX_DEPTH` or has more than `MAX_NODES` parts.
    """
    return _Reader().read(data, 1)


class _Reader:
    def __init__(self) -> None:
        self.nodes = 0

    def read(self, data: Json, depth: int) -> Criteria:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise LimitExceededError("depth of a criteria", MAX_DEPTH)
        if self.nodes > MAX_NODES:
            raise LimitExceededError("parts of a criteria", MAX_NODES)
        if not isinstance(data, Mapping):
            raise CriteriaError(f"not a criteria: {_shown(data)}")
        return self._read(dict(data), depth)

    def _read(self, data: dict[str, Json], depth: int) -> Criteria:
        match data:
            case {"and": list(terms), **rest} if not rest:
                return And(tuple(self.read(t, depth + 1) for t in terms))
            case {"or": list(terms), **rest} if not rest:
                return Or(tuple(self.read(t, depth + 1) for t in terms))
            case {"not": term, **rest} if not rest:
                return Not(self.read(term, depth + 1))
            case {"field": str(name), "op": str(op), "value": value, **rest} if not rest:
                return Compare(name, op, _value_from_json(value))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # checked by Compare
            case {"exists": str(relation), "where": where, **rest} if not rest:
                return Exists(relation, self.read(where, depth + 1))
            case {"aggregate": str(relation), "function": str(fn), "of": of, "op": str(op), "value": value, "where": w}:
                of = None if of is None else str(of)
                value = _value_from_json(value)
                return Aggregate(relation, fn, of, op, value, self.read(w, depth + 1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # checked by Aggregate
            case _:
                raise CriteriaError(f"not a criteria: {_shown(data)}")
