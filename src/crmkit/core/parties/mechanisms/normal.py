"""The one form of a contact mechanism, and the key by which every spelling of it is found."""

from __future__ import annotations

from typing import Final

from attrs import frozen

__all__ = ["MAX_KEY", "Normal"]

MAX_KEY: Final = 512
"""Characters in a search key; longer ones are cut, since they are keys of an index."""


@frozen
class Normal:
    """What a raw contact mechanism comes to.

    Attributes:
        normalised: the one form.
        search_key: equal for all spellings that a person would call the same.
        country: the region of a phone number (ISO 3166-1 alpha-2).
        service: where a handle is one.
    """

    normalised: str
    search_key: str
    country: str | None = None
    service: str | None = None
