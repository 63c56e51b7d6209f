"""When satisfaction has dropped. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from attrs import frozen

__all__ = ["Comparison", "compared", "mean"]

EXACT: Final = Decimal("0.0001")


@frozen(kw_only=True)
class Comparison:
    """How the latest answers stand to as many before them.

    Attributes:
        before: the mean of the earlier ones, 0 to 1, with four decimal places.
        after: the mean of the latest.
    """

    before: Decimal
    after: Decimal

    def is_drop(self, by: Decimal) -> bool:
        """Whether it has become worse by at least ``by``."""
        return self.before - self.after >= by


def mean(shares: Sequence[Decimal]) -> Decimal:
    """The mean with four decimal places; of none, 0."""
    total = sum(shares, Decimal(0))
    return (total / (len(shares) or 1)).quantize(EXACT, ROUND_HALF_EVEN)


def compared(shares: Sequence[Decimal], window: int) -> Comparison | None:
    """Compare the latest answers with as many before them.

    Args:
        shares: where each lies between the worst, 0, and the best, 1; the latest first.
        window: how many are compared with how many.

    Returns:
        Nothing if there are less than twice as many as are compared: a first bad answer is no trend.
    """
    if len(shares) < 2 * window:
        return None
    return Comparison(before=mean(shares[window : 2 * window]), after=mean(shares[:window]))
