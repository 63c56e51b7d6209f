"""What counts of scores come to. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Final

from crmkit.plugins.feedback.moods.model import LEVELS
from crmkit.plugins.feedback.surveys.model import SCALES, Scale
from crmkit.plugins.feedback.trends.model import TrendPoint

__all__ = ["MOST_MONTHS", "Counted", "months_until", "point_of", "trend_of"]

Counted = tuple[date, str, int, int]
"""The first day of a month; csat, nps or mood; a score; how often it was given."""

MOST_MONTHS: Final = 120

SATISFIED: Final = 4
PROMOTER: Final = 9
DETRACTOR: Final = 6

_SCALES: Final = {**SCALES, "mood": Scale(lowest=1, highest=len(LEVELS), question="How did they feel?")}
_EXACT: Final = Decimal("0.0001")


def months_until(last: date, count: int) -> tuple[date, ...]:
    """The first days of ``count`` months, the oldest first, of which the last one has the day ``last`` in it."""
    newest = last.year * 12 + last.month - 1
    return tuple(date(n // 12, n % 12 + 1, 1) for n in range(newest - count + 1, newest + 1))


def trend_of(months: Iterable[date], counted: Iterable[Counted]) -> tuple[TrendPoint, ...]:
    """A point for every month, also of those in which nobody said anything.

    Args:
        months: their first days, in the order of the points.
        counted: how often each score was given in each month; those of other months do not count.
    """
    found: dict[date, dict[str, dict[int, int]]] = {month: {} for month in months}
    for month, kind, score, count in counted:
        if month in found:
            scores = found[month].setdefault(kind, {})
            scores[score] = scores.get(score, 0) + count
    return tuple(point_of(month, by_kind) for month, by_kind in found.items())


def point_of(month: date, by_kind: Mapping[str, Mapping[int, int]]) -> TrendPoint:
    """What the scores of one month come to.

    Args:
        month: its first day.
        by_kind: for csat, nps and mood, how often each score was given.
    """
    csat, nps, mood = (by_kind.get(kind, {}) for kind in ("csat", "nps", "mood"))
    lead = sum(n if score >= PROMOTER else -n if score <= DETRACTOR else 0 for score, n in nps.items())
    return TrendPoint(
        month=month,
        csat_count=sum(csat.values()),
        csat_mean=_mean(csat),
        csat_satisfied=_ratio(sum(n for score, n in csat.items() if score >= SATISFIED), sum(csat.values())),
        nps_count=sum(nps.values()),
        nps=_ratio(lead * 100, sum(nps.values())),
        mood_count=sum(mood.values()),
        mood_mean=_mean(mood),
        satisfaction=_satisfaction(by_kind),
    )


def _mean(scores: Mapping[int, int]) -> Decimal | None:
    count = sum(scores.values())
    return _ratio(sum(score * n for score, n in scores.items()), count)


def _ratio(part: int | Decimal, whole: int) -> Decimal | None:
    return (Decimal(part) / whole).quantize(_EXACT, ROUND_HALF_EVEN) if whole else None


def _satisfaction(by_kind: Mapping[str, Mapping[int, int]]) -> Decimal | None:
    shares = [(_SCALES[kind].share(score), n) for kind, scores in by_kind.items() for score, n in scores.items()]
    return _ratio(sum((share * n for share, n in shares), Decimal(0)), sum(n for _, n in shares))
