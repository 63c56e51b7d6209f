"""What a mood is: how a party felt in an interaction, and what it needs, as one of us noted it."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen
from attrs.validators import instance_of, optional

from crmkit.plugins.feedback.limits import LONGEST_LINE, LONGEST_TEXT
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["LEVELS", "Level", "Mood", "level_of"]

Level = Literal["angry", "unhappy", "neutral", "pleased", "delighted"]
LEVELS: Final[tuple[Level, ...]] = get_args(Level)
"""From the worst, 1, to the best, 5."""


def level_of(word: str) -> int:
    """The number of a level: 1 for angry to 5 for delighted.

    Raises:
        InvalidValueError: if there is no such level; lists those there are.
    """
    if word not in LEVELS:
        raise InvalidValueError("mood", word, f"is none of: {', '.join(LEVELS)}")
    return LEVELS.index(word) + 1


@frozen(kw_only=True)
class Mood(Record):
    """How a party felt in an interaction; one for each interaction.

    Attributes:
        party_id: who felt so.
        interaction_id: the interaction.
        level: 1 angry, 2 unhappy, 3 neutral, 4 pleased, 5 delighted.
        need: what the party needs from whoever deals with it next, such as ``wants to be called, not written to``.
        noted_by: the actor who noted it last.
        felt_at: when the interaction happened, UTC.
        felt_month: the first day of the month (UTC) in which it happened.
    """

    party_id: UUID
    interaction_id: UUID
    level: int = field(validator=instance_of(int))
    need: str | None = field(default=None, validator=optional(checks.text(LONGEST_TEXT)))
    noted_by: str = field(validator=checks.text(LONGEST_LINE))
    felt_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    felt_month: date = field(validator=checks.day)

    def __attrs_post_init__(self) -> None:
        if not 1 <= self.level <= len(LEVELS):
            raise InvalidValueError("level", self.level, f"is no level of mood; give 1 to {len(LEVELS)}")

    @property
    def word(self) -> Level:
        """The level in a word."""
        return LEVELS[self.level - 1]

    @property
    def share(self) -> Decimal:
        """Where it lies between the worst, 0, and the best, 1."""
        return Decimal(self.level - 1) / (len(LEVELS) - 1)
