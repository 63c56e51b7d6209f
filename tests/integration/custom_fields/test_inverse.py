"""From the other end of a custom reference: who names this record, how many, how much; as declared references do."""

from __future__ import annotations

from datetime import date
from random import Random

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from crmkit import Deal, Money, Organisation, Party, Person, Rule, f
from crmkit.core.kernel.query.check import Variables
from crmkit.core.kernel.query.evaluate import matches
from crmkit.errors import FieldForbiddenError, InvalidKeyError, InvalidOperatorError, UnknownFieldError

BUILDER = f["deal.custom.builder"]
SUMS = [0, 1, 3, 4, 7]
STAGES = ["lead", "qualified"]


@pytest.fixture(params=[False, True], ids=["unindexed", "indexed"])
def naming(request, crm):
    """Deals name who builds, by a field without an index and by one that wants it."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("deal", "builder", "reference", refers_to="party", index=request.param)
        uow.custom_fields.define("deal", "area", "number")
        uow.custom_fields.define("deal", "price", "money")
        uow.custom_fields.define("deal", "until", "date")
    return crm


def opened(uow, party, title, custom, **more):
    """A new deal with custom values."""
    deal = uow.pipelines.open(pipeline="sales", party=party.id, title=title, **more)
    return uow.pipelines.update(evolve(deal, custom=custom))


@pytest.fixture
def people(naming):
    """Ten people, of whom the first four are named by deals."""
    with naming.begin("ada") as uow:
        return [uow.parties.add(Person(given_name=f"P{n}", team_id="sales")) for n in range(10)]


@pytest.fixture
def deals(naming, people):
    """Deals with values chosen at random; some name nobody."""
    random, made = Random(3), []
    with naming.begin("ada") as uow:
        for n in range(40):
            custom = {
                "builder": random.choice(people[:4]).id,
                "area": random.choice([1, 3, 4]),
                "price": Money(random.choice([1, 3]), random.choice(["EUR", "NOK"])),
                "until": date(2026, 1, random.choice([1, 3, 7])),
            }
            custom = {key: value for key, value in custom.items() if random.random() < 0.7}
            deal = opened(uow, people[-1], f"D{n}", custom, stage=random.choice(STAGES))
            made.append(deal)
    return made


# -- what is asked, and what it means, written apart ------------------------------------------------------------------


PYTHON = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a is not None and a < b,
    "le": lambda a, b: a is not None and a <= b,
    "gt": lambda a, b: a is not None and a > b,
    "ge": lambda a, b: a is not None and a >= b,
}


def compared(aggregate, op, value):
    return {
        "eq": lambda: aggregate == value,
        "ne": lambda: aggregate != value,
        "lt": lambda: aggregate < value,
        "le": lambda: aggregate <= value,
        "gt": lambda: aggregate > value,
        "ge": lambda: aggregate >= value,
    }[op]()


def numbers(found, kind):
    """What is compared, of the deals that name a person."""
    custom = [deal.custom for deal in found]
    if kind == "count":
        return len(found)
    if kind == "sum":
        return sum(c.get("area", 0) for c in custom)
    if kind == "money":
        return sum(c["price"].amount for c in custom if c.get("price", Money(0, "NOK")).currency == "EUR")
    values = [c["until"] for c in custom if "until" in c]
    return (min if kind == "first" else max)(values, default=None)


ASKED = {
    "count": BUILDER.count,
    "sum": lambda where: BUILDER.sum("custom.area", where),
    "money": lambda where: BUILDER.sum("custom.price", where),
    "first": lambda where: BUILDER.first("custom.until", where),
    "last": lambda where: BUILDER.last("custom.until", where),
}


@st.composite
def questions(draw):
    kind, op = draw(st.sampled_from(sorted(ASKED))), draw(st.sampled_from(sorted(PYTHON)))
    number = draw(st.sampled_from(SUMS))
    stage = draw(st.sampled_from([None, *STAGES]))
    return kind, op, number, stage


def value_of(kind, number):
    return {"money": Money(number, "EUR"), "first": date(2026, 1, max(number, 1))}.get(
        {"last": "first"}.get(kind, kind), number
    )


def test_aggregates_agree_with_python_and_with_an_oracle(naming, people, deals):
    entity, registry = naming.runtime.registry.entity("party"), naming.runtime.registry
    with naming.begin("ada") as uow:
        shapes = uow._work.rights.custom

    def related(_entity, record, _relation):
        return registry.entity("deal"), [d for d in deals if d.custom.get("builder") == record.id]

    @settings(max_examples=120, suppress_health_check=list(HealthCheck))
    @given(questions(), st.booleans())
    def check(question, negated):
        kind, op, number, stage = question
        narrowed = {"where": f.stage == stage} if stage else {"where": ~f.stage.is_empty()}
        where = compared(ASKED[kind](narrowed["where"]), op, value_of(kind, number))
        where = ~where if negated else where
        wanted = set()
        for person in people:
            found = [d for d in deals if d.custom.get("builder") == person.id and stage in {None, d.stage}]
            value = value_of(kind, number)
            compare = value.amount if isinstance(value, Money) else value
            if PYTHON[op](numbers(found, kind), compare) is not negated:
                wanted.add(person.id)
        with naming.begin("ada", read_only=True) as uow:
            assert {p.id for p in uow.each(Party, where)} == wanted
            assert uow.count(Party, where) == len(wanted)
        asked = {"variables": Variables(actor="ada"), "custom": shapes, "related": related}
        assert {p.id for p in people if matches(where, entity, p, **asked)} == wanted

    check()


def test_records_that_name_one_another_are_asked_through_each_other(naming, people, deals):
    won = BUILDER.exists((f.stage == "lead") & (f.custom.area > 1))
    builders = {d.custom.get("builder") for d in deals if d.stage == "lead" and d.custom.get("area", 0) > 1} - {None}
    with naming.begin("ada", read_only=True) as uow:
        assert {p.id for p in uow.each(Person, won)} == builders
        assert {p.id for p in uow.each(Person, ~won)} == {p.id for p in people} - builders
        beside = {d.id for d in uow.each(Deal, f.custom.builder.exists(BUILDER.count() > 5))}
    count = {p.id: sum(d.custom.get("builder") == p.id for d in deals) for p in people}
    assert beside == {d.id for d in deals if count.get(d.custom.get("builder"), 0) > 5}


def test_what_follows_a_merge_is_found_from_the_other_end(naming, people, deals):
    loser, winner = people[0], people[5]
    with naming.begin("ada") as uow:
        uow.parties.merge(loser.id, winner.id)
    named = sum(d.custom.get("builder") == loser.id for d in deals)
    with naming.begin("ada", read_only=True) as uow:
        assert uow.count(Party, (f.id == winner.id) & (BUILDER.count() == named)) == 1


# -- rights -----------------------------------------------------------------------------------------------------------


def test_deals_that_the_actor_may_not_see_are_not_counted(naming, people):
    """Sam sees the deals of his own, and no others."""
    with naming.begin("ada") as uow:
        opened(uow, people[-1], "Hidden", {"builder": people[0].id})
        opened(uow, people[-1], "Shown", {"builder": people[1].id}, owner="sam")
    for actor, named in (("ada", {people[0].id, people[1].id}), ("sam", {people[1].id})):
        with naming.begin(actor, read_only=True) as uow:
            assert {p.id for p in uow.each(Person, BUILDER.exists())} == named
            assert {p.id for p in uow.each(Person, BUILDER.count() == 1)} == named
            assert {p.id for p in uow.each(Person, BUILDER.count() < 1)} == {p.id for p in people} - named


def test_a_field_that_the_actor_may_not_see_is_not_walked(naming, people, actors):
    forbid = Rule(effect="forbid", permission="deal.read", fields=("custom.builder",))
    with naming.begin("ada") as uow:
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), forbid])
    actors.add("bo", roles=["blind"])
    with naming.begin("bo", read_only=True) as uow:
        for where in (BUILDER.exists(), BUILDER.count() > 0, BUILDER.sum("custom.area") > 0):
            with pytest.raises(FieldForbiddenError):
                uow.count(Person, where)


# -- what cannot be asked ---------------------------------------------------------------------------------------------

AMISS = [
    (f["deal.custom.bilder"].exists(), UnknownFieldError),
    (f["deel.custom.builder"].exists(), UnknownFieldError),
    (f["deal.custom.a'b"].exists(), InvalidKeyError),
    (f["deal.custom.area"].exists(), InvalidOperatorError),
    (f["deal.custom."].exists(), InvalidKeyError),
    (BUILDER.exists(f.nothing == 1), UnknownFieldError),
    (BUILDER.sum("custom.until") > 1, InvalidOperatorError),
    (BUILDER.count() > "3", InvalidOperatorError),
]


def test_what_leads_nowhere_is_refused(naming, rows):
    before = rows()
    for where, error in AMISS:
        with pytest.raises(error), naming.begin("ada", read_only=True) as uow:
            uow.find(Person, where)
    wrong = pytest.raises(InvalidOperatorError, match="names records of party, and none of deal")
    with wrong, naming.begin("ada", read_only=True) as uow:
        uow.find(Deal, BUILDER.exists())
    assert rows() == before


def test_a_removed_field_is_no_relation(naming, people):
    with naming.begin("ada") as uow:
        uow.custom_fields.remove("deal", "builder")
    with pytest.raises(UnknownFieldError), naming.begin("ada", read_only=True) as uow:
        uow.find(Person, BUILDER.exists())


# -- kept and said ----------------------------------------------------------------------------------------------------


def test_it_is_saved_said_in_words_and_run(naming, people, deals):
    asked = BUILDER.exists(f.stage == "lead") & (BUILDER.sum("custom.price") >= Money(2, "EUR"))
    with naming.begin("ada") as uow:
        saved = uow.saved_criteria.save("builders", "party", asked).id
        words = uow.saved_criteria.in_words(saved)
        assert [p.id for p in uow.saved_criteria.find(saved)] == [p.id for p in uow.find(Party, asked)]
    assert words == (
        "party that has deal records with it as builder (whose stage is 'lead') and "
        "whose total price of deal records with it as builder is at least 2 EUR"
    )


# -- plans ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def plan_of(crm):
    """A function that gives the plan by which the database answers a count."""

    def explain(where):
        sent = []

        def hear(_connection, _cursor, statement, parameters, *_):
            if "crm_deal" in statement:
                sent.append((statement, parameters))

        event.listen(crm.engine, "before_cursor_execute", hear)
        try:
            with crm.begin("ada", read_only=True) as uow:
                count = uow.count(Party, where)
        finally:
            event.remove(crm.engine, "before_cursor_execute", hear)
        statement, parameters = sent[-1]
        how = "EXPLAIN QUERY PLAN " if crm.engine.dialect.name == "sqlite" else "EXPLAIN "
        with crm.engine.connect() as connection:
            if crm.engine.dialect.name == "postgresql":
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            rows = connection.exec_driver_sql(how + statement, tuple(parameters)).all()
        return "\n".join(str(row[-1] if how.startswith("EXPLAIN Q") else row[0]) for row in rows), count

    return explain


def roofed(crm):
    """300 firms, of which the first 100 are named by three deals each."""
    with crm.begin("ada") as uow:
        firms = [uow.parties.add(Organisation(name=f"O{n}")) for n in range(300)]
        for n, firm in enumerate(firms):
            opened(uow, firm, f"D{n}", {"roofer": firms[n // 3].id})
    if crm.engine.dialect.name == "postgresql":
        with crm.engine.connect() as connection:
            connection.exec_driver_sql("ANALYZE crm_deal")
            connection.exec_driver_sql("ANALYZE crm_party")
            connection.commit()
    return firms


@pytest.fixture
def built(crm):
    """The name of the index of a reference of deals that is built; dropped in the end."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("deal", "roofer", "reference", refers_to="party", index=True)
    (index,) = crm.custom_fields.index("deal", "roofer")
    yield index.name
    with crm.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("deal", "roofer"), indexed=False))
    crm.custom_fields.prune()


def test_an_index_answers_from_the_other_end(crm, built, plan_of):
    roofer, firms = f["deal.custom.roofer"], roofed(crm)
    one = f.id == firms[0].id
    for where, wanted in (
        (one & roofer.exists(f.title == "D1"), 1),
        (one & (roofer.count() > 2), 1),
        (roofer.count() > 2, 100),
        (one & (roofer.last("expected_close") < date(2000, 1, 1)), 0),
    ):
        plan, count = plan_of(where)
        assert built in plan, f"{where}: {plan}"
        assert count == wanted


def test_without_an_index_the_other_end_is_read_once_and_not_per_record(crm, plan_of):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("deal", "roofer", "reference", refers_to="party")
    roofed(crm)
    for where in (f["deal.custom.roofer"].exists(), f["deal.custom.roofer"].count() > 2):
        plan, count = plan_of(where)
        assert "CORRELATED" not in plan
        assert "Join Filter" not in plan  # PostgreSQL's word for comparing each with each
        assert count == 100
