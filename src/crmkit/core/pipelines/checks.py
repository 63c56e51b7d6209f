"""Which texts may be stored in this area: attrs validators."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidValueError, LimitExceededError

__all__ = ["MAX_LINE", "MAX_NOTE", "Check", "text"]

MAX_LINE: Final = 1_000
"""Characters in a label, title, reason, source or id of an actor."""
MAX_NOTE: Final = 20_000
"""Characters in a note."""

Check = Callable[[Any, "Attribute[Any]", Any], None]


def text(limit: int = MAX_LINE) -> Check:
    """A validator for texts that are not blank and have at most ``limit`` characters."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if not isinstance(value, str):
            raise InvalidValueError(attribute.name, value, "is not a text")
        if not value.strip():
            raise InvalidValueError(attribute.name, value, "is blank")
        if len(value) > limit:
            raise LimitExceededError(f"characters in {attribute.name}", limit, got=len(value))
        if "\0" in value or not _has_utf8(value):
            raise InvalidValueError(attribute.name, value[:80], "contains a NUL character or half of a surrogate pair")

    return check


def _has_utf8(value: str) -> bool:
    """Whether the text can be stored at all: neither database takes half of a surrogate pair."""
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
