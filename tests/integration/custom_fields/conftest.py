"""Parties with a field of every kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from crmkit import CRM, Money, Organisation, Party, Person

KINDS = {
    "note": ("text", {}),
    "story": ("long_text", {}),
    "size": ("number", {"unit": "m2"}),
    "rate": ("decimal", {}),
    "budget": ("money", {}),
    "since": ("date", {}),
    "seen": ("instant", {}),
    "vip": ("boolean", {}),
    "colour": ("choice", {"choices": {"red": "Red", "blue": "Deep blue"}}),
    "tags": ("choices", {"choices": ["new", "old", "new_old"]}),
    "partner": ("reference", {"refers_to": "party"}),
    "site": ("url", {}),
    "mail": ("email", {}),
    "line": ("phone", {}),
}
"""Key to kind and what else is said of it."""


@pytest.fixture
def fields(crm: CRM) -> CRM:
    """The CRM, where parties have a field of every kind."""
    with crm.begin("ada") as uow:
        for key, (kind, said) in KINDS.items():
            uow.custom_fields.define("party", key, kind, **said)
    return crm


@pytest.fixture
def firm(crm: CRM) -> Organisation:
    """An organisation to refer to."""
    with crm.begin("ada") as uow:
        return uow.parties.add(Organisation(name="Berg Tak AS", team_id="sales"))


@pytest.fixture
def values(firm: Organisation) -> Mapping[str, Any]:
    """A value of every kind, as it is stored."""
    return {
        "note": "a 'quoted' \"note\" \\ % _ 王",
        "story": "one\n\ttwo",
        "size": -(2**63),
        "rate": Decimal("-12.5"),
        "budget": Money("12000.0001", "NOK"),
        "since": date(987, 3, 31),
        "seen": datetime(2026, 3, 31, 9, 0, 0, 1, tzinfo=UTC),
        "vip": False,
        "colour": "blue",
        "tags": ("new", "new_old"),
        "partner": firm.id,
        "site": "https://berg.example/",
        "mail": "ida@berg.example",
        "line": "+4722334455",
    }


@pytest.fixture
def add(crm: CRM) -> Callable[..., Person]:
    """A function that adds a person with custom values."""

    def add_one(actor: str = "ada", **custom: Any) -> Person:
        with crm.begin(actor) as uow:
            return uow.parties.add(Person(given_name="Ida", team_id="sales", custom=custom))

    return add_one


@pytest.fixture
def change(crm: CRM) -> Callable[..., Party]:
    """A function that gives a party other custom values; None takes one away."""

    def change_one(id_: UUID, actor: str = "ada", **custom: Any) -> Party:
        with crm.begin(actor) as uow:
            found = uow.parties.get(id_)
            return uow.parties.update(evolve(found, custom={**found.custom, **custom}))

    return change_one


@pytest.fixture
def custom_of(crm: CRM) -> Callable[..., dict[str, Any]]:
    """A function that gives a party's custom values as somebody sees them."""

    def read(id_: UUID, actor: str = "ada") -> dict[str, Any]:
        with crm.begin(actor, read_only=True) as uow:
            return dict(uow.parties.get(id_).custom)

    return read
