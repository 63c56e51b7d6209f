"""What a criteria may ask of an entity, and with whose eyes."""

import time
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import frozen
from sqlalchemy import Column

from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.access.rule import Rule, SourcedRule
from crmkit.core.kernel.entities.columns import Day, Exact, Flag, Instant, Integer, Text
from crmkit.core.kernel.entities.entity import EntityType, Field, Record
from crmkit.core.kernel.entities.registry import EntityRegistry
from crmkit.core.kernel.entities.table import any_ref, entity_table, money, new_metadata, ref
from crmkit.core.kernel.query.check import check_criteria
from crmkit.core.kernel.query.fields import fold, like_pattern
from crmkit.errors import (
    CriteriaError,
    FieldForbiddenError,
    InvalidKeyError,
    InvalidOperatorError,
    InvalidValueError,
    LimitExceededError,
    UnknownFieldError,
)
from crmkit.values.criteria import (
    MAX_DEPTH,
    MAX_NODES,
    Aggregate,
    And,
    Compare,
    Exists,
    Not,
    Or,
    Variable,
    ago,
    f,
    start_of,
    today,
)
from crmkit.values.money import Money

METADATA = new_metadata()


@frozen(kw_only=True)
class Owner(Record):
    name: str
    password: str | None = None


@frozen(kw_only=True)
class Thing(Record):
    owner_id: UUID
    subject: str
    subject_id: UUID
    title: str
    price: Money
    rate: Decimal
    amount: int
    due: date
    at: datetime
    sold: bool


OWNER = EntityType(
    name="owner",
    model=Owner,
    table=entity_table("crm_owner", METADATA, Column("name", Text()), Column("password", Text())),
    label="Owner",
    display="name",
    fields={"password": Field(data_class="secret")},
)
THING = EntityType(
    name="thing",
    model=Thing,
    table=entity_table(
        "crm_thing",
        METADATA,
        ref("owner", inverse="things"),
        any_ref(),
        Column("title", Text()),
        money("price"),
        Column("rate", Exact(2)),
        Column("amount", Integer()),
        Column("due", Day()),
        Column("at", Instant()),
        Column("sold", Flag()),
    ),
    label="Thing",
    display="title",
)
REGISTRY = EntityRegistry({"core": [OWNER, THING]})
FORBID = SourcedRule("role clerk", Rule(effect="forbid", permission="owner.read", fields=("class:secret",)))
CLERK = Rights(actor="ann", rules=(FORBID,))


def check(where, entity=THING, reader=None):
    check_criteria(where, REGISTRY, entity, reader)


@pytest.mark.parametrize(
    "where",
    [
        f.title.contains("%"),
        f.title < "x",
        f.title == Variable("actor"),
        f.title.in_(Variable("teams")),
        f.price >= Money("1", "EUR"),
        f.price_currency == "EUR",
        f.rate > 1,
        f.rate == Decimal("-0.25"),
        f.amount.in_([1, 2**63 - 1]),
        f.due < date(2025, 1, 1),
        f.at <= datetime(2025, 1, 1, tzinfo=UTC),
        f.sold == False,  # noqa: E712  # the field makes a criteria
        f.id > UUID(int=1),
        f.owner.name == "x",
        f.owner.exists(),
        f.owner.things.count(f.amount > 3) >= 2,
        f.owner.things.sum("price") > Money("5", "EUR"),
        f.owner.things.max("at") < datetime(2025, 1, 1, tzinfo=UTC),
        f.owner.things.last("at") < ago(hours=3),
        f.due == today("Asia/Tokyo"),
        f.due.in_([start_of("month"), date(2025, 1, 1)]),
        f.at >= start_of("quarter"),
    ],
)
def test_what_fits_the_fields_is_admitted(where):
    check(where)


@pytest.mark.parametrize(
    ("where", "error"),
    [
        (f.titel == "x", UnknownFieldError),
        (f.ownr.exists(), UnknownFieldError),
        (f.owner.nam == "x", UnknownFieldError),
        (f["owner.password"] == "x", UnknownFieldError),
        (f["title; drop table crm_thing"] == "x", UnknownFieldError),
        (f["x" * 100_000] == "x", UnknownFieldError),
        (f.tenant_id == "other", UnknownFieldError),
        (f.custom.size == 1, UnknownFieldError),
        (f.custom["a'b"] == 1, InvalidKeyError),
        (f.custom["a]b"] == 1, InvalidKeyError),
        (f.custom["a\0b"] == 1, InvalidKeyError),
        (f.custom["a" * 65] == 1, InvalidKeyError),
        (f.subject.exists(), InvalidOperatorError),
        (f.amount.contains("1"), InvalidOperatorError),
        (f.sold < True, InvalidOperatorError),
        (f.custom == "{}", InvalidOperatorError),
        (f.title == 5, InvalidOperatorError),
        (f.title == Variable("teams"), InvalidOperatorError),
        (f.title.in_(Variable("actor")), InvalidOperatorError),
        (f.amount == Variable("actor"), InvalidOperatorError),
        (f.amount == True, InvalidOperatorError),  # noqa: E712  # the field makes a criteria
        (f.amount == Decimal(1), InvalidOperatorError),
        (f.due == datetime(2025, 1, 1, tzinfo=UTC), InvalidOperatorError),
        (f.at == date(2025, 1, 1), InvalidOperatorError),
        (f.price == 5, InvalidOperatorError),
        (f.id == "01", InvalidOperatorError),
        (f.owner.things.sum("title") > "x", InvalidOperatorError),
        (f.owner.things.max("sold") == True, InvalidOperatorError),  # noqa: E712  # the field makes a criteria
        (f.owner.things.count() == Variable("actor"), InvalidOperatorError),
        (f.owner.things.count() == "two", InvalidOperatorError),
        (f.title == today(), InvalidOperatorError),
        (f.amount > ago(days=3), InvalidOperatorError),
        (f.due < ago(hours=3), InvalidOperatorError),
        (f.owner.things.count() == today(), InvalidOperatorError),
        (f.owner.things.sum("amount") == today(), InvalidOperatorError),
        (f.amount == 2**63, InvalidValueError),
        (f.rate == Decimal("0.001"), InvalidValueError),
        (f.rate == Decimal("NaN"), InvalidValueError),
        (f.rate == Decimal("1E+100000"), InvalidValueError),
        (f.rate == Decimal(10) ** 17, InvalidValueError),
        (f.title == "\ud800", InvalidValueError),
        (f.title == "x" * 1001, LimitExceededError),
        (f.title.contains("x" * 1001), LimitExceededError),
    ],
)
def test_what_does_not_fit_the_fields_is_refused(where, error):
    with pytest.raises(error):
        check(where)


def test_an_unknown_field_names_the_nearest_one():
    with pytest.raises(UnknownFieldError) as caught:
        check(f.titel == "x")
    assert caught.value.nearest == "title"


@pytest.mark.parametrize(
    ("where", "entity"),
    [
        (f.password == "x", OWNER),
        (f.password.is_empty(), OWNER),
        (f.owner.password == "x", THING),
        (~(f.owner.exists((f.name == "x") | f.password.starts_with("y"))), THING),
        (f.things.exists(f.owner.password > "a"), OWNER),
        (f.owner.things.count(f.owner.password > "a") > 0, THING),
    ],
)
def test_a_field_that_the_reader_may_not_see_is_refused_through_relations_too(where, entity):
    check(where, entity)
    with pytest.raises(FieldForbiddenError) as caught:
        check(where, entity, CLERK)
    assert caught.value.field == "password"


LEAF = Compare("title", "eq", "x")


def nested(depth, make):
    where = LEAF
    for _ in range(depth):
        where = make(where)
    return where


@pytest.mark.parametrize(
    "where",
    [
        nested(10_000, lambda w: And((w,))),
        nested(10_000, lambda w: Or((LEAF, w))),
        nested(10_000, Not),
        nested(5_000, lambda w: Exists("owner", Exists("things", w))),
        nested(5_000, lambda w: Exists("owner", Aggregate("things", "count", None, "eq", 1, w))),
        And((And((LEAF,) * 100),) * 100),
        Or((And((LEAF,) * 100),) * 11),
    ],
    ids=["and", "or", "not", "exists", "aggregate", "wide", "many"],
)
def test_criteria_built_too_deep_or_too_large_are_refused_within_a_tenth_of_a_second(where):
    begun = time.process_time()
    with pytest.raises(LimitExceededError):
        check(where)
    assert time.process_time() - begun < 0.1


def test_criteria_at_the_limits_are_admitted():
    check(nested(MAX_DEPTH - 1, Not))
    check(And((LEAF,) * (MAX_NODES - 1)))


@pytest.mark.parametrize("where", [None, "title == 'x'", 5, f.title, object()])
def test_what_is_no_criteria_is_refused(where):
    with pytest.raises(CriteriaError):
        check(where)


@pytest.mark.parametrize(
    ("text", "folded"),
    [("ABCxyz", "abcxyz"), ("ÄÖÜ", "ÄÖÜ"), ("İI", "İi"), ("ẞß", "ẞß"), ("\u212a", "\u212a"), ("", "")],
)
def test_only_the_letters_a_to_z_are_folded(text, folded):
    assert fold(text) == folded


def test_what_a_pattern_means_by_itself_is_escaped():
    assert like_pattern("contains", "A_b%!\\") == "%a!_b!%!!\\%"
    assert like_pattern("starts_with", "Ä") == "Ä%"
