import importlib

import pytest
from sqlalchemy import UniqueConstraint

from crmkit.core.parties.plugin import AREA

NOUNS = ("", "mechanisms.", "identifiers.", "relationships.", "roles.", "lifecycle.", "merging.")
PARTS = [entity for entity in AREA.entities if entity.part_of]


@pytest.mark.parametrize("entity", AREA.entities, ids=lambda e: e.name)
def test_every_key_begins_with_the_tenant(entity):
    table = entity.table
    keys = [
        list(table.primary_key.columns),
        *(list(c.columns) for c in table.constraints if isinstance(c, UniqueConstraint)),
        *(list(fk.columns) for fk in table.foreign_key_constraints),
        *(list(i.columns) for i in table.indexes),
    ]
    assert all(key[0].name == "tenant_id" for key in keys)


@pytest.mark.parametrize("entity", PARTS, ids=lambda e: e.name)
def test_a_part_goes_with_its_party(entity):
    reference = entity.field(entity.part_of).reference
    assert (reference.entity, reference.on_delete) == ("party", "delete")


def test_an_exclusive_identifier_is_kept_unique_by_the_database():
    identifier = next(e for e in AREA.entities if e.name == "identifier")
    assert ("tenant_id", "scheme", "exclusive_value") in identifier.shape.uniques


def test_everything_that_names_a_person_is_personal():
    party = next(e for e in AREA.entities if e.name == "party")
    personal = {name for name, shape in party.shape.fields.items() if shape.data_class == "personal"}
    assert {"name", "sort_name", "given_name", "family_name", "birth_date", "birthday", "gender"} <= personal


def test_every_event_is_registered_and_in_the_past_tense():
    modules = [importlib.import_module(f"crmkit.core.parties.{noun}events") for noun in NOUNS]
    told = {getattr(module, name) for module in modules for name in module.__all__}
    assert set(AREA.events) == told
    assert all(event.__name__.endswith("ed") for event in told)
