"""How probable it is that two parties are one, and why. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from attrs import frozen

from crmkit.plugins.dedupe.comparing.traits import Traits
from crmkit.plugins.dedupe.comparing.weights import Comparison, Level, Weights
from crmkit.plugins.dedupe.requiring import similarities

__all__ = ["Reason", "Score", "new_evidence", "reasons_of", "score"]

_MOST: Final = 300.0
"""Bits; beyond it the probability is 0 or 1 in any case."""


@frozen
class Reason:
    """What one comparison found.

    Attributes:
        comparison: its name, such as ``birth date``.
        level: the outcome, such as ``one edit``.
        weight: how much that says, in bits: 10 make it a thousand times more probable that both are one, -10 less.
    """

    comparison: str
    level: str
    weight: float

    def __str__(self) -> str:
        return f"{self.comparison}: {self.level}"

    def to_json(self) -> list[Any]:
        """As `from_json` reads it."""
        return [self.comparison, self.level, self.weight]

    @classmethod
    def from_json(cls, data: Any) -> Reason:
        """A reason that was stored."""
        return cls(*data)


@frozen
class Score:
    """How much two parties look like one.

    Attributes:
        probability: that they are one, 0 to 1.
        reasons: what each comparison found that could be made.
    """

    probability: float
    reasons: tuple[Reason, ...]


def score(left: Traits, right: Traits, weights: Weights) -> Score:
    """Compare two parties of one kind, by the model of Fellegi and Sunter.

    Args:
        left: one of them.
        right: the other.
        weights: of their kind.
    """
    return scored({one.name: outcome(one, left, right) for one in weights.comparisons}, weights)


def scored(outcomes: Mapping[str, Level | None], weights: Weights) -> Score:
    """The score that outcomes of comparisons come to; None for one that could not be made."""
    said = [(name, level, level.weight) for name, level in outcomes.items() if level is not None]
    reasons = tuple(Reason(name, level.name, round(weight, 2)) for name, level, weight in said)
    bits = math.log2(weights.prior / (1 - weights.prior)) + sum(weight for _, _, weight in said)
    bits = max(-_MOST, min(_MOST, bits))
    return Score(1 / (1 + 2**-bits), reasons)


def outcome(comparison: Comparison, left: Traits, right: Traits) -> Level | None:
    """The level of a comparison; None where there is nothing to compare."""
    for column in comparison.columns:
        if getattr(left, column) and getattr(right, column):
            return next(level for level in comparison.levels if _passes(level, comparison, left, right))
    return None


def _passes(level: Level, comparison: Comparison, left: Traits, right: Traits) -> bool:
    columns = level.columns or comparison.columns
    match level.test:
        case "differs":
            return True
        case "swapped":
            mine, theirs = [getattr(left, c) for c in columns], [getattr(right, c) for c in columns[::-1]]
            return all(mine) and mine == theirs
        case "shared":
            return not set(getattr(left, columns[0])).isdisjoint(getattr(right, columns[0]))
        case _:
            for column in columns:
                a, b = getattr(left, column), getattr(right, column)
                if not (a and b and (a == b or _alike(level, a, b))):
                    return False
            return True


def _alike(level: Level, a: str, b: str) -> bool:
    if level.test == "near":
        return similarities()[0](a, b) >= level.at
    return level.test == "edits" and similarities()[1](a, b) <= level.at


def reasons_of(stored: Any) -> tuple[Reason, ...]:
    """Reasons that were stored with a pair."""
    return tuple(Reason.from_json(one) for one in stored)


def new_evidence(before: tuple[Reason, ...], after: tuple[Reason, ...]) -> bool:
    """Whether something speaks for two parties being one that did not when somebody said that they are not.

    Args:
        before: the reasons that were known then.
        after: those of now.
    """
    known = {one.comparison: one.weight for one in before}
    return any(one.weight > 0 and one.weight > max(0.0, known.get(one.comparison, 0.0)) + 1 for one in after)
