"""What a trend is: how satisfied parties were, month by month."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from attrs import frozen

__all__ = ["TrendPoint"]


@frozen(kw_only=True)
class TrendPoint:
    """How satisfied parties were in one month.

    Attributes:
        month: its first day; months are those of UTC.
        csat_count: how many answers there were on the scale from 1 to 5.
        csat_mean: their mean; None if there were none.
        csat_satisfied: the share, 0 to 1, of those that were 4 or 5.
        nps_count: how many answers there were on the scale from 0 to 10.
        nps: the share of those that were 9 or 10 less the share of those up to 6, times 100: -100 to 100 (Reichheld,
            "The One Number You Need to Grow", 2003).
        mood_count: how many moods were noted; of a trend about an agent, none.
        mood_mean: their mean, 1 to 5.
        satisfaction: the mean of everything, where 0 is the worst and 1 the best; None if there was nothing.
    """

    month: date
    csat_count: int = 0
    csat_mean: Decimal | None = None
    csat_satisfied: Decimal | None = None
    nps_count: int = 0
    nps: Decimal | None = None
    mood_count: int = 0
    mood_mean: Decimal | None = None
    satisfaction: Decimal | None = None
