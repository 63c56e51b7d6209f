"""Reports as computed from counts, against hand-computed and naive ones."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.pipelines.definitions.model import Definition, Pipeline, Stage
from crmkit.core.pipelines.reports.model import Forecast, ForecastMonth, FunnelStage, LostReason
from crmkit.core.pipelines.reports.rules import (
    ForecastGroup,
    Present,
    Times,
    forecast,
    funnel,
    lost_share,
)

SALES = Pipeline(key="sales", label="Sales")


def stage(key, position, category="open"):
    return Stage(
        pipeline_id=SALES.id, key=key, label=key.upper(), position=position, category=category, probability=None
    )


DEFINITION = Definition(pipeline=SALES, stages=(stage("lead", 1), stage("offer", 2), stage("won", 3, "won")))


def test_a_funnel_counts_who_is_there_who_came_who_went_on_and_how_long_it_took():
    report = funnel(
        DEFINITION,
        present=[
            Present(stage="lead", count=2, currency="NOK", total=Decimal(50)),
            Present(stage="lead", count=1, currency="EUR", total=Decimal(7)),
            Present(stage="lead", count=4),
        ],
        entered={("lead", True): 3, ("lead", False): 1, ("won", False): 2},
        times={"lead": Times(count=4, total=Decimal(720), median=Decimal("60.5"))},
    )
    assert report["lead"] == FunnelStage(
        stage="lead",
        label="LEAD",
        category="open",
        now=7,
        amounts={"EUR": Decimal(7), "NOK": Decimal(50)},
        entered=4,
        went_on=3,
        mean_time=timedelta(seconds=180),
        median_time=timedelta(seconds=60.5),
    )
    assert report["lead"].conversion == Decimal("0.75")
    assert report["offer"] == FunnelStage(stage="offer", label="OFFER", category="open")
    assert report["offer"].conversion is None
    assert report["won"].entered == 2


def test_a_funnel_ends_with_stages_that_the_pipeline_no_longer_has():
    report = funnel(DEFINITION, present=[], entered={("demo", True): 1}, times={})
    assert [(s.stage, s.label, s.category) for s in report.stages[3:]] == [("demo", "demo", None)]


def test_a_funnel_names_its_stages():
    report = funnel(DEFINITION, present=[], entered={}, times={})
    with pytest.raises(KeyError, match="demo"):
        report["demo"]


def test_the_lost_share_is_lost_by_won_and_lost_with_reasons_by_frequency():
    report = lost_share({("won", None): 3, ("lost", "price"): 4, ("lost", "late"): 1, ("lost", "absent"): 1})
    assert (report.won, report.lost, report.share) == (3, 6, Decimal("0.6667"))
    assert report.reasons == (
        LostReason(reason="price", count=4, share=Decimal("0.6667")),
        LostReason(reason="absent", count=1, share=Decimal("0.1667")),
        LostReason(reason="late", count=1, share=Decimal("0.1667")),
    )


def test_where_nothing_was_decided_nothing_is_lost():
    report = lost_share({})
    assert (report.won, report.lost, report.share, report.reasons) == (0, 0, None, ())


def group(total, currency="EUR", *, day=None, at="lead", probability=None, count=1):
    return ForecastGroup(
        pipeline="sales",
        stage=at,
        probability=None if probability is None else Decimal(probability),
        expected_close=day,
        currency=currency,
        count=count,
        total=Decimal(total),
    )


def test_a_forecast_weighs_by_the_deal_then_the_stage_per_month_and_currency():
    report = forecast(
        [
            group(100, day=date(2026, 3, 5)),
            group(200, day=date(2026, 3, 31), probability="0.9"),
            group(50, "NOK", day=date(2026, 3, 1), at="offer"),
            group(1000, at="offer", count=3),
            group(0, None, day=date(2026, 3, 1), count=2),
            group(40, day=date(2026, 2, 1), at="removed"),
        ],
        {("sales", "lead"): Decimal("0.1"), ("sales", "offer"): Decimal("0.5")},
    )
    assert report == Forecast(
        months=(
            month(date(2026, 2, 1), "EUR", 1, "40", "0"),
            month(date(2026, 3, 1), "EUR", 2, "300", "190"),
            month(date(2026, 3, 1), "NOK", 1, "50", "25"),
            month(None, "EUR", 3, "1000", "500"),
        ),
        without_amount=2,
    )


def month(first, currency, count, total, weighted):
    return ForecastMonth(month=first, currency=currency, count=count, total=Decimal(total), weighted=Decimal(weighted))


groups = st.builds(
    group,
    st.integers(0, 10**9).map(lambda n: Decimal(n) / 10_000),
    st.sampled_from(["EUR", "NOK", None]),
    day=st.none() | st.dates(date(2026, 1, 1), date(2026, 4, 1)),
    at=st.sampled_from(["lead", "offer"]),
    probability=st.none() | st.integers(0, 10_000).map(lambda n: Decimal(n) / 10_000),
    count=st.integers(1, 5),
)


@given(st.lists(groups, max_size=30))
def test_a_forecast_adds_up_to_what_is_added_deal_by_deal(given_groups):
    weights = {("sales", "lead"): Decimal("0.1"), ("sales", "offer"): Decimal("0.25")}
    report = forecast(given_groups, weights)
    naive: dict[str, Decimal] = defaultdict(Decimal)
    for g in given_groups:
        if g.currency is not None:
            naive[g.currency] += g.total * (weights["sales", g.stage] if g.probability is None else g.probability)
    for currency, weighted in naive.items():
        months = [m for m in report.months if m.currency == currency]
        assert abs(sum(m.weighted for m in months) - weighted) <= Decimal("0.0001") * len(months)
        assert all(m.weighted <= m.total for m in months)
    assert report.without_amount + sum(m.count for m in report.months) == sum(g.count for g in given_groups)
