"""Erasing a person: what was planted is nowhere any more, and everything still agrees with itself."""

from __future__ import annotations

import pytest
import verifying

from crmkit import Key, Mechanism, Person, Ref, f
from crmkit.errors import (
    ConflictError,
    ErasedError,
    ForbiddenError,
    NotFoundError,
    RestoreRefusedError,
    UndoRefusedError,
)


def erase(crm, party, actor="ada"):
    with crm.begin(actor) as uow:
        return uow.erasure.erase(Ref("party", party), "asked for it")


def test_nothing_that_was_planted_is_left_in_any_table(holding, planted, found):
    assert {"crm_party", "crm_mechanism", "crm_change", "crm_search", "crm_unit", "crm_unique"} <= set(found())
    erase(holding, planted)
    assert found() == []
    verifying.assert_verifies(holding)


def test_what_stays_says_nothing(holding, planted):
    """The party, its interactions, deal and comments are there, blank; its mechanisms and files are gone."""
    erase(holding, planted)
    with holding.begin("ada") as uow:
        party = uow.get(Person, planted)
        assert (party.name, party.given_name, party.birthday, dict(party.custom)) == ("(erased)", None, None, {})
        entries = uow.interactions.timeline(planted)
        assert {entry.summary for entry in entries} <= {"(erased)"}
        assert uow.find(Mechanism, f.party_id == planted).items == ()
        assert uow.attachments.of(Ref("party", planted)).items == ()


def test_the_plan_is_what_is_done(holding, planted):
    with holding.begin("ada", read_only=True) as uow:
        plan = uow.erasure.plan(Ref("party", planted))
    assert plan == erase(holding, planted).plan
    assert plan.records > 10
    assert "deal: 1 blanked (title), 0 deleted" in list(plan.lines())
    with holding.begin("ada", read_only=True) as uow:
        assert uow.erasure.plan(Ref("party", planted)).records == 0


def test_the_fact_of_each_change_stays_in_history(holding, planted):
    with holding.begin("ada") as uow:
        before = uow.history.versions(Ref("party", planted))
    unit = erase(holding, planted).unit
    with holding.begin("ada") as uow:
        after = uow.history.versions(Ref("party", planted))
        assert [(v.version, v.unit, v.op) for v in after[:-1]] == [(v.version, v.unit, v.op) for v in before]
        assert after[-1].unit == unit
        first = uow.history.at(Ref("party", planted), 1)
        assert first.fields["given_name"] == {"$erased": str(unit)}
        assert first.fields["custom.secret"] == {"$erased": str(unit)}
        assert uow.history.unit(unit).reason == "asked for it"


def test_nobody_brings_back_what_was_erased(holding, planted, rows):
    with holding.begin("ada") as uow:
        versions = uow.history.versions(Ref("party", planted))
    unit = erase(holding, planted).unit
    kept = rows()
    with pytest.raises(RestoreRefusedError, match="has been erased"), holding.begin("ada") as uow:
        uow.history.restore(Ref("party", planted), 1)
    with pytest.raises(UndoRefusedError, match="has been erased") as refused, holding.begin("ada") as uow:
        uow.history.undo(versions[0].unit)
    assert {c.reason for c in refused.value.conflicts} >= {"erased"}
    with pytest.raises(UndoRefusedError, match="cannot be undone"), holding.begin("ada") as uow:
        uow.history.undo(unit, partial=True)
    assert rows() == kept


def test_contents_go_that_nobody_else_has(holding, planted, store, tenant, canary):
    with holding.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Sam"))
        shared = uow.attachments.attach(Ref("party", other.id), name="a.txt", content=f"{canary} itself".encode())
    assert len(list(store.iterate(tenant))) == 2
    erase(holding, planted)
    assert [file.key for file in store.iterate(tenant)] == [shared.sha256]


def test_a_party_that_was_merged_into_the_person_is_the_person(holding, planted, found, canary):
    with holding.begin("ada") as uow:
        other = uow.parties.add(Person(given_name=f"{canary} too"), emails=[f"{canary}@third.example"])
        uow.parties.merge(other.id, planted)
    with pytest.raises(ConflictError, match="name that one"), holding.begin("ada") as uow:
        uow.erasure.erase(Ref("party", other.id), "asked for it")
    done = erase(holding, planted)
    assert done.plan.also == (Ref("party", other.id),)
    assert found() == []
    verifying.assert_verifies(holding)


def test_others_keep_what_is_theirs(holding, planted, rows):
    with holding.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Ola", family_name="Nordmann"), emails=["ola@nordmann.example"])
        uow.interactions.record(party=other.id, channel="phone", direction="in", summary="Ola rang")
        uow.comments.add(Ref("party", other.id), "Ola is nice")
    kept = {line for lines in rows().values() for line in lines if "ola" in line.casefold()}
    erase(holding, planted)
    assert {line for lines in rows().values() for line in lines if "ola" in line.casefold()} == kept


def test_an_answer_under_a_key_goes_and_is_not_made_again(holding, tenant, found, rows, canary):
    def add(uow) -> Person:
        return uow.parties.add(Person(given_name=canary), emails=[f"{canary}@a.example"])

    ida = holding.run(add, "ada", once=Key("ida", "body"))
    assert "crm_once" in found()
    assert erase(holding, ida.id).answers == 1
    kept = rows()
    with pytest.raises(ErasedError, match="'ida' was erased"):
        holding.run(add, "ada", once=Key("ida", "body"))
    assert rows() == kept
    assert found() == []


def test_erasing_needs_the_right_and_a_reason_and_a_party_that_is_seen(holding, planted, rows):
    kept = rows()
    with pytest.raises(ForbiddenError), holding.begin("sam") as uow:
        uow.erasure.erase(Ref("party", planted), "asked for it")
    with pytest.raises(ForbiddenError), holding.begin("sam") as uow:
        uow.erasure.subject(Ref("party", planted))
    with pytest.raises(ValueError, match="blank"), holding.begin("ada") as uow:
        uow.erasure.erase(Ref("party", planted), " ")
    with pytest.raises(NotFoundError), holding.begin("ada") as uow:
        uow.erasure.erase(Ref("party", uow.id), "asked for it")
    without = {name: lines for name, lines in kept.items() if name != "crm_denial"}
    assert {name: lines for name, lines in rows().items() if name != "crm_denial"} == without


def test_a_person_who_is_erased_twice_is_as_blank(holding, planted, found, canary):
    erase(holding, planted)
    with holding.begin("ada") as uow:
        uow.parties.add_email(planted, f"{canary}@again.example")
        uow.interactions.record(party=planted, channel="phone", direction="in", summary=f"{canary} again")
    erase(holding, planted)
    assert found() == []
    verifying.assert_verifies(holding)


def test_everything_about_a_person_is_told(holding, planted, canary):
    with holding.begin("ada", read_only=True) as uow:
        told = list(uow.erasure.subject(Ref("party", planted)))
    assert told[0].id == planted
    by_entity = {}
    for one in told:
        by_entity.setdefault((one.entity, one.state), []).append(one)
    assert set(by_entity) >= {
        ("party", "live"),
        ("mechanism", "live"),
        ("identifier", "live"),
        ("relationship", "live"),
        ("interaction", "live"),
        ("activity", "live"),
        ("deal", "live"),
        ("comment", "live"),
        ("comment", "deleted"),
        ("attachment", "live"),
        ("attachment", "deleted"),
        ("decision", "live"),
    }
    (said,) = (one for one in by_entity["interaction", "live"] if one.fields["party_id"] == str(planted))
    assert said.fields["body"] == f"{canary} wants a door"
    assert [dict(change.diff).get("body") for change in said.history] == [
        (None, f"{canary} wants a roof"),
        (f"{canary} wants a roof", f"{canary} wants a door"),
    ]
