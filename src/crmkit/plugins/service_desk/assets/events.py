"""What happened to assets."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["AssetAdded", "AssetRetired", "TermAdded", "TermEndAnnounced"]


@frozen(kw_only=True)
class AssetAdded(Event):
    """A party has a thing in use.

    Attributes:
        asset: the asset.
        party: who has it.
        product: what was sold.
    """

    asset: UUID
    party: UUID
    product: str


@frozen(kw_only=True)
class AssetRetired(Event):
    """A thing is no longer in use.

    Attributes:
        asset: the asset.
        retired_on: since when.
    """

    asset: UUID
    retired_on: date


@frozen(kw_only=True)
class TermAdded(Event):
    """An asset is covered for a time.

    Attributes:
        asset: the asset.
        term: the term.
        kind: warranty or post_warranty.
        ends_on: its last day.
    """

    asset: UUID
    term: UUID
    kind: str
    ends_on: date


@frozen(kw_only=True)
class TermEndAnnounced(Event):
    """A term ends soon, and somebody has got something to do about it; told once for each term.

    Attributes:
        asset: the asset.
        term: the term.
        party: who has the asset.
        ends_on: the term's last day.
    """

    asset: UUID
    term: UUID
    party: UUID
    ends_on: date
