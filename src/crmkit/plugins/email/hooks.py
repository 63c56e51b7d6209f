"""What this plugin says when it is asked: about parties that are looked at."""

from __future__ import annotations

from crmkit.plugins.email.tables import MESSAGE
from crmkit.sdk import Context, PartyViewing, Section, f

__all__ = ["show_mail"]

MOST = 5
"""How many messages the 360 view shows."""
TROUBLE = frozenset({"bounced", "complained", "failed", "withheld", "uncertain"})


def show_mail(context: Context, viewing: PartyViewing) -> Section | None:
    """Show in the 360 view the last messages to and from a party, and whether its address works."""
    found = context.find(MESSAGE, f.party_id == viewing.party.id, order="-created_at", limit=MOST).items
    if not found:
        return None
    trouble = [message for message in found if message.state in TROUBLE]
    items = [
        (f"{message.created_at:%Y-%m-%d} {message.direction}", f"{message.subject} [{message.state}]")
        for message in found
    ]
    if trouble:
        items.insert(0, ("Attention", f"the last mail that went wrong: {trouble[0].state}"))
    return Section(
        key="mail",
        title="E-mail",
        items=tuple(items),
        data={
            "messages": [
                {"id": str(one.id), "direction": one.direction, "state": one.state, "subject": one.subject}
                for one in found
            ],
            "trouble": trouble[0].state if trouble else None,
        },
        order=160,
    )
