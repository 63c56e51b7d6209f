"""``crmkit criteria``."""

import json

import pytest
from sqlalchemy import update

from crmkit import Person, ago, f, new_id


@pytest.fixture
def quiet(deployment, ida):
    """Criteria of Ada's, which fit Ida."""
    with deployment.crm() as crm, crm.begin("ada") as uow:
        return uow.saved_criteria.save(
            "Gone quiet",
            "party",
            (f.given_name == "Ida") & ~f.interactions.exists(f.occurred_at >= ago(days=30)),
            description="Call them",
            team="sales",
        )


WORDS = "party whose given name is 'Ida' and that has no interactions (whose occurred at is 30 days ago or later)"


def test_saved_criteria_are_listed_in_words(deployment, quiet):
    head, line = deployment.done("criteria", "list", "--entity", "party").splitlines()
    assert head.split() == ["id", "name", "owner", "team", "asks", "for"]
    assert line.split(maxsplit=5) == [str(quiet.id), "Gone", "quiet", "ada", "sales", WORDS]
    assert deployment.done("criteria", "list", "--entity", "deal").splitlines() == [
        "id  name  owner  team  asks for",
    ]


@pytest.mark.parametrize("by", ["name", "id"])
def test_one_is_shown_by_its_name_or_id(deployment, quiet, by):
    shown = deployment.done("criteria", "show", getattr(quiet, by)).splitlines()
    assert shown == [f"Gone quiet  ({quiet.id}, of ada, shared with team sales)", "Call them", WORDS]


def test_for_programs_it_is_json(deployment, quiet):
    (told,) = json.loads(deployment.done("criteria", "list", "--json"))
    assert told == json.loads(deployment.done("criteria", "show", "Gone quiet", "--json"))
    assert (told["words"], told["criteria"]["and"][0]["field"]) == (WORDS, "given_name")


def test_it_is_run_with_the_rights_of_the_actor(deployment, quiet, ida):
    _, line = deployment.done("criteria", "run", "Gone quiet").splitlines()
    assert line.split() == [str(ida.id), "Ida", "Berg"]
    assert deployment.done("criteria", "run", "Gone quiet", "--count") == "1\n"
    (record,) = json.loads(deployment.done("criteria", "run", quiet.id, "--json"))
    assert record["id"] == str(ida.id)


def test_more_than_asked_for_is_said(deployment, quiet):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", family_name="Lund"))
    assert deployment.done("criteria", "run", "Gone quiet", "--limit", 1).splitlines()[-1].startswith("There are more")


def test_one_that_is_not_there_is_refused(deployment, quiet):
    assert "there is no saved criteria 'Gone'; see: crmkit criteria list" in deployment.refused(
        "criteria", "run", "Gone"
    )
    assert "not found" in deployment.refused("criteria", "show", new_id())


def test_of_several_with_one_name_the_ids_are_said(deployment, quiet):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        other = uow.saved_criteria.save("Gone quiet", "party", f.given_name == "Bo")
    said = deployment.refused("criteria", "run", "Gone quiet")
    assert "2 saved criteria are called 'Gone quiet'" in said
    assert str(other.id) in said


def test_a_damaged_one_is_listed_and_cannot_be_run(deployment, quiet):
    def damage(tables, connection):
        connection.execute(update(tables["crm_saved_criteria"]).values(criteria="{"))

    deployment.write(damage)
    assert "nothing: it is damaged: what is stored is no JSON" in deployment.done("criteria", "list")
    assert json.loads(deployment.done("criteria", "show", "Gone quiet", "--json"))["criteria"] == "{"
    assert "'Gone quiet'" in deployment.refused("criteria", "run", "Gone quiet")
