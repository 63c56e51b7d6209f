"""What records were at their versions, and bringing them back."""

from __future__ import annotations

from uuid import UUID

import pytest
from attrs import evolve
from sqlalchemy import bindparam, column, table, update

from crmkit import CRM, Identifier, Mechanism, Party, Person, Ref, Relationship, new_id
from crmkit.core.kernel.entities.columns import Json, codec_of
from crmkit.errors import (
    AlreadyExistsError,
    ForbiddenError,
    NotFoundError,
    RefusedError,
    RemovedIdError,
    RestoreRefusedError,
    UnknownVersionError,
)
from crmkit.testing.factories import a_person, an_interaction, an_organisation


@pytest.fixture
def ida(crm: CRM) -> Person:
    """At version 3: with another name at 2, and a phone number at 3."""
    with crm.begin("ada") as uow:
        person = a_person(uow, team_id="sales", emails=["ida@berg.example"])
    with crm.begin("sam", source="web") as uow:
        uow.parties.update(evolve(uow.parties.get(person.id), family_name="Lund"))
    with crm.begin("ada") as uow:
        uow.parties.add_phone(person.id, "+47 22 33 44 55")
    return person


@pytest.fixture
def refused(rows):
    """A function: the error of a restore that is refused and changes nothing."""

    def check(crm, error, ref, version, actor="ada"):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            uow.history.restore(ref, version)
        assert rows() == before
        return caught.value

    return check


def restored(crm, ref, version, actor="ada"):
    with crm.begin(actor) as uow:
        done = uow.history.restore(ref, version)
    return done, uow.id


def test_each_version_says_who_made_it_and_what_of_it(crm, ida):
    with crm.begin("ada", read_only=True) as uow:
        first, second, third = uow.history.versions(Ref("party", ida.id))
    assert (first.version, first.op, first.parts) == (1, "insert", 1)
    assert (second.version, second.actor, second.source, second.op) == (2, "sam", "web", "update")
    assert set(second.fields) == {"family_name", "name", "sort_name"}
    assert (third.version, third.fields, third.parts) == (3, (), 1)


def test_a_record_can_be_seen_as_it_was_with_its_parts(crm, ida):
    with crm.begin("ada", read_only=True) as uow:
        one, three = (uow.history.at(Ref("party", ida.id), version) for version in (1, 3))
    assert (one.record.name, three.record.name) == ("Ida Berg", "Ida Lund")
    assert [part.record.raw for part in one.parts] == ["ida@berg.example"]
    assert [part.record.raw for part in three.parts] == ["ida@berg.example", "+47 22 33 44 55"]
    assert type(one.record) is Person
    assert one.fields["family_name"] == "Berg"


def test_two_versions_can_be_compared(crm, ida):
    with crm.begin("ada", read_only=True) as uow:
        there = uow.history.diff(Ref("party", ida.id), 1, 3)
        back = uow.history.diff(Ref("party", ida.id), 3, 1)
    assert there.fields["family_name"] == ("Berg", "Lund")
    assert [(part.op, part.fields["raw"]) for part in there.parts] == [("insert", (None, "+47 22 33 44 55"))]
    assert [(part.op, part.fields["raw"]) for part in back.parts] == [("delete", ("+47 22 33 44 55", None))]


def test_restoring_makes_a_version_that_equals_the_old_one(crm, ida, tenant):
    ref = Ref("party", ida.id)
    done, _ = restored(crm, ref, 1)
    assert [(c.entity, c.op) for c in done.changes] == [("mechanism", "delete"), ("party", "update")]
    with crm.begin("ada") as uow:
        versions = uow.history.versions(ref)
        difference = uow.history.diff(ref, 1, versions[-1].version)
        assert uow.parties.get(ida.id).version == versions[-1].version == 4
    assert (difference.fields, difference.parts) == ({}, ())
    assert list(crm.verify(tenant=tenant)) == []


def test_a_dry_run_says_exactly_what_restoring_will_do_and_writes_nothing(crm, ida, rows):
    ref = Ref("party", ida.id)
    before = rows()
    with crm.begin("ada", read_only=True) as uow:
        plan = uow.history.plan_restore(ref, 1)
    assert rows() == before
    with crm.begin("ada") as uow:
        again = uow.history.plan_restore(ref, 1)
        assert uow.parties.get(ida.id).name == "Ida Lund"
        done = uow.history.restore(ref, 1)
    assert plan == again == evolve(done, applied=False)
    assert "\n".join(plan.lines()).endswith('family_name: "Lund" -> "Berg"\n' + list(plan.lines())[-1])


def test_a_dry_run_of_a_restore_is_judged_like_the_restore(with_cards, crm, toy, ida):
    ref = Ref("party", ida.id)
    with pytest.raises(ForbiddenError), crm.begin("vic", read_only=True) as uow:
        uow.history.plan_restore(ref, 1)
    with pytest.raises(UnknownVersionError), crm.begin("ada", read_only=True) as uow:
        uow.history.plan_restore(ref, 9)
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1))
    with with_cards.begin("ada") as uow:
        uow.use(toy.Cards).change(evolve(uow.get(toy.Card, card.id), points=99))
    with pytest.raises(RefusedError), with_cards.begin("ada", read_only=True) as uow:
        uow.history.plan_restore(Ref("toycards.card", card.id), 1)


def test_restoring_what_is_so_already_writes_nothing(crm, ida, rows):
    before = rows()
    done, _ = restored(crm, Ref("party", ida.id), 3)
    after = rows()
    assert done.changes == ()
    assert {t: r for t, r in after.items() if t != "crm_unit"} == {t: r for t, r in before.items() if t != "crm_unit"}


def test_a_restore_can_be_undone(crm, ida, stored):
    before = stored()
    _, unit = restored(crm, Ref("party", ida.id), 1)
    assert stored() != before
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert stored() == before


def test_a_deleted_record_comes_back_with_parts_and_links(crm, ida, stored, tenant):
    with crm.begin("ada") as uow:
        firm = an_organisation(uow)
        uow.parties.relate(ida.id, "works_for", firm.id)
        uow.parties.add_identifier(ida.id, "tax", "1", exclusive=True)
        version = uow.parties.get(ida.id).version
    with crm.begin("ada") as uow:
        version = uow.parties.get(ida.id).version
    before = stored()
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.history.versions(Ref("party", ida.id))[-1].op == "delete"
        assert uow.history.at(Ref("party", ida.id), 1).record.name == "Ida Berg"
    restored(crm, Ref("party", ida.id), version)
    assert stored() == before
    with crm.begin("ada") as uow:
        assert (uow.count(Mechanism), uow.count(Relationship), uow.count(Identifier)) == (2, 1, 1)
    assert list(crm.verify(tenant=tenant)) == []


@pytest.fixture
def refused_to_add(rows):
    """A function: the error of adding a person under an id, which changes nothing."""

    def check(crm, error, id_, actor="ada"):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            uow.parties.add(Person(id=id_, given_name="Other", team_id="sales"))
        assert rows() == before
        return caught.value

    return check


def test_the_id_of_a_record_that_was_removed_stays_with_its_history(crm, ida, refused_to_add, tenant):
    """Whoever could add a record under it would see the versions of a record that was never theirs to see."""
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    error = refused_to_add(crm, RemovedIdError, ida.id)
    assert (error.entity, error.id, error.version) == ("party", ida.id, 3)
    refused_to_add(crm, RemovedIdError, ida.id, actor="sam")
    restored(crm, Ref(error.entity, error.id), error.version)
    with crm.begin("ada") as uow:
        assert (uow.parties.get(ida.id).name, uow.parties.get(ida.id).version) == ("Ida Lund", 5)
    assert list(crm.verify(tenant=tenant)) == []


def test_an_id_that_was_removed_before_stays_so_in_the_same_unit(crm, rows, tenant):
    for flushed in (False, True):
        before = rows()
        with pytest.raises(RemovedIdError), crm.begin("ada") as uow:
            person = a_person(uow)
            uow.parties.remove(person.id)
            if flushed:
                uow.count(Party)
            uow.parties.add(Person(id=person.id, given_name="Other"))
        assert rows() == before
    assert list(crm.verify(tenant=tenant)) == []


def test_a_row_removed_and_added_in_one_command_is_refused_too(with_cards, toy, ida, rows):
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1))
    before = rows()
    with pytest.raises(RemovedIdError) as caught, with_cards.begin("ada") as uow:
        uow.use(toy.Cards).replace(card.id, toy.Card(id=card.id, party_id=ida.id, number=2))
    assert (caught.value.entity, caught.value.version) == ("toycards.card", 1)
    assert rows() == before


def test_the_id_of_a_record_that_has_come_back_is_taken_by_it(crm, ida, refused_to_add):
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    restored(crm, Ref("party", ida.id), 3)
    assert refused_to_add(crm, AlreadyExistsError, ida.id).code == "already_exists"


def test_an_id_that_was_given_by_the_application_and_never_stored_is_free(crm, tenant):
    ids = [UUID("00000000-0000-4000-8000-00000000000a"), new_id()]
    for id_ in ids:
        with pytest.raises(ZeroDivisionError), crm.begin("ada") as uow:
            uow.parties.add(Person(id=id_, given_name="Ida"))
            1 / 0  # noqa: B018  # the unit fails
        with crm.begin("ada") as uow:
            assert uow.parties.add(Person(id=id_, given_name="Ida")).version == 1
    assert list(crm.verify(tenant=tenant)) == []


def test_a_part_can_be_restored_by_itself(crm, ida):
    with crm.begin("ada") as uow:
        mail = next(m for m in uow.each(Mechanism) if m.kind == "email")
        uow.parties.change_mechanism(evolve(mail, label="home"))
    restored(crm, Ref("mechanism", mail.id), 1)
    with crm.begin("ada") as uow:
        assert uow.get(Mechanism, mail.id).label is None
        assert uow.parties.get(ida.id).name == "Ida Lund"


def test_parts_that_have_changed_places_change_back(with_cards, toy, ida, stored):
    """Both want what the other one has, and a unique key forbids that both have it for a moment."""
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1), lines=("a", "b"))
    before = stored()
    with with_cards.begin("ada") as uow:
        one, two = uow.each(toy.Line)
        uow.use(toy.Cards).turn(one.id, two.id)
    restored(with_cards, Ref("toycards.card", card.id), 1)
    assert stored() == before


def test_custom_fields_are_restored(with_cards, toy, ida):
    with with_cards.begin("ada") as uow:
        uow.custom_fields.define("toycards.card", "size", "number")
        uow.custom_fields.define("toycards.card", "note", "text")
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1, custom={"size": 4}))
    with with_cards.begin("ada") as uow:
        uow.use(toy.Cards).change(evolve(uow.get(toy.Card, card.id), custom={"note": "a"}))
    restored(with_cards, Ref("toycards.card", card.id), 1)
    with with_cards.begin("ada") as uow:
        assert dict(uow.get(toy.Card, card.id).custom) == {"size": 4}


def test_fields_that_there_are_no_more_are_reported_and_never_guessed(crm, ida, tenant):
    """As when a column was dropped since."""
    log = table("crm_change", column("tenant_id"), column("diff"), column("op"), column("entity"))
    dump = codec_of(Json(), crm.engine.dialect.name).to_driver
    diff = {"kind": [None, "person"], "name": [None, "Ida Berg"], "given_name": [None, "Ida"], "hat_size": [None, 57]}
    where = (log.c.tenant_id == tenant) & (log.c.entity == "party") & (log.c.op == "insert")
    with crm.engine.begin() as connection:
        connection.execute(update(log).where(where).values(diff=bindparam("x", type_=Json())), {"x": diff})
    assert dump(diff)
    with crm.begin("ada") as uow:
        assert uow.history.at(Ref("party", ida.id), 1).unknown == ("hat_size",)
    done, _ = restored(crm, Ref("party", ida.id), 1)
    assert done.unknown == ("party.hat_size",)


def test_what_the_catalogue_knows_is_restored_without_the_plugin(with_cards, crm, toy, ida, stored):
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1), lines=("a",))
    before = stored()
    with with_cards.begin("ada") as uow:
        uow.use(toy.Cards).drop(card.id)
    restored(crm, Ref("toycards.card", card.id), 1)
    assert stored() == before
    with crm.begin("ada") as uow:
        assert uow.history.at(Ref("toycards.card", card.id), 1).record is None


@pytest.mark.parametrize("version", [0, 9, -1])
def test_a_version_that_never_was_is_refused(version, crm, ida, refused):
    error = refused(crm, UnknownVersionError, Ref("party", ida.id), version)
    assert error.known == (1, 2, 3)


def test_the_version_of_a_deletion_is_none_to_restore(crm, ida, refused):
    with crm.begin("ada") as uow:
        uow.parties.remove(ida.id)
    assert refused(crm, UnknownVersionError, Ref("party", ida.id), 4).known == (1, 2, 3)


def test_what_is_hidden_is_not_found_live_or_deleted(crm, ida, refused):
    with crm.begin("ada") as uow:
        hidden = a_person(uow)
    ref = Ref("party", hidden.id)
    for _ in range(2):
        refused(crm, NotFoundError, ref, 1, actor="sam")
        for ask in ("versions", "at"):
            with pytest.raises(NotFoundError), crm.begin("sam") as uow:
                getattr(uow.history, ask)(*([ref] if ask == "versions" else [ref, 1]))
        with crm.begin("ada") as uow:
            if uow.find(Party).items and uow.sees(Party, [hidden.id]):
                uow.parties.remove(hidden.id)


def test_restoring_needs_the_right_to_change(crm, ida, refused):
    assert refused(crm, ForbiddenError, Ref("party", ida.id), 1, actor="vic").permission == "party.update"


def test_links_to_whom_one_may_not_see_are_neither_shown_nor_touched(crm, ida):
    with crm.begin("ada") as uow:
        secret = a_person(uow, given_name="Secret")
        link = uow.parties.relate(ida.id, "spouse_of", secret.id)
    with crm.begin("sam") as uow:
        assert {part.ref.entity for part in uow.history.at(Ref("party", ida.id), 4).parts} == {"mechanism"}
        uow.history.restore(Ref("party", ida.id), 1)
    with crm.begin("ada") as uow:
        assert uow.get(Relationship, link.id)
        assert uow.parties.get(ida.id).name == "Ida Berg"


def test_a_link_that_is_gone_is_shown_to_who_may_see_all_that_it_ever_led_to(crm, ida):
    """It led to a hidden party before that was merged into one that sam sees, so its history names that party."""
    with crm.begin("ada") as uow:
        secret, known = a_person(uow), a_person(uow, team_id="sales")
        link = uow.parties.relate(ida.id, "spouse_of", secret.id)
    with crm.begin("ada") as uow:
        uow.parties.merge(secret.id, known.id)
    with crm.begin("ada") as uow:
        uow.parties.remove_relationship(link.id)
    for actor, told in (("ada", True), ("sam", False)):
        with crm.begin(actor) as uow:
            changes = uow.history.changes(uow.parties.get(ida.id), parts=True)
        assert (str(secret.id) in repr(changes)) is told


def test_a_link_to_what_is_gone_is_not_restored(crm, refused):
    with crm.begin("ada") as uow:
        one, other = an_organisation(uow, name="One"), an_organisation(uow, name="Two")
        link = uow.parties.relate(one.id, "partner_of", other.id)
    with crm.begin("ada") as uow:
        version = uow.parties.get(one.id).version
        uow.parties.remove_relationship(link.id)
    with crm.begin("ada") as uow:
        uow.parties.remove(other.id)
    (conflict,) = refused(crm, RestoreRefusedError, Ref("party", one.id), version).conflicts
    assert (conflict.entity, conflict.field, conflict.reason, conflict.blocked_by) == (
        "relationship",
        "other_id",
        "target_gone",
        uow.id,
    )


def test_an_identifier_that_another_has_now_is_not_restored(crm, refused):
    with crm.begin("ada") as uow:
        one, other = an_organisation(uow, name="One"), an_organisation(uow, name="Two")
        number = uow.parties.add_identifier(one.id, "tax", "1", exclusive=True)
    with crm.begin("ada") as uow:
        version = uow.parties.get(one.id).version
        uow.parties.remove_identifier(number.id)
        uow.parties.add_identifier(other.id, "tax", "1", exclusive=True)
    (conflict,) = refused(crm, RestoreRefusedError, Ref("party", one.id), version).conflicts
    assert (conflict.reason, conflict.blocked_by) == ("taken", uow.id)


def test_records_changing_may_refuse_a_restore(with_cards, toy, ida, refused):
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=ida.id, number=1))
    with with_cards.begin("ada") as uow:
        uow.use(toy.Cards).change(evolve(uow.get(toy.Card, card.id), points=99))
    assert refused(with_cards, RefusedError, Ref("toycards.card", card.id), 1).refusals[0].code == "frozen"


def test_what_came_after_a_version_and_is_not_part_of_it_stays(crm, ida):
    with crm.begin("ada") as uow:
        call = an_interaction(uow, ida.id)
    restored(crm, Ref("party", ida.id), 1)
    with crm.begin("ada") as uow:
        assert uow.get(type(call), call.id).party_id == ida.id
