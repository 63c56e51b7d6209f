"""Custom fields in history: one entry per key, redacted like any field, restored and undone, never guessed."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit import Money, Organisation, Person, Ref, Rule
from crmkit.errors import FieldForbiddenError, RestoreRefusedError, UndoRefusedError


def unit_of(crm, work, actor="ada"):
    with crm.begin(actor) as uow:
        work(uow)
    return uow.id


def ref(party):
    return Ref("party", party.id)


@pytest.fixture
def blind(fields, crm, actors):
    """Somebody who may neither read nor write the size, and may do all else."""
    with crm.begin("ada") as uow:
        forbids = [Rule(effect="forbid", permission=f"party.{v}", fields=("custom.size",)) for v in ("read", "update")]
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), *forbids])
    actors.add("bo", roles=["blind"])
    return "bo"


def test_history_has_one_entry_per_key_as_it_is_shown(fields, crm, add, change, values):
    ida = add(**values)
    change(ida.id, budget=Money("12.50", "EUR"), size=None)
    with crm.begin("ada", read_only=True) as uow:
        made, changed = uow.history.changes(uow.parties.get(ida.id))
        assert dict(changed.diff) == {
            "custom.size": (-(2**63), None),
            "custom.budget": (["12000.0001", "NOK"], ["12.5000", "EUR"]),
        }
        assert made.diff["custom.rate"] == (None, "-12.5")
        assert made.diff["custom.since"] == (None, "0987-03-31")
        assert made.diff["custom.seen"] == (None, "2026-03-31T09:00:00.000001Z")
        assert made.diff["custom.tags"] == (None, ["new", "new_old"])
        assert made.diff["custom.partner"] == (None, str(values["partner"]))
        first, second = uow.history.versions(ref(ida))
        assert "custom.rate" in first.fields
        assert set(second.fields) == {"custom.size", "custom.budget"}
        then = uow.history.at(ref(ida), 1)
        assert dict(then.record.custom) == values
        assert then.fields["custom.budget"] == ["12000.0001", "NOK"]
        assert uow.history.diff(ref(ida), 1, 2).fields["custom.size"] == (-(2**63), None)
        found = uow.history.provenance(uow.parties.get(ida.id))
        assert (found["custom.budget"].version, found["custom.rate"].version) == (2, 1)


@pytest.mark.usefixtures("fields")
def test_every_value_is_restored_and_undone(crm, add, change, custom_of, values):
    ida = add(**values)
    emptied = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={})))
    assert custom_of(ida.id) == {}
    unit_of(crm, lambda uow: uow.history.restore(ref(ida), 1))
    assert custom_of(ida.id) == values
    change(ida.id, size=1, **dict.fromkeys(set(values) - {"size"}))
    with pytest.raises(UndoRefusedError), crm.begin("ada") as uow:
        uow.history.undo(emptied)
    unit_of(crm, lambda uow: uow.parties.remove(ida.id))
    unit_of(crm, lambda uow: uow.history.restore(ref(ida), 1))
    assert custom_of(ida.id) == values
    assert [str(one) for one in crm.verify(tenant=crm.config.crmkit.default_tenant)] == []


def test_a_forbidden_field_is_hidden_in_records_and_history_and_kept_by_updates(blind, crm, add, change, custom_of):
    ida = add(size=3, note="a")
    assert custom_of(ida.id, blind) == {"note": "a"}
    change(ida.id, blind, note="b")
    assert custom_of(ida.id) == {"size": 3, "note": "b"}
    with pytest.raises(FieldForbiddenError):
        change(ida.id, blind, size=4)
    with crm.begin(blind, read_only=True) as uow:
        assert [dict(p.custom) for p in uow.find(Person)] == [{"note": "b"}]
        record = uow.parties.get(ida.id)
        assert all("custom.size" not in change.diff for change in uow.history.changes(record))
        assert "custom.size" not in uow.history.provenance(record)
        then = uow.history.at(ref(ida), 1)
        assert "custom.size" not in then.fields
        assert "size" not in then.record.custom
        assert "custom.size" not in uow.history.versions(ref(ida))[0].fields


def test_a_field_of_a_forbidden_class_is_hidden_and_a_default_is_nobodys_doing(crm, actors, add, custom_of):
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "salary", "money", data_class="financial", default=Money(1, "EUR"))
        uow.custom_fields.define("party", "grade", "number", data_class="financial", required=True)
        uow.custom_fields.define("party", "note", "text")
        forbid = Rule(effect="forbid", permission="party.*", fields=("class:financial",))
        uow.permissions.define_role("blind", [Rule(effect="permit", permission="*"), forbid])
    actors.add("bo", roles=["blind"])
    ida = add("bo", note="a")
    assert custom_of(ida.id, "bo") == {"note": "a"}
    assert custom_of(ida.id) == {"note": "a", "salary": Money(1, "EUR")}
    with pytest.raises(FieldForbiddenError):
        add("bo", salary=Money(2, "EUR"), note="a")


def test_undo_of_a_change_by_one_who_may_not_write_the_field_is_refused(blind, crm, add, rows):
    ida = add(size=3)
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={"size": 4})))
    before = rows()
    with pytest.raises(FieldForbiddenError), crm.begin(blind) as uow:
        uow.history.undo(changed)
    assert rows() == before


def test_values_of_a_removed_field_come_back_hidden(fields, crm, add, change, custom_of):
    ida = add(size=3, note="a")
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={"note": "b"})))
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "size")
    unit_of(crm, lambda uow: uow.history.undo(changed))
    assert custom_of(ida.id) == {"note": "a"}
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number")
    assert custom_of(ida.id) == {"size": 3, "note": "a"}


def test_values_of_a_purged_field_are_reported_and_not_brought_back(fields, crm, add, change, custom_of):
    ida = add(size=3, note="a")
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={"note": "b"})))
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "size")
        uow.custom_fields.purge_values("party", "size")
    with crm.begin("ada") as uow:
        assert uow.history.at(ref(ida), 1).unknown == ("custom.size",)
        assert uow.history.restore(ref(ida), 1).unknown == ("party.custom.size",)
    assert custom_of(ida.id) == {"note": "a"}
    change(ida.id, note="b")
    with crm.begin("ada") as uow:
        assert uow.history.undo(changed, partial=True).unknown == ("party.custom.size",)
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "text")
        assert uow.history.restore(ref(ida), 1).unknown == ("party.custom.size",)
    assert custom_of(ida.id) == {"note": "a"}


@pytest.mark.usefixtures("fields")
def test_a_value_that_its_field_takes_no_more_stands_in_the_way(crm, add, change, custom_of, rows):
    ida = add(colour="red", size=1)
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={"colour": "blue", "size": 2})))
    with crm.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("party", "colour"), choices=["blue"]))
    before = rows()
    with pytest.raises(UndoRefusedError) as caught, crm.begin("ada") as uow:
        uow.history.undo(changed)
    assert [(c.field, c.reason) for c in caught.value.conflicts] == [("custom.colour", "invalid")]
    with pytest.raises(RestoreRefusedError), crm.begin("ada") as uow:
        uow.history.restore(ref(ida), 1)
    assert rows() == before
    with crm.begin("ada") as uow:
        uow.history.undo(changed, partial=True)
    assert custom_of(ida.id) == {"colour": "blue", "size": 1}


def test_a_reference_to_what_is_gone_stands_in_the_way(fields, crm, add, firm):
    ida = add(partner=firm.id)
    changed = unit_of(crm, lambda uow: uow.parties.update(evolve(ida, custom={})))
    with crm.begin("ada") as uow:
        uow.parties.remove(firm.id)
    with pytest.raises(UndoRefusedError) as caught, crm.begin("ada") as uow:
        uow.history.undo(changed)
    assert [(c.field, c.reason) for c in caught.value.conflicts] == [("custom.partner", "target_gone")]


def test_references_follow_a_merge_and_come_back_when_it_is_undone(fields, crm, add, custom_of, firm):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Organisation(name="Berg Tak", custom={"partner": firm.id}))
    ida = add(partner=other.id)
    merged = unit_of(crm, lambda uow: uow.parties.merge(other.id, firm.id))
    assert custom_of(ida.id) == {"partner": firm.id}
    assert custom_of(firm.id) == {}
    unit_of(crm, lambda uow: uow.history.undo(merged))
    assert custom_of(ida.id) == {"partner": other.id}
    assert custom_of(other.id) == {"partner": firm.id}
    assert [str(one) for one in crm.verify(tenant=crm.config.crmkit.default_tenant)] == []


def test_a_merge_fills_each_key_by_itself(fields, crm, add, custom_of):
    winner, loser = add(size=1, note="a"), add(size=2, colour="red")
    with crm.begin("ada") as uow:
        uow.custom_fields.change(evolve(uow.custom_fields.get("party", "colour"), choices=["blue"]))
    merged = unit_of(crm, lambda uow: uow.parties.merge(loser.id, winner.id, choose={"custom.size": "loser"}))
    assert custom_of(winner.id) == {"size": 2, "note": "a", "colour": "red"}
    unit_of(crm, lambda uow: uow.history.undo(merged))
    assert (custom_of(winner.id), custom_of(loser.id)) == ({"size": 1, "note": "a"}, {"size": 2, "colour": "red"})


def test_definitions_have_history_and_are_undone(crm, add, custom_of):
    defined = unit_of(crm, lambda uow: uow.custom_fields.define("party", "size", "number", label="Size"))
    changed = unit_of(
        crm, lambda uow: uow.custom_fields.change(evolve(uow.custom_fields.get("party", "size"), label="Area"))
    )
    removed = unit_of(crm, lambda uow: uow.custom_fields.remove("party", "size"))
    unit_of(crm, lambda uow: uow.history.undo(removed))
    unit_of(crm, lambda uow: uow.history.undo(changed))
    with crm.begin("ada") as uow:
        assert uow.custom_fields.get("party", "size").label == "Size"
    ida = add(size=3)
    with pytest.raises(UndoRefusedError) as caught, crm.begin("ada") as uow:
        uow.history.undo(defined)
    assert ("custom_field", "in_use") in [(c.entity, c.reason) for c in caught.value.conflicts]
    assert custom_of(ida.id) == {"size": 3}


def test_nobody_undoes_a_definition_that_has_values(crm, add, custom_of):
    defined = unit_of(crm, lambda uow: uow.custom_fields.define("party", "size", "number"))
    add(size=3)
    with pytest.raises(UndoRefusedError) as caught, crm.begin("ada") as uow:
        uow.history.undo(defined)
    assert [(c.entity, c.reason) for c in caught.value.conflicts] == [("custom_field", "in_use")]


def test_purging_is_undone_with_its_values(fields, crm, add, custom_of):
    ida = add(size=3)
    with crm.begin("ada") as uow:
        uow.custom_fields.remove("party", "size")
    purged = unit_of(crm, lambda uow: uow.custom_fields.purge_values("party", "size"))
    unit_of(crm, lambda uow: uow.history.undo(purged))
    with crm.begin("ada") as uow:
        uow.custom_fields.define("party", "size", "number")
    assert custom_of(ida.id) == {"size": 3}
