"""What this plugin says when it is asked: about parties that are looked at."""

from __future__ import annotations

from crmkit.plugins.dedupe.model import Pair
from crmkit.plugins.dedupe.pairs import ends_of
from crmkit.sdk import Context, Party, PartyViewing, Section, f

__all__ = ["show_duplicates"]

MOST = 5
"""How many possible duplicates the 360 view names."""


def show_duplicates(context: Context, viewing: PartyViewing) -> Section | None:
    """Show in the 360 view which other parties this one may be, as far as the viewer may see them."""
    id_ = viewing.party.id
    mine = ((f.left_id == id_) | (f.right_id == id_)) & f.decision.is_empty()
    pairs = context.find(Pair, mine, order="-probability", limit=MOST).items
    if not pairs:
        return None
    others = {pair.id: next(iter(ends_of(pair) - {id_})) for pair in pairs}
    names = {p.id: p.name for p in context.each(Party, f.id.in_(list(others.values())))}
    return Section(
        key="duplicates",
        title="Possible duplicates",
        items=tuple((names[others[p.id]] or "", f"{p.probability:.0%}") for p in pairs if others[p.id] in names),
        data={"pairs": [str(pair.id) for pair in pairs], "parties": [str(one) for one in others.values()]},
    )
