"""What can be configured about search."""

from __future__ import annotations

from attrs import frozen

__all__ = ["SearchSettings"]


@frozen(kw_only=True)
class SearchSettings:
    """How records are searched: section ``[search]``.

    Attributes:
        enabled: whether texts of records are kept for search. Without, nothing is found; after it is switched on
            again, ``crmkit search rebuild`` catches up.
    """

    enabled: bool = True
