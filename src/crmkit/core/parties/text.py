"""Texts as the models of this area take them: cleaned by converters, which never raise, then checked; and folded."""

from __future__ import annotations

import unicodedata
from typing import Final

from crmkit.values import checks
from crmkit.values.checks import Check

__all__ = [
    "MAX_LINE",
    "MAX_NOTE",
    "cleaned",
    "cleaned_lines",
    "cleaned_or_none",
    "fold",
    "lines_or_none",
    "text",
]

MAX_LINE: Final = 200
"""Characters in a name, a label or a value that is looked up."""
MAX_NOTE: Final = 1_000
"""Characters in a reason or other remark."""

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


# -- validators -------------------------------------------------------------------------------------------------------


def text(limit: int = MAX_LINE, *, blank: bool = False) -> Check:
    """A validator for texts of at most ``limit`` characters, without control characters; see `crmkit.values.checks`."""
    return checks.text(limit, blank=blank, controls=False)


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
