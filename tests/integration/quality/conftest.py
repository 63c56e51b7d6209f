"""A tenant with rules about parties, and somebody who may not read personal fields."""

import pytest

from crmkit import QualityRule, Rule, f


def a_rule(key, condition, **more):
    """A rule about parties."""
    said = {"entity": "party", "label": key.capitalize(), "message": f"mend {key}", **more}
    return QualityRule(key=key, condition=condition, **said)


@pytest.fixture
def rule():
    return a_rule


@pytest.fixture
def add(crm):
    """Adds rules, as an administrator does."""

    def add(*rules):
        with crm.begin("ada") as uow:
            return uow.quality.add_rules(rules)

    return add


@pytest.fixture
def reachable():
    return a_rule("contactable", f.mechanisms.exists(f.kind.in_(("email", "phone"))), weight=3)


@pytest.fixture
def clerk(crm, actors):
    """Sees all parties, and nothing personal of them."""
    with crm.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission="party.read"),
            Rule(effect="forbid", permission="party.read", fields=("class:personal",)),
        ]
        uow.permissions.define_role("clerk", rules)
    actors.add("cleo", roles=("clerk",))
    return "cleo"
