"""Reports over pipelines."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from attrs import field, frozen

from crmkit.core.pipelines.definitions.model import Category

__all__ = ["Forecast", "ForecastMonth", "Funnel", "FunnelStage", "LostReason", "LostShare"]


@frozen(kw_only=True)
class FunnelStage:
    """One stage of a funnel.

    Attributes:
        stage: the stage's key.
        label: for people; the key where the pipeline no longer has the stage.
        category: open, won or lost; None where the pipeline no longer has the stage.
        now: how many records are in it.
        amounts: what those would bring, by currency; empty where records have no amount.
        entered: how many records came into it for the first time within the period.
        went_on: how many of those have since come to a later stage, or were won.
        mean_time: how long the stays that began within the period and have ended took, on average; None without any.
        median_time: the middle one of those times; None without any.
    """

    stage: str
    label: str
    category: Category | None
    now: int = 0
    amounts: Mapping[str, Decimal] = field(factory=dict)
    entered: int = 0
    went_on: int = 0
    mean_time: timedelta | None = None
    median_time: timedelta | None = None

    @property
    def conversion(self) -> Decimal | None:
        """The share of those who entered that went on, 0 to 1, to four decimal places; None if nobody entered."""
        return share(self.went_on, self.entered)


@frozen(kw_only=True)
class Funnel:
    """How records pass through the stages of a pipeline.

    Attributes:
        pipeline: the pipeline's key.
        since: the beginning of the period, inclusive, UTC; None for no bound.
        until: its end, exclusive, UTC; None for no bound.
        stages: the pipeline's stages by position; after them those that it no longer has and that were passed.
    """

    pipeline: str
    since: datetime | None
    until: datetime | None
    stages: tuple[FunnelStage, ...]

    def __getitem__(self, stage: str) -> FunnelStage:
        """The stage called ``stage``.

        Raises:
            KeyError: if the funnel has none.
        """
        found = next((s for s in self.stages if s.stage == stage), None)
        if found is None:
            raise KeyError(stage)
        return found


@frozen(kw_only=True)
class LostReason:
    """How many records were lost for one reason.

    Attributes:
        reason: the reason, as it was told.
        count: how many.
        share: of all that were lost, 0 to 1, to four decimal places.
    """

    reason: str
    count: int
    share: Decimal


@frozen(kw_only=True)
class LostShare:
    """How much of what was decided within a period was lost.

    Attributes:
        won: how many records were won.
        lost: how many were lost.
        reasons: why they were lost, the most frequent reason first.
    """

    won: int
    lost: int
    reasons: tuple[LostReason, ...]

    @property
    def share(self) -> Decimal | None:
        """Lost / (won + lost), 0 to 1, to four decimal places; None if nothing was decided."""
        return share(self.lost, self.won + self.lost)


@frozen(kw_only=True)
class ForecastMonth:
    """What the open deals that should be decided in one month would bring, in one currency.

    Attributes:
        month: its first day; None for deals without an expected day.
        currency: a code of ISO 4217.
        count: how many deals.
        total: the sum of their amounts.
        weighted: the sum of their amounts, each times its probability; to four decimal places.
    """

    month: date | None
    currency: str
    count: int
    total: Decimal
    weighted: Decimal


@frozen(kw_only=True)
class Forecast:
    """What open deals would bring.

    Attributes:
        months: by month, then currency; deals without an expected day come last.
        without_amount: how many open deals say no amount, and so are in no month.
    """

    months: tuple[ForecastMonth, ...]
    without_amount: int


def share(part: int, whole: int) -> Decimal | None:
    """``part`` of ``whole``, to four decimal places; None of nothing."""
    return None if not whole else (Decimal(part) / whole).quantize(Decimal("0.0001"))
