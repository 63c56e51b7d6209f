"""What is said about assets in the 360 view."""

from __future__ import annotations

from itertools import groupby
from typing import Final

from crmkit.plugins.service_desk.assets.model import Asset, Term
from crmkit.plugins.service_desk.assets.rules import cover
from crmkit.sdk import Context, PartyViewing, Section, f

__all__ = ["show_assets"]

MOST: Final = 20
"""How many assets the view names."""


def show_assets(context: Context, viewing: PartyViewing) -> Section | None:
    """Show what the party has in use, and whether it is covered today."""
    today = context.now.date()
    mine = (f.party_id == viewing.party.id) & (f.retired_on.is_empty() | (f.retired_on > today))
    there = context.count(Asset, mine)
    if not there:
        return None
    assets = context.find(Asset, mine, order="-updated_at", limit=MOST).items
    terms = sorted(context.each(Term, f.asset_id.in_([one.id for one in assets])), key=lambda one: one.asset_id)
    by_asset = {id_: list(own) for id_, own in groupby(terms, key=lambda one: one.asset_id)}
    items = [(asset.name, cover(asset, by_asset.get(asset.id, ()), today).reason) for asset in assets]
    if there > len(items):
        items.append(("", f"and {there - len(items)} more"))
    return Section(
        key="assets",
        title="In use",
        items=tuple(items),
        data={
            "count": there,
            "assets": [
                {
                    "id": str(asset.id),
                    "product": asset.product,
                    "covered": cover(asset, by_asset.get(asset.id, ()), today).covered,
                }
                for asset in assets
            ],
        },
    )
