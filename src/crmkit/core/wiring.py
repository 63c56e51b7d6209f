"""Ties the areas together, which never import each other: the 360 view shows what each has to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from crmkit.core.interactions.model import LastState
from crmkit.core.interactions.plugin import AREA as INTERACTIONS
from crmkit.core.interactions.reading import open_activities, recent
from crmkit.core.kernel.attachments.plugin import ATTACHMENTS
from crmkit.core.kernel.comments.plugin import COMMENTS
from crmkit.core.kernel.comments.tables import COMMENT
from crmkit.core.kernel.custom_fields.plugin import CUSTOM_FIELDS
from crmkit.core.kernel.decisions.plugin import DECISIONS
from crmkit.core.kernel.decisions.reading import standing
from crmkit.core.kernel.erasure.plugin import ERASURE
from crmkit.core.kernel.history.plugin import HISTORY
from crmkit.core.kernel.quality.plugin import QUALITY
from crmkit.core.kernel.quality.storing import scores_without_record
from crmkit.core.kernel.saved_criteria.plugin import SAVED
from crmkit.core.kernel.search.plugin import SEARCH
from crmkit.core.kernel.storage.migrations import Unit
from crmkit.core.kernel.verification.model import Check
from crmkit.core.parties.plugin import AREA as PARTIES
from crmkit.core.parties.view.hooks import PartyViewing, party_viewing
from crmkit.core.parties.view.model import Section
from crmkit.core.permissions.plugin import AREA as PERMISSIONS
from crmkit.core.permissions.plugin import rights_source
from crmkit.core.pipelines.plugin import AREA as PIPELINES
from crmkit.core.pipelines.view import deals_of
from crmkit.values.criteria import f
from crmkit.values.ref import Ref

if TYPE_CHECKING:
    from crmkit.core.kernel.hooks.context import Context

__all__ = ["AREAS", "CHECKS", "IMPLEMENTATIONS", "MIGRATIONS", "rights_source"]

AREAS: Final = (
    HISTORY,
    ERASURE,
    CUSTOM_FIELDS,
    SAVED,
    QUALITY,
    COMMENTS,
    ATTACHMENTS,
    DECISIONS,
    SEARCH,
    PERMISSIONS,
    PARTIES,
    INTERACTIONS,
    PIPELINES,
)
"""The areas, in the order in which they are registered and seeded."""
MIGRATIONS: Final = Unit(id="core", location="crmkit.core:migrations")
RECENT: Final = 10
"""How many entries of the timeline, and how many decisions, the 360 view shows."""
LAST: Final = 3
"""How many comments it shows."""
WIDTH: Final = 200
"""Characters of a comment or decision in it."""


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


def _decisions(context: Context, viewing: PartyViewing) -> Section | None:
    """What was decided about the party and still holds, and why."""
    found = standing(context, Ref("party", viewing.party.id), limit=RECENT)
    if not found:
        return None
    items = []
    for one in found:
        until = "" if one.valid_until is None else f", until {one.valid_until:%Y-%m-%d}"
        items.append((f"{one.decided_at:%Y-%m-%d}", f"{_line(one.text)} (by {one.author_id}{until})"))
        items.append(("", f"because: {_line(one.basis)}"))
    data = {"decisions": [str(one.id) for one in found]}
    return Section(key="decisions", title="Decisions", items=items, data=data, order=5)


def _comments(context: Context, viewing: PartyViewing) -> Section | None:
    """What colleagues said about the party last."""
    where = (f.subject == "party") & (f.subject_id == viewing.party.id)
    found = context.find(COMMENT, where, order="-id", limit=LAST)
    if not found:
        return None
    count = context.count(COMMENT, where) if found.next is not None else len(found)
    items = [(f"{one.created_at:%Y-%m-%d}", f"{one.author_id}: {_line(one.body)}") for one in found]
    if count > len(found):
        items.append(("", f"and {count - len(found)} before"))
    data = {"count": count, "last": [str(one.id) for one in found]}
    return Section(key="comments", title="Comments", items=items, data=data, order=30)


def _line(text: str | None) -> str:
    """The beginning of a text, in one line; nothing where the actor may not read it."""
    words = " ".join((text or "").split())
    return words if len(words) <= WIDTH else words[: WIDTH - 1] + "…"


CHECKS: Final[tuple[Check, ...]] = (scores_without_record,)
"""What ``crmkit verify`` looks at beside its own checks."""
IMPLEMENTATIONS: Final = (
    party_viewing.by(_decisions),
    party_viewing.by(_last_state),
    party_viewing.by(_deals),
    party_viewing.by(_comments),
)
