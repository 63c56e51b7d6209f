"""Criteria as JSON, the form in which they are stored and sent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final
from uuid import UUID

from crmkit.errors import CriteriaError, LimitExceededError
from crmkit.values.criteria.model import (
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    Aggregate,
    And,
    Compare,
    Criteria,
    Exists,
    Not,
    Or,
    Variable,
)
from crmkit.values.criteria.relative import Relative, read_relative
from crmkit.values.instants import format_instant, parse_instant
from crmkit.values.money import Money

__all__ = ["criteria_from_json", "criteria_to_json"]

Json = Any


def _value_to_json(value: object) -> Json:
    if isinstance(value, tuple):
        return [_value_to_json(v) for v in value]
    for kind, write in _WRITE.items():
        if isinstance(value, kind):
            return write(value)
    return value


_WRITE: Final[dict[type, Callable[[Any], Json]]] = {
    datetime: lambda value: {"instant": format_instant(value)},  # before date, which it is, too
    date: lambda value: {"date": value.isoformat()},
    Decimal: lambda value: {"decimal": str(value)},
    UUID: lambda value: {"id": str(value)},
    Money: lambda value: {"money": [str(value.amount), value.currency]},
    Variable: lambda value: {"variable": value.name},
    Relative: lambda value: {"relative": value.to_json()},
}


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
    if kind == "relative":
        return read_relative(raw)  # its errors name what is wrong
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
