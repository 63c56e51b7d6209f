"""Which values custom fields take, on every path by which they come, and what becomes of the others."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest
from attrs import evolve
from custom_values import REFUSED

from crmkit import Money, Organisation, Person, new_id
from crmkit.errors import (
    InvalidKeyError,
    InvalidValueError,
    NotFoundError,
    UnknownFieldError,
)
from crmkit.testing.factories import a_deal


def test_a_value_of_every_kind_comes_back_as_what_it_was(fields, add, custom_of, values):
    stored = add(**values)
    assert dict(stored.custom) == values
    found = custom_of(stored.id)
    assert found == values
    assert {key: type(value) for key, value in found.items()} == {key: type(value) for key, value in values.items()}


def test_what_is_stored_is_of_one_form(fields, add):
    tokyo = timezone(timedelta(hours=9))
    stored = add(
        rate=3,
        seen=datetime(2026, 3, 31, 18, tzinfo=tokyo),
        tags=["new_old", "new", "new"],
        site="WWW.Berg.example",
        mail="Ida@Berg.Example",
        line="+47 22 33 44 55",
    )
    assert dict(stored.custom) == {
        "rate": Decimal(3),
        "seen": datetime(2026, 3, 31, 9, tzinfo=stored.custom["seen"].tzinfo),
        "tags": ("new", "new_old"),
        "site": "https://www.berg.example/",
        "mail": "ida@berg.example",
        "line": "+4722334455",
    }


def test_none_and_an_empty_list_of_choices_are_no_values(fields, add, change, custom_of):
    ida = add(size=3, note="a", tags=["new"])
    change(ida.id, size=None, tags=[])
    assert custom_of(ida.id) == {"note": "a"}


def test_what_is_not_changed_makes_no_version(fields, add, change, values):
    ida = add(**values)
    assert change(ida.id, **values).version == 1


def test_a_value_that_does_not_fit_is_refused_and_changes_nothing(fields, add, change, rows):
    ida = add(size=1)
    before = rows()
    for key, value, error in REFUSED:
        with pytest.raises(error) as caught:
            add(**{key: value})
        assert key in str(caught.value)
        assert len(str(caught.value)) < 800
        with pytest.raises(error):
            change(ida.id, **{key: value})
    assert rows() == before


def test_a_key_of_no_field_is_refused_and_changes_nothing(fields, crm, rows):
    before = rows()
    for key, error in (
        ("sise", UnknownFieldError),
        ("n_size", UnknownFieldError),
        ("a'b", InvalidKeyError),
        ('a"b', InvalidKeyError),
        ("a]b", InvalidKeyError),
        ("a.b", InvalidKeyError),
        ("a\0b", InvalidKeyError),
        ("", InvalidKeyError),
        ("Size", InvalidKeyError),
        ("a" * 65, InvalidKeyError),
        (7, InvalidKeyError),
    ):
        with pytest.raises(error) as caught, crm.begin("ada") as uow:
            uow.parties.add(Person(given_name="Ida", custom={key: 3}))
        assert key != "sise" or caught.value.nearest == "custom.size"
    assert rows() == before


def test_without_definitions_nothing_is_a_custom_field(crm, rows):
    before = rows()
    with pytest.raises(UnknownFieldError), crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 3}))
    assert rows() == before


@pytest.mark.parametrize("custom", [5, "size", [("size", 3)], object()])
def test_custom_values_are_a_mapping(custom):
    with pytest.raises(InvalidValueError, match="custom"):
        Person(given_name="Ida", custom=custom)


def test_a_reference_names_a_record_that_is_there_and_seen(fields, crm, add, firm, rows):
    with crm.begin("ada") as uow:
        hidden = uow.parties.add(Organisation(name="Secret"))
        lost = uow.parties.add(Organisation(name="Berg Tak"))
        deal = a_deal(uow, firm.id)
        uow.parties.merge(lost.id, firm.id)
    before = rows()
    for actor, id_ in (("sam", hidden.id), ("ada", new_id()), ("ada", lost.id), ("ada", deal.id)):
        with pytest.raises(NotFoundError):
            add(actor=actor, partner=id_)
    assert rows() == before
    assert add(actor="ada", partner=hidden.id).custom["partner"] == hidden.id


def test_a_reference_to_a_record_of_another_tenant_is_one_to_none(fields, crm_with, add):
    other = crm_with(tenant=f"o-{new_id().hex[:8]}")
    with other.begin("ada") as uow:
        theirs = uow.parties.add(Organisation(name="Theirs"))
    with pytest.raises(NotFoundError):
        add(partner=theirs.id)


def test_a_reference_is_emptied_when_its_record_goes_and_comes_back_with_it(fields, crm, add, custom_of, firm):
    ida = add(partner=firm.id, size=1)
    with crm.begin("ada") as uow:
        uow.parties.remove(firm.id)
    assert custom_of(ida.id) == {"size": 1}
    with crm.begin("ada") as undoing:
        undoing.history.undo(uow.id)
    assert custom_of(ida.id) == {"size": 1, "partner": firm.id}


def test_a_required_field_is_demanded_of_new_records_only(crm, add, change, custom_of, rows):
    old = add()
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number", required=True)
        assert uow.custom_fields.status("party")[0].without == 1
    assert change(old.id).version == 1
    before = rows()
    with pytest.raises(InvalidValueError, match="required"):
        add()
    new = add(size=3)
    before = rows()
    with pytest.raises(InvalidValueError, match="required"):
        change(new.id, size=None)
    assert rows() == before
    with crm.begin("ada") as uow:  # what has none is not broken by that
        found = uow.parties.get(old.id)
        assert uow.parties.update(evolve(found, given_name="Io")).version == old.version + 1


def test_a_default_is_for_new_records_that_are_given_nothing(crm, add, custom_of, change):
    old = add()
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number", required=True, default=7)
        uow.custom_fields.define("party", "budget", "money", default=Money(5, "EUR"))
    assert custom_of(old.id) == {}
    assert custom_of(add(size=3).id) == {"size": 3, "budget": Money(5, "EUR")}
    new = add()
    assert change(new.id, budget=None).custom == {"size": 7}


def test_definitions_of_one_entity_and_tenant_are_no_others(fields, crm, crm_with, firm):
    with pytest.raises(UnknownFieldError), crm.begin("ada") as uow:
        uow.pipelines.update(evolve(a_deal(uow, firm.id), custom={"size": 3}))
    other = crm_with(tenant=f"o-{new_id().hex[:8]}")
    with pytest.raises(UnknownFieldError), other.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", custom={"size": 3}))


def test_a_choice_that_is_gone_stays_where_it_is_until_it_is_changed(fields, crm, add, change, custom_of):
    ida = add(colour="red", size=1)
    with crm.begin("ada") as uow:
        field = uow.custom_fields.get("party", "colour")
        uow.custom_fields.change(evolve(field, choices=["blue"]))
    change(ida.id, size=2)
    assert custom_of(ida.id) == {"colour": "red", "size": 2}
    change(ida.id, colour="blue")
    with pytest.raises(InvalidValueError, match="none of: blue"):
        change(ida.id, colour="red")


def test_fields_of_other_processes_are_seen_at_once(fields, crm_with, add, custom_of):
    elsewhere = crm_with()
    with elsewhere.begin("ada") as uow:
        uow.parties.add(Person(given_name="Io", custom={"size": 1}))
        uow.custom_fields.define("party", "weight", "number")
    assert custom_of(add(weight=3).id) == {"weight": 3}
