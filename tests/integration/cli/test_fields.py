"""``crmkit fields``: defining fields, converting and removing them, and building their indexes."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import delete

from crmkit import Person


@pytest.fixture
def sized(deployment):
    """Parties have a size, and one of them has one."""
    deployment.done("fields", "define", "party", "size", "number", "--unit", "m2", "--index")
    with deployment.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 3}))
    return deployment


def test_a_field_is_defined_and_listed(deployment):
    said = deployment.done(
        *("fields", "define", "party", "colour", "choice", "--choice", "red", "--choice", "blue=Deep blue"),
        *("--default", "Deep blue", "--required", "--label", "Colour of the door", "--explain", "As it is seen"),
    )
    assert "colour" in said
    (field,) = json.loads(deployment.done("fields", "list", "--json"))
    assert field["choices"] == [["red", "Red"], ["blue", "Deep blue"]]
    assert (field["default"], field["required"], field["help"]) == ({"t": "blue"}, True, "As it is seen")
    assert "required" in deployment.done("fields", "list", "party")


def test_an_index_is_built_and_told_of(sized):
    assert "index missing" in sized.done("fields", "list")
    assert "crmkit fields index" in sized.refused("fields", "index", "--check")
    assert "Built cx_party_n_size" in sized.done("fields", "index", "party", "size")
    assert "indexed" in sized.done("fields", "list")
    sized.done("fields", "index", "--check")
    (index,) = json.loads(sized.done("fields", "index", "--json"))
    assert (index["state"], index["tenants"]) == ("built", ["acme"])
    sized.done("fields", "remove", "party", "size")
    assert "Dropped cx_party_n_size" in sized.done("fields", "index", "--prune")


def test_a_field_is_converted_after_a_plan(sized):
    plan = sized.done("fields", "convert", "party", "size", "text")
    assert "1 of 1 values would be converted from number to text" in plan
    assert "--yes" in plan
    assert "1 of 1 values were converted" in sized.done("fields", "convert", "party", "size", "text", "--yes")
    plan = sized.done("fields", "convert", "party", "size", "date")
    assert "1 would be lost" in plan
    assert "would be lost" in sized.refused("fields", "convert", "party", "size", "date", "--yes")
    assert "1 are lost" in sized.done("fields", "convert", "party", "size", "date", "--yes", "--lose")


def test_a_field_is_removed_and_purged(sized):
    assert "kept" in sized.done("fields", "remove", "party", "size")
    assert "removed" in sized.done("fields", "list")
    assert "1 records have a value" in sized.done("fields", "purge", "party", "size")
    assert "1 records have lost" in sized.done("fields", "purge", "party", "size", "--yes")
    assert json.loads(sized.done("fields", "list", "--json")) == []


def test_mistakes_are_told_in_one_line(sized):
    assert "did you mean 'custom.size'" in sized.refused("fields", "remove", "party", "sise")
    assert "did you mean 'party'" in sized.refused("fields", "define", "partee", "x", "text")
    assert "already exists" in sized.refused("fields", "define", "party", "size", "number")
    assert "in use" in sized.refused("fields", "purge", "party", "size", "--yes")
    assert sized.run("fields", "define", "party", "x", "float").exit_code == 2


# -- the doctor -------------------------------------------------------------------------------------------------------

MISSING = "party.custom.size: 1 tenant wants the index cx_party_n_size, which is not there"
MENDING = "Run: crmkit fields index party size"


@pytest.fixture
def wanting(each):
    """On each database, a field that wants an index."""
    each.done("fields", "define", "party", "size", "number", "--index")
    return each


def diagnosis(deployment):
    """What the doctor says of a sick deployment, having changed nothing."""
    before = deployment.stored()
    ran = deployment.run("plugins", "doctor")
    assert ran.exit_code == 1, ran.output
    assert deployment.stored() == before
    return ran.stdout


def test_the_doctor_names_an_index_that_is_missing_and_what_builds_it(wanting):
    said = diagnosis(wanting)
    assert MISSING in said
    assert MENDING in said
    wanting.done(*MENDING.removeprefix("Run: crmkit ").split())
    assert "No problems" in wanting.done("plugins", "doctor")


def test_the_doctor_counts_the_tenants_that_want_an_index(wanting):
    wanting.done("tenants", "create", "other")
    with wanting.crm() as crm:
        crm.appoint("ada", tenant="other")
    wanting.done("--tenant", "other", "fields", "define", "party", "size", "number", "--index")
    assert "2 tenants want the index cx_party_n_size" in diagnosis(wanting)


def test_the_doctor_says_nothing_of_indexes_that_nobody_wants(wanting):
    wanting.done("fields", "remove", "party", "size")
    assert "No problems" in wanting.done("plugins", "doctor")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_doctor_names_an_index_that_is_not_valid_and_what_builds_it(wanting):
    """SQLite builds an index in a transaction, or not at all."""
    wanting.done("fields", "index")
    spoil = "UPDATE pg_index SET indisvalid = false WHERE indexrelid = %s::regclass"
    name = f"{wanting.schema}.cx_party_n_size"
    wanting.write(lambda _tables, connection: connection.exec_driver_sql(spoil, (name,)))
    said = diagnosis(wanting)
    assert "1 tenant wants the index cx_party_n_size, building which was interrupted" in said
    assert MENDING in said
    wanting.done("fields", "index", "party", "size")
    assert "No problems" in wanting.done("plugins", "doctor")


def test_taken_values_are_noted_anew_and_clashes_are_told(each):
    with each.crm() as crm, crm.begin("ada") as uow:
        uow.custom_fields.define("party", "badge", "text", unique=True)
        uow.parties.add(Person(given_name="Ida", custom={"badge": "A-7"}))

    def forget(tables, connection):
        connection.execute(delete(tables["crm_unique"]))

    each.write(forget)
    rehearsed = each.done("fields", "rebuild", "--dry-run")
    assert "1 values would be noted as taken, and 0 would be released" in rehearsed
    assert len(each.findings()) == 1
    assert "1 values were noted as taken, and 0 were released" in each.done("fields", "rebuild")
    assert each.findings() == []
    each.write(forget)
    with each.crm() as crm, crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Twin", custom={"badge": "A-7"}))
    said = each.refused("fields", "rebuild")
    assert "give the records different ones, or merge them" in said
