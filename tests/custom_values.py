"""Values that no custom field takes, each with its error."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from crmkit.errors import InvalidValueError, LimitExceededError, NaiveDatetimeError

NAIVE = datetime(2026, 3, 31)  # noqa: DTZ001  # without a time zone on purpose

REFUSED = [
    ("note", 5, InvalidValueError),
    ("note", "  ", InvalidValueError),
    ("note", "a\0b", InvalidValueError),
    ("note", "a\ud800b", InvalidValueError),
    ("note", "two\nlines", InvalidValueError),
    ("note", "x" * 501, LimitExceededError),
    ("note", b"bytes", InvalidValueError),
    ("story", "x" * 100_001, LimitExceededError),
    ("story", "a\0b", InvalidValueError),
    ("size", "3", InvalidValueError),
    ("size", 3.0, InvalidValueError),
    ("size", True, InvalidValueError),
    ("size", 2**63, InvalidValueError),
    ("size", 10**5000, InvalidValueError),
    ("size", [3], InvalidValueError),
    ("size", {"n": 3}, InvalidValueError),
    ("rate", 1.5, InvalidValueError),
    ("rate", float("nan"), InvalidValueError),
    ("rate", Decimal("NaN"), InvalidValueError),
    ("rate", Decimal("sNaN"), InvalidValueError),
    ("rate", Decimal("Infinity"), InvalidValueError),
    ("rate", Decimal("1e12"), InvalidValueError),
    ("rate", Decimal("1e999999"), InvalidValueError),
    ("rate", Decimal("0.0000001"), InvalidValueError),
    ("rate", "1.5", InvalidValueError),
    ("budget", 5, InvalidValueError),
    ("budget", ("5", "EUR"), InvalidValueError),
    ("since", "2026-03-31", InvalidValueError),
    ("since", NAIVE, InvalidValueError),
    ("seen", date(2026, 3, 31), InvalidValueError),
    ("seen", NAIVE, NaiveDatetimeError),
    ("seen", "2026-03-31T09:00:00Z", InvalidValueError),
    ("vip", 1, InvalidValueError),
    ("vip", "yes", InvalidValueError),
    ("colour", "green", InvalidValueError),
    ("colour", "Red", InvalidValueError),
    ("colour", 5, InvalidValueError),
    ("colour", ["red"], InvalidValueError),
    ("colour", "x" * 100_000, InvalidValueError),
    ("tags", "new", InvalidValueError),
    ("tags", ["new", "green"], InvalidValueError),
    ("tags", ["new", []], InvalidValueError),
    ("tags", {"new": 1}, InvalidValueError),
    ("partner", "0192", InvalidValueError),
    ("partner", 5, InvalidValueError),
    ("site", "javascript://berg.example", InvalidValueError),
    ("site", "https://ida:secret@berg.example", InvalidValueError),
    ("site", "nowhere", InvalidValueError),
    ("site", "https://berg.example/" + "x" * 2_000, (InvalidValueError, LimitExceededError)),
    ("mail", "ida", InvalidValueError),
    ("mail", "ida@", InvalidValueError),
    ("line", "22 33 44 55", InvalidValueError),
    ("line", "+47 1", InvalidValueError),
    ("line", "call me", InvalidValueError),
]
