"""Scores and refusals over random rules and records are those of an oracle that knows neither criteria nor SQL."""

import os
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmkit import Organisation, Person, QualityRule, Ref, f
from crmkit.errors import RefusedError

pytestmark = pytest.mark.usefixtures("verified")

EMAILS = ["ida@berg.example", "bo@berg.example"]
PHONES = ["+44 20 7946 0018", "+44 20 7946 0019"]


def fields(data):
    """What the oracle knows of a record: its values, and how many mechanisms of each kind it has."""
    return {**data, "kind": "organisation" if "legal_name" in data else "person"}


values = st.sampled_from([None, "berg", "nb", "ida"])
people = st.fixed_dictionaries({
    "family_name": values,
    "nickname": values,
    "language": st.sampled_from([None, "nb", "en"]),
    "emails": st.integers(0, 2),
    "phones": st.integers(0, 2),
})
firms = st.fixed_dictionaries({
    "legal_name": values,
    "language": st.sampled_from([None, "nb", "en"]),
    "emails": st.integers(0, 2),
    "phones": st.integers(0, 2),
})
leaves = st.one_of(
    st.sampled_from(["family_name", "nickname", "language", "legal_name"]).map(
        lambda name: (f[name].is_empty(), lambda r, n=name: r.get(n) is None)
    ),
    st.tuples(st.sampled_from(["family_name", "nickname", "language"]), st.sampled_from(["berg", "nb"])).map(
        lambda t: (f[t[0]] == t[1], lambda r, t=t: r.get(t[0]) == t[1])
    ),
    st.sampled_from(["person", "organisation"]).map(lambda k: (f.kind == k, lambda r, k=k: fields(r)["kind"] == k)),
    st.sampled_from(["email", "phone"]).map(
        lambda k: (f.mechanisms.exists(f.kind == k), lambda r, k=k: r[k + "s"] > 0),
    ),
    st.integers(0, 4).map(lambda n: (f.mechanisms.count() >= n, lambda r, n=n: r["emails"] + r["phones"] >= n)),
)
conditions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        inner.map(lambda one: (~one[0], lambda r, p=one[1]: not p(r))),
        st.tuples(inner, inner).map(lambda t: (t[0][0] & t[1][0], lambda r, t=t: t[0][1](r) and t[1][1](r))),
        st.tuples(inner, inner).map(lambda t: (t[0][0] | t[1][0], lambda r, t=t: t[0][1](r) or t[1][1](r))),
    ),
    max_leaves=4,
)
rules = st.fixed_dictionaries({
    "condition": conditions,
    "applies": st.none() | conditions,
    "level": st.sampled_from(["warn", "warn", "block"]),
    "dimension": st.sampled_from(["completeness", "validity"]),
    "weight": st.integers(1, 7),
})
numbers = count()


def stored(said):
    """The rule for crmkit that says what the oracle has been told."""
    key = f"rule{next(numbers)}"
    more = {**said, "condition": said["condition"][0], "applies": said["applies"] and said["applies"][0]}
    return QualityRule(entity="party", key=key, label=key, message=key, **more)


def applying(said, record):
    return [rule for rule in said if rule["applies"] is None or rule["applies"][1](record)]


def share(said, record):
    weights = [(rule["weight"], rule["condition"][1](record)) for rule in said]
    total = sum(weight for weight, _ in weights)
    return 100 * sum(weight for weight, good in weights if good) // total if total else None


def add(uow, record):
    if "legal_name" in record:
        party = Organisation(name="Berg Ltd", legal_name=record["legal_name"], language=record["language"])
    else:
        names = {name: record[name] for name in ("family_name", "nickname", "language")}
        party = Person(given_name="Ida", **names)
    return uow.parties.add(party, emails=EMAILS[: record["emails"]], phones=PHONES[: record["phones"]])


@settings(
    max_examples=int(os.environ.get("CRMKIT_TEST_EXAMPLES", "15")),
    suppress_health_check=list(HealthCheck),
)
@given(said=st.lists(rules, min_size=1, max_size=5), records=st.lists(people | firms, min_size=1, max_size=4))
def test_scores_and_refusals_are_those_of_the_oracle(crm, rows, said, records):
    with crm.begin("ada") as uow:
        kept = uow.quality.add_rules([stored(one) for one in said])
    for record in records:
        asked = applying(said, record)
        blocked = {
            rule.key
            for rule, one in zip(kept, said, strict=True)
            if one["level"] == "block" and one in asked and not one["condition"][1](record)
        }
        before = rows()
        if blocked:
            with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
                add(uow, record)
            assert {refusal.code for refusal in caught.value.refusals} == blocked
            assert rows() == before
            continue
        with crm.begin("ada") as uow:
            party = add(uow, record)
        with crm.begin("ada", read_only=True) as uow:
            found = uow.quality.score(Ref("party", party.id))
        assert found.score == share(asked, record)
        for dimension in ("completeness", "validity"):
            of = [rule for rule in asked if rule["dimension"] == dimension]
            assert getattr(found, dimension) == share(of, record)
        unfulfilled = {
            rule.key for rule, one in zip(kept, said, strict=True) if one in asked and not one["condition"][1](record)
        }
        assert {reason.key for reason in found.unfulfilled} == unfulfilled
    with crm.begin("ada") as uow:
        for rule in kept:
            uow.quality.remove_rule(rule.id)
