"""``crmkit history``, ``crmkit undo`` and ``crmkit restore``."""

import json
import uuid

import pytest
from attrs import evolve

from crmkit import Person


@pytest.fixture
def renamed(deployment, ida):
    """The unit in which Ida has got another name."""
    with deployment.crm() as crm, crm.begin("ada", source="web", reason="she has married") as uow:
        uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Lund\nx"))
    return uow.id


def name_of(deployment, ida):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        return uow.get(Person, ida.id).family_name


def test_the_last_units_are_listed_newest_first(deployment, renamed):
    head, first, second, *_ = deployment.done("history").splitlines()
    assert head.split() == ["unit", "at", "(UTC)", "actor", "what", "changes", "source"]
    assert first.startswith(str(renamed))
    assert "party.update" in first
    assert "party.add" in second
    listed = json.loads(deployment.done("history", "--json", "--limit", 1))
    assert [unit["id"] for unit in listed] == [str(renamed)]


def test_a_unit_is_shown_field_by_field(deployment, ida, renamed):
    shown = deployment.done("history", renamed)
    assert "reason: she has married" in shown
    assert f"update party {ida.id} (version 2)" in shown
    assert r'    family_name: "Berg" -> "Lund x"' in shown


def test_the_versions_of_a_record_are_listed(deployment, ida, renamed):
    head, first, second = deployment.done("history", "party", ida.id).splitlines()
    assert head.startswith("version")
    assert "2 parts" in first
    assert str(renamed) in second


def test_a_dry_run_prints_exactly_what_will_change_and_changes_nothing(deployment, ida, renamed):
    before = deployment.stored()
    planned = deployment.done("undo", "--dry-run", renamed)
    assert deployment.stored() == before
    assert r'    family_name: "Lund x" -> "Berg"' in planned
    done = deployment.done("undo", renamed)
    assert done.splitlines()[:-1] == planned.splitlines()[:-1]
    assert name_of(deployment, ida) == "Berg"


def test_what_is_in_the_way_is_listed_and_partial_leaves_it(deployment, ida, renamed):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Dahl"))
    line = f"party {ida.id}, family_name, has been changed since (by unit {uow.id})"
    assert line in deployment.refused("undo", renamed)
    assert "in the way" in deployment.refused("undo", "--dry-run", renamed)
    assert f"! {line}" in deployment.run("undo", "--dry-run", renamed).stdout
    assert f"! {line}" in deployment.done("undo", "--partial", renamed)
    assert name_of(deployment, ida) == "Dahl"


def test_several_units_are_undone_as_one(deployment, ida, renamed):
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.update(evolve(uow.parties.get(ida.id), family_name="Dahl"))
    done = json.loads(deployment.done("undo", "--json", renamed, uow.id))
    assert done["done"]["applied"] is True
    assert name_of(deployment, ida) == "Berg"
    deployment.done("undo", done["unit"])
    assert name_of(deployment, ida) == "Dahl"


def test_what_is_not_there_or_hidden_is_not_found(deployment, ida, renamed):
    with deployment.crm() as crm:
        crm.appoint("sam", role="seller")
    for unit in (renamed, uuid.uuid4()):
        for args in (["undo", unit], ["undo", "--dry-run", unit], ["history", unit]):
            assert deployment.refused(*args, actor="sam") == f"unit {unit} was not found"
    assert deployment.refused("history", "party", ida.id, actor="sam") == f"party {ida.id} was not found"
    assert deployment.run("undo", "nonsense").exit_code == 2
    assert deployment.run("history", "a", "b", "c").exit_code == 2


def test_a_version_is_restored_after_a_dry_run_that_prints_exactly_that(deployment, ida, renamed):
    before = deployment.stored()
    planned = deployment.done("restore", "--dry-run", "party", ida.id, 1)
    assert deployment.stored() == before
    assert r'    family_name: "Lund x" -> "Berg"' in planned
    done = deployment.done("restore", "party", ida.id, 1)
    assert done.splitlines()[:-1] == planned.splitlines()[:-1]
    assert name_of(deployment, ida) == "Berg"


def test_what_cannot_be_restored_is_refused_with_a_clear_error(deployment, ida, renamed):
    before = deployment.stored()
    assert "party" in deployment.refused("restore", "party", ida.id, 9)
    assert deployment.refused("restore", "party", uuid.UUID(int=1), 1).endswith("was not found")
    assert deployment.run("restore", "party", ida.id, "last").exit_code == 2
    assert deployment.stored() == before
