"""What can be configured about parties."""

from __future__ import annotations

from attrs import field, frozen

from crmkit.core.parties.text import cleaned_or_none, text

__all__ = ["PartySettings"]


@frozen(kw_only=True)
class PartySettings:
    """How parties are read: section ``[parties]``.

    Attributes:
        default_region: where phone numbers in national form are dialled (ISO 3166-1 alpha-2, such as ``NO``); without
            it, only numbers with a country code are understood unless the caller names a region.
    """

    default_region: str | None = field(default=None, converter=cleaned_or_none, validator=text(limit=2))
