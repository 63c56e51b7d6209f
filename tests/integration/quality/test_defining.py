"""Rules as data: what may be said in one, who may, and what is refused."""

import attrs
import pytest

from crmkit import QualityRule, Variable, f, now
from crmkit.errors import (
    AlreadyExistsError,
    CriteriaError,
    FieldForbiddenError,
    ForbiddenError,
    InvalidKeyError,
    InvalidValueError,
    LimitExceededError,
    NotFoundError,
    StaleVersionError,
    UnknownFieldError,
)
from crmkit.sdk import Rule

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def refused(crm, rows):
    def refused(error, rules, actor="ada"):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            uow.quality.add_rules(rules)
        assert rows() == before
        return str(caught.value)

    return refused


def test_a_new_tenant_has_rules_about_parties_of_which_none_is_active(crm):
    with crm.begin("ada", read_only=True) as uow:
        rules = uow.quality.rules("party")
        assert {rule.key for rule in rules} == {"family_name", "language", "reachable", "understood_mechanisms"}
        assert not any(rule.active for rule in rules)
        assert uow.quality.report("party") == ()


def test_the_default_rules_say_what_they_promise(crm):
    from crmkit import Person, Ref

    with crm.begin("ada") as uow:
        for rule in uow.quality.rules("party"):
            uow.quality.change_rule(attrs.evolve(rule, active=True))
        bare = uow.parties.add(Person(given_name="Ida"), emails=["ida(at)berg"], allow_invalid=True)
        full = uow.parties.add(Person(family_name="Berg", language="nb"), emails=["ida@berg.example"])
        assert uow.quality.score(Ref("party", full.id)).score == 100
        reasons = [reason.key for reason in uow.quality.score(Ref("party", bare.id)).unfulfilled]
        assert reasons == ["understood_mechanisms", "family_name", "language"]


def test_rules_are_listed_with_their_criteria(crm, add, rule):
    add(rule("named", ~f.family_name.is_empty(), applies=f.kind == "person"))
    with crm.begin("ada", read_only=True) as uow:
        (found,) = [r for r in uow.quality.rules() if r.key == "named"]
    assert (found.where, found.when) == (~f.family_name.is_empty(), f.kind == "person")


@pytest.mark.parametrize(
    ("condition", "error"),
    [
        (f.shoe_size == 42, UnknownFieldError),
        (f.deals.exists(f.title == "Roof"), InvalidValueError),
        (f.deals.count() > 1, InvalidValueError),
        (f.merged_into.exists(f.language == "nb"), InvalidValueError),
        (f.mechanisms.exists(f.party.exists(f.language == "nb")), InvalidValueError),
        (f.created_at < now(), InvalidValueError),
        (f.owner_id == Variable("actor"), InvalidValueError),
        (f.family_name > 4, CriteriaError),
        ({"field": "name"}, CriteriaError),
    ],
    ids=["unknown", "relation", "aggregate", "forward", "back", "relative", "variable", "type", "json"],
)
def test_what_a_rule_cannot_ask_is_refused(refused, rule, condition, error):
    refused(error, [rule("odd", condition)])
    refused(error, [rule("odd", f.kind == "person", applies=condition)])


@pytest.mark.parametrize("condition", [f.custom.agent.exists(), f["party.custom.agent"].count() > 1])
def test_a_rule_does_not_follow_custom_references_either(crm, refused, rule, condition):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "agent", "reference", refers_to="party")
    assert "leads to another party" in refused(InvalidValueError, [rule("odd", condition)])


@pytest.mark.parametrize(
    ("said", "error"),
    [
        ({"key": "Not a key"}, InvalidKeyError),
        ({"label": " "}, InvalidValueError),
        ({"message": "x" * 1001}, LimitExceededError),
        ({"level": "shout"}, InvalidValueError),
        ({"dimension": "beauty"}, InvalidValueError),
        ({"weight": 0}, InvalidValueError),
        ({"weight": True}, InvalidValueError),
        ({"weight": 1.5}, InvalidValueError),
        ({"active": "yes"}, InvalidValueError),
    ],
)
def test_an_impossible_rule_cannot_be_made(said, error):
    good = {"entity": "party", "key": "odd", "label": "Odd", "message": "mend it", "condition": f.kind == "person"}
    with pytest.raises(error):
        QualityRule(**{**good, **said})


def test_rules_are_about_whole_records_of_known_entities(refused, rule):
    assert "is part of a party" in refused(InvalidValueError, [rule("odd", f.kind == "email", entity="mechanism")])
    refused(UnknownFieldError, [rule("odd", f.kind == "email", entity="yacht")])


def test_a_key_is_had_once_per_entity(refused, rule, add):
    add(rule("named", ~f.name.is_empty()), rule("named", ~f.title.is_empty(), entity="deal"))
    refused(AlreadyExistsError, [rule("named", ~f.family_name.is_empty())])


def test_there_are_not_too_many(refused, rule):
    message = refused(LimitExceededError, [rule(f"r{n}", ~f.name.is_empty()) for n in range(100)])
    assert "rules about party" in message


def test_who_may_define_rules(crm, refused, rule, rows, add):
    refused(ForbiddenError, [rule("named", ~f.name.is_empty())], actor="vic")
    (named,) = add(rule("named", ~f.name.is_empty()))
    before = rows()
    for do in (
        lambda uow: uow.quality.change_rule(attrs.evolve(named, weight=2)),
        lambda uow: uow.quality.remove_rule(named.id),
    ):
        with pytest.raises((ForbiddenError, NotFoundError)), crm.begin("vic") as uow:
            do(uow)
    assert rows() == before


def test_nobody_asks_about_a_field_that_they_may_not_read(crm, refused, rule, actors):
    with crm.begin("ada") as uow:
        permits = [Rule(effect="permit", permission=p) for p in ("party.*", "quality_rule.*")]
        forbid = Rule(effect="forbid", permission="party.read", fields=("class:personal",))
        uow.permissions.define_role("curator", [*permits, forbid])
    actors.add("cur", roles=("curator",))
    refused(FieldForbiddenError, [rule("named", ~f.family_name.is_empty())], actor="cur")


def test_a_changed_rule_keeps_entity_and_key_and_is_not_stale(crm, add, rule, rows):
    (named,) = add(rule("named", ~f.name.is_empty()))
    with crm.begin("ada") as uow:
        uow.quality.change_rule(attrs.evolve(named, weight=2))
    before = rows()
    for changed, error in [
        (attrs.evolve(named, version=2, key="other"), InvalidValueError),
        (attrs.evolve(named, version=2, entity="deal"), InvalidValueError),
        (attrs.evolve(named, version=2, condition=f.deals.exists()), InvalidValueError),
        (attrs.evolve(named, weight=3), StaleVersionError),
    ]:
        with pytest.raises(error), crm.begin("ada") as uow:
            uow.quality.change_rule(changed)
    assert rows() == before
