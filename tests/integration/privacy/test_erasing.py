"""Erasing a person for good: held back, kept out, let in again, and told before."""

from __future__ import annotations

import io
import json
from datetime import timedelta

import pytest
import verifying

from crmkit import Identifier, Key, Mechanism, Organisation, Person, Ref, Rule, f
from crmkit.errors import ConflictError, ForbiddenError, InvalidValueError, NotFoundError, RefusedError
from crmkit.plugins.privacy import (
    Erasure,
    HoldPlaced,
    HoldReleased,
    NotErasedError,
    PersonErased,
    PersonReadmitted,
    Privacy,
)


@pytest.fixture
def erased(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.add_identifier(ida, "customer", "K-17")
        return uow.use(Privacy).erase(ida, reason="asked for it").party_id


def refused(crm, rows, act, *, code="erased", actor="ada"):
    """Assert that a plugin refuses, and that nothing has changed."""
    kept = rows()
    with pytest.raises(RefusedError) as error, crm.begin(actor) as uow:
        act(uow)
    assert {refusal.code for refusal in error.value.refusals} == {code}
    assert rows() == kept
    return str(error.value)


def without_denials(stored):
    return {name: lines for name, lines in stored.items() if name != "crm_denial"}


# -- erasing ----------------------------------------------------------------------------------------------------------


def test_an_erasure_leaves_an_empty_party_and_says_why(crm, ida, recorded_events):
    with crm.begin("ada") as uow:
        done = uow.use(Privacy).erase(ida, reason="asked for it")
    with crm.begin("ada") as uow:
        party = uow.get(Person, ida)
        assert (party.name, party.archived_at is not None) == ("(erased)", True)
        assert [(e.reason, e.unit_id) for e in uow.each(Erasure)] == [("asked for it", done.unit_id)]
        assert not uow.find(Mechanism, f.party_id == ida).items
    assert [event.party for event in recorded_events.of(PersonErased)] == [ida]
    verifying.assert_verifies(crm)


def test_an_organisation_a_merged_party_and_a_hidden_one_are_not_erased(crm, ida, ole, rows):
    with crm.begin("ada") as uow:
        firm = uow.parties.add(Organisation(name="Roof AS")).id
        uow.parties.merge(ole, ida)
    kept = rows()
    with pytest.raises(InvalidValueError, match="is no person"), crm.begin("ada") as uow:
        uow.use(Privacy).erase(firm, reason="asked for it")
    with pytest.raises(ConflictError, match="has been merged"), crm.begin("ada") as uow:
        uow.use(Privacy).erase(ole, reason="asked for it")
    with pytest.raises(NotFoundError), crm.begin("ada") as uow:
        uow.use(Privacy).erase(uow.id, reason="asked for it")
    with pytest.raises(ForbiddenError), crm.begin("sam") as uow:
        uow.use(Privacy).erase(ida, reason="asked for it")
    assert {n: r for n, r in rows().items() if n != "crm_denial"} == {
        n: r for n, r in kept.items() if n != "crm_denial"
    }


# -- legal hold -------------------------------------------------------------------------------------------------------


def test_records_erasing_is_refused_by_a_hold_until_it_is_released(crm, ida, rows, recorded_events):
    with crm.begin("ada") as uow:
        hold = uow.use(Privacy).hold_party(ida, reason="lawsuit 17")
    said = refused(crm, rows, lambda uow: uow.use(Privacy).erase(ida, reason="asked for it"), code="held")
    assert str(hold.id) in said
    with crm.begin("ada") as uow:
        uow.use(Privacy).release(hold.id)
        assert uow.use(Privacy).holds(ida) == ()
        uow.use(Privacy).erase(ida, reason="asked for it")
    assert [type(e) for e in recorded_events.of(HoldPlaced)] == [HoldPlaced]
    assert [e.hold for e in recorded_events.of(HoldReleased)] == [hold.id]


def test_a_hold_ends_by_itself(crm, ida, clock, rows):
    with crm.begin("ada") as uow:
        uow.use(Privacy).hold_party(ida, reason="lawsuit 17", until=uow.now + timedelta(days=3))
    refused(crm, rows, lambda uow: uow.use(Privacy).erase(ida, reason="asked for it"), code="held")
    clock.advance(timedelta(days=4))
    with crm.begin("ada") as uow:
        assert uow.use(Privacy).holds() == ()
        uow.use(Privacy).erase(ida, reason="asked for it")


def test_a_hold_that_only_others_may_see_holds_all_the_same(crm, actors, ida, rows):
    """Whoever may erase need not be allowed to read holds."""
    actors.add("eva", roles=["eraser"])
    with crm.begin("ada") as uow:
        uow.use(Privacy).hold_party(ida, reason="lawsuit 17")
        rules = [Rule(effect="permit", permission=permission) for permission in ("party.*", "erasure.*")]
        uow.permissions.define_role("eraser", rules)
    refused(crm, rows, lambda uow: uow.use(Privacy).erase(ida, reason="asked for it"), code="held", actor="eva")


def test_a_hold_needs_an_end_in_the_future_and_a_reason(crm, ida, rows):
    kept = rows()
    with pytest.raises(InvalidValueError, match="is past"), crm.begin("ada") as uow:
        uow.use(Privacy).hold_party(ida, reason="x", until=uow.now)
    with pytest.raises(InvalidValueError, match="blank"), crm.begin("ada") as uow:
        uow.use(Privacy).hold_party(ida, reason=" ")
    assert rows() == kept


# -- kept out ---------------------------------------------------------------------------------------------------------


def test_parties_storing_is_refused_for_somebody_who_was_erased(crm, erased, ole, rows):
    again = Person(given_name="Ida", family_name="Berg")
    refused(crm, rows, lambda uow: uow.parties.add(again, emails=["IDA@Berg.example"]))
    refused(
        crm,
        rows,
        lambda uow: uow.parties.add_many(
            [again], mechanisms=[], identifiers=[Identifier(party_id=again.id, scheme="customer", value="k-17")]
        ),
    )
    refused(crm, rows, lambda uow: uow.parties.add_email(ole, "ida@berg.example"))
    refused(crm, rows, lambda uow: uow.parties.add_identifier(ole, "customer", "K-17"))
    said = refused(crm, rows, lambda uow: uow.parties.add_email(erased, "new@berg.example"))
    assert "stays empty" in said


def test_what_is_refused_does_not_say_whose_it_was(crm, erased, rows):
    said = refused(crm, rows, lambda uow: uow.parties.add(Person(given_name="X"), emails=["ida@berg.example"]))
    assert "ida" not in said.casefold().replace("crmkit", "")
    assert str(erased) not in said


def test_neither_merge_nor_restore_nor_undo_brings_anybody_back(crm, ida, ole, rows):
    with crm.begin("ada") as uow:
        twin = uow.parties.add(Person(given_name="Ida"), emails=["ida2@berg.example"]).id
        added = uow.id
    with crm.begin("ada") as uow:
        uow.parties.remove(twin)
        removed = uow.id
    with crm.begin("ada") as uow:
        moved = uow.parties.add_email(ida, "ida2@berg.example")
        uow.parties.remove_mechanism(moved.id)
    with crm.begin("ada") as uow:
        uow.use(Privacy).erase(ida, reason="asked for it")
    refused(crm, rows, lambda uow: uow.parties.merge(ole, ida))
    refused(crm, rows, lambda uow: uow.parties.merge(ida, ole))
    refused(crm, rows, lambda uow: uow.history.undo(removed))
    refused(crm, rows, lambda uow: uow.history.restore(Ref("party", twin), 1))
    assert added != removed


def test_a_key_that_was_used_before_adds_nobody(crm, rows):
    def add(uow) -> Person:
        return uow.parties.add(Person(given_name="Ida"), emails=["ida@berg.example"])

    ida = crm.run(add, "ada", once=Key("import-7"))
    with crm.begin("ada") as uow:
        uow.use(Privacy).erase(ida.id, reason="asked for it")
    kept = rows()
    with pytest.raises(ConflictError, match="was erased"):
        crm.run(add, "ada", once=Key("import-7"))
    assert rows() == kept


def test_whoever_comes_back_by_themselves_is_readmitted(crm, erased, rows, recorded_events, clock):
    clock.advance(timedelta(days=1))
    again = Person(given_name="Ida", family_name="Berg")
    kept = rows()
    with pytest.raises(NotErasedError), crm.begin("ada") as uow:
        uow.use(Privacy).readmit(reason="wrote to us", channel="email", address="nobody@berg.example")
    with pytest.raises(InvalidValueError, match="blank"), crm.begin("ada") as uow:
        uow.use(Privacy).readmit(reason="", channel="email", address="ida@berg.example")
    assert rows() == kept
    with crm.begin("ada") as uow:
        uow.use(Privacy).readmit(reason="wrote to us", channel="email", address="ida@berg.example")
    assert len(recorded_events.of(PersonReadmitted)) == 1
    with crm.begin("ada") as uow:
        uow.parties.add(again, emails=["ida@berg.example"])
        uow.parties.add_identifier(again.id, "customer", "K-17")
    with crm.begin("ada") as uow:
        assert uow.get(Person, erased).name == "(erased)"


# -- telling ----------------------------------------------------------------------------------------------------------


def test_everything_about_a_party_is_written_as_json(crm, ida, say, tmp_path):
    say(ida, proof="form 12")
    with crm.begin("ada") as uow:
        uow.attachments.attach(Ref("party", ida), name="a.txt", content=b"hello", media_type="text/plain")
    target = tmp_path / "ida.json"
    with crm.begin("ada", read_only=True) as uow:
        count = uow.use(Privacy).export_subject(ida, target)
        stream = io.BytesIO()
        uow.use(Privacy).export_subject(ida, stream)
    told = json.loads(target.read_text("utf-8"))
    assert told == json.loads(stream.getvalue())
    assert (told["format"], told["version"], told["party"]) == ("crmkit.subject", 1, str(ida))
    assert len(told["records"]) == count
    by_entity = {one["entity"]: one for one in told["records"]}
    assert by_entity["party"]["fields"]["given_name"] == "Ida"
    assert by_entity["mechanism"]["fields"]["raw"] == "ida@berg.example"
    assert by_entity["privacy.consent"]["fields"]["proof"] == "form 12"
    assert by_entity["privacy.consent"]["plugin"] == "privacy"
    assert by_entity["party"]["history"][0]["changes"]["given_name"] == [None, "Ida"]
    assert [(one["name"], one["content"]) for one in told["files"]] == [("a.txt", "aGVsbG8=")]


def test_only_who_may_is_told(crm, ida, tmp_path):
    target = tmp_path / "ida.json"
    with pytest.raises(ForbiddenError), crm.begin("sam", read_only=True) as uow:
        uow.use(Privacy).export_subject(ida, target)
    assert not target.exists()
