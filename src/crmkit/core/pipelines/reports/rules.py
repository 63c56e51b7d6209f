"""How reports are computed from counts and sums."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from attrs import frozen

from crmkit.core.pipelines.definitions.model import Definition
from crmkit.core.pipelines.reports.model import (
    Forecast,
    ForecastMonth,
    Funnel,
    FunnelStage,
    LostReason,
    LostShare,
    share,
)

__all__ = ["ForecastGroup", "Present", "Times", "forecast", "funnel", "lost_share"]

_STEP = Decimal("0.0001")
_NO_DAY = date.max  # sorts deals without an expected day behind all others


@frozen(kw_only=True)
class Present:
    """Records that are in one stage now, of one currency.

    Attributes:
        stage: the stage's key.
        count: how many.
        currency: of their amounts; None for records without one.
        total: the sum of their amounts.
    """

    stage: str
    count: int
    currency: str | None = None
    total: Decimal = Decimal(0)


@frozen(kw_only=True)
class Times:
    """How long some stays took.

    Attributes:
        count: how many stays, at least one.
        total: how long they took together, in seconds.
        median: how long the middle one took, in seconds; of an even number, the mean of the middle two.
    """

    count: int
    total: Decimal
    median: Decimal

    @property
    def mean_time(self) -> timedelta:
        """How long they took on average."""
        return timedelta(seconds=float(self.total / self.count))

    @property
    def median_time(self) -> timedelta:
        """How long the middle one took."""
        return timedelta(seconds=float(self.median))


def funnel(
    definition: Definition,
    *,
    present: Iterable[Present],
    entered: Mapping[tuple[str, bool], int],
    times: Mapping[str, Times],
    since: datetime | None = None,
    until: datetime | None = None,
) -> Funnel:
    """The funnel of a pipeline.

    Args:
        definition: the pipeline with its stages.
        present: the records in each stage now.
        entered: by stage and whether they went on, how many records came into it for the first time in the period.
        times: by stage, how long the stays of the period took that have ended.
        since: the beginning of the period.
        until: its end.
    """
    counts: Counter[str] = Counter()
    amounts: dict[str, dict[str, Decimal]] = defaultdict(dict)
    for group in present:
        counts[group.stage] += group.count
        if group.currency is not None:
            amounts[group.stage][group.currency] = amounts[group.stage].get(group.currency, Decimal(0)) + group.total
    known = {s.key: s for s in definition.stages}
    gone = sorted(({stage for stage, _ in entered} | set(times) | set(counts)) - set(known))
    stages = []
    for key in (*known, *gone):
        stage, took = known.get(key), times.get(key)
        went_on = entered.get((key, True), 0)
        stages.append(
            FunnelStage(
                stage=key,
                label=stage.label if stage else key,
                category=stage.category if stage else None,
                now=counts[key],
                amounts=dict(sorted(amounts[key].items())) if key in amounts else {},
                entered=went_on + entered.get((key, False), 0),
                went_on=went_on,
                mean_time=took.mean_time if took else None,
                median_time=took.median_time if took else None,
            )
        )
    return Funnel(pipeline=definition.pipeline.key, since=since, until=until, stages=tuple(stages))


def lost_share(counts: Mapping[tuple[str, str | None], int]) -> LostShare:
    """The share of what was lost, by reason.

    Args:
        counts: by category and reason, how many records were decided.
    """
    won = sum(n for (category, _), n in counts.items() if category == "won")
    reasons = {reason or "": n for (category, reason), n in counts.items() if category == "lost"}
    lost = sum(reasons.values())
    ordered = sorted(reasons.items(), key=lambda item: (-item[1], item[0]))
    return LostShare(
        won=won,
        lost=lost,
        reasons=tuple(LostReason(reason=r, count=n, share=share(n, lost) or Decimal(0)) for r, n in ordered),
    )


@frozen(kw_only=True)
class ForecastGroup:
    """Open deals that are alike in all that a forecast asks.

    Attributes:
        pipeline: the key of their pipeline.
        stage: the key of their stage.
        probability: their own, where they have one.
        expected_close: the day on which they should be decided.
        currency: of their amounts; None without an amount.
        count: how many they are.
        total: the sum of their amounts.
    """

    pipeline: str
    stage: str
    probability: Decimal | None
    expected_close: date | None
    currency: str | None
    count: int
    total: Decimal


def forecast(groups: Iterable[ForecastGroup], probabilities: Mapping[tuple[str, str], Decimal]) -> Forecast:
    """What open deals would bring, by month of the expected day and currency.

    A deal weighs by its own probability where it has one, else by its stage's; in a stage that the pipeline no longer
    has, by none. Sums are exact; what is weighted is rounded half even at the end.

    Args:
        groups: the open deals.
        probabilities: of each stage, by keys of pipeline and stage.
    """
    without_amount = 0
    sums: dict[tuple[date, str], tuple[int, Decimal, Decimal]] = {}
    for group in groups:
        if group.currency is None:
            without_amount += group.count
            continue
        own = group.probability
        weight = probabilities.get((group.pipeline, group.stage), Decimal(0)) if own is None else own
        day = group.expected_close
        key = (_NO_DAY if day is None else day.replace(day=1), group.currency)
        count, total, weighted = sums.get(key, (0, Decimal(0), Decimal(0)))
        sums[key] = (count + group.count, total + group.total, weighted + group.total * weight)
    months = (
        ForecastMonth(
            month=None if month == _NO_DAY else month,
            currency=currency,
            count=count,
            total=total,
            weighted=weighted.quantize(_STEP),
        )
        for (month, currency), (count, total, weighted) in sorted(sums.items())
    )
    return Forecast(months=tuple(months), without_amount=without_amount)
