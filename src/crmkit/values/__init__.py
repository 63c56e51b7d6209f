"""Frozen values that know no database: ids, money, instants, pages, changes, criteria, events."""

from __future__ import annotations

from crmkit.values.business_time import BusinessCalendar, Hours
from crmkit.values.change import Change, Operation
from crmkit.values.clock import Clock, FixedClock, SystemClock
from crmkit.values.criteria import (
    Criteria,
    Relative,
    Variable,
    ago,
    ahead,
    criteria_from_json,
    criteria_to_json,
    f,
    now,
    start_of,
    today,
)
from crmkit.values.event import Event, Origin
from crmkit.values.ids import new_id
from crmkit.values.instants import as_instant, format_instant, parse_instant
from crmkit.values.money import Money
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = [
    "BusinessCalendar",
    "Change",
    "Clock",
    "Criteria",
    "Cursor",
    "Event",
    "FixedClock",
    "Hours",
    "Money",
    "Operation",
    "Origin",
    "Page",
    "Ref",
    "Relative",
    "SystemClock",
    "Variable",
    "ago",
    "ahead",
    "as_instant",
    "criteria_from_json",
    "criteria_to_json",
    "f",
    "format_instant",
    "new_id",
    "now",
    "parse_instant",
    "start_of",
    "today",
]
