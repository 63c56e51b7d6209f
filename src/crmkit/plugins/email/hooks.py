"""What this plugin says when it is asked: about parties that are looked at, and messages that are to be as before."""

from __future__ import annotations

from crmkit.plugins.email.model import Message
from crmkit.plugins.email.tables import MESSAGE
from crmkit.sdk import Context, PartyViewing, RecordsChange, Refusal, Section, f

__all__ = ["keep_sent", "show_mail"]

MOST = 5
"""How many messages the 360 view shows."""
MOVING = frozenset({"queued", "handing_over", "uncertain"})
"""States out of which a message is, or may be, sent."""
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


def keep_sent(context: Context, payload: RecordsChange) -> Refusal | None:  # noqa: ARG001  # as hooks are called
    """Refuse to let undo or restore put a message back among those that are sent: somebody may have it."""
    for change in payload.changes:
        before, after = change.before, change.after
        if isinstance(after, Message) and after.state in MOVING and _state(before) != after.state:
            said = f"message {change.id} would be {after.state} again, and sent, as if nothing had become of it"
            return Refusal("sent", f"{said}; to send it again, use resend, or send a new one")
    return None


def _state(record: object) -> str | None:
    return record.state if isinstance(record, Message) else None
