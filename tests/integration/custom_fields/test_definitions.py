"""Defining, changing, ordering, removing and purging custom fields, and giving them another kind."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from attrs import evolve

from crmkit import Money, Person, Ref, Rule, f, new_id
from crmkit.errors import (
    AlreadyExistsError,
    ConflictError,
    CrmkitError,
    ForbiddenError,
    InvalidKeyError,
    InvalidValueError,
    LimitExceededError,
    StaleVersionError,
    UnknownFieldError,
)


def test_a_definition_says_everything(crm, recorded_events):
    with crm.begin("ada") as uow:
        made = uow.custom_fields.define(
            "party",
            "roof_area",
            "decimal",
            help="From eaves to ridge",
            unit="m2",
            required=True,
            default=Decimal("12.5"),
            data_class="technical",
            index=True,
            plugin="toyroof",
        )
    with crm.begin("ada") as uow:
        (found,) = uow.custom_fields.list("party")
        assert found == made
        assert uow.custom_fields.get("party", "roof_area") == made
    assert (found.label, found.name, found.physical) == ("Roof area", "custom.roof_area", "custom.x_roof_area")
    assert (found.unit, found.required, found.data_class, found.indexed) == ("m2", True, "technical", True)
    assert found.plugin == "toyroof"
    assert recorded_events.names[-1:] == ["CustomFieldDefined"]


def test_what_does_not_go_together_is_refused_and_changes_nothing(crm, rows):
    before = rows()
    for said, error in (
        ({"key": "a'b"}, InvalidKeyError),
        ({"key": "a" * 64}, InvalidKeyError),
        ({"key": ""}, InvalidKeyError),
        ({"key": 5}, InvalidKeyError),
        ({"key": "1st"}, InvalidKeyError),
        ({"kind": "float"}, InvalidValueError),
        ({"kind": None}, InvalidValueError),
        ({"entity": "partee"}, UnknownFieldError),
        ({"entity": "custom_field"}, InvalidValueError),
        ({"kind": "choice"}, InvalidValueError),
        ({"choices": ["a"]}, InvalidValueError),
        ({"kind": "choice", "choices": ["a", "a"]}, InvalidValueError),
        ({"kind": "choice", "choices": ["A b"]}, InvalidKeyError),
        ({"kind": "choice", "choices": "ab"}, InvalidValueError),
        ({"kind": "choice", "choices": [5]}, InvalidValueError),
        ({"kind": "choice", "choices": [("a", "")]}, InvalidValueError),
        ({"kind": "choice", "choices": [f"c{n}" for n in range(501)]}, InvalidValueError),
        ({"kind": "choice", "choices": ["a"], "default": "b"}, InvalidValueError),
        ({"kind": "reference"}, InvalidValueError),
        ({"kind": "reference", "refers_to": "partee"}, UnknownFieldError),
        ({"kind": "reference", "refers_to": "mechanism"}, InvalidValueError),
        ({"refers_to": "party"}, InvalidValueError),
        ({"default": "3"}, InvalidValueError),
        ({"searchable": True}, InvalidValueError),
        ({"label": " "}, InvalidValueError),
        ({"label": "x" * 201}, LimitExceededError),
        ({"help": "x" * 2001}, LimitExceededError),
        ({"data_class": "Some Class"}, InvalidKeyError),
    ):
        given = {"entity": "party", "key": "size", "kind": "number", **said}
        with pytest.raises(error), crm.begin("ada") as uow:
            uow.custom_fields.define(given.pop("entity"), given.pop("key"), given.pop("kind"), **given)
    assert rows() == before


def test_a_key_is_taken_once(fields, crm, rows):
    before = rows()
    for kind in ("number", "text"):
        with pytest.raises(AlreadyExistsError), crm.begin("ada") as uow:
            uow.custom_fields.define("party", "size", kind)
    assert rows() == before


def test_only_who_has_the_right_defines_changes_and_removes(fields, crm, rows):
    before = rows()
    for attempt in (
        lambda uow: uow.custom_fields.define("party", "x", "text"),
        lambda uow: uow.custom_fields.change(evolve(uow.custom_fields.get("party", "size"), label="x")),
        lambda uow: uow.custom_fields.remove("party", "size"),
        lambda uow: uow.custom_fields.reorder("party", ["size"]),
        lambda uow: uow.custom_fields.change_kind("party", "size", "text"),
        lambda uow: uow.custom_fields.purge_values("party", "size"),
    ):
        with pytest.raises(ForbiddenError), crm.begin("sam") as uow:
            attempt(uow)
    denials = {name for name, was in before.items() if was != rows()[name]}
    assert denials <= {"crm_denial"}
    with crm.begin("sam") as uow:
        assert len(uow.custom_fields.list("party")) == 14


def test_key_and_kind_are_not_changed_like_a_label(fields, crm, rows):
    before = rows()
    for name, value in (("key", "other"), ("kind", "text"), ("entity", "deal"), ("id", new_id())):
        with pytest.raises(CrmkitError), crm.begin("ada") as uow:
            uow.custom_fields.change(evolve(uow.custom_fields.get("party", "size"), **{name: value}))
    with pytest.raises(StaleVersionError), crm.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("party", "size"), label="x", version=7))
    assert rows() == before


def test_fields_and_choices_are_put_in_order(fields, crm):
    with crm.begin("ada") as uow:
        ordered = uow.custom_fields.reorder("party", ["size", "colour"])
        assert [one.key for one in ordered][:3] == ["size", "colour", "note"]
        colour = uow.custom_fields.get("party", "colour")
        uow.custom_fields.change(evolve(colour, choices=colour.choices[::-1]))
    with crm.begin("ada") as uow:
        assert [one.key for one in uow.custom_fields.list("party")][:2] == ["size", "colour"]
        assert uow.custom_fields.get("party", "colour").choice_keys == ("blue", "red")


def test_there_are_so_many_fields_at_most(crm, monkeypatch, rows):
    monkeypatch.setattr("crmkit.core.kernel.custom_fields.service.MOST_FIELDS", 2)
    with crm.begin("ada") as uow:
        for key in ("one", "two"):
            uow.custom_fields.define("party", key, "text")
    before = rows()
    with pytest.raises(LimitExceededError), crm.begin("ada") as uow:
        uow.custom_fields.define("party", "three", "text")
    assert rows() == before


# -- removing ---------------------------------------------------------------------------------------------------------


def test_a_removed_field_is_hidden_and_its_values_are_kept(fields, crm, add, change, custom_of):
    ida = add(size=3, note="a")
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "size")
    assert custom_of(ida.id) == {"note": "a"}
    change(ida.id, note="b")
    for attempt in (
        lambda uow: uow.count(Person, f.custom.size > 1),
        lambda uow: uow.custom_fields.get("party", "size"),
        lambda uow: uow.parties.add(Person(given_name="Io", custom={"size": 3})),
        lambda uow: uow.parties.update(evolve(uow.parties.get(ida.id), custom={"size": 4})),
    ):
        with pytest.raises(UnknownFieldError), crm.begin("ada") as uow:
            attempt(uow)
    with crm.begin("ada") as uow:
        (removed,) = uow.custom_fields.list("party", removed=True)
        assert (removed.key, uow.custom_fields.status("party")[-1].values) == ("size", 1)
        uow.custom_fields.define("party", "size", "number", label="Area")
    assert custom_of(ida.id) == {"size": 3, "note": "b"}


def test_a_removed_field_comes_back_as_what_it_was_only(fields, crm, add, rows):
    add(size=3)
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "size")
    before = rows()
    with pytest.raises(InvalidValueError, match="purge them first"), crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "text")
    assert rows() == before
    with crm.begin("ada") as uow:
        assert uow.custom_fields.purge_values("party", "size") == 1
        uow.custom_fields.define("party", "size", "text")


def test_only_a_removed_field_is_purged(fields, crm, add, custom_of, rows):
    ida = add(size=3)
    before = rows()
    with pytest.raises(ConflictError, match="in use"), crm.begin("ada") as uow:
        uow.custom_fields.purge_values("party", "size")
    with pytest.raises(UnknownFieldError), crm.begin("ada") as uow:
        uow.custom_fields.purge_values("party", "nothing")
    assert rows() == before
    assert custom_of(ida.id) == {"size": 3}


def test_status_counts_what_the_actor_sees(fields, crm, add):
    add(size=3), add()
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Secret", custom={"size": 4}))
    for actor, counts in (("ada", (2, 1)), ("sam", (1, 1))):
        with crm.begin(actor) as uow:
            (size,) = [one for one in uow.custom_fields.status("party") if one.field.key == "size"]
            assert (size.values, size.without) == counts


# -- another kind -----------------------------------------------------------------------------------------------------


CONVERSIONS = [
    ("size", 3, "text", {}, "3"),
    ("size", 3, "decimal", {}, Decimal(3)),
    ("note", "12.50 EUR", "money", {}, Money("12.5", "EUR")),
    ("note", "3", "number", {}, 3),
    ("note", "yes", "boolean", {}, True),
    ("note", "2026-03-31", "date", {}, date(2026, 3, 31)),
    ("note", "Small", "choice", {"choices": {"s": "Small", "l": "Large"}}, "s"),
    ("note", "Small, l", "choices", {"choices": {"s": "Small", "l": "Large"}}, ("s", "l")),
    ("note", "Ida@Berg.example", "email", {}, "ida@berg.example"),
    ("rate", Decimal(3), "number", {}, 3),
    ("colour", "red", "text", {}, "red"),
    ("colour", "red", "choices", {"choices": ["red", "blue"]}, ("red",)),
    ("tags", ("new",), "choice", {"choices": ["new", "old"]}, "new"),
    ("note", "call me", "number", {}, None),
    ("note", "12.50", "money", {}, None),
    ("note", "green", "choice", {"choices": ["red"]}, None),
    ("rate", Decimal("3.5"), "number", {}, None),
    ("since", date(2026, 3, 31), "instant", {}, None),
    ("tags", ("new", "old"), "choice", {"choices": ["new", "old"]}, None),
    ("note", "x", "reference", {"refers_to": "party"}, None),
]
"""Key, value, the new kind with what else is said of it, and the value as one of that kind; None where it is lost."""


@pytest.mark.parametrize("case", CONVERSIONS, ids=str)
@pytest.mark.usefixtures("fields")
def test_values_follow_their_field_exactly_or_are_listed(crm, add, custom_of, rows, case):
    key, value, kind, more, after = case
    ida, bare = add(**{key: value}), add()
    before = rows()
    with crm.begin("ada") as uow:
        plan = uow.custom_fields.plan_kind_change("party", key, kind, **more)
    assert (plan.values, plan.lost, plan.applied) == (1, int(after is None), False)
    assert [id_ for id_, _ in plan.losses] == ([ida.id] if after is None else [])
    assert rows() == before
    if after is None:
        with pytest.raises(ConflictError, match="would be lost"), crm.begin("ada") as uow:
            uow.custom_fields.change_kind("party", key, kind, **more)
        assert rows() == before
    with crm.begin("ada") as changing:
        assert changing.custom_fields.change_kind("party", key, kind, lose=True, **more).applied
    assert custom_of(ida.id) == ({} if after is None else {key: after})
    assert custom_of(bare.id) == {}
    with crm.begin("ada") as uow:
        uow.history.undo(changing.id)
    assert custom_of(ida.id) == {key: value}
    assert [str(one) for one in crm.verify(tenant=crm.config.crmkit.default_tenant)] == []


def test_after_a_change_of_kind_old_versions_tell_what_they_were(fields, crm, add, custom_of):
    ida = add(size=3)
    with crm.begin("ada") as uow:
        uow.custom_fields.change_kind("party", "size", "text")
    with crm.begin("ada") as uow:
        assert uow.count(Person, f.custom.size == "3") == 1
        (_, change) = uow.history.changes(uow.parties.get(ida.id))
        assert dict(change.diff) == {"custom.size": (3, "3")}
        at = uow.history.at(Ref("party", ida.id), 1)
        assert at.fields["custom.size"] == 3
        assert at.unknown == ("custom.size",)


def test_many_values_are_changed_page_by_page(fields, crm, monkeypatch):
    monkeypatch.setattr("crmkit.core.kernel.custom_fields.values.PAGE", 7)
    with crm.begin("ada") as uow:
        people = uow.parties.add_many([Person(given_name=f"P{n}", custom={"size": n}) for n in range(40)])
    with crm.begin("ada") as uow:
        assert uow.custom_fields.change_kind("party", "size", "text").values == 40
    with crm.begin("ada") as uow:
        assert {p.custom["size"] for p in uow.each(Person)} == {str(n) for n in range(len(people))}
        uow.custom_fields.remove("party", "size")
        assert uow.custom_fields.purge_values("party", "size") == 40


def test_a_change_of_kind_that_makes_values_equal_is_refused_for_a_unique_field(crm, add, rows):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "code", "text", unique=True)
    add(code="1"), add(code="01")
    before = rows()
    with pytest.raises(ConflictError, match="unique"), crm.begin("ada") as uow:
        uow.custom_fields.change_kind("party", "code", "number")
    assert rows() == before


def test_who_may_not_change_every_record_changes_no_kind(fields, crm, actors, add, rows):
    with crm.begin("ada") as uow:
        rules = [
            Rule(effect="permit", permission="custom_field.*"),
            Rule(effect="permit", permission="party.*", scope="own"),
        ]
        uow.permissions.define_role("definer", rules)
    actors.add("bo", roles=["definer"])
    add(size=3)
    before = rows()
    with pytest.raises(ForbiddenError), crm.begin("bo") as uow:
        uow.custom_fields.change_kind("party", "size", "text")
    after = rows()
    assert {name for name in after if after[name] != before.get(name)} <= {"crm_denial"}
