"""Ties the areas together, which never import each other: the 360 view shows what each has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.core.interactions.model import LastState
from crmkit.core.interactions.plugin import AREA as INTERACTIONS
from crmkit.core.interactions.reading import open_activities, recent
from crmkit.core.kernel.history.plugin import HISTORY
from crmkit.core.kernel.saved_criteria.plugin import SAVED
from crmkit.core.kernel.storage.migrations import Unit
from crmkit.core.kernel.verification.model import Check
from crmkit.core.parties.plugin import AREA as PARTIES
from crmkit.core.parties.view.hooks import PartyViewing, party_viewing
from crmkit.core.parties.view.model import Section
from crmkit.core.permissions.plugin import AREA as PERMISSIONS
from crmkit.core.permissions.plugin import rights_source
from crmkit.core.pipelines.plugin import AREA as PIPELINES
from crmkit.core.pipelines.view import deals_of

if TYPE_CHECKING:
    from crmkit.core.kernel.hooks.context import Context

__all__ = ["AREAS", "CHECKS", "IMPLEMENTATIONS", "MIGRATIONS", "rights_source"]

AREAS: Final = (HISTORY, SAVED, PERMISSIONS, PARTIES, INTERACTIONS, PIPELINES)
"""The areas, in the order in which they are registered and seeded."""
MIGRATIONS: Final = Unit(id="core", location="crmkit.core:migrations")
RECENT: Final = 10
"""How many entries of the timeline the 360 view shows."""


def _last_state(context: Context, viewing: PartyViewing) -> Section | None:
    """What happened last, and what is planned."""
    entries = recent(context, viewing.party.id, limit=RECENT)
    state = LastState(last=entries[0] if entries else None, promises=open_activities(context, viewing.party.id))
    if not entries and not state.promises:
        return None
    items = [(f"{e.occurred_at:%Y-%m-%d}", f"{e.channel or e.kind}: {e.summary}") for e in entries]
    items += [("planned", f"{a.subject} by {a.due_at:%Y-%m-%d}") for a in state.promises]
    return Section(
        key="interactions",
        title="Where we stopped",
        items=items,
        data={
            "last": str(state.last.id) if state.last else None,
            "next_action": str(state.next_action.id) if state.next_action else None,
        },
        order=10,
    )


def _deals(context: Context, viewing: PartyViewing) -> Section | None:
    """The party's deals, and where they stand."""
    found = deals_of(context, viewing.party.id)
    if found is None:
        return None
    return Section(key="deals", title="Deals", items=found.items, data=found.data, order=20)


CHECKS: Final[tuple[Check, ...]] = ()
"""What ``crmkit verify`` looks at beside its own checks."""
IMPLEMENTATIONS: Final = (party_viewing.by(_last_state), party_viewing.by(_deals))
