"""What keeps copies of values beside tables and history: jobs, reasons of units, errors of imports."""

from __future__ import annotations

import pytest
import verifying

from crmkit import Person, Ref
from crmkit.plugins.exchange import Importer
from crmkit.testing.databases import rows_of


@pytest.fixture
def importing(crm_with):
    return crm_with("exchange")


@pytest.fixture
def said(importing, tenant, canary):
    def look():
        with importing.engine.connect() as connection:
            stored = rows_of(connection, tenant)
        return sorted(name for name, lines in stored.items() if any(canary in line for line in lines))

    return look


def test_the_errors_of_an_import_say_nothing_of_the_person(importing, canary, said, tmp_path):
    file = tmp_path / "people.csv"
    file.write_text(f"name,email\n{canary} ok,{canary}@a.example\nOther,{canary}@a.example at home\n", "utf-8")
    Importer(importing, actor="ada").run(file)
    assert {"crm_exchange_batch", "crm_mechanism"} <= set(said())
    with importing.begin("ada") as uow:
        (ida,) = [party for party in uow.each(Person) if canary in party.name]
        uow.erasure.erase(Ref("party", ida.id), "asked for it")
    assert said() == []
    verifying.assert_verifies(importing)


def test_the_reason_of_a_unit_about_others_too_only_loses_what_repeats_a_value(importing, canary):
    with importing.begin("ada", reason="a list of the fair", source="web") as uow:
        ida = uow.parties.add(Person(given_name=canary)).id
        uow.parties.add(Person(given_name="Ole"))
        unit = uow.id
    with importing.begin("ada") as uow:
        uow.erasure.erase(Ref("party", ida), "asked for it")
    with importing.begin("ada") as uow:
        assert (uow.history.unit(unit).reason, uow.history.unit(unit).source) == ("a list of the fair", "web")
