"""Which keys, texts and instants may be stored in this area: attrs validators."""

from __future__ import annotations

import re
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError
from crmkit.values.instants import as_instant

__all__ = ["MAX_TEXT", "actor_id", "instant", "key", "note", "one_of", "text"]

MAX_TEXT: Final = 1_000
"""Characters in a label, description, reason or id of an actor."""

_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


def key(_: object, attribute: Attribute[Any], value: object) -> None:
    """A key: by it, configuration and the host's directory name a role or team.

    Raises:
        InvalidKeyError: if the value is none.
    """
    if not isinstance(value, str) or _KEY.fullmatch(value) is None:
        reason = "is not a key: a small letter, then small letters, digits and underscores, at most 63 in all"
        raise InvalidKeyError(attribute.name, value, reason)


def note(_: object, attribute: Attribute[Any], value: object) -> None:
    """A text that may be empty.

    Raises:
        InvalidValueError: if the value is no text, or cannot be stored.
        LimitExceededError: if it has more than 1,000 characters.
    """
    if not isinstance(value, str):
        raise InvalidValueError(attribute.name, value, "is not a text")
    if len(value) > MAX_TEXT:
        raise LimitExceededError(f"characters in {attribute.name}", MAX_TEXT, got=len(value))
    if "\0" in value or any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidValueError(attribute.name, value[:80], "contains a NUL character or half of a surrogate pair")


def text(owner: object, attribute: Attribute[Any], value: object) -> None:
    """A text that is not blank.

    Raises:
        InvalidValueError: if the value is none.
    """
    note(owner, attribute, value)
    if not str(value).strip():
        raise InvalidValueError(attribute.name, value, "is blank")


actor_id = text
"""The id of an actor, as the host's directory has it."""


def one_of(*allowed: str) -> Any:
    """A validator for one of a few words."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed:
            raise InvalidValueError(attribute.name, value, f"is none of {', '.join(allowed)}")

    return check


def instant(_: object, attribute: Attribute[Any], value: Any) -> None:
    """An instant in UTC.

    Raises:
        InvalidValueError: if the value is in another time zone.
    """
    if as_instant(value, field=attribute.name) is not value:
        raise InvalidValueError(attribute.name, value, "is not in UTC")
