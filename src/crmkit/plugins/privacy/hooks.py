"""What this plugin says when it is asked: about parties that are looked at."""

from __future__ import annotations

from collections.abc import Iterator

from crmkit.plugins.privacy.consents.model import ANY_CHANNEL, Consent, ConsentState
from crmkit.plugins.privacy.consents.rules import folded
from crmkit.plugins.privacy.preferences.model import Preference
from crmkit.plugins.privacy.purposes.model import Purpose
from crmkit.sdk import Context, PartyViewing, Section, f

__all__ = ["show_consent"]


def show_consent(context: Context, viewing: PartyViewing) -> Section | None:
    """Show in the 360 view what the party allows, and how it likes to be reached."""
    mine = f.party_id == viewing.party.id
    states = folded(context.each(Consent, mine))
    preferences = sorted(context.each(Preference, mine), key=lambda one: one.channel)
    if not states and not preferences:
        return None
    labels = {purpose.key: purpose.label for purpose in context.each(Purpose)} if states else {}
    return Section(
        key="consent",
        title="Consent",
        items=(*(_said(state, labels.get(state.purpose)) for state in states), *_liked(preferences)),
        data={
            "states": [
                {"purpose": s.purpose, "channel": s.channel, "given": s.given, "since": s.since.isoformat()}
                for s in states
            ],
            "refused": [one.channel for one in preferences if one.refused],
        },
        order=50,
    )


def _said(state: ConsentState, label: str | None) -> tuple[str, str]:
    over = "" if state.channel == ANY_CHANNEL else f" over {state.channel}"
    return label or state.purpose, f"{'yes' if state.given else 'no'}{over}, since {state.since:%Y-%m-%d}"


def _liked(preferences: list[Preference]) -> Iterator[tuple[str, str]]:
    for one in preferences:
        quiet = f"quiet from {one.quiet_from} to {one.quiet_until}" if one.quiet_from else None
        said = [text for text in ("not wanted" if one.refused else None, quiet, one.remark) if text]
        if said:
            yield one.channel, ", ".join(said)
