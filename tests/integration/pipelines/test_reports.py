"""Reports over deals, equal to what was worked out by hand, and over what the actor may see only."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from crmkit import Money, NewStage
from crmkit.core.kernel.access.rule import Rule
from crmkit.errors import (
    FieldForbiddenError,
    ForbiddenError,
    InvalidValueError,
    NaiveDatetimeError,
    UnknownPipelineError,
)

DAY = timedelta(days=1)

# Who opened what, and then after how many days it moved where. Worked out by hand from this table:
#
#   stage        now  entered  went on  days of the stays that have ended
#   lead           1        6        4  a 1, b 2, c 3, d 4, d again 2, e 1: median 2, mean 13/6
#   qualified      1        4        2  a 1, b 5, c 6, d 1: median 3, mean 13/4
#   proposal       1        2        1  a 2
#   negotiation    0        0
#   won            1        1
#   lost           2        2
WALKS = {
    "a": ("ada", 100, "EUR", [(1, "qualified"), (1, "proposal"), (2, "won")]),
    "b": ("ada", 200, "NOK", [(2, "qualified"), (5, "proposal")]),
    "c": ("sam", 300, "EUR", [(3, "qualified"), (6, "lost")]),
    "d": ("sam", None, None, [(4, "qualified"), (1, "lead"), (2, "qualified")]),
    "e": ("ada", 500, "EUR", [(1, "lost")]),
    "f": ("sam", 600, "EUR", []),
}


@pytest.fixture
def walked(timed, clock, party):
    """The deals of `WALKS`, having walked; the clock stands 40 days later."""
    start = clock.now()
    for title, (owner, amount, currency, moves) in WALKS.items():
        clock.advance(start - clock.now())
        with timed.begin(owner) as uow:
            money = None if amount is None else Money(amount, currency)
            deal = uow.pipelines.open(pipeline="sales", party=party, title=title, amount=money)
        for days, to in moves:
            clock.advance(days * DAY)
            with timed.begin(owner) as uow:
                uow.pipelines.move(deal.id, to, reason="price" if title == "c" else "late")
    clock.advance(start + 40 * DAY - clock.now())
    return timed


def in_days(time):
    return None if time is None else time / DAY


def test_a_funnel_equals_the_one_worked_out_by_hand(walked):
    with walked.begin("ada", read_only=True) as uow:
        report = uow.pipelines.funnel("sales")
    shown = [
        (s.stage, s.now, s.entered, s.went_on, in_days(s.median_time), in_days(s.mean_time)) for s in report.stages
    ]
    assert shown == [
        ("lead", 1, 6, 4, 2, pytest.approx(13 / 6)),
        ("qualified", 1, 4, 2, 3, pytest.approx(13 / 4)),
        ("proposal", 1, 2, 1, 2, 2),
        ("negotiation", 0, 0, 0, None, None),
        ("won", 1, 1, 0, None, None),
        ("lost", 2, 2, 0, None, None),
    ]
    assert report["lead"].conversion == Decimal("0.6667")
    assert report["negotiation"].conversion is None
    assert report["lost"].amounts == {"EUR": Decimal(800)}
    assert report["qualified"].amounts == {}


def test_a_funnel_follows_those_who_came_within_its_period(walked, clock):
    start = clock.now() - 40 * DAY
    with walked.begin("ada", read_only=True) as uow:
        report = uow.pipelines.funnel("sales", since=start + 2 * DAY, until=start + 4 * DAY)
    assert [(s.stage, s.entered, s.went_on) for s in report.stages if s.entered] == [
        ("qualified", 2, 1),
        ("proposal", 1, 1),
    ]


def test_a_funnel_counts_only_what_its_reader_may_see(walked):
    with walked.begin("sam", read_only=True) as uow:
        report = uow.pipelines.funnel("sales")
    assert [(s.stage, s.now, s.entered, s.went_on) for s in report.stages[:2]] == [
        ("lead", 1, 3, 2),
        ("qualified", 1, 2, 0),
    ]
    assert report["lost"].amounts == {"EUR": Decimal(300)}


SELLER = (
    Rule(effect="permit", permission="deal.*", scope="own"),
    Rule(effect="permit", permission="pipeline.read"),
)


def sellers_may_not_read(crm, *fields):
    with crm.begin("ada") as uow:
        forbid = Rule(effect="forbid", permission="deal.read", fields=fields)
        uow.permissions.remove_role("seller")
        uow.permissions.define_role("seller", (*SELLER, forbid))


def test_who_may_not_see_amounts_sees_the_funnel_without_them(walked):
    sellers_may_not_read(walked, "class:financial")
    with walked.begin("sam", read_only=True) as uow:
        report = uow.pipelines.funnel("sales")
        assert (report["lost"].now, report["lost"].amounts) == (1, {})
        with pytest.raises(FieldForbiddenError):
            uow.pipelines.forecast()


def test_who_may_not_see_why_deals_were_lost_is_not_told(walked):
    sellers_may_not_read(walked, "lost_reason")
    with walked.begin("sam", read_only=True) as uow, pytest.raises(FieldForbiddenError):
        uow.pipelines.lost_share()


def test_a_funnel_remembers_stages_that_are_no_more(timed, party):
    with timed.begin("ada") as uow:
        uow.pipelines.add_stage("sales", NewStage(key="demo"), before="won")
        deal = uow.pipelines.open(pipeline="sales", party=party, title="Roof", stage="demo")
        uow.pipelines.win(deal.id)
        uow.pipelines.remove_stage("sales", "demo")
        demo = uow.pipelines.funnel("sales").stages[-1]
    assert (demo.stage, demo.category, demo.entered, demo.went_on, demo.now) == ("demo", None, 1, 1, 0)


def test_the_share_of_lost_deals_by_reason(walked):
    with walked.begin("ada", read_only=True) as uow:
        report = uow.pipelines.lost_share()
    assert (report.won, report.lost, report.share) == (1, 2, Decimal("0.6667"))
    assert [(r.reason, r.count, r.share) for r in report.reasons] == [
        ("late", 1, Decimal("0.5")),
        ("price", 1, Decimal("0.5")),
    ]


def test_the_share_of_lost_deals_within_a_period_of_a_pipeline_to_a_reader(walked, clock):
    start = clock.now() - 40 * DAY
    with walked.begin("sam", read_only=True) as uow:
        mine = uow.pipelines.lost_share()
        assert (mine.won, mine.lost) == (0, 1)
        assert uow.pipelines.lost_share(pipeline="partnership").share is None
    with walked.begin("ada", read_only=True) as uow:
        early = uow.pipelines.lost_share(since=start, until=start + 4 * DAY)
        assert (early.won, early.lost) == (0, 1)
        later = uow.pipelines.lost_share(pipeline="sales", since=start + 4 * DAY)
        assert (later.won, later.lost) == (1, 1)


def test_a_forecast_weighs_open_deals_by_month_and_currency(timed, party):
    with timed.begin("ada") as uow:
        for title, amount, more in (
            ("a", Money("100", "EUR"), {"expected_close": date(2026, 4, 2)}),
            ("b", Money("1000", "EUR"), {"expected_close": date(2026, 4, 30), "stage": "proposal"}),
            ("c", Money("10", "NOK"), {"expected_close": date(2026, 4, 30), "probability": Decimal("0.3333")}),
            ("d", Money("7", "EUR"), {"stage": "negotiation"}),
            ("e", None, {"expected_close": date(2026, 4, 1)}),
        ):
            uow.pipelines.open(pipeline="sales", party=party, title=title, amount=amount, **more)
        partner = uow.pipelines.open(
            pipeline="partnership", party=party, title="f", amount=Money("50", "EUR"), stage="signing"
        )
        won = uow.pipelines.open(pipeline="sales", party=party, title="g", amount=Money("9", "EUR"), stage="proposal")
        uow.pipelines.win(won.id)
    with timed.begin("ada", read_only=True) as uow:
        sales, every = uow.pipelines.forecast(pipeline="sales"), uow.pipelines.forecast()
    assert [(m.month, m.currency, m.count, m.total, m.weighted) for m in sales.months] == [
        (date(2026, 4, 1), "EUR", 2, Decimal(1100), Decimal(510)),
        (date(2026, 4, 1), "NOK", 1, Decimal(10), Decimal("3.333")),
        (None, "EUR", 1, Decimal(7), Decimal("5.25")),
    ]
    assert (sales.without_amount, every.without_amount) == (1, 1)
    assert every.months[-1].weighted == Decimal("5.25") + 35
    with timed.begin("sam", read_only=True) as uow:
        assert uow.pipelines.forecast().months == ()
    assert partner.stage == "signing"


def test_wrong_questions_are_refused(crm):
    naive, aware = datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001  # naive on purpose
    with crm.begin("ada", read_only=True) as uow:
        for ask in (uow.pipelines.funnel, lambda key, **k: uow.pipelines.lost_share(pipeline=key, **k)):
            with pytest.raises(NaiveDatetimeError):
                ask("sales", since=naive)
            with pytest.raises(InvalidValueError, match="lies before"):
                ask("sales", since=aware, until=aware - DAY)
            with pytest.raises(UnknownPipelineError):
                ask("sails")
        with pytest.raises(UnknownPipelineError):
            uow.pipelines.forecast(pipeline="sails")


def test_nobody_without_a_role_reads_reports(crm):
    with crm.begin("nobody", read_only=True) as uow, pytest.raises(ForbiddenError):
        uow.pipelines.funnel("sales")
