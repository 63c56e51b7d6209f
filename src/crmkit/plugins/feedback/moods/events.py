"""What happened to moods."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["MoodNoted"]


@frozen(kw_only=True)
class MoodNoted(Event):
    """Somebody has noted how a party felt in an interaction, or corrected that.

    Attributes:
        mood: the note.
        party: who felt so.
        interaction: in which interaction.
        level: 1 angry to 5 delighted.
    """

    mood: UUID
    party: UUID
    interaction: UUID
    level: int
