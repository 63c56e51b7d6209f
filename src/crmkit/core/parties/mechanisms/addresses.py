"""Postal addresses: written out from their parts, and in a form in which spelling and order do not matter."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from crmkit.core.parties.mechanisms.normal import MAX_KEY, Normal
from crmkit.core.parties.text import fold
from crmkit.errors import InvalidMechanismError

__all__ = ["country_code", "normal_address", "written_out"]

_ASCII_WORD: Final = re.compile(r"[0-9a-z]+")


def normal_address(raw: str) -> Normal:
    """The folded words of the address; found by the same words in any order, case, punctuation and line breaks.

    There is no world-wide grammar of addresses, so nothing here is refused but an address without a word.

    Raises:
        InvalidMechanismError: if it has neither a letter nor a digit.
    """
    found = words(raw)
    if not found:
        raise InvalidMechanismError("postal", raw, "has neither a letter nor a digit")
    return Normal(" ".join(found)[:MAX_KEY].rstrip(), " ".join(sorted(set(found)))[:MAX_KEY].rstrip())


def written_out(
    *,
    street: str | None = None,
    locality: str | None = None,
    region: str | None = None,
    postal_code: str | None = None,
    country: str | None = None,
) -> str:
    """The address in lines: street, postal code and locality, region, country."""
    town = " ".join(part for part in (postal_code, locality) if part)
    return "\n".join(part for part in (street, town, region, country) if part)


def country_code(country: str | None) -> str | None:
    """A two-letter code in upper case; a name as it is."""
    return country.strip().upper() if country is not None and len(country.strip()) == 2 else country  # noqa: PLR2004  # ISO 3166-1 alpha-2


def words(text: str) -> list[str]:
    """The folded words of ``text``: runs of letters, marks and digits."""
    folded = fold(text)
    if folded.isascii():
        return _ASCII_WORD.findall(folded)
    return "".join(c if unicodedata.category(c)[0] in "LMN" else " " for c in folded).split()
