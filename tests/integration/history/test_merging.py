"""A merge loses nothing, leaves no reference to what was merged, and is undone exactly."""

from __future__ import annotations

import pytest
from attrs import evolve

from crmkit import CRM, Deal, Identifier, Interaction, Mechanism, Organisation, Party, Person, Ref, Relationship, new_id
from crmkit.errors import (
    ConflictError,
    ForbiddenError,
    InvalidValueError,
    NotFoundError,
    RefusedError,
    RestoreRefusedError,
    UndoRefusedError,
    UnknownFieldError,
)
from crmkit.testing.factories import a_deal, a_person, an_interaction, an_organisation

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def two(crm: CRM) -> tuple[Person, Person]:
    """The loser and the winner."""
    with crm.begin("ada") as uow:
        loser = a_person(
            uow, nickname="Ib", language="nb", emails=["ida@berg.example", "i@berg.example"], phones=["+47 22 33 44 55"]
        )
        winner = a_person(uow, family_name="Lund", language="en", emails=["ida@lund.example", "ida@berg.example"])
    return loser, winner


@pytest.fixture
def refused(rows):
    def check(crm, error, work, actor="ada"):
        before = rows()
        with pytest.raises(error) as caught, crm.begin(actor) as uow:
            work(uow)
        assert rows() == before
        return caught.value

    return check


def merge(crm, loser, winner, **more):
    with crm.begin("ada") as uow:
        uow.parties.merge(loser.id, winner.id, **more)
    return uow.id


def test_everything_goes_to_the_winner_and_comes_back(with_cards, toy, two, stored, tenant):
    loser, winner = two
    with with_cards.begin("ada") as uow:
        firm = an_organisation(uow)
        uow.parties.relate(loser.id, "works_for", firm.id)
        uow.parties.relate(loser.id, "spouse_of", winner.id)
        uow.parties.add_identifier(loser.id, "tax", "1", exclusive=True)
        deal, call = a_deal(uow, loser.id), an_interaction(uow, loser.id)
        card = uow.use(toy.Cards).put(toy.Card(party_id=loser.id, number=1), lines=("a",))
        for party in two:
            uow.permissions.share("party", party.id, actor="ned")
    before = stored()
    unit = merge(with_cards, loser, winner)
    with with_cards.begin("ada") as uow:
        found = uow.get(Person, winner.id)
        assert (found.name, found.nickname, found.language) == ("Ida Lund", "Ib", "en")
        assert uow.get(Party, loser.id).merged_into == winner.id
        assert uow.get(Deal, deal.id).party_id == uow.get(Interaction, call.id).party_id == winner.id
        assert uow.get(toy.Card, card.id).party_id == winner.id
        assert {m.party_id for m in uow.each(Mechanism) if "berg.example" in m.raw} == {winner.id}
        assert sorted(m.raw for m in uow.each(Mechanism)) == [
            "+47 22 33 44 55",
            "i@berg.example",
            "ida@berg.example",
            "ida@lund.example",
        ]
        assert [m.raw for m in uow.each(Mechanism) if m.is_primary and m.kind == "email"] == ["ida@lund.example"]
        assert [(r.type, r.party_id) for r in uow.each(Relationship)] == [("works_for", winner.id)]
        assert [i.party_id for i in uow.each(Identifier)] == [winner.id]
    assert not any(repr(loser.id) in row.values() for (_, id_), row in stored().items() if id_ != repr(loser.id))
    assert list(with_cards.verify(tenant=tenant)) == []
    with with_cards.begin("ada") as uow:
        uow.history.undo(unit)
    assert stored() == before
    assert list(with_cards.verify(tenant=tenant)) == []


def test_merging_without_the_package_of_a_plugin_takes_its_records_along(with_cards, crm, toy, two, stored):
    loser, winner = two
    with with_cards.begin("ada") as uow:
        card = uow.use(toy.Cards).put(toy.Card(party_id=loser.id, number=1))
    before = stored()
    unit = merge(crm, loser, winner)
    with with_cards.begin("ada") as uow:
        assert uow.get(toy.Card, card.id).party_id == winner.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert stored() == before


@pytest.mark.parametrize(
    ("choose", "expected"),
    [
        ("fill", ("Ida Lund", "Ib", "en")),
        ("winner", ("Ida Lund", None, "en")),
        ("loser", ("Ida Berg", "Ib", "nb")),
        ({"language": "loser", "nickname": "winner"}, ("Ida Lund", None, "nb")),
    ],
)
def test_values_are_chosen_by_rule_or_by_hand(choose, expected, crm, two):
    merge(crm, *two, choose=choose)
    with crm.begin("ada") as uow:
        found = uow.get(Person, two[1].id)
    assert (found.name, found.nickname, found.language) == expected


def test_chains_of_merges_end_at_one_party_and_are_taken_apart_in_order(crm, two, stored):
    loser, winner = two
    with crm.begin("ada") as uow:
        third = a_person(uow, given_name="Eva")
        call = an_interaction(uow, loser.id)
    before = stored()
    first = merge(crm, loser, winner)
    between = stored()
    second = merge(crm, winner, third)
    with crm.begin("ada") as uow:
        assert {uow.get(Party, id_).merged_into for id_ in (loser.id, winner.id)} == {third.id}
        assert uow.get(Interaction, call.id).party_id == third.id
    with pytest.raises(UndoRefusedError) as refused, crm.begin("ada") as uow:
        uow.history.undo(first)
    assert {c.blocked_by for c in refused.value.conflicts} == {second}
    with crm.begin("ada") as uow:
        uow.history.undo(second)
    assert stored() == between
    with crm.begin("ada") as uow:
        uow.history.undo(first)
    assert stored() == before


def test_what_came_to_the_winner_after_the_merge_stays_with_it(crm, two):
    loser, winner = two
    unit = merge(crm, loser, winner)
    with crm.begin("ada") as uow:
        call = an_interaction(uow, winner.id)
        mail = uow.parties.add_email(winner.id, "new@berg.example")
    with crm.begin("ada") as uow:
        plan = uow.history.plan([unit])
        done = uow.history.undo(unit)
    with crm.begin("ada") as uow:
        assert uow.get(Interaction, call.id).party_id == uow.get(Mechanism, mail.id).party_id == winner.id
    assert plan.attached == done.attached
    assert set(done.attached) == {Ref("interaction", call.id), Ref("mechanism", mail.id)}
    assert f"stays: interaction {call.id}, which has come since the merge" in list(done.lines())


def test_the_report_of_an_unmerge_lists_only_what_the_actor_may_see(crm):
    with crm.begin("ada") as uow:
        loser, winner = (a_person(uow, team_id="sales") for _ in range(2))
        hidden, known = a_person(uow), a_person(uow, team_id="sales")
    with crm.begin("sam") as uow:
        uow.parties.merge(loser.id, winner.id)
    with crm.begin("ada") as later:
        later.parties.relate(winner.id, "spouse_of", hidden.id)
        seen = later.parties.relate(winner.id, "spouse_of", known.id)
    with crm.begin("sam") as undoing:
        assert undoing.history.undo(uow.id).attached == (Ref("relationship", seen.id),)


def test_a_merge_that_was_undone_can_be_done_again_by_undoing_that(crm, two, stored):
    unit = merge(crm, *two)
    merged = stored()
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    undone = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(undone)
    assert stored() == merged


def test_what_cannot_be_merged_is_refused(crm, two, refused):
    loser, winner = two
    with crm.begin("ada") as uow:
        firm, third = an_organisation(uow), a_person(uow)
    refused(crm, InvalidValueError, lambda uow: uow.parties.merge(loser.id, loser.id))
    refused(crm, InvalidValueError, lambda uow: uow.parties.merge(firm.id, winner.id))
    refused(crm, NotFoundError, lambda uow: uow.parties.merge(new_id(), winner.id))
    for field in ("kind", "version", "custom"):
        refused(crm, UnknownFieldError, lambda uow: uow.parties.merge(loser.id, winner.id, choose={field: "loser"}))  # noqa: B023  # called at once
    refused(crm, InvalidValueError, lambda uow: uow.parties.merge(loser.id, winner.id, choose="best"))
    merge(crm, loser, winner)
    refused(crm, ConflictError, lambda uow: uow.parties.merge(loser.id, third.id))
    refused(crm, ConflictError, lambda uow: uow.parties.merge(winner.id, loser.id))
    refused(crm, ConflictError, lambda uow: uow.parties.merge(third.id, loser.id))


def test_merging_needs_the_right_to_change_all_that_moves(crm, refused):
    with crm.begin("ada") as uow:
        loser, winner = (a_person(uow, team_id="sales") for _ in range(2))
        hidden = a_person(uow)
    with crm.begin("sue") as uow:
        a_deal(uow, loser.id)
    refused(crm, NotFoundError, lambda uow: uow.parties.merge(hidden.id, winner.id), "sam")
    refused(crm, (ForbiddenError, NotFoundError), lambda uow: uow.parties.merge(loser.id, winner.id), "sam")
    merge(crm, loser, winner)


def test_records_changing_may_refuse_a_merge(with_cards, toy, two, refused):
    with with_cards.begin("ada") as uow:
        uow.use(toy.Cards).put(toy.Card(party_id=two[0].id, number=1, points=99))
    error = refused(with_cards, RefusedError, lambda uow: uow.parties.merge(two[0].id, two[1].id))
    assert error.refusals[0].code == "frozen"


def test_a_merged_party_cannot_be_restored_by_itself_and_links_to_it_follow(crm, two):
    loser, winner = two
    with crm.begin("ada") as uow:
        firm = uow.parties.add(Organisation(name="Berg Tak"))
        link = uow.parties.relate(firm.id, "employs", loser.id)
    with crm.begin("ada") as uow:
        person = uow.parties.get(loser.id)
        assert link.party_id == loser.id
        uow.parties.update(evolve(person, language="sv"))
    unit = merge(crm, loser, winner)
    with pytest.raises(RestoreRefusedError) as refused, crm.begin("ada") as uow:
        uow.history.restore(Ref("party", loser.id), 1)
    assert ("merged", unit) in [(c.reason, c.blocked_by) for c in refused.value.conflicts]


# -- with others at the same time, on PostgreSQL; SQLite has one writer at a time --------------------------------------


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_attached_while_a_merge_waits_goes_to_the_winner(crm, two, both):
    loser, winner = two
    assert both(lambda uow: an_interaction(uow, loser.id), lambda uow: uow.parties.merge(loser.id, winner.id)) is None
    with crm.begin("ada") as uow:
        assert [call.party_id for call in uow.each(Interaction)] == [winner.id]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_nothing_is_attached_to_what_has_been_merged_meanwhile(crm, two, both):
    loser, winner = two
    error = both(lambda uow: uow.parties.merge(loser.id, winner.id), lambda uow: an_interaction(uow, loser.id))
    assert isinstance(error, NotFoundError)
    with crm.begin("ada") as uow:
        assert uow.count(Interaction) == 0


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_of_two_merges_of_each_other_one_is_refused(crm, two, both, tenant):
    loser, winner = two
    error = both(lambda uow: uow.parties.merge(loser.id, winner.id), lambda uow: uow.parties.merge(winner.id, loser.id))
    assert isinstance(error, ConflictError)
    assert list(crm.verify(tenant=tenant)) == []


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_changes_while_an_undo_is_being_made_is_never_overwritten(crm, two, both):
    """The undo waits for the other unit, and sees then what that has written."""
    person = two[0]
    with crm.begin("ada") as uow:
        uow.parties.update(evolve(uow.parties.get(person.id), language="sv"))
    unit = uow.id

    def change(uow):
        uow.parties.update(evolve(uow.parties.get(person.id), language="da"))

    assert isinstance(both(change, lambda uow: uow.history.undo(unit)), UndoRefusedError)
    with crm.begin("ada") as uow:
        assert uow.parties.get(person.id).language == "da"


def test_what_an_earlier_merge_brought_counts_as_the_winner_s(crm, two, tenant):
    """Of what it brought, the log says only that it moved; the next merge drops the same of another party."""
    loser, winner = two
    with crm.begin("ada") as uow:
        third = a_person(uow, emails=["i@berg.example"])
    merge(crm, loser, winner)
    merge(crm, third, winner)
    assert list(crm.verify(tenant=tenant)) == []
