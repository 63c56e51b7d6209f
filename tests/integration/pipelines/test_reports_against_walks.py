"""Reports over random deals equal what is computed here from the same walks, one deal at a time and without SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from random import Random
from statistics import median

import pytest

from crmkit import Money

STAGES = ("lead", "qualified", "proposal", "negotiation", "won", "lost")
DAYS = (date(2026, 4, 1), date(2026, 4, 30), date(2026, 6, 15), None)


class Walk:
    """What happened to one deal, as noted beside the CRM."""

    def __init__(self, chance):
        self.owner = chance.choice(["sam", "ada"])
        self.amount = chance.choice([None, Decimal(100), Decimal("0.01"), Decimal("2500.50")])
        self.currency = chance.choice(["EUR", "NOK"])
        self.probability = chance.choice([None, None, Decimal("0.3333")])
        self.close = chance.choice(DAYS)
        self.stays = []
        self.reason = None

    @property
    def at(self):
        return self.stays[-1][0]

    def came_to(self, stage):
        return any(at == stage for at, _, _ in self.stays)

    def went_on_from(self, stage):
        """Whether it has come to a later stage, but for being lost, since it first came to this one."""
        path = [at for at, _, _ in self.stays]
        return any(at != "lost" and STAGES.index(at) > STAGES.index(stage) for at in path[path.index(stage) :])

    def enter(self, stage, now):
        if self.stays:
            self.stays[-1][2] = now
        self.stays.append([stage, now, None])


@pytest.fixture
def walks(timed, clock, party):
    """Forty deals that have walked at random, within the moves that the pipeline allows, over some weeks."""
    chance, found = Random(7), []
    with timed.begin("ada", read_only=True) as uow:
        definition = uow.pipelines.pipeline("sales")
        allowed = {stage.key: set(stage.moves) for stage in definition.stages if stage.moves}
    for _ in range(40):
        walk = Walk(chance)
        with timed.begin(walk.owner) as uow:
            money = None if walk.amount is None else Money(walk.amount, walk.currency)
            more = {"amount": money, "expected_close": walk.close, "probability": walk.probability}
            deal = uow.pipelines.open(pipeline="sales", party=party, title="Roof", **more)
        walk.enter("lead", clock.now())
        for _ in range(chance.randint(0, 5)):
            open_ = walk.at not in {"won", "lost"}
            to = chance.choice(
                [s for s in STAGES if s != walk.at and s in allowed.get(walk.at, STAGES)] if open_ else []
            )
            clock.advance(timedelta(minutes=chance.randint(1, 3000)))
            walk.reason = chance.choice(["price", "late"]) if to == "lost" else None
            with timed.begin(walk.owner) as uow:
                uow.pipelines.move(deal.id, to, reason=walk.reason)
            walk.enter(to, clock.now())
            if to in {"won", "lost"}:
                break
        found.append(walk)
    return found


def seen(walks, actor):
    return [w for w in walks if actor in {"ada", w.owner}]


@pytest.mark.parametrize("actor", ["ada", "sam"])
def test_the_funnel(timed, walks, actor):
    with timed.begin(actor, read_only=True) as uow:
        report = uow.pipelines.funnel("sales")
    mine = seen(walks, actor)
    for stage in STAGES:
        came = [w for w in mine if w.came_to(stage)]
        ended = [left - entered for w in mine for at, entered, left in w.stays if at == stage and left is not None]
        told = report[stage]
        assert told.now == sum(w.at == stage for w in mine), stage
        assert told.entered == len(came), stage
        amounts = defaultdict(Decimal)
        for w in mine:
            if w.at == stage and w.amount is not None:
                amounts[w.currency] += w.amount
        assert dict(told.amounts) == dict(amounts), stage
        if stage not in {"won", "lost"}:
            went_on = sum(w.went_on_from(stage) for w in came)
            assert told.went_on == went_on, stage
            assert told.conversion == (round(Decimal(went_on) / len(came), 4) if came else None), stage
        if not ended:
            assert (told.median_time, told.mean_time) == (None, None), stage
            continue
        assert abs(told.median_time - median(ended)) < timedelta(seconds=1), stage
        assert abs(told.mean_time - sum(ended, timedelta()) / len(ended)) < timedelta(seconds=1), stage


@pytest.mark.parametrize("actor", ["ada", "sam"])
def test_the_share_of_lost_deals_by_reason(timed, walks, actor):
    with timed.begin(actor, read_only=True) as uow:
        report = uow.pipelines.lost_share(pipeline="sales")
    ends = Counter(w.at for w in seen(walks, actor))
    reasons = Counter(w.reason for w in seen(walks, actor) if w.at == "lost")
    assert (report.won, report.lost) == (ends["won"], ends["lost"])
    assert report.share == round(Decimal(ends["lost"]) / (ends["won"] + ends["lost"]), 4)
    assert {r.reason: (r.count, r.share) for r in report.reasons} == {
        reason: (count, round(Decimal(count) / ends["lost"], 4)) for reason, count in reasons.items()
    }


@pytest.mark.parametrize("actor", ["ada", "sam"])
def test_the_weighted_forecast(timed, walks, actor):
    with timed.begin(actor, read_only=True) as uow:
        report = uow.pipelines.forecast(pipeline="sales")
        weights = {s.key: s.probability for s in uow.pipelines.pipeline("sales").stages}
    months, without = defaultdict(lambda: [0, Decimal(), Decimal()]), 0
    for walk in seen(walks, actor):
        if walk.at in {"won", "lost"}:
            continue
        if walk.amount is None:
            without += 1
            continue
        month = months[walk.close and walk.close.replace(day=1), walk.currency]
        month[0] += 1
        month[1] += walk.amount
        month[2] += walk.amount * (weights[walk.at] if walk.probability is None else walk.probability)
    assert report.without_amount == without
    assert {(m.month, m.currency): (m.count, m.total) for m in report.months} == {
        key: (count, total) for key, (count, total, _) in months.items()
    }
    for told in report.months:
        assert abs(told.weighted - months[told.month, told.currency][2]) <= Decimal("0.0001")
