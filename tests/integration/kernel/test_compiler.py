"""Lists, counts and sums against the check of single records and a naive oracle written apart (P1, P2, P6)."""

import statistics
from datetime import date, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from populations import (
    ACCOUNT,
    CANARY,
    COMPILER,
    DAYS,
    DEAL,
    ENTITIES,
    EVERYTHING,
    GRANT,
    LINE,
    LOG,
    METADATA,
    MONEYS,
    NOW,
    ORDERED,
    OWN_FIELDS,
    RATES,
    RELATIVE_DAYS,
    RELATIVE_INSTANTS,
    REMARK,
    TENANT,
    TEXTS,
    Account,
    Deal,
    Oracle,
    Population,
    Rental,
    World,
    any_rights,
    criteria,
    plain_rights,
    worlds,
)
from sqlalchemy import create_engine, insert

from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.access.rule import Rule, SourcedRule
from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.query.evaluate import matches
from crmkit.core.kernel.storage.database import Db
from crmkit.errors import CriteriaError, InvalidCursorError, LimitExceededError
from crmkit.values.criteria import (
    ALWAYS,
    NEVER,
    Aggregate,
    Compare,
    Not,
    Variable,
    ago,
    f,
    today,
)
from crmkit.values.money import Money
from crmkit.values.page import Cursor


def key_of(order, record):
    name = order.removeprefix("-")
    value = getattr(record, name)
    value = value.amount if isinstance(value, Money) else value
    filled = value if value is not None else 0
    return (value is None, filled if value is not None else 0, record.id) if value is not None else (True, 0, record.id)


def in_order(records, order):
    empty = [r for r in records if getattr(r, order.removeprefix("-")) is None]
    filled = [r for r in records if getattr(r, order.removeprefix("-")) is not None]
    ordered = sorted(filled, key=lambda r: key_of(order, r)) + sorted(empty, key=lambda r: r.id)
    return [r.id for r in (reversed(ordered) if order.startswith("-") else ordered)]


# -- running ----------------------------------------------------------------------------------------------------------


class Bench:
    """One database; every example runs in a transaction that is rolled back."""

    def __init__(self, engine):
        self.engine = engine
        METADATA.create_all(engine)
        self.dialect = engine.dialect.name
        self.codecs = {e.name: RowCodec(e, self.dialect) for e in (*ENTITIES, GRANT)}

    def filled(self, world):
        connection = self.engine.connect()
        for entity in (ACCOUNT, DEAL, LINE, LOG, REMARK, GRANT):
            rows = [self.row(entity, record) for record in world.records[entity.name]]
            if rows:
                for tenant in (TENANT, CANARY):
                    connection.execute(insert(entity.table), [{**row, "tenant_id": tenant} for row in rows])
        return connection

    def row(self, entity, record):
        row = {}
        for name, shape in entity.shape.fields.items():
            value = getattr(record, name, None)
            if shape.type == "money":
                value = (value.amount, value.currency) if value else (None, None)
                row.update(zip(shape.columns, value, strict=True))
            else:
                row[name] = value
        return row


@pytest.fixture
def bench(url, make):
    return Bench(make(create_engine, url))


def pages(bench, connection, rights, what, where=ALWAYS, *, limit=50, order=None):
    """The ids of all pages, one after the other."""
    found, after = [], None
    for _ in range(100):
        query = COMPILER.page(
            rights, TENANT, what, where, order=order, limit=limit, after=after, dialect=bench.dialect, now=NOW
        )
        rows = Db(connection).rows(query.statement, query.params)
        page = query.page([bench.codecs[query.entity.name].load(row) for row in rows])
        assert len(page.items) <= limit
        found += page.items
        if page.next is None:
            return found
        after = Cursor.decode(page.next.encode())
    raise AssertionError("the pages never end")


def admitted(rights, world, entity, where=ALWAYS):
    """What the oracle lets the actor see; the check of single records agrees with it."""
    oracle = Oracle(world)
    permission = "deal.read" if entity is LINE else f"{entity.name}.read"
    seen = []
    for record in world.records[entity.name]:
        decided = oracle.decide(rights, permission, entity, record)
        assert rights.check(permission, entity, record, world) == decided
        if decided and oracle.fits(where, entity.name, record, rights, rights):
            seen.append(record)
    return seen


relaxed = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
ORDERS = {
    "account": ["name", "-name", "id", "-updated_at"],
    "deal": ["-updated_at", "updated_at", "due", "-due", "id", "-score", "amount"],
    "line": ["-updated_at", "quantity"],
    "log": ["-updated_at", "line"],
    "remark": ["-updated_at"],
}


@relaxed
@given(data=st.data())
def test_a_list_is_what_the_check_of_each_record_admits_in_every_order_and_page_size(bench, data):
    world = data.draw(worlds())
    rights = data.draw(any_rights(world))
    with bench.filled(world) as connection:
        for entity in ENTITIES:
            expected = admitted(rights, world, entity)
            order = data.draw(st.sampled_from(ORDERS[entity.name]))
            limit = data.draw(st.integers(1, 4))
            found = pages(bench, connection, rights, entity, limit=limit, order=order)
            assert [r.id for r in found] == in_order(expected, order)
            assert sorted(found, key=lambda r: r.id) == sorted(expected, key=lambda r: r.id)


@relaxed
@given(data=st.data())
def test_a_filtered_list_shows_nothing_of_hidden_records_through_relations_either(bench, data):
    world = data.draw(worlds())
    rights = data.draw(any_rights(world))
    entity = data.draw(st.sampled_from(ENTITIES))
    where = data.draw(criteria(entity.name))
    expected = admitted(rights, world, entity, where)
    with bench.filled(world) as connection:
        found = pages(bench, connection, rights, entity, where, limit=3, order="id")
        assert [r.id for r in found] == sorted(r.id for r in expected)
        query = COMPILER.count(rights, TENANT, entity, where, dialect=bench.dialect, now=NOW)
        assert Db(connection).rows(query.statement, query.params) == [(len(expected),)]


EUR, JPY = MONEYS[2], MONEYS[3]
EXTREMES = [("amount", EUR), ("amount", JPY), ("score", 1), ("seen_at", NOW), ("due", today()), ("stage", "ab")]
LEAVES = [
    *(
        f.account.exists(Aggregate("deals", function, of, op, value, where))
        for function in ("min", "max")
        for of, value in EXTREMES
        for op in ORDERED
        for where in (ALWAYS, f.won.is_empty())
    ),
    *(Aggregate("lines", "count", None, op, number, f.quantity > 0) for op in ORDERED for number in (-1, 0, 1, 2)),
    *(Compare("stage", op, "ab") for op in ORDERED),
    *(Compare("amount", op, money_) for op in ORDERED for money_ in (EUR, JPY)),
    *(Compare("due", op, DAYS[1]) for op in ORDERED),
    *(Compare("score", op, 1) for op in ORDERED),
    *(Compare("rate", op, RATES[1]) for op in ORDERED),
    *(Compare("seen_at", op, NOW) for op in ORDERED),
    *(Compare("seen_at", op, relative) for op in ORDERED for relative in RELATIVE_INSTANTS),
    *(Compare("due", op, relative) for op in ORDERED for relative in RELATIVE_DAYS),
    f.due.in_([*RELATIVE_DAYS, DAYS[0]]),
    f.account.exists(f.deals.last("seen_at") < ago(minutes=1)),
    f.account.exists(f.deals.first("due") >= today()),
    f.entries.exists(f.line != "a"),
    f.remarks.count() >= 1,
    f.account.exists(f.remarks.exists() & ~f.entries.exists(f.line == "")),
    *(f.stage.contains(text) for text in TEXTS),
    *(f.stage.starts_with(text) for text in TEXTS),
    *(f[name].is_empty() for name in OWN_FIELDS["deal"]),
    f.stage.in_(["a", "%"]),
    f.score.in_([]),
    f.amount.in_([EUR, JPY]),
    f.amount_currency != "EUR",
    f.won == True,  # noqa: E712  # the field makes a criteria
    f.owner_id == Variable("actor"),
    f.team_id.in_(Variable("subtree")),
    f.account.exists(),
    f.account.exists(f.owner_id.is_empty()),
    f.account.exists(~f.logs.exists()),
    f.lines.exists(),
    f.lines.exists(f.quantity > 0),
    f.lines.exists(f.deal.exists(f.won.is_empty())),
    *(Aggregate("lines", "count", None, op, 1) for op in ORDERED),
    *(Aggregate("lines", "sum", "quantity", op, 0) for op in ORDERED),
    *(Aggregate("lines", "min", "quantity", op, 0) for op in ORDERED),
    *(Aggregate("lines", "max", "quantity", op, 1, f.quantity != 7) for op in ORDERED),
    f.account.exists(f.deals.sum("amount") > EUR),
    f.account.exists(f.deals.sum("amount", f.won.is_empty()) == Money(0, "JPY")),
    f.account.exists(f.deals.max("amount") != JPY),
    f.account.exists(f.deals.min("due") < DAYS[2]),
]


@pytest.mark.parametrize("seed", range(3))
def test_every_comparison_and_its_opposite_mean_the_same_in_python_and_sql(bench, seed):
    world = Population(seed).world
    oracle, deals = Oracle(world), world.records["deal"]
    ann = evolve(EVERYTHING, teams=frozenset({"north"}), subtree=frozenset({"north", "oslo"}))

    def related(entity, record, relation):
        return oracle.related(ann, entity.name, record, relation)

    def in_python(leaf, deal):
        return matches(leaf, DEAL, deal, variables=ann.variables, related=related, now=NOW)

    with bench.filled(world) as connection:
        for leaf in LEAVES:
            fitting = [d.id for d in deals if oracle.fits(leaf, "deal", d, ann, ann)]
            others = [d.id for d in deals if d.id not in fitting]
            assert [d.id for d in deals if in_python(leaf, d)] == fitting
            assert [d.id for d in pages(bench, connection, ann, DEAL, leaf, order="id")] == fitting
            assert [d.id for d in pages(bench, connection, ann, DEAL, Not(leaf), order="id")] == others


@relaxed
@given(data=st.data())
def test_sums_and_counts_by_group_are_those_of_the_visible_records(bench, data):
    world = data.draw(worlds())
    rights = data.draw(any_rights(world))
    where = data.draw(criteria("deal", 1))
    by = data.draw(st.sampled_from([("amount_currency",), ("won", "amount_currency"), ("amount_currency", "due")]))
    groups = {}
    for deal in admitted(rights, world, DEAL, where):
        key = tuple(Oracle(world).value(deal, name) for name in by)
        groups.setdefault(key, []).append(deal)
    expected = {
        key: (
            len(deals),
            sum((d.amount.amount for d in deals if d.amount), Decimal(0)),
            sum((d.rate for d in deals if d.rate), Decimal(0)),
            sum(d.score for d in deals if d.score),
        )
        for key, deals in groups.items()
    }
    with bench.filled(world) as connection:
        query = COMPILER.tally(
            rights, TENANT, DEAL, by, sums=("amount", "rate", "score"), where=where, dialect=bench.dialect, now=NOW
        )
        tallies = [query.read(row) for row in Db(connection).rows(query.statement, query.params)]
    assert {t.key: (t.count, t.sums["amount"], t.sums["rate"], t.sums["score"]) for t in tallies} == expected


@relaxed
@given(data=st.data())
def test_medians_by_group_are_those_of_the_visible_records(bench, data):
    world = data.draw(worlds())
    rights = data.draw(any_rights(world))
    where = data.draw(criteria("deal", 1))
    by = data.draw(st.sampled_from([(), ("won",), ("amount_currency", "due")]))
    of = data.draw(st.sampled_from(["score", "rate"]))
    groups = {}
    for deal in admitted(rights, world, DEAL, where):
        if getattr(deal, of) is not None:
            key = tuple(Oracle(world).value(deal, name) for name in by)
            groups.setdefault(key, []).append(Decimal(getattr(deal, of)))
    with bench.filled(world) as connection:
        query = COMPILER.median(rights, TENANT, DEAL, of, by, where=where, dialect=bench.dialect, now=NOW)
        found = dict(map(query.read, Db(connection).rows(query.statement, query.params)))
    assert found == {key: statistics.median(values) for key, values in groups.items()}


def test_more_groups_than_were_asked_for_are_an_error(bench):
    """A part of them would be a wrong answer that looks like a right one."""
    account = Account(id=UUID(int=1), version=1, created_at=NOW, updated_at=NOW, name="a")
    stamps = {"version": 1, "created_at": NOW, "updated_at": NOW, "account_id": account.id}
    deals = [Deal(id=UUID(int=n), score=n, **stamps) for n in (2, 3, 4)]
    world = World({"account": [account], "deal": deals, "line": [], "log": [], "remark": [], "grant": []})
    with bench.filled(world) as connection:
        for limit in (3, 2):
            query = COMPILER.tally(EVERYTHING, TENANT, DEAL, ("score",), limit=limit, dialect=bench.dialect, now=NOW)
            rows = Db(connection).rows(query.statement, query.params)
            if limit == 3:
                assert [t.key for t in query.groups(rows)] == [(2,), (3,), (4,)]
            else:
                with pytest.raises(LimitExceededError):
                    query.groups(rows)


@pytest.mark.parametrize("limit", [0, 100_001])
def test_a_tally_has_a_limit(limit):
    with pytest.raises(LimitExceededError):
        COMPILER.tally(EVERYTHING, TENANT, DEAL, ("stage",), limit=limit, dialect="sqlite")


@pytest.mark.parametrize("of", ["stage", "amount", "due", "custom", "nothing"])
def test_a_median_that_makes_no_sense_is_refused(of):
    with pytest.raises(CriteriaError):
        COMPILER.median(EVERYTHING, TENANT, DEAL, of, (), dialect="sqlite")


@relaxed
@given(data=st.data())
def test_one_record_is_got_by_id_exactly_if_it_may_be_updated(bench, data):
    world = data.draw(worlds())
    rights = data.draw(any_rights(world))
    with bench.filled(world) as connection:
        for deal in world.records["deal"]:
            query = COMPILER.get(rights, TENANT, DEAL, deal.id, permission="deal.update", now=NOW)
            rows = Db(connection).rows(query.statement, query.params)
            assert bool(rows) == Oracle(world).decide(rights, "deal.update", DEAL, deal)
            assert not rows or bench.codecs["deal"].load(rows[0]) == deal


@relaxed
@given(data=st.data())
def test_changing_what_is_hidden_changes_no_answer(bench, data):
    """P2': the hidden records are taken away altogether."""
    world = data.draw(worlds())
    rights = data.draw(plain_rights("ann", world))
    where = data.draw(criteria("account"))
    kept = {e.name: [r for r in world.records[e.name] if r in admitted(rights, world, e)] for e in (DEAL, LINE, LOG)}
    smaller = World({**world.records, **kept})
    answers = []
    for version in (world, smaller):
        with bench.filled(version) as connection:
            answers.append([r.id for r in pages(bench, connection, rights, ACCOUNT, where, limit=2)])
    assert answers[0] == answers[1]


@relaxed
@given(
    world=worlds(),
    order=st.sampled_from([*ORDERS["deal"], "-amount", "seen_at", "-stage", "won"]),
    limit=st.integers(1, 4),
)
def test_pages_in_any_order_hold_every_record_once_the_empty_values_included(bench, world, order, limit):
    with bench.filled(world) as connection:
        found = pages(bench, connection, EVERYTHING, DEAL, limit=limit, order=order)
    assert [r.id for r in found] == in_order(world.records["deal"], order)


def test_a_variant_is_found_by_its_model(bench):
    account = Account(id=UUID(int=1), version=1, created_at=NOW, updated_at=NOW, name="a")
    stamps = {"version": 1, "created_at": NOW, "updated_at": NOW, "account_id": account.id}
    deals = [Deal(id=UUID(int=2), **stamps), Rental(id=UUID(int=3), **stamps)]
    world = World({"account": [account], "deal": deals, "line": [], "log": [], "remark": [], "grant": []})
    with bench.filled(world) as connection:
        assert pages(bench, connection, EVERYTHING, Rental) == [deals[1]]
        assert pages(bench, connection, EVERYTHING, Deal, order="id") == deals


@pytest.mark.parametrize(
    "cursor",
    [
        Cursor("due", "2025-01-01", str(UUID(int=1))),
        Cursor("-updated_at", "yesterday", str(UUID(int=1))),
        Cursor("-updated_at", 7, str(UUID(int=1))),
        Cursor("-updated_at", None, str(UUID(int=1))),
        Cursor("-updated_at", "2025-01-01T00:00:00", str(UUID(int=1))),
        Cursor("-updated_at", "2025-01-01T00:00:00Z", "1'; drop table crm_deal --"),
    ],
)
def test_a_cursor_that_was_tampered_with_is_refused(cursor):
    with pytest.raises(InvalidCursorError):
        COMPILER.page(EVERYTHING, TENANT, DEAL, order="-updated_at", after=cursor, dialect="sqlite")


@pytest.mark.parametrize(("order", "key"), [("-score", 2**63), ("amount", "NaN"), ("rate", "1E+30"), ("stage", "a\0")])
def test_a_cursor_with_a_key_that_no_record_can_have_is_refused(order, key):
    after = Cursor(order, key, str(UUID(int=1)))
    with pytest.raises(InvalidCursorError):
        COMPILER.page(EVERYTHING, TENANT, DEAL, order=order, after=after, dialect="sqlite")


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_page_has_a_limit(limit):
    with pytest.raises(LimitExceededError):
        COMPILER.page(EVERYTHING, TENANT, DEAL, limit=limit, dialect="sqlite")


@pytest.mark.parametrize("order", ["nothing", "custom", "stage; drop table crm_deal", "--stage", "owner.password"])
def test_an_order_that_is_no_field_is_refused(order):
    with pytest.raises(CriteriaError):
        COMPILER.page(EVERYTHING, TENANT, DEAL, order=order, dialect="sqlite")


@pytest.mark.parametrize(
    ("by", "sums"), [(("amount",), ()), (("stage",), ("amount",)), (("custom",), ()), (("stage",), ("due",))]
)
def test_a_tally_that_makes_no_sense_is_refused(by, sums):
    with pytest.raises(CriteriaError):
        COMPILER.tally(EVERYTHING, TENANT, DEAL, by, sums=sums, dialect="sqlite")


def test_criteria_of_one_structure_share_a_statement():
    def statement(stage, ids):
        where = (f.stage == stage) & f.id.in_(ids)
        return COMPILER.page(EVERYTHING, TENANT, DEAL, where, dialect="sqlite").statement

    one = statement("lead", [UUID(int=n) for n in range(5)])
    assert statement("won", [UUID(int=n) for n in range(8)]) is one
    assert statement("won", [UUID(int=n) for n in range(9)]) is not one


def test_a_relative_date_makes_no_statement_of_its_own_and_is_worked_out_on_every_run():
    """Also one in the condition of a rule, though rights are kept from unit to unit."""
    rule = Rule(effect="permit", permission="deal.*", where=f.due >= ago(days=7))
    ann = Rights(actor="ann", rules=(SourcedRule("role seller", rule),))

    def asked(days, **more):
        return COMPILER.page(ann, TENANT, DEAL, f.seen_at < ago(days=days), dialect="sqlite", **more)

    first, second = asked(1, now=NOW), asked(2, now=NOW + timedelta(days=10))
    assert first.statement is second.statement
    values = [{v for v in q.params.values() if isinstance(v, date)} for q in (first, second)]
    assert values == [
        {NOW - timedelta(days=1), date(2024, 12, 25)},
        {NOW + timedelta(days=8), date(2025, 1, 4)},
    ]
    with pytest.raises(CriteriaError, match="present instant is not known"):
        asked(1)


def test_actors_of_one_role_share_a_statement():
    rule = SourcedRule("role seller", Rule(effect="permit", permission="deal.*", scope="team"))
    sellers = [Rights(actor=a, teams=frozenset({t}), rules=(rule,)) for a, t in (("ann", "north"), ("zoe", "oslo"))]
    first, second = (COMPILER.page(r, TENANT, DEAL, dialect="sqlite") for r in sellers)
    assert first.statement is second.statement
    assert first.params != second.params


def planned(bench, query):
    """What the database is going to do."""
    explain = "EXPLAIN QUERY PLAN " if bench.dialect == "sqlite" else "EXPLAIN "
    with bench.filled(World({e.name: [] for e in (*ENTITIES, GRANT)})) as connection:
        prepared = Db(connection).prepare(query.statement)
        rows = connection.exec_driver_sql(explain + prepared.sql, prepared.bind(query.params))
        return "\n".join(str(row) for row in rows)


SELLER = Rights(
    actor="ann",
    teams=frozenset({"north"}),
    rules=(SourcedRule("role seller", Rule(effect="permit", permission="*", scope="team")),),
    shared=frozenset({("deal", "deal.read")}),
)


def parts(bench, where=ALWAYS):
    """Every kind of query over parts that reads more than one."""
    dialect = bench.dialect
    yield COMPILER.count(SELLER, TENANT, LINE, where, dialect=dialect)
    yield COMPILER.tally(SELLER, TENANT, LINE, ("quantity",), where=where, dialect=dialect)
    yield COMPILER.median(SELLER, TENANT, LINE, "quantity", (), where=where, dialect=dialect)
    yield COMPILER.page(SELLER, TENANT, LINE, where, dialect=dialect)
    yield COMPILER.page(SELLER, TENANT, LINE, where, order="quantity", dialect=dialect)


def test_the_roots_that_an_actor_sees_are_found_once_and_not_for_each_part(bench):
    """A look-up per row took 70 times as long for a seller who sees one deal in a hundred."""
    for query in parts(bench):
        plan = planned(bench, query)
        assert "CORRELATED" not in plan
        if bench.dialect == "postgresql":
            assert "Join" in plan or "Nested Loop" in plan


def test_of_few_parts_each_looks_up_its_root(bench):
    """Else a page about one record would begin with all that the actor may see."""
    for where in (f.deal_id == UUID(int=1), (f.quantity > 1) & f.id.in_([UUID(int=1), UUID(int=2)])):
        for query in parts(bench, where):
            assert ("CORRELATED" in planned(bench, query)) is (bench.dialect == "sqlite")


def test_nothing_is_found_without_a_permit(bench):
    world = World({e.name: [] for e in (*ENTITIES, GRANT)})
    with bench.filled(world) as connection:
        assert pages(bench, connection, Rights(actor="ann"), DEAL) == []
        assert pages(bench, connection, EVERYTHING, DEAL, NEVER) == []
