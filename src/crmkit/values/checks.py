"""Which texts, keys, words, days and instants a record may hold: attrs validators, and converters for instants.

A converter never raises, since only a validator knows the name of the field that the error should speak of. Where a
field is None by default, None passes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError, NaiveDatetimeError

__all__ = ["MAX_KEY", "Check", "day", "in_utc", "in_utc_or_none", "instant", "key", "one_of", "text"]

MAX_KEY: Final = 63
"""Characters in a key."""

Check = Callable[[Any, "Attribute[Any]", Any], None]

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
# PostgreSQL refuses NUL, and neither database can encode half of a surrogate pair.
_UNSTORABLE: Final = re.compile(r"[\x00\ud800-\udfff]")
# Both databases take other control characters, but no reader expects them in a name.
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def text(limit: int, *, blank: bool = False, controls: bool = True) -> Check:
    """A validator for texts of at most ``limit`` characters.

    Args:
        limit: the number of characters.
        blank: whether a text may be empty or nothing but space.
        controls: whether it may have control characters, as a body pasted from elsewhere does.
    """
    unfit = _UNSTORABLE if controls else _CONTROLS
    what = "a NUL character" if controls else "a control character"

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if not isinstance(value, str):
            raise InvalidValueError(attribute.name, value, "is not a text")
        if len(value) > limit:
            raise LimitExceededError(f"characters in {attribute.name}", limit, got=len(value))
        if not blank and not value.strip():
            raise InvalidValueError(attribute.name, value, "is blank")
        if unfit.search(value):
            raise InvalidValueError(attribute.name, value[:80], f"contains {what} or half of a surrogate pair")

    return check


def key(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for keys: ``noun`` in the core, ``plugin.noun`` in a plugin.

    Raises:
        InvalidKeyError: if the value is no such key.
    """
    if value is None and attribute.default is None:
        return
    if not isinstance(value, str) or len(value) > MAX_KEY or not _KEY.fullmatch(value):
        reason = f"is no key: at most {MAX_KEY} of a-z, 0-9 and _, beginning with a letter, such as 'works_for'"
        raise InvalidKeyError(attribute.name, value if isinstance(value, str) else repr(value), reason)


def one_of(allowed: Collection[str]) -> Check:
    """A validator for one word out of a closed list."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed and not (value is None and attribute.default is None):
            raise InvalidValueError(attribute.name, value, f"is none of: {', '.join(allowed)}")

    return check


def day(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for calendar dates.

    Raises:
        InvalidValueError: if the value is no date, or a date with a time.
    """
    if value is None and attribute.default is None:
        return
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValueError(attribute.name, value, "is not a date without a time, such as date(2026, 3, 31)")


def instant(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for instants in UTC, as `in_utc` makes them.

    Raises:
        NaiveDatetimeError: if the value has no time zone.
        InvalidValueError: if it is no datetime, or lies outside of the years 1 to 9999 once in UTC.
    """
    if value is None and attribute.default is None:
        return
    if not isinstance(value, datetime):
        raise InvalidValueError(attribute.name, value, "is not a datetime")
    if value.utcoffset() is None:
        raise NaiveDatetimeError(value, field=attribute.name)
    if value.tzinfo is not UTC:
        raise InvalidValueError(attribute.name, value, "lies outside of the years 1 to 9999 in UTC")


def in_utc(value: datetime) -> datetime:
    """A converter: an aware datetime in UTC; anything else as it is, for `instant` to refuse."""
    try:
        return value if value.tzinfo is UTC or value.utcoffset() is None else value.astimezone(UTC)
    except (AttributeError, OverflowError):
        return value


def in_utc_or_none(value: datetime | None) -> datetime | None:
    """A converter: like `in_utc`, and None as it is."""
    return None if value is None else in_utc(value)
