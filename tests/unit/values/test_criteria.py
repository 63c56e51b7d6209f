"""Criteria as they are written in Python, and as they are stored."""

import json
import time
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import (
    CriteriaError,
    CrmkitError,
    InvalidOperatorError,
    InvalidValueError,
    LimitExceededError,
    NaiveDatetimeError,
)
from crmkit.values.criteria import (
    ALWAYS,
    MAX_DEPTH,
    MAX_LIST,
    MAX_NODES,
    NEVER,
    Aggregate,
    And,
    Compare,
    Exists,
    Not,
    Or,
    Relative,
    Variable,
    ago,
    criteria_from_json,
    criteria_to_json,
    f,
)
from crmkit.values.money import Money

names = st.from_regex(r"[a-z_]{1,10}", fullmatch=True)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
scalars = st.one_of(
    st.booleans(),
    st.integers(),
    texts,
    st.decimals(allow_nan=False, allow_infinity=False),
    st.dates(),
    st.datetimes(timezones=st.just(UTC)),
    st.uuids(),
    st.builds(Money, st.integers(-(10**12), 10**12), st.sampled_from(["EUR", "JPY"])),
    st.builds(Variable, st.sampled_from(["actor", "teams", "subtree"])),
    st.builds(
        Relative, months=st.integers(-9, 9), days=st.integers(-9, 9), zone=st.sampled_from(["UTC", "Asia/Tokyo"])
    ),
)
comparisons = st.one_of(
    st.builds(Compare, names, st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"]), scalars),
    st.builds(Compare, names, st.just("in"), st.lists(scalars, max_size=4)),
    st.builds(Compare, names, st.sampled_from(["contains", "starts_with"]), texts),
    st.builds(Compare, names, st.just("empty"), st.booleans()),
)
criteria = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple).map(And),
        st.lists(inner, max_size=3).map(tuple).map(Or),
        inner.map(Not),
        st.builds(Exists, names, inner),
        st.builds(Aggregate, names, st.just("count"), st.none(), st.sampled_from(["eq", "lt"]), scalars, inner),
        st.builds(Aggregate, names, st.sampled_from(["sum", "max"]), names, st.just("ge"), scalars, inner),
    ),
    max_leaves=12,
)


@given(criteria)
def test_criteria_survive_being_stored_as_json(where):
    stored = json.dumps(criteria_to_json(where))
    read = criteria_from_json(json.loads(stored))
    assert read == where
    assert json.dumps(criteria_to_json(read)) == stored


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)
KEYS = ["and", "or", "not", "field", "op", "value", "exists", "where", "aggregate", "function", "of"]
VALUES = ["instant", "date", "decimal", "id", "money", "variable"]
almost = st.recursive(
    json_values | st.sampled_from(["eq", "in", "count", "name", "2025-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6)
        | st.dictionaries(
            st.sampled_from([*VALUES, "relative", "start", "days", "zone"]), inner, min_size=1, max_size=1
        )
    ),
)


@given(almost)
def test_what_is_no_criteria_is_refused_with_an_error_of_crmkit(data):
    try:
        criteria_from_json(data)
    except CrmkitError:
        return
    assert isinstance(data, dict)


@pytest.mark.parametrize("value", VALUES)
@pytest.mark.parametrize("raw", [None, 5, -1.5, True, "", "x", [], ["1"], ["1", "EUR", "2"], {}, {"a": {}}])
def test_a_malformed_value_is_refused(value, raw):
    data = {"field": "name", "op": "eq", "value": {value: raw}}
    if value == "decimal" and isinstance(raw, int | float):
        assert isinstance(criteria_from_json(data), Compare)
        return
    with pytest.raises(CriteriaError):
        criteria_from_json(data)


def test_comparing_fields_makes_criteria():
    where = criteria_to_json((f.stage == "lead") & (f.amount >= Money("1", "EUR")) & ~(f.title.contains("x")))
    assert where == {
        "and": [
            {"field": "stage", "op": "eq", "value": "lead"},
            {"field": "amount", "op": "ge", "value": {"money": ["1.0000", "EUR"]}},
            {"not": {"field": "title", "op": "contains", "value": "x"}},
        ]
    }


def test_a_path_walks_references():
    assert criteria_to_json(f.party.city == "Oslo") == {
        "exists": "party",
        "where": {"field": "city", "op": "eq", "value": "Oslo"},
    }


def test_a_custom_field_is_a_path_of_its_own():
    assert criteria_to_json(f.custom.size > 3) == {"field": "custom.size", "op": "gt", "value": 3}
    assert criteria_to_json(f["custom.size"] > 3) == criteria_to_json(f.custom.size > 3)


def test_a_field_whose_name_is_a_method_is_reached_by_its_name():
    assert criteria_to_json(f["count"] == 1) == {"field": "count", "op": "eq", "value": 1}


def test_comparing_with_none_asks_whether_the_field_is_empty():
    assert criteria_to_json(f.due == None) == {"field": "due", "op": "empty", "value": True}  # noqa: E711  # the field makes a criteria
    assert criteria_to_json(f.due != None) == {"not": criteria_to_json(f.due.is_empty())}  # noqa: E711  # the field makes a criteria


def test_an_aggregate_is_compared_like_a_field():
    assert criteria_to_json(f.deals.sum("amount", f.won == True) >= Money("1", "EUR")) == {  # noqa: E712  # the field makes a criteria
        "aggregate": "deals",
        "function": "sum",
        "of": "amount",
        "op": "ge",
        "value": {"money": ["1.0000", "EUR"]},
        "where": {"field": "won", "op": "eq", "value": True},
    }


def test_twice_not_is_nothing():
    assert ~~(f.a == 1) is not None
    assert criteria_to_json(~~(f.a == 1)) == criteria_to_json(f.a == 1)


@pytest.mark.parametrize(
    "misuse", [lambda: bool(f.a == 1), lambda: (f.a == 1) and (f.b == 2), lambda: (f.a == 1) & True]
)
def test_criteria_are_not_combined_by_and_or_or_not(misuse):
    with pytest.raises(CriteriaError):
        misuse()


@pytest.mark.parametrize("value", [1.5, [1], {"a": 1}, object(), b"x"])
def test_a_value_of_another_kind_is_refused(value):
    with pytest.raises(InvalidOperatorError):
        f.name == value  # noqa: B015  # comparing makes a criteria, or refuses to


def test_a_naive_datetime_is_refused():
    with pytest.raises(NaiveDatetimeError):
        f.at > datetime(2025, 1, 1)  # noqa: B015, DTZ001  # that is the point


def test_an_instant_is_kept_in_utc():
    where = f.at == datetime(2025, 1, 1, 2, tzinfo=timezone(timedelta(hours=2)))
    assert where.value == datetime(2025, 1, 1, tzinfo=UTC)


def test_a_text_with_nul_is_refused():
    with pytest.raises(InvalidValueError):
        f.name == "a\0"  # noqa: B015  # comparing makes a criteria, or refuses to


@pytest.mark.parametrize("op", ["like", "EQ", "", "eq; drop table", "__eq__"])
def test_an_unknown_operator_is_refused(op):
    with pytest.raises(InvalidOperatorError):
        criteria_from_json({"field": "name", "op": op, "value": 1})


def test_a_long_list_is_refused():
    with pytest.raises(LimitExceededError):
        f.name.in_(range(MAX_LIST + 1))
    with pytest.raises(LimitExceededError):
        criteria_from_json({"field": "name", "op": "in", "value": list(range(100_000))})


def nested(depth, make, inner):
    for _ in range(depth):
        inner = make(inner)
    return inner


LEAF = {"field": "a", "op": "eq", "value": 1}
DEEP = {
    "not": nested(10_000, lambda d: {"not": d}, LEAF),
    "and": nested(10_000, lambda d: {"and": [d]}, LEAF),
    "exists": nested(10_000, lambda d: {"exists": "a", "where": d}, LEAF),
    "wide": {"and": [LEAF] * 100_000},
    "value": {"field": "a", "op": "in", "value": nested(10_000, lambda d: [d], 1)},
    "object": {"field": "a", "op": "eq", "value": nested(10_000, lambda d: {"id": d}, 1)},
    "junk": nested(10_000, lambda d: {"junk": d}, 1),
    "list": nested(10_000, lambda d: [d], 1),
}


@pytest.mark.parametrize("data", DEEP.values(), ids=DEEP)
def test_what_nests_or_grows_without_end_is_refused_within_a_tenth_of_a_second(data):
    begun = time.process_time()
    with pytest.raises((LimitExceededError, CriteriaError)):
        criteria_from_json(data)
    assert time.process_time() - begun < 0.1


def test_criteria_built_too_deep_in_python_are_not_stored():
    with pytest.raises(LimitExceededError):
        criteria_to_json(nested(10_000, lambda w: And((w,)), f.a == 1))


def test_criteria_at_the_limits_are_read():
    deepest = nested(MAX_DEPTH - 1, lambda d: {"not": d}, LEAF)
    assert criteria_from_json(deepest) is not None
    assert criteria_from_json({"or": [LEAF] * (MAX_NODES - 1)}) is not None


@pytest.mark.parametrize("kind", [And, Or])
def test_what_would_take_long_to_make_is_refused_while_it_is_made(kind):
    with pytest.raises(LimitExceededError, match="parts of a criteria: at most 1000 allowed, got 10001"):
        kind((f.a == 1,) * 10_001)
    where = kind((f.a == 1,) * MAX_NODES)
    with pytest.raises(LimitExceededError, match="parts of a criteria"):
        _ = where & (f.a == 2) if kind is And else where | (f.a == 2)


def test_last_and_first_are_max_and_min_by_the_words_that_one_says_of_time():
    assert (f.calls.last("at") < ago(days=3)) == (f.calls.max("at") < ago(days=3))
    assert (f.calls.first("at", f.a == 1) < ago(days=3)) == (f.calls.min("at", f.a == 1) < ago(days=3))


def test_always_and_never_are_an_empty_and_and_or():
    assert criteria_to_json(ALWAYS) == {"and": []}
    assert criteria_to_json(NEVER) == {"or": []}
    assert criteria_to_json(ALWAYS & (f.a == date(2025, 1, 1))) == {
        "and": [{"field": "a", "op": "eq", "value": {"date": "2025-01-01"}}]
    }
    assert criteria_to_json((f.a == UUID(int=1)) | NEVER | (f.a == Decimal("1.50"))) == {
        "or": [
            {"field": "a", "op": "eq", "value": {"id": str(UUID(int=1))}},
            {"field": "a", "op": "eq", "value": {"decimal": "1.50"}},
        ]
    }
