"""Texts, keys, days and instants as the models of this area take them: cleaned by converters, checked by validators.

A converter never raises, since only a validator knows the name of the field that the error should speak of.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from typing import Any, Final

from attrs import Attribute

from crmkit.errors import InvalidKeyError, InvalidValueError, LimitExceededError, NaiveDatetimeError

__all__ = [
    "MAX_KEY",
    "MAX_LINE",
    "MAX_NOTE",
    "Check",
    "cleaned",
    "cleaned_lines",
    "cleaned_or_none",
    "day",
    "fold",
    "in_utc",
    "in_utc_or_none",
    "instant",
    "lines_or_none",
    "one_of",
    "text",
    "valid_key",
]

MAX_KEY: Final = 63
"""Characters in a key."""
MAX_LINE: Final = 200
"""Characters in a name, a label or a value that is looked up."""
MAX_NOTE: Final = 1_000
"""Characters in a reason or other remark."""

Check = Callable[[Any, "Attribute[Any]", Any], None]

_KEY: Final = re.compile(r"[a-z][a-z0-9_]*(?:\.[a-z][a-z0-9_]*)*")
# Both databases take tabs and the like, but no reader expects them in a name; NUL and lone surrogates neither stores.
_UNSTORABLE: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


# -- converters -------------------------------------------------------------------------------------------------------


def cleaned(value: str) -> str:
    """``value`` in Unicode's composed form (NFC), without space around it, each run of space as one space."""
    try:
        return " ".join(unicodedata.normalize("NFC", value).split())
    except TypeError:
        return value


def cleaned_or_none(value: str | None) -> str | None:
    """Like `cleaned`; None for a text with nothing in it."""
    return None if value is None else (cleaned(value) or None)


def cleaned_lines(value: str) -> str:
    """Like `cleaned`, but line by line, and without empty lines."""
    try:
        return "\n".join(line for raw in value.splitlines() if (line := cleaned(raw)))
    except AttributeError:
        return value


def lines_or_none(value: str | None) -> str | None:
    """Like `cleaned_lines`; None for a text with nothing in it."""
    return None if value is None else (cleaned_lines(value) or None)


def in_utc(value: datetime) -> datetime:
    """An aware datetime in UTC; anything else as it is, for the validator to refuse."""
    try:
        return value if value.tzinfo is UTC or value.utcoffset() is None else value.astimezone(UTC)
    except (AttributeError, OverflowError):
        return value


def in_utc_or_none(value: datetime | None) -> datetime | None:
    """Like `in_utc`; None for none."""
    return None if value is None else in_utc(value)


# -- validators -------------------------------------------------------------------------------------------------------


def text(limit: int = MAX_LINE, *, blank: bool = False) -> Check:
    """A validator for texts of at most ``limit`` characters; None passes where that is the default.

    Args:
        limit: the number of characters.
        blank: whether a text may be empty.
    """

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value is None and attribute.default is None:
            return
        if not isinstance(value, str):
            raise InvalidValueError(attribute.name, value, "is not a text")
        if len(value) > limit:
            raise LimitExceededError(f"characters in {attribute.name}", limit, got=len(value))
        if not value and not blank:
            raise InvalidValueError(attribute.name, value, "is blank")
        if _UNSTORABLE.search(value):
            raise InvalidValueError(attribute.name, value, "contains a control character or half of a surrogate pair")

    return check


def valid_key(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for keys: ``noun`` in the core, ``plugin.noun`` in a plugin; None passes where that is the default.

    Raises:
        InvalidKeyError: if the value is no such key.
    """
    if value is None and attribute.default is None:
        return
    if not isinstance(value, str) or len(value) > MAX_KEY or not _KEY.fullmatch(value):
        reason = f"is no key: at most {MAX_KEY} of a-z, 0-9 and _, beginning with a letter, such as 'works_for'"
        raise InvalidKeyError(attribute.name, value, reason)


def one_of(allowed: Collection[str]) -> Check:
    """A validator for one word out of a closed list; None passes where that is the default."""

    def check(_: object, attribute: Attribute[Any], value: object) -> None:
        if value not in allowed and not (value is None and attribute.default is None):
            raise InvalidValueError(attribute.name, value, f"is none of: {', '.join(allowed)}")

    return check


def day(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for calendar dates; None passes where that is the default.

    Raises:
        InvalidValueError: if the value is no date, or a date with a time.
    """
    if value is None and attribute.default is None:
        return
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValueError(attribute.name, value, "is not a date without a time, such as date(2026, 3, 31)")


def instant(_: object, attribute: Attribute[Any], value: object) -> None:
    """A validator for instants; None passes where that is the default.

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


# -- folding ----------------------------------------------------------------------------------------------------------

# Letters that Unicode does not take apart into a plain letter and a mark.
_PLAIN: Final = str.maketrans({
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ħ": "h",
    "ł": "l",
    "ŧ": "t",
    "\N{LATIN SMALL LETTER DOTLESS I}": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ŋ": "n",
})
_ACCENTS: Final = frozenset((*range(10, 36), *range(200, 241)))
"""Combining classes of points and accents. Vowel signs of Indic scripts are marks too, but letters to their readers."""


def fold(value: str) -> str:
    """``value`` as it is compared when looked for: without case, accents, full or half width, and extra space."""
    if value.isascii():
        return " ".join(value.lower().split())
    return _fold_once(_fold_once(value))  # what comes apart at first may be foldable once it is put together again


def _fold_once(value: str) -> str:
    apart = unicodedata.normalize("NFKD", value.casefold())
    bare = "".join(c for c in apart if unicodedata.combining(c) not in _ACCENTS)
    return " ".join(unicodedata.normalize("NFKC", bare.casefold().translate(_PLAIN)).split())
