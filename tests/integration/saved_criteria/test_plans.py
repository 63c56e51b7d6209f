"""With a million interactions, what is asked about them is answered by ranges of indexes, as the databases say."""

from __future__ import annotations

import pytest
from million import INTERACTIONS, NOW, TENANT, fill, party_id

from crmkit import CRM, Config, FixedClock, Interaction, Money, Party, ago, f
from crmkit.core.kernel.storage.database import Db
from crmkit.testing import Actors, postgres

pytestmark = pytest.mark.slow

TABLE = "crm_interaction"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def crm(request, tmp_path_factory):
    """A database of each kind, filled once for all tests."""
    if request.param == "sqlite":
        yield from started(f"sqlite:///{(tmp_path_factory.mktemp('million') / 'crm.db').as_posix()}")
        return
    with postgres.database(request.getfixturevalue("postgres_server")) as url:
        yield from started(url)


def started(url):
    actors = Actors()
    actors.add("s6", roles=["seller"])
    actors.add("tess", roles=["seller"], teams=["sales"])
    config = Config.of({"database.url": url, "crmkit.default_tenant": TENANT})
    crm = CRM(config, actors=actors, clock=FixedClock(NOW))
    crm.schema.upgrade()
    with crm:
        crm.tenants.create(TENANT)
        with crm.begin("ada") as uow:
            uow.permissions.add_team("sales")
        fill(url)
        yield crm


@pytest.fixture
def scans(crm, monkeypatch):
    """``scans("ada", ask)`` gives how each statement of ``ask(uow)`` comes to rows of interactions."""
    sent = []
    rows = Db.rows

    def remembered(self, statement, params):
        sent.append((statement, params))
        return rows(self, statement, params)

    def plans_of(actor, ask):
        with crm.begin(actor, read_only=True) as uow, monkeypatch.context() as patched:
            patched.setattr(Db, "rows", remembered)
            ask(uow)
        found = []
        with crm.engine.connect() as connection:
            for statement, params in sent:
                prepared = Db(connection).prepare(statement)
                if TABLE in prepared.sql:
                    found += EXPLAINED[crm.engine.dialect.name](connection, prepared.sql, prepared.bind(params))
        assert found != []
        return found

    return plans_of


def in_sqlite(connection, sql, values):
    steps = [row.detail for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", values)]
    return [step for step in steps if f" {TABLE}" in step]


def in_postgresql(connection, sql, values):
    (plan,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {sql}", values).scalar_one()
    return list(nodes(plan["Plan"]))


def nodes(plan):
    if plan.get("Relation Name") == TABLE:
        condition = plan.get("Index Cond") or plan.get("Recheck Cond") or ""
        yield f"{plan['Node Type']} {TABLE} {condition}"
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


EXPLAINED = {"sqlite": in_sqlite, "postgresql": in_postgresql}


def by_a_range(step):
    """Whether a step reads a range of an index that is narrower than the tenant; the index's name says nothing."""
    condition = step.partition("(")[2]
    return any(told in condition for told in ("party_id", "occurred_at", " AND id=", "(id ="))


NO_LONGER = ~f.interactions.exists(f.occurred_at >= ago(days=30))
OFTEN = f.interactions.count(f.occurred_at >= ago(days=30)) > 3
LONG_AGO = f.interactions.last("occurred_at") < ago(days=30)
SEGMENT = f.deals.exists((f.stage == "lead") & (f.amount >= Money("1000", "EUR"))) & NO_LONGER & (f.kind == "person")

QUESTIONS = {
    "no interaction since": NO_LONGER,
    "more than three within": OFTEN,
    "the last one before": LONG_AGO,
    "never": ~f.interactions.exists(),
    "three conditions": SEGMENT,
    "any of two": NO_LONGER | OFTEN,
    "two relations deep": f.deals.exists(f.party.exists(NO_LONGER)),
}
ACTORS = ("ada", "s6", "tess")


@pytest.mark.parametrize("actor", ACTORS)
@pytest.mark.parametrize("question", QUESTIONS)
def test_parties_are_found_and_counted_without_reading_all_interactions(scans, actor, question):
    def ask(uow):
        uow.find(Party, QUESTIONS[question])
        uow.count(Party, QUESTIONS[question])

    assert [step for step in scans(actor, ask) if not by_a_range(step)] == []


@pytest.mark.parametrize("actor", ["ada", "s6"])
def test_a_page_of_the_timeline_is_a_range(scans, actor):
    steps = scans(actor, lambda uow: uow.interactions.timeline(party_id(6)))
    assert [step for step in steps if not by_a_range(step)] == []
    assert any("party_id" in step.partition("(")[2] for step in steps)


@pytest.mark.parametrize("actor", ACTORS)
def test_interactions_of_a_few_days_are_a_range(scans, actor):
    where = (f.occurred_at >= ago(days=2)) & f.party.deals.exists(f.stage == "lead")
    assert [step for step in scans(actor, lambda uow: uow.find(Interaction, where)) if not by_a_range(step)] == []


def test_what_no_index_serves_is_seen_as_such(scans):
    """Else none of this would say anything."""
    assert not all(map(by_a_range, scans("ada", lambda uow: uow.count(Interaction, f.summary == "call"))))


def test_the_answers_are_right(crm):
    """As counted from how the rows were made; every 21st party has had nothing for half of the time."""
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Interaction) == INTERACTIONS
        quiet = uow.count(Party, NO_LONGER)
        assert quiet == uow.count(Party, LONG_AGO) == 953
        assert uow.count(Party, ~NO_LONGER) == 20_000 - 953
        assert uow.count(Party, f.interactions.exists(f.occurred_at >= ago(days=540))) == 20_000 - 953
        assert uow.count(Party, f.interactions.exists(f.occurred_at >= ago(days=560))) > 20_000 - 953
