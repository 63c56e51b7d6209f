"""Public holidays, by the library `holidays`, which is imported where it is first needed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Final

from crmkit.sdk import InvalidValueError, required_module

__all__ = ["public_holidays"]

LANGUAGE: Final = "en_US"
"""Of the names, where the library has them in it; by itself it would take that of the machine."""


def public_holidays(country: str, subdivision: str | None, years: Iterable[int]) -> dict[date, str]:
    """The public holidays of a country, observed ones included, by day.

    Args:
        country: its code of ISO 3166-1, such as ``NO``.
        subdivision: a part of it, by its code of ISO 3166-2 without the country, such as ``BY``; None for all of it.
        years: which.

    Raises:
        ConfigError: if the extra is not installed; says how to install it.
        InvalidValueError: if the library knows no such country or subdivision.
    """
    library = required_module("holidays", what="public holidays are known", install="crmkit[service_desk]")
    try:
        found = library.country_holidays(country, subdiv=subdivision, years=list(years), language=LANGUAGE)
    except NotImplementedError:  # with which holidays says that it knows no such country or subdivision
        known = library.list_supported_countries(include_aliases=False)
        if country not in known:
            raise InvalidValueError(
                "country", country, "is no country whose holidays are known, such as 'NO'"
            ) from None
        parts = ", ".join(known[country]) or "none"
        raise InvalidValueError("subdivision", subdivision, f"is no part of {country}; there are: {parts}") from None
    return {day: str(name) for day, name in sorted(found.items())}
