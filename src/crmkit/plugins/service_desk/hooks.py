"""What this plugin says when it is asked: about parties that are looked at."""

from __future__ import annotations

from crmkit.plugins.service_desk.cases.model import UNDER_WAY, Case
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.limits import MOST_SHOWN
from crmkit.sdk import Context, PartyViewing, Section, f

__all__ = ["show_cases"]


def show_cases(context: Context, viewing: PartyViewing) -> Section | None:
    """Show in the 360 view which cases of a party are under way, and what was resolved last."""
    mine = (f.party_id == viewing.party.id) & f.merged_into.is_empty()
    open_ = context.find(CASE, mine & f.status.in_(list(UNDER_WAY)), order="-number", limit=MOST_SHOWN)
    done = context.find(CASE, mine & ~f.status.in_(list(UNDER_WAY)), order="-number", limit=1)
    if not open_ and not done:
        return None
    shown = [*open_, *done]
    return Section(
        key="cases",
        title="Cases",
        items=tuple((f"#{case.number}", _line(case)) for case in shown) + ((("", "and more"),) if open_.next else ()),
        data={"under_way": [str(case.id) for case in open_], "resolved": [str(case.id) for case in done]},
    )


def _line(case: Case) -> str:
    who = f", {case.assignee_id}" if case.assignee_id else ""
    return f"{case.subject or ''} ({case.status}{who})"
