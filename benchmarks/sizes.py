"""How much data there is, and how often each thing is done."""

from __future__ import annotations

from typing import Final

from attrs import frozen

__all__ = ["FULL", "SMOKE", "Size"]


@frozen(kw_only=True)
class Size:
    """How much there is and how often it is used.

    Attributes:
        name: full or smoke.
        people: people in the database, each with an e-mail address and a phone number.
        interactions: interactions with them.
        deals: deals with them, in one pipeline.
        rounds: how often the variants take turns; medians are over rounds.
        effort: by how much the repetitions within a round are multiplied.
        imported: people per variant and round of the bulk import.
        memory: people of the import whose memory is measured.
        starts: how often a process is started per way.
    """

    name: str
    people: int
    interactions: int
    deals: int
    rounds: int
    effort: float
    imported: int
    memory: int
    starts: int


FULL: Final = Size(
    name="full",
    people=200_000,
    interactions=1_000_000,
    deals=100_000,
    rounds=9,
    effort=1.0,
    imported=20_000,
    memory=100_000,
    starts=9,
)
SMOKE: Final = Size(
    name="smoke",
    people=1_000,
    interactions=5_000,
    deals=6_000,
    rounds=2,
    effort=0.1,
    imported=500,
    memory=1_000,
    starts=1,
)
