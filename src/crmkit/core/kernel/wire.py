"""The edges: values in JSON form for jobs, answers kept by ``once``, exports and interfaces. cattrs does the work."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from functools import cache
from types import MappingProxyType
from typing import Any, TypeVar
from uuid import UUID

import cattrs

from crmkit.values.criteria import Criteria, criteria_from_json, criteria_to_json
from crmkit.values.instants import format_instant, parse_instant
from crmkit.values.money import Money

__all__ = ["converter", "from_json", "to_json"]

T = TypeVar("T")


@cache
def converter() -> cattrs.Converter:
    """Knows crmkit's values; instants are RFC 3339 in UTC, ids and decimals texts, money ``[amount, currency]``."""
    made = cattrs.Converter(forbid_extra_keys=True)
    made.register_unstructure_hook(UUID, str)
    made.register_structure_hook(UUID, lambda v, _: v if isinstance(v, UUID) else UUID(v))
    made.register_unstructure_hook(Decimal, str)
    made.register_structure_hook(Decimal, lambda v, _: Decimal(v))
    made.register_unstructure_hook(datetime, format_instant)
    made.register_structure_hook(datetime, lambda v, _: parse_instant(v))
    made.register_unstructure_hook(date, lambda v: format_instant(v) if isinstance(v, datetime) else v.isoformat())
    made.register_structure_hook(date, lambda v, _: date.fromisoformat(v))
    made.register_unstructure_hook(Money, lambda v: [str(v.amount), v.currency])
    made.register_structure_hook(Money, lambda v, _: Money(v[0], v[1]))
    made.register_unstructure_hook(MappingProxyType, dict)
    made.register_unstructure_hook_func(lambda t: isinstance(t, type) and issubclass(t, Criteria), criteria_to_json)
    made.register_structure_hook(Criteria, lambda v, _: criteria_from_json(v))
    return made


def to_json(value: Any) -> Any:
    """``value``, made of attrs classes, crmkit's values and plain data, in JSON form."""
    return converter().unstructure(value)


def from_json(data: Any, of: type[T]) -> T:
    """The value of type ``of`` that `to_json` gave as ``data``."""
    return converter().structure(data, of)
