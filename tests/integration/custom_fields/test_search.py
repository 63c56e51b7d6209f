"""Searchable custom fields are found, by whoever may read them."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit import Rule
from crmkit.errors import InvalidValueError


@pytest.fixture
def searched(crm, actors, add):
    """Somebody with searchable values, and one who may not read them."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "hobby", "text", searchable=True)
        uow.custom_fields.define("party", "tags", "choices", choices={"vip": "Important"}, searchable=True)
        uow.custom_fields.define("party", "secret", "text")
        forbid = Rule(effect="forbid", permission="party.read", fields=("custom.hobby",))
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), forbid])
    actors.add("bo", roles=["blind"])
    return add(hobby="Bergsteigen im Süden", tags=["vip"], secret="Zitronen")


def found(crm, text, actor="ada"):
    with crm.begin(actor, read_only=True) as uow:
        return [(hit.ref.id, hit.field, hit.snippet) for hit in uow.search.find(text)]


def test_searchable_values_are_found_with_their_field(searched, crm):
    assert found(crm, "bergsteigen suden") == [(searched.id, "custom.hobby", "Bergsteigen im Süden")]
    assert found(crm, "important") == [(searched.id, "custom.tags", "Important")]
    assert found(crm, "zitronen") == []
    assert [str(one) for one in crm.verify(tenant=crm.config.crmkit.default_tenant)] == []


def test_a_changed_value_is_found_as_what_it_is_now(searched, crm, change):
    change(searched.id, hobby="Segeln")
    assert found(crm, "bergsteigen") == []
    assert [id_ for id_, *_ in found(crm, "segeln")] == [searched.id]


def test_a_forbidden_field_is_searched_for_nobody_who_may_not_read_it(searched, crm):
    assert found(crm, "bergsteigen", "bo") == []
    with crm.begin("bo", read_only=True) as uow:
        assert uow.search.count("bergsteigen") == {}
    assert [id_ for id_, *_ in found(crm, "important", "bo")] == [searched.id]


def test_a_removed_field_is_not_searched(searched, crm):
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "hobby")
    assert found(crm, "bergsteigen") == []


def test_a_field_becomes_searchable_once_search_is_rebuilt(searched, crm):
    with crm.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("party", "secret"), searchable=True))
    crm.search.rebuild(tenant=crm.config.crmkit.default_tenant)
    assert [id_ for id_, *_ in found(crm, "zitronen")] == [searched.id]


def test_numbers_are_no_texts(crm, rows):
    before = rows()
    with pytest.raises(InvalidValueError, match="searchable"), crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number", searchable=True)
    assert rows() == before
