"""Which texts, keys and instants may be stored in this area: attrs validators, and a converter for instants."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError
from crmkit.values.instants import as_instant

__all__ = ["MAX_BODY", "MAX_KEY", "MAX_LINE", "Check", "in_utc", "in_utc_or_none", "instant", "key", "one_of", "text"]

MAX_LINE: Final = 1_000
"""Characters in a summary, subject, label, reason or name."""
MAX_BODY: Final = 200_000
"""Characters in a body or note."""
MAX_KEY: Final = 63
"""Characters in a key."""

Check = Callable[[Any, "Attribute[Any]", Any], None]

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")


def text(limit: int, *, blank: bool = False) -> Check:
    """A validator for texts of at most ``limit`` characters.

    Args:
        limit: the number of characters.
        blank: whether a text may be empty or nothing but space.
    """

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, str):
            raise InvalidValueError(attribute.name, value, "is not a text")
        if len(value) > limit:
            raise LimitExceededError(f"characters in {attribute.name}", limit, got=len(value))
        if not blank and not value.strip():
            raise InvalidValueError(attribute.name, value, "is blank")
        if not value.isascii() or "\0" in value:
            _check_storable(attribute.name, value)

    return check


def _check_storable(field: str, value: str) -> None:
    """PostgreSQL refuses NUL, and neither database can encode half of a surrogate pair.

    Raises:
        InvalidValueError: if ``value`` has one of them.
    """
    if "\0" in value:
        raise InvalidValueError(field, value[:80], "contains a NUL character")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidValueError(field, value[:80], "contains half of a surrogate pair") from None


def key(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for keys: ``noun`` in the core, ``plugin.noun`` in a plugin.

    Raises:
        InvalidKeyError: if the value is no such key.
    """
    if not isinstance(value, str) or len(value) > MAX_KEY or not _KEY.fullmatch(value):
        reason = f"is no key: at most {MAX_KEY} of a-z, 0-9 and _, beginning with a letter, such as 'phone'"
        raise InvalidKeyError(attribute.name, value if isinstance(value, str) else repr(value), reason)


def one_of(allowed: Collection[str]) -> Check:
    """A validator for one word out of a closed list."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed:
            raise InvalidValueError(attribute.name, value, f"is none of: {', '.join(allowed)}")

    return check


def in_utc(value: datetime) -> datetime:
    """A converter: an aware datetime in UTC; anything else as it is, for `instant` to refuse by the field's name."""
    zone = getattr(value, "tzinfo", None)  # callers are not all typed
    return value if zone is None or zone is UTC or value.utcoffset() is None else as_instant(value)


def in_utc_or_none(value: datetime | None) -> datetime | None:
    """A converter: like `in_utc`, and None as it is."""
    return None if value is None else in_utc(value)


def instant(_: object, attribute: Attribute[Any], value: Any) -> None:
    """A validator for instants.

    Raises:
        InvalidValueError: if the value is no datetime.
        NaiveDatetimeError: if it has no time zone.
    """
    as_instant(value, field=attribute.name)
