"""What pipelines show in the 360-degree view of a party."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from crmkit.core.kernel.hooks.context import Context
from crmkit.core.pipelines.model import PartyDeals
from crmkit.core.pipelines.tables import DEAL
from crmkit.values.criteria import f

__all__ = ["MOST_SHOWN", "deals_of"]

MOST_SHOWN: Final = 20
"""How many deals the view of a party shows."""


def deals_of(context: Context, party_id: UUID) -> PartyDeals | None:
    """The deals of a party that the actor may see, those changed last first; None if there are none."""
    page = context.find(DEAL, f.party_id == party_id, limit=MOST_SHOWN)
    return PartyDeals(deals=page.items, more=page.next is not None) if page else None
