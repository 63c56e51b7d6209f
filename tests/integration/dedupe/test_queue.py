"""The review queue: what is proposed, who sees it, and what deciding on a pair does."""

import pytest
from attrs import evolve
from verifying import assert_verifies

from crmkit import Mechanism, Organisation, Party, Person
from crmkit.errors import ConflictError, ForbiddenError, InvalidValueError, NotFoundError, UnknownFieldError
from crmkit.plugins.dedupe import (
    Dedupe,
    DuplicateApproved,
    DuplicateFinder,
    DuplicateRejected,
    DuplicatesProposed,
    Found,
    Pair,
)

PHONE = "+47 22 12 34 56"


@pytest.fixture
def ids(crm):
    """Ida Berg twice, once without her full name, and Tom Reid, who is somebody else."""
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
        again = uow.parties.add(
            Person(given_name="Ida", family_name="Bergh", nickname="Idun"), emails=["IDA@berg.example"], phones=[PHONE]
        )
        tom = uow.parties.add(Person(given_name="Tom", family_name="Reid"), emails=["tom@reid.example"])
    return {"ida": ida.id, "again": again.id, "tom": tom.id}


@pytest.fixture
def pair(crm, ids):
    """The pair that comparing what has changed finds."""
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1
    with crm.begin("ada", read_only=True) as uow:
        (found,) = uow.use(Dedupe).pairs()
    return found


def status(crm, pair):
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Pair, pair.id).status


def propose(crm, left, right, probability=0.9):
    with crm.begin("ada") as uow:
        return uow.use(Dedupe).propose([Found(left=left, right=right, probability=probability)])


# -- what is proposed -------------------------------------------------------------------------------------------------


def test_a_pair_says_who_and_how_probable_and_why(pair, ids):
    assert {pair.left_id, pair.right_id} == {ids["ida"], ids["again"]}
    assert pair.probability > 0.9
    assert [str(reason) for reason in pair.reasons] == ["name: near", "email: shared"]
    assert (pair.source, pair.status, pair.decided_by) == ("write", "proposed", None)


def test_what_was_compared_is_not_compared_again_until_it_changes(crm, pair, ids):
    finder = DuplicateFinder(crm, actor="ada")
    assert finder.update().parties == 0
    with crm.begin("ada") as uow:
        uow.parties.add_email(ids["tom"], "ida@berg.example")
    done = finder.update()
    assert (done.parties, done.proposed) == (1, 2)


def test_a_proposed_pair_is_withdrawn_when_nothing_speaks_for_it_any_more(crm, pair, ids):
    with crm.begin("ada") as uow:
        for one in list(uow.each(Mechanism)):
            if one.party_id == ids["again"]:
                uow.parties.remove_mechanism(one.id)
        uow.parties.update(evolve(uow.get(Person, ids["again"]), given_name="Bo", family_name="Lie", nickname=None))
    assert DuplicateFinder(crm, actor="ada").update().withdrawn == 1
    with crm.begin("ada", read_only=True) as uow:
        assert not uow.use(Dedupe).pairs().items


def test_what_is_proposed_twice_is_there_once_whichever_way_round(crm, ids):
    assert propose(crm, ids["ida"], ids["tom"]) == 1
    assert propose(crm, ids["tom"], ids["ida"], 0.7) == 0
    with crm.begin("ada", read_only=True) as uow:
        assert [float(pair.probability) for pair in uow.use(Dedupe).pairs()] == [0.7]


def test_a_party_is_no_duplicate_of_itself(ids):
    with pytest.raises(InvalidValueError, match="is the same party"):
        Found(left=ids["ida"], right=ids["ida"], probability=0.9)


def test_of_an_organisation_and_a_person_nothing_is_proposed(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Ida Berg"), emails=["ida@berg.example"])
        uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    assert DuplicateFinder(crm, actor="ada").update().proposed == 0


def test_organisations_are_compared_without_their_legal_form(crm):
    with crm.begin("ada") as uow:
        uow.parties.add(Organisation(name="Berg Tak AS"), phones=[PHONE])
        uow.parties.add(Organisation(name="BERG TAK"), phones=["+47 221 23 456"])
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1


def test_a_proposal_is_told(crm, ids, recorded_events):
    recorded_events.listen(crm)
    DuplicateFinder(crm, actor="ada").update()
    (told,) = recorded_events.of(DuplicatesProposed)
    assert len(told.pairs) == 1


# -- approving --------------------------------------------------------------------------------------------------------


def test_approving_merges_into_the_more_complete_and_keeps_what_was_decided(crm, pair, ids, recorded_events):
    recorded_events.listen(crm)
    with crm.begin("ada") as uow:
        party = uow.use(Dedupe).approve(pair.id)
    assert party.id == ids["again"]
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Party, ids["ida"]).merged_into == ids["again"]
        done = uow.get(Pair, pair.id)
        assert uow.use(Dedupe).pairs(status="approved").items == (done,)
    assert (done.status, done.decided_by, done.left_id, done.right_id) == ("approved", "ada", ids["again"], None)
    assert done.merged_id == ids["ida"]
    (told,) = recorded_events.of(DuplicateApproved)
    assert (told.winner, told.loser) == (ids["again"], ids["ida"])


def test_what_is_chosen_by_hand_goes_before_the_rules(crm_set, pair, ids):
    crm = crm_set(survivorship={"family_name": "longest"})
    with crm.begin("ada", read_only=True) as uow:
        planned = uow.use(Dedupe).plan(pair.id, winner=ids["ida"])
    assert planned.winner.id == ids["ida"]
    assert planned.choose == {"family_name": "loser"}
    with crm.begin("ada") as uow:
        party = uow.use(Dedupe).approve(pair.id, winner=ids["ida"], choose={"family_name": "winner"})
    assert party.name == "Ida Berg"


def test_a_rule_chooses_the_value(crm_set, pair, ids):
    with crm_set(survivorship={"*": "longest"}).begin("ada") as uow:
        party = uow.use(Dedupe).approve(pair.id, winner=ids["ida"])
    assert (party.name, party.nickname) == ("Ida Bergh", "Idun")


def test_undoing_the_merge_puts_the_pair_back_into_the_queue(crm, pair, ids):
    with crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id)
        unit = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    with crm.begin("ada", read_only=True) as uow:
        again = uow.get(Pair, pair.id)
        assert uow.get(Party, ids["ida"]).merged_into is None
    assert evolve(again, version=1, updated_at=None) == evolve(pair, version=1, updated_at=None)


def test_a_merge_made_elsewhere_settles_the_pair_and_its_undo_brings_it_back(crm, pair, ids):
    with crm.begin("ada") as uow:
        uow.parties.merge(ids["again"], ids["ida"])
        unit = uow.id
    with crm.begin("ada", read_only=True) as uow:
        assert not uow.use(Dedupe).pairs().items
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert status(crm, pair) == "proposed"


def test_a_chain_of_pairs_is_approved_one_after_the_other(crm, pair, ids):
    propose(crm, ids["tom"], ids["again"])
    with crm.begin("ada", read_only=True) as uow:
        (other,) = uow.use(Dedupe).pairs(party=ids["tom"])
    with crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id, winner=ids["ida"])
    with crm.begin("ada") as uow:
        moved = uow.get(Pair, other.id)
        assert {moved.left_id, moved.right_id} == {ids["ida"], ids["tom"]}
        uow.use(Dedupe).approve(other.id, winner=ids["tom"])
    with crm.begin("ada", read_only=True) as uow:
        assert [party.name for party in uow.each(Party) if party.merged_into is None] == ["Tom Reid"]
        assert {p.merged_id for p in uow.use(Dedupe).pairs(status="approved")} == {ids["again"], ids["ida"]}
    assert_verifies(crm)


def test_who_has_the_parts_of_both_is_not_the_same_pair_twice(crm, pair, ids):
    """A is B; A is not C: when B becomes part of A, nobody has to say again that it is not C."""
    propose(crm, ids["ida"], ids["tom"])
    propose(crm, ids["again"], ids["tom"])
    with crm.begin("ada") as uow:
        (first, *_) = [p for p in uow.use(Dedupe).pairs(party=ids["tom"]) if ids["again"] in {p.left_id, p.right_id}]
        uow.use(Dedupe).reject(first.id)
    with crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id, winner=ids["ida"])
    with crm.begin("ada", read_only=True) as uow:
        assert not uow.use(Dedupe).pairs().items
        assert len(uow.use(Dedupe).pairs(status="rejected")) == 1


def test_who_may_merge_needs_no_right_to_pairs(crm):
    with crm.begin("sue") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
        again = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    DuplicateFinder(crm, actor="ada").update()
    with crm.begin("sue") as uow:
        (pair,) = uow.each(Pair)  # who sees both parties sees the pair, and cannot decide on it
        with pytest.raises(ForbiddenError), uow.attempt():
            uow.use(Dedupe).reject(pair.id)
        assert uow.parties.merge(again.id, ida.id).id == ida.id
        unit = uow.id
    with crm.begin("sue") as uow:
        uow.history.undo(unit)
        assert uow.count(Pair) == 1


# -- rejecting --------------------------------------------------------------------------------------------------------


def test_what_was_rejected_is_not_proposed_again(crm, pair, ids, recorded_events):
    recorded_events.listen(crm)
    with crm.begin("ada") as uow:
        done = uow.use(Dedupe).reject(pair.id, remark="mother and daughter")
    assert (done.status, done.decided_by, done.remark) == ("rejected", "ada", "mother and daughter")
    assert len(recorded_events.of(DuplicateRejected)) == 1
    with crm.begin("ada") as uow:
        uow.parties.update(evolve(uow.get(Person, ids["ida"]), nickname="Idi"))
    assert DuplicateFinder(crm, actor="ada").update().proposed == 0
    assert DuplicateFinder(crm, actor="ada").run().proposed == 0
    assert status(crm, pair) == "rejected"


def test_what_was_rejected_is_proposed_again_on_new_evidence(crm, pair, ids):
    with crm.begin("ada") as uow:
        uow.use(Dedupe).reject(pair.id)
    with crm.begin("ada") as uow:
        uow.parties.add_phone(ids["ida"], PHONE)
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1
    assert status(crm, pair) == "proposed"


# -- who sees what ----------------------------------------------------------------------------------------------------


@pytest.fixture
def hidden(crm):
    """A pair of a party of Sam's with one that Sam may not see."""
    with crm.begin("sam") as uow:
        mine = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    assert DuplicateFinder(crm, actor="ada").update().proposed == 1
    with crm.begin("ada", read_only=True) as uow:
        return mine, next(iter(uow.use(Dedupe).pairs()))


def test_a_pair_with_a_hidden_party_is_hidden(crm, hidden):
    mine, pair = hidden
    with crm.begin("sam", read_only=True) as uow:
        dedupe = uow.use(Dedupe)
        assert not dedupe.pairs().items
        assert dedupe.stats().proposed == 0
        assert not [section for section in uow.parties.view(mine.id).sections if section.key == "duplicates"]
        with pytest.raises(NotFoundError):
            uow.get(Pair, pair.id)


@pytest.mark.parametrize("verb", ["approve", "reject", "plan"])
def test_who_sees_one_party_only_cannot_decide(crm, hidden, rows, verb):
    _, pair = hidden
    before = rows()
    with pytest.raises(NotFoundError), crm.begin("sam") as uow:
        getattr(uow.use(Dedupe), verb)(pair.id)
    assert _but_denials(rows()) == _but_denials(before)


def test_who_reviews_decides_on_the_pairs_of_the_team(crm):
    with crm.begin("sam") as uow:
        for _ in range(2):
            uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    DuplicateFinder(crm, actor="ada").update()
    with crm.begin("sam") as uow:
        (pair,) = uow.use(Dedupe).pairs()
        uow.use(Dedupe).approve(pair.id)
    assert status(crm, pair) == "approved"


def test_who_does_not_review_is_refused(crm, pair, rows):
    before = rows()
    with pytest.raises(ForbiddenError), crm.begin("sue") as uow:
        uow.use(Dedupe).approve(pair.id)
    assert _but_denials(rows()) == _but_denials(before)


def test_the_360_view_names_possible_duplicates(crm, pair, ids):
    with crm.begin("ada", read_only=True) as uow:
        (section,) = [one for one in uow.parties.view(ids["ida"]).sections if one.plugin == "dedupe"]
    assert section.items[0][0] == "Ida Bergh"
    assert section.data == {"pairs": [str(pair.id)], "parties": [str(ids["again"])]}


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("decide", ["approve", "reject"])
@pytest.mark.parametrize("verb", ["approve", "reject", "plan"])
def test_a_pair_is_decided_once(crm, pair, rows, decide, verb):
    with crm.begin("ada") as uow:
        getattr(uow.use(Dedupe), decide)(pair.id)
    before = rows()
    said = "approved" if decide == "approve" else "rejected"
    with pytest.raises(ConflictError, match=f"was {said} already"), crm.begin("ada") as uow:
        getattr(uow.use(Dedupe), verb)(pair.id)
    assert rows() == before


def test_a_stranger_cannot_win(crm, pair, ids, rows):
    before = rows()
    with pytest.raises(InvalidValueError, match="is none of the two parties"), crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id, winner=ids["tom"])
    assert rows() == before


@pytest.mark.parametrize(
    ("choose", "error"),
    [({"version": "loser"}, UnknownFieldError), ({"colour": "loser"}, UnknownFieldError)],
    ids=["the version", "no field"],
)
def test_what_is_not_chosen_cannot_be_chosen(crm, pair, rows, choose, error):
    before = rows()
    with pytest.raises(error), crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id, choose=choose)
    assert rows() == before


def test_a_choice_is_winner_loser_or_fill(crm, pair, rows):
    before = rows()
    with pytest.raises(InvalidValueError, match="none of winner, loser, fill"), crm.begin("ada") as uow:
        uow.use(Dedupe).approve(pair.id, choose={"given_name": "both"})
    assert rows() == before


def test_there_is_no_other_status(crm):
    with crm.begin("ada", read_only=True) as uow, pytest.raises(InvalidValueError, match="none of proposed, approved"):
        uow.use(Dedupe).pairs(status="open")


def test_a_remark_has_an_end(crm, pair, rows):
    before = rows()
    with pytest.raises(InvalidValueError, match="longer than 1000"), crm.begin("ada") as uow:
        uow.use(Dedupe).reject(pair.id, remark="x" * 1001)
    assert rows() == before


def test_a_pair_of_another_tenant_is_not_found(crm, pair, rows):
    crm.tenants.create("elsewhere") if "elsewhere" not in dict(crm.tenants.list()) else None
    before = rows()
    with pytest.raises(NotFoundError), crm.begin("ada", "elsewhere") as uow:
        uow.use(Dedupe).approve(pair.id)
    assert rows() == before


def test_parties_that_were_merged_or_removed_meanwhile_are_not_proposed(crm, ids):
    with crm.begin("ada") as uow:
        uow.parties.merge(ids["again"], ids["ida"])
        gone = uow.parties.add(Person(given_name="Bo"))
    with crm.begin("ada") as uow:
        uow.parties.remove(gone.id)
    assert propose(crm, ids["again"], ids["tom"]) == 0
    assert propose(crm, gone.id, ids["tom"]) == 0


def test_removing_a_party_takes_its_pairs_and_keys_along(crm, pair, ids):
    with crm.begin("ada") as uow:
        uow.parties.remove(ids["again"])
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Pair) == 0
        assert uow.use(Dedupe).stats().pending == 0


def _but_denials(stored):
    return {name: kept for name, kept in stored.items() if name != "crm_denial"}
