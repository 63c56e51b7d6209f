"""Criteria over custom fields: SQLite, PostgreSQL, Python and a naive oracle agree (P6); the rest is refused."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from random import Random

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Money, Organisation, Party, Person, Rule, f
from crmkit.core.kernel.query.check import Variables
from crmkit.core.kernel.query.evaluate import matches
from crmkit.errors import (
    FieldForbiddenError,
    InvalidKeyError,
    InvalidOperatorError,
    InvalidValueError,
    LimitExceededError,
    UnknownFieldError,
)

DAY = date(2026, 3, 31)
NOON = datetime(2026, 3, 31, 12, tzinfo=UTC)
POOL = {
    "note": ["a", "B", "b%", "Ünï", "ünï", "a_b"],
    "story": ["a", "B"],
    "size": [-3, 0, 2, 2**62],
    "rate": [Decimal("-1.5"), Decimal(0), Decimal("0.000001"), Decimal("999999999999.999999")],
    "budget": [Money(1, "EUR"), Money(2, "EUR"), Money(1, "NOK"), Money("-0.0001", "EUR")],
    "since": [DAY - timedelta(days=400), DAY, date(987, 1, 1), date(9999, 12, 31)],
    "seen": [NOON, NOON + timedelta(microseconds=1), NOON - timedelta(days=9)],
    "vip": [True, False],
    "colour": ["red", "blue"],
    "tags": [("new",), ("old",), ("new", "old"), ("new_old",)],
    "mail": ["ida@berg.example", "ola@berg.example"],
}
ORDERED = ["eq", "ne", "lt", "le", "gt", "ge"]
OPERATORS = {
    **dict.fromkeys(["note", "story", "size", "rate", "budget", "since", "seen", "colour", "mail"], ORDERED),
    "vip": ["eq", "ne"],
}
PYTHON = {
    "eq": lambda a, b: a == b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


@pytest.fixture
def crowd(fields, crm):
    """People with values chosen at random; some have none."""
    random = Random(7)
    made = []
    with crm.begin("ada") as uow:
        for n in range(40):
            custom = {key: random.choice(pool) for key, pool in POOL.items() if random.random() < 0.6}
            made.append(uow.parties.add(Person(given_name=f"P{n}", custom=custom)))
    return made


def naive(custom, key, op, wanted):
    """What a comparison means, written apart."""
    found = custom.get(key)
    if op == "ne":
        return found is None or found != wanted
    if found is None:
        return False
    if isinstance(wanted, Money):
        return found.currency == wanted.currency and PYTHON[op](found.amount, wanted.amount)
    return PYTHON[op](found, wanted)


@st.composite
def comparisons(draw):
    key = draw(st.sampled_from(sorted(OPERATORS)))
    return key, draw(st.sampled_from(OPERATORS[key])), draw(st.sampled_from(POOL[key]))


def criteria(key, op, wanted):
    field = f.custom[key]
    return {
        "eq": lambda: field == wanted,
        "ne": lambda: field != wanted,
        "lt": lambda: field < wanted,
        "le": lambda: field <= wanted,
        "gt": lambda: field > wanted,
        "ge": lambda: field >= wanted,
    }[op]()


def test_comparisons_agree_with_python_and_with_an_oracle(crowd, crm):
    shapes = shapes_of(crm)

    @settings(max_examples=60, suppress_health_check=list(HealthCheck))
    @given(st.lists(comparisons(), min_size=1, max_size=3), st.booleans(), st.booleans())
    def check(asked, either, negated):
        terms = [criteria(*one) for one in asked]
        where = terms[0]
        for term in terms[1:]:
            where = where | term if either else where & term
        where = ~where if negated else where
        fits = any if either else all
        wanted = {p.id for p in crowd if fits(naive(p.custom, *one) for one in asked) is not negated}
        with crm.begin("ada", read_only=True) as uow:
            assert {p.id for p in uow.each(Person, where)} == wanted
            assert uow.count(Person, where) == len(wanted)
        entity = crm.runtime.registry.entity("party")
        same = {p.id for p in crowd if matches(where, entity, p, variables=Variables(actor="ada"), custom=shapes)}
        assert same == wanted

    check()


def shapes_of(crm):
    with crm.begin("ada") as uow:
        return uow._work.rights.custom  # what evaluation in Python is handed


OTHERS = [
    (f.custom.tags.contains("new"), lambda c: "new" in c.get("tags", ())),
    (~f.custom.tags.contains("new"), lambda c: "new" not in c.get("tags", ())),
    (f.custom.tags.is_empty(), lambda c: "tags" not in c),
    (f.custom.note.contains("Ü"), lambda c: "Ü" in c.get("note", "")),
    (f.custom.note.starts_with("A_"), lambda c: c.get("note", "").lower().startswith("a_")),
    (f.custom.size.in_([0, 2, 77]), lambda c: c.get("size") in {0, 2}),
    (~f.custom.size.in_([0, 2]), lambda c: c.get("size") not in {0, 2}),
    (f.custom.budget.in_([Money(1, "NOK")]), lambda c: c.get("budget") == Money(1, "NOK")),
    (f["custom.budget_currency"] == "EUR", lambda c: "budget" in c and c["budget"].currency == "EUR"),
    (f.custom.vip.is_empty(), lambda c: "vip" not in c),
    (~f.custom.vip.is_empty() & (f.custom.vip == False), lambda c: c.get("vip") is False),  # noqa: E712  # a criteria
]


def test_other_operators_agree_with_python(crowd, crm):
    shapes, entity = shapes_of(crm), crm.runtime.registry.entity("party")
    for where, fits in OTHERS:
        wanted = {p.id for p in crowd if fits(p.custom)}
        with crm.begin("ada", read_only=True) as uow:
            assert {p.id for p in uow.each(Person, where)} == wanted, where
        same = {p.id for p in crowd if matches(where, entity, p, variables=Variables(actor="ada"), custom=shapes)}
        assert same == wanted, where


def test_pages_are_sorted_with_empty_values_last(crowd, crm):
    for key in sorted({*POOL} - {"tags", "budget", "story"}):
        for descending in (False, True):
            order = f"{'-' if descending else ''}custom.{key}"
            wanted = [p.id for p in in_order(crowd, key)]
            with crm.begin("ada", read_only=True) as uow:
                assert list(paged(uow, order)) == (wanted[::-1] if descending else wanted), order


def in_order(people, key):
    """By value and id; those without a value behind."""
    filled = sorted((p for p in people if key in p.custom), key=lambda p: (p.custom[key], p.id))
    return [*filled, *sorted((p for p in people if key not in p.custom), key=lambda p: p.id)]


def paged(uow, order):
    after = None
    while True:
        page = uow.find(Person, order=order, limit=7, after=after)
        yield from (p.id for p in page)
        after = page.next
        if after is None:
            return


def test_groups_and_sums(crowd, crm):
    with crm.begin("ada", read_only=True) as uow:
        tallies = uow.tally(Person, ["custom.colour"], sums=["custom.rate"])
        found = {t.key[0]: (t.count, t.sums["custom.rate"]) for t in tallies}
        in_currencies = uow.tally(Person, ["custom.budget_currency"], sums=["custom.budget"])
        (middle,) = uow.tally(Person, medians=["custom.rate"], where=f.custom.colour == "red")
    for colour in ("red", "blue", None):
        same = [p for p in crowd if p.custom.get("colour") == colour]
        assert found[colour] == (len(same), sum((p.custom.get("rate", Decimal(0)) for p in same), Decimal(0)))
    euros = sum(p.custom["budget"].amount for p in crowd if p.custom.get("budget", Money(0, "NOK")).currency == "EUR")
    assert {t.key[0]: t.sums["custom.budget"] for t in in_currencies}["EUR"] == euros
    assert "custom.rate" in middle.medians


def test_a_reference_is_walked_as_far_as_the_actor_sees(fields, crm, add, firm):
    with crm.begin("ada") as uow:
        hidden = uow.parties.add(Organisation(name="Berg Skjult"))
    ida, ola, io = add(partner=firm.id), add(partner=hidden.id), add()
    berg = f.custom.partner.exists(f.name.starts_with("Berg"))
    for actor, wanted in (("ada", {ida.id, ola.id}), ("sam", {ida.id})):
        with crm.begin(actor, read_only=True) as uow:
            assert {p.id for p in uow.each(Person, berg)} == wanted
            assert io.id in {p.id for p in uow.each(Person, ~berg)}
    with crm.begin("ada", read_only=True) as uow:
        assert [p.id for p in uow.each(Person, f.custom.partner.name == "Berg Tak AS")] == [ida.id]
        assert [p.id for p in uow.each(Person, f.custom.partner == firm.id)] == [ida.id]


def test_custom_fields_are_asked_through_relations(fields, crm, add, firm):
    ida = add(size=3)
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof")
        uow.pipelines.open(pipeline="sales", party=firm.id, title="Wall")
        assert [d.id for d in uow.each(type(deal), f.party.custom.size > 2)] == [deal.id]
        uow.custom_fields.define("deal", "area", "number")
        uow.pipelines.update(evolve(deal, custom={"area": 7}))
        assert [p.id for p in uow.each(Party, f.deals.sum("custom.area") > 6)] == [ida.id]


AMISS = [
    (f.custom.sise > 3, UnknownFieldError),
    (f.custom.n_size > 3, UnknownFieldError),
    (f.custom["a'b"] == 1, InvalidKeyError),
    (f.custom['x") OR 1=1 --'] == 1, InvalidKeyError),
    (f.custom["a\0b"] == 1, InvalidKeyError),
    (f.custom["a" * 65] == 1, InvalidKeyError),
    (f.custom.size == "3", InvalidOperatorError),
    (f.custom.size.contains("3"), InvalidOperatorError),
    (f.custom.size == 2**63, InvalidValueError),
    (f.custom.vip > False, InvalidOperatorError),
    (f.custom.tags == "new", InvalidOperatorError),
    (f.custom.tags.in_(["new"]), InvalidOperatorError),
    (f.custom.rate == Decimal("0.0000001"), InvalidValueError),
    (f.custom.since == NOON, InvalidOperatorError),
    (f.custom.note == "x" * 1_001, LimitExceededError),
    (f.custom.size.exists(), InvalidOperatorError),
    (f.custom.partner.exists(f.nothing == 1), UnknownFieldError),
    (f.custom.partner.count() > 0, InvalidOperatorError),
]


def test_what_cannot_be_asked_is_refused(fields, crm):
    for where, error in AMISS:
        with pytest.raises(error), crm.begin("ada", read_only=True) as uow:
            uow.find(Person, where)


def test_the_same_key_of_another_kind_in_another_tenant_is_asked_as_what_it_is_there(fields, crm, crm_with, add):
    add(size=10), add(size=9)
    other = crm_with(tenant="o-" + crm.config.crmkit.default_tenant[2:])
    with other.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "text")
        for size in ("10", "9"):
            uow.parties.add(Person(given_name=size, custom={"size": size}))
        assert [p.custom["size"] for p in uow.each(Person, order="custom.size")] == ["10", "9"]
    with crm.begin("ada") as uow:
        assert [p.custom["size"] for p in uow.find(Person, ~f.custom.size.is_empty(), order="custom.size")] == [9, 10]


def test_a_rule_may_have_a_condition_on_a_custom_field(fields, crm, actors, add):
    with crm.begin("ada") as uow:
        where = f.custom.size > 3
        uow.permissions.define_role("big", [Rule(effect="permit", permission="party.*", where=where)])
    actors.add("bo", roles=["big"])
    big, small = add(size=4), add(size=3)
    with crm.begin("bo") as uow:
        assert [p.id for p in uow.each(Party)] == [big.id]
        assert uow.sees(Party, [big.id, small.id]) == {big.id}
        assert uow.parties.get(big.id) == big


def test_criteria_and_orders_need_the_right_to_see_the_field(fields, crm, actors, add):
    with crm.begin("ada") as uow:
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), FORBID])
    actors.add("bo", roles=["blind"])
    add(size=4)
    with crm.begin("bo", read_only=True) as uow:
        for ask in (
            lambda: uow.count(Person, f.custom.size > 3),
            lambda: uow.find(Person, order="custom.size"),
            lambda: uow.tally(Person, ["custom.size"]),
            lambda: uow.tally(Person, sums=["custom.size"]),
        ):
            with pytest.raises(FieldForbiddenError):
                ask()


FORBID = Rule(effect="forbid", permission="party.read", fields=("custom.size",))
