"""Reports and Pareto charts equal what plain Python counts over random data, for whoever sees all and who sees less."""

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from statistics import median

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import new_id
from crmkit.errors import ConflictError, ForbiddenError, InvalidValueError, NaiveDatetimeError, NotFoundError
from crmkit.plugins.service_desk import (
    Assets,
    Case,
    DeskReports,
    Promises,
    Return,
    ReturnRecorded,
    Returns,
    ReturnSettled,
    ServiceDesk,
)
from crmkit.plugins.service_desk.reports.model import AGES
from crmkit.plugins.service_desk.returns.rules import pareto

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TODAY = date(2026, 3, 2)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
FIELDS = {"agent": "assignee_id", "product": "product", "reason": "reason", "priority": "priority", "kind": "kind"}


def do(crm, service, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(service))


# -- random cases -----------------------------------------------------------------------------------------------------

lives = st.lists(
    st.fixed_dictionaries({
        "product": st.sampled_from([None, "B-7", "S-1"]),
        "reason": st.sampled_from([None, "wear", "misuse"]),
        "priority": st.sampled_from(["low", "urgent"]),
        "assignee": st.sampled_from([None, "nia", "sue"]),
        "later": st.integers(0, 60),
        "then": st.lists(st.sampled_from(["wait", "resume", "resolve", "reopen"]), max_size=4),
    }),
    min_size=1,
    max_size=7,
)


@pytest.fixture
def promised(crm):
    with crm.begin("ada") as uow:
        uow.use(Promises).add_policy("Urgent", priority="urgent", resolution=30 * HOUR)


@pytest.fixture
def live(crm, clock, party):
    """A function that gives cases all sorts of lives; steps that a status does not allow are left out."""
    words = {"resolve": {"outcome": "so"}, "reopen": {"reason": "so"}}

    def take(step, case):
        with crm.begin("ada") as uow:
            try:
                with uow.attempt():
                    getattr(uow.use(ServiceDesk), step)(case, **words.get(step, {}))
            except ConflictError:
                pass

    def live(said):
        for life in said:
            own = {name: life[name] for name in ("product", "reason", "priority", "assignee")}
            case = do(crm, ServiceDesk, lambda desk, own=own: desk.open_case(party=party, subject="Leak", **own))
            for step in life["then"]:
                clock.advance(life["later"] * HOUR)
                take(step, case.id)

    return live


def seen(crm, actor):
    """What the actor sees, all of it: the plain list that the reports are compared with."""
    with crm.begin(actor, read_only=True) as uow:
        return list(uow.each(Case))


def grouped(cases, by):
    groups = {}
    for case in cases:
        groups.setdefault(getattr(case, FIELDS[by]), []).append(case)
    return groups


def expected_kept(group, now):
    decided = [case.resolution_seconds for case in group if case.resolution_seconds is not None]
    kept = sum(case.resolution_met is True for case in group)
    late = sum(case.resolution_met is False for case in group)
    open_ = [case.resolution_due_at for case in group if case.resolution_seconds is None and case.resolution_due_at]
    overdue = sum(due < now for due in open_)
    return {
        "kept": kept,
        "broken": late + overdue,
        "running": len(open_) - overdue,
        "unpromised": len(group) - kept - late - len(open_),
        "median_time": timedelta(seconds=median(decided)) if decided else None,
        "mean_time": timedelta(seconds=sum(decided) / len(decided)) if decided else None,
    }


def age_of(case, now):
    return next((n for n, age in enumerate(AGES) if case.opened_at >= now - age), len(AGES))


@pytest.mark.usefixtures("promised", "narrow")
@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(said=lives, by=st.sampled_from(sorted(FIELDS)))
def test_reports_equal_what_plain_python_counts(crm, clock, live, said, by):
    since = clock.now()
    live(said)
    for actor in ("ada", "nia"):
        cases, now = seen(crm, actor), clock.now()
        groups, fresh = grouped(cases, by), grouped([case for case in cases if case.opened_at >= since], by)
        backlog = do(crm, DeskReports, lambda r: r.backlog(by=by), actor)
        kept = do(crm, DeskReports, lambda r: r.kept("resolution", by=by, since=since), actor)
        volumes = do(crm, DeskReports, lambda r: r.volumes(by=by, since=since), actor)
        assert {row.key: Counter(dict(enumerate(row.counts))) for row in backlog.rows} == {
            key: Counter(dict.fromkeys(range(len(AGES) + 1), 0)) + Counter(age_of(case, now) for case in group)
            for key, group in ((k, [c for c in g if c.is_under_way]) for k, g in groups.items())
            if group
        }
        assert {row.key: {name: getattr(row, name) for name in expected_kept([], now)} for row in kept.rows} == {
            key: expected_kept(group, now) for key, group in fresh.items()
        }
        assert {row.key: (row.opened, row.resolved, row.reopened) for row in volumes.rows} == {
            key: (len(fresh.get(key, ())), done, sum(case.reopened > 0 for case in fresh.get(key, ())))
            for key, group in groups.items()
            if (done := sum(c.resolved_at is not None and c.resolved_at >= since for c in group)) or key in fresh
        }


def test_the_share_of_kept_promises_is_of_those_that_are_decided(crm, clock, opened):
    do(crm, Promises, lambda p: p.add_policy("All", resolution=2 * HOUR))
    first, second, _ = opened(), opened(), opened()
    clock.advance(HOUR)
    do(crm, ServiceDesk, lambda desk: desk.resolve(first.id, outcome="Done"))
    clock.advance(3 * HOUR)
    do(crm, ServiceDesk, lambda desk: desk.resolve(second.id, outcome="Done"))
    (row,) = do(crm, DeskReports, lambda r: r.kept("resolution")).rows
    assert (row.key, row.kept, row.broken, row.share) == ("all", 1, 2, Decimal("0.3333"))  # one of both is overdue
    assert (row.median_time, row.mean_time) == (timedelta(hours=2.5), timedelta(hours=2.5))


def test_a_backlog_says_how_old_cases_are_and_what_they_wait_for(crm, clock, opened):
    do(crm, Promises, lambda p: p.add_policy("All", resolution=2 * HOUR))
    opened()
    waiting = opened()
    do(crm, ServiceDesk, lambda desk: desk.wait(waiting.id))
    clock.advance(5 * DAY)
    opened()
    (row,) = do(crm, DeskReports, lambda r: r.backlog()).rows
    assert (row.counts, row.total, row.waiting, row.overdue) == ((1, 0, 2, 0, 0), 3, 1, 1)


@pytest.mark.parametrize(
    ("what", "error"),
    [
        (lambda r: r.volumes(by="moon"), InvalidValueError),
        (lambda r: r.kept("happiness"), InvalidValueError),
        (lambda r: r.volumes(since=NOW, until=NOW - DAY), InvalidValueError),
        (lambda r: r.volumes(since=datetime(2026, 1, 1)), NaiveDatetimeError),  # noqa: DTZ001  # naive on purpose
    ],
)
def test_a_report_of_nothing_is_refused(crm, what, error):
    with pytest.raises(error):
        do(crm, DeskReports, what)


def test_who_may_not_read_cases_gets_no_report(crm, opened):
    opened()
    with pytest.raises(ForbiddenError):
        do(crm, DeskReports, lambda r: r.volumes(), actor="nobody")


# -- returns ----------------------------------------------------------------------------------------------------------


def test_a_return_is_recorded_settled_and_told(crm, party, told):
    record = do(crm, Returns, lambda r: r.record_return(party, product="B-7", reason="defective", quantity=2))
    assert (record.returned_on, record.outcome) == (TODAY, None)
    settled = do(crm, Returns, lambda r: r.settle_return(record.id, "replaced"))
    assert (settled.outcome, settled.settled_on) == ("replaced", TODAY)
    assert [(e.returned, e.reason) for e in told(ReturnRecorded)] == [(record.id, "defective")]
    assert [(e.returned, e.outcome) for e in told(ReturnSettled)] == [(record.id, "replaced")]


returned = st.lists(
    st.tuples(
        st.sampled_from(["B-7", "S-1", "T-9"]),
        st.sampled_from(["defective", "damaged", "not_wanted", "other"]),
        st.integers(1, 9),
        st.integers(0, 20),
    ),
    max_size=12,
)


@settings(max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(said=returned, by=st.sampled_from(["reason", "product"]), days=st.integers(0, 20))
def test_a_pareto_report_equals_what_plain_python_counts(crm, party, said, by, days):
    with crm.begin("ada") as uow:
        for product, reason, quantity, ago in said:
            uow.use(Returns).record_return(
                party, product=product, reason=reason, quantity=quantity, returned_on=TODAY - ago * DAY
            )
    since = TODAY - days * DAY
    with crm.begin("ada", read_only=True) as uow:
        pieces, counts = Counter(), Counter()
        for record in uow.each(Return):
            if record.returned_on >= since:
                pieces[getattr(record, by)] += record.quantity
                counts[getattr(record, by)] += 1
        found = uow.use(Returns).return_pareto(by=by, since=since)
    assert [(row.key, row.quantity, row.returns) for row in found.rows] == [
        (key, n, counts[key]) for key, n in sorted(pieces.items(), key=lambda item: (-item[1], item[0]))
    ]
    assert (found.quantity, found.returns) == (pieces.total(), counts.total())


counts = st.dictionaries(st.text("abc", min_size=1, max_size=3), st.tuples(st.integers(1, 9), st.integers(1, 500)))


@given(counts)
def test_the_vital_few_are_the_fewest_that_make_up_four_fifths(said):
    found = pareto(said)
    total = sum(quantity for _, quantity in said.values())
    vital = [row.quantity for row in found.rows if row.vital]
    assert not total or (sum(vital) >= Decimal("0.8") * total > sum(vital[:-1]))
    assert [row.cumulative for row in found.rows] == sorted(row.cumulative for row in found.rows)
    assert not total or found.rows[-1].cumulative == 1


REFUSED = {
    "unknown reason": ({"product": "B-7", "reason": "boredom"}, InvalidValueError),
    "day to come": ({"product": "B-7", "reason": "other", "returned_on": TODAY + DAY}, InvalidValueError),
    "nothing": ({"reason": "other"}, InvalidValueError),
    "none at all": ({"product": "B-7", "reason": "other", "quantity": 0}, ValueError),
    "unknown case": ({"product": "B-7", "reason": "other", "case": new_id()}, NotFoundError),
    "unknown asset": ({"product": "B-7", "reason": "other", "asset": new_id()}, NotFoundError),
}


def stored(found):
    """What is stored but for the audit, in which a refusal leaves a line."""
    return {table: lines for table, lines in found.items() if table != "crm_denial"}


@pytest.mark.parametrize("why", REFUSED)
def test_a_return_that_cannot_be_is_refused_and_nothing_is_stored(why, crm, party, rows):
    said, error = REFUSED[why]
    before = rows()
    with pytest.raises(error):
        do(crm, Returns, lambda r: r.record_return(party, **said))
    assert stored(rows()) == stored(before)


def test_a_return_of_somebody_elses_thing_is_refused(crm, party, opened, rows):
    with crm.begin("ada") as uow:
        other = uow.parties.add(type(uow.parties.get(party))(given_name="Tom")).id
        asset = uow.use(Assets).add_asset(other, name="Stove", product="S-1")
    case = opened()
    before = rows()
    with pytest.raises(InvalidValueError, match="another party"):
        do(crm, Returns, lambda r: r.record_return(party, reason="other", asset=asset.id))
    with pytest.raises(InvalidValueError, match="another party"):
        do(crm, Returns, lambda r: r.record_return(other, reason="other", product="S-1", case=case.id))
    assert rows() == before


def test_a_return_is_settled_once_and_not_before_it_came(crm, party, rows):
    record = do(crm, Returns, lambda r: r.record_return(party, product="B-7", reason="other"))
    with pytest.raises(InvalidValueError, match="lies before"):
        do(crm, Returns, lambda r: r.settle_return(record.id, "refunded", on=TODAY - DAY))
    do(crm, Returns, lambda r: r.settle_return(record.id, "rejected"))
    before = rows()
    with pytest.raises(ConflictError):
        do(crm, Returns, lambda r: r.settle_return(record.id, "refunded"))
    assert rows() == before


def test_a_pareto_report_of_nothing_is_refused(crm):
    with pytest.raises(InvalidValueError):
        do(crm, Returns, lambda r: r.return_pareto(by="moon"))
    with pytest.raises(InvalidValueError):
        do(crm, Returns, lambda r: r.return_pareto(since=TODAY, until=TODAY - DAY))
    assert do(crm, Returns, lambda r: r.return_pareto()).rows == ()
