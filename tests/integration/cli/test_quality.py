"""``crmkit quality``: rules, who does not fulfil them, and scoring anew."""

import json

import pytest

from crmkit import Person


@pytest.fixture
def ida(deployment):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", family_name="Berg"))


def test_rules_are_listed_in_words(deployment):
    listed = deployment.done("quality", "rules", "party")
    assert "Has a way to be reached" in listed
    rules = json.loads(deployment.done("quality", "rules", "--json"))
    assert {one["rule"]["key"] for one in rules} == {"family_name", "language", "reachable", "understood_mechanisms"}
    assert all(one["words"] for one in rules)


def test_a_rule_is_activated_reported_on_and_switched_off(deployment, ida):
    assert deployment.done("quality", "activate", "party", "reachable") == "party reachable is active.\n"
    (line,) = json.loads(deployment.done("quality", "report", "party", "--json"))
    assert (line["rule"]["key"], line["violations"]) == ("reachable", 1)
    assert "reachable" in deployment.done("quality", "report")
    assert "Ida Berg" in deployment.done("quality", "report", "party", "--rule", "reachable")
    assert deployment.done("quality", "activate", "party", "reachable", "--off") == "party reachable is off.\n"
    assert json.loads(deployment.done("quality", "report", "party", "--json")) == []


def test_scores_are_rebuilt(deployment, ida):
    deployment.done("quality", "activate", "party", "reachable")
    assert deployment.done("quality", "rebuild") == "1 records were scored.\n"
    assert deployment.done("verify") == "Everything agrees.\n"


def test_mistakes_end_in_one_line(deployment):
    assert "has no rule 'tall'" in deployment.refused("quality", "activate", "party", "tall")
    assert "tall" in deployment.refused("quality", "report", "party", "--rule", "tall")
    assert "yacht" in deployment.refused("quality", "report", "yacht")
    deployment.refused("quality", "activate", "party", "reachable", actor="vic")
