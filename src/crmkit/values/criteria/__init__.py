"""Criteria: safe filter expressions over registered fields, which can be stored, sent and explained.

Python writes them with `f`; JSON is their stored form; nothing in them is ever SQL. Their logic has two values: a
comparison with an empty field is false (and ``!=`` is true), so that Python, SQLite and PostgreSQL agree::

    where = (f.stage == "lead") & (f.amount >= Money("1000", "EUR")) & f.party.exists(f.city == "Oslo")
    where = ~f.owner_id.is_empty() | (f.deals.count(f.category == "won") > 2)
    where = ~f.interactions.exists(f.occurred_at >= ago(days=30))
"""

from crmkit.values.criteria.fields import Field, f
from crmkit.values.criteria.model import (
    ALWAYS,
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    NEVER,
    OPERATORS,
    Aggregate,
    And,
    Compare,
    Criteria,
    Exists,
    Not,
    Or,
    Value,
    Variable,
)
from crmkit.values.criteria.relative import Relative, ago, ahead, now, start_of, today
from crmkit.values.criteria.wire import criteria_from_json, criteria_to_json

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
    "Relative",
    "Value",
    "Variable",
    "ago",
    "ahead",
    "criteria_from_json",
    "criteria_to_json",
    "f",
    "now",
    "start_of",
    "today",
]
