"""What would go wrong if undo or merge had a bug: each story is told with the bug and without, and must notice.

The stories are the cases that random runs come upon seldom: the order of statements, chains of merges, unique keys that
change hands, and what is attached after a merge.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import planted
import pytest
from attrs import evolve, frozen

from crmkit import Interaction, Mechanism, Party, Person, Ref, Relationship
from crmkit.errors import ConflictError, CrmkitError, NotFoundError, RestoreRefusedError, UndoRefusedError
from crmkit.testing.factories import a_deal, a_person, an_interaction, an_organisation

pytestmark = pytest.mark.slow

NOTICED = (AssertionError, CrmkitError, pytest.fail.Exception)


@frozen
class World:
    """What stories happen in: a CRM with the plugin of cards, the same without it, and all that is stored."""

    crm: Any
    without: Any
    toy: Any
    stored: Callable[[], Any]

    def do(self, work: Callable[[Any], Any], crm: Any = None) -> Any:
        """Do it in a unit of work; the unit's id, and what came out of it."""
        with (crm or self.crm).begin("ada") as uow:
            answer = work(uow)
        return uow.id, answer

    def undo(self, unit: Any, crm: Any = None) -> Any:
        """Undo a unit; the unit that did, and the report."""
        return self.do(lambda uow: uow.history.undo(unit), crm)

    def two(self) -> tuple[Any, Any]:
        """A loser and a winner."""
        return self.do(lambda uow: (a_person(uow).id, a_person(uow).id))[1]

    def merge(self, loser: Any, winner: Any, crm: Any = None) -> Any:
        """Merge them; the unit."""
        return self.do(lambda uow: uow.parties.merge(loser, winner), crm)[0]

    def keep(self, thing: Any) -> Any:
        """Store a thing of the plugin; its id."""
        return self.do(lambda uow: uow.use(self.toy.Cards).keep(thing))[1]

    def get(self, what: Any, id_: Any) -> Any:
        """A record."""
        return self.do(lambda uow: uow.get(what, id_))[1]


@pytest.fixture
def world(with_cards, crm, toy, stored) -> World:
    return World(with_cards, crm, toy, stored)


# -- the stories ------------------------------------------------------------------------------------------------------


def cards_of_an_absent_plugin_follow(world):
    loser, winner = world.two()
    _, card = world.do(lambda uow: uow.use(world.toy.Cards).put(world.toy.Card(party_id=loser, number=number())))
    before = world.stored()
    unit = world.merge(loser, winner, world.without)
    assert world.get(world.toy.Card, card.id).party_id == winner
    world.undo(unit, world.without)
    assert world.stored() == before


def chains_end_at_one_root(world):
    first, second = world.two()
    third, _ = world.two()
    before = world.stored()
    units = [world.merge(first, second), world.merge(second, third)]
    assert world.get(Party, first).merged_into == world.get(Party, second).merged_into == third
    with pytest.raises(UndoRefusedError) as refused:
        world.undo(units[0])
    assert {c.blocked_by for c in refused.value.conflicts} == {units[1]}
    for unit in reversed(units):
        world.undo(unit)
    assert world.stored() == before


def rows_without_a_rule_are_never_dropped(world):
    loser, winner = world.two()
    for party in (loser, winner):
        world.keep(world.toy.Seat(party_id=party, kind="front"))
    before = world.stored()
    with pytest.raises(ConflictError):
        world.merge(loser, winner)
    assert world.stored() == before


def folded_rows_fill_what_the_other_lacks(world):
    loser, winner = world.two()
    world.keep(world.toy.Purse(party_id=loser, kind="left", colour="red"))
    kept = world.keep(world.toy.Purse(party_id=winner, kind="left"))
    before = world.stored()
    unit = world.merge(loser, winner)
    assert world.get(world.toy.Purse, kept).colour == "red"
    world.undo(unit)
    assert world.stored() == before


def children_of_folded_rows_follow(world):
    loser, winner = world.two()
    purses = [world.keep(world.toy.Purse(party_id=party, kind="left")) for party in (loser, winner)]
    coins = [world.keep(world.toy.Coin(purse_id=purse, worth=5)) for purse in purses]
    before = world.stored()
    unit = world.merge(loser, winner)
    assert {world.get(world.toy.Coin, coin).purse_id for coin in coins} == {purses[1]}
    world.undo(unit)
    assert world.stored() == before


def nobody_is_linked_to_oneself(world):
    loser, winner = world.two()
    world.do(lambda uow: uow.parties.relate(loser, "spouse_of", winner))
    before = world.stored()
    unit = world.merge(loser, winner)
    assert not world.do(lambda uow: [r for r in uow.each(Relationship) if r.party_id == r.other_id == winner])[1]
    world.undo(unit)
    assert world.stored() == before


def writes_keep_their_order(world):
    """A number is freed by one row before another takes it; statements may only be shared by neighbours."""
    party, _ = world.two()
    taken = number()
    cards = world.toy.Cards
    _, old = world.do(lambda uow: uow.use(cards).put(world.toy.Card(party_id=party, number=taken)))
    before = world.stored()

    def replace(uow):
        uow.use(cards).drop(old.id)
        new = uow.use(cards).put(world.toy.Card(party_id=party, number=taken))
        uow.use(cards).change(evolve(new, number=taken + 1))
        uow.use(cards).put(world.toy.Card(party_id=party, number=taken))

    unit, _ = world.do(replace)
    after = world.stored()
    undone, _ = world.undo(unit)
    assert world.stored() == before
    world.undo(undone)
    assert world.stored() == after


def a_flush_groups_neighbours_only(world):
    """All in one flush: what is added, changed, removed and added again of two tables."""
    party, _ = world.two()
    before = world.stored()

    def several(uow):
        with_buffer = uow._work.buffer
        first = with_buffer.insert(Mechanism(party_id=party, kind="email", raw="a@x.example", search_key="a@x.example"))
        talk = with_buffer.insert(Interaction(party_id=party, channel="phone", kind="entry", summary="x", **said(uow)))
        changed = with_buffer.update(first, evolve(first, label="home"))
        with_buffer.delete(changed)
        with_buffer.update(talk, evolve(talk, summary="y"))
        with_buffer.insert(Mechanism(party_id=party, kind="email", raw="a@x.example", search_key="a@x.example"))

    unit, _ = world.do(several)
    assert world.do(lambda uow: [(m.raw, m.label) for m in uow.each(Mechanism) if m.party_id == party])[1] == [
        ("a@x.example", None)
    ]
    world.undo(unit)
    assert world.stored() == before


def what_came_after_a_merge_stays(world):
    loser, winner = world.two()
    _, earlier = world.do(lambda uow: an_interaction(uow, loser))
    unit = world.merge(loser, winner)
    _, later = world.do(lambda uow: an_interaction(uow, winner))
    _, done = world.undo(unit)
    assert world.get(Interaction, earlier.id).party_id == loser
    assert world.get(Interaction, later.id).party_id == winner
    assert done.attached == (Ref("interaction", later.id),)


def later_values_are_not_overwritten(world):
    party, _ = world.two()
    unit, _ = world.do(lambda uow: uow.parties.update(evolve(uow.get(Person, party), language="sv")))
    world.do(lambda uow: uow.parties.update(evolve(uow.get(Person, party), language="da")))
    with pytest.raises(UndoRefusedError):
        world.undo(unit)
    assert world.get(Person, party).language == "da"


def the_last_change_is_undone_first(world):
    party, _ = world.two()

    def twice(uow):
        changed = uow.parties.update(evolve(uow.get(Person, party), language="sv"))
        uow.parties.update(evolve(changed, language="da"))

    unit, _ = world.do(twice)
    world.undo(unit)
    assert world.get(Person, party).language is None


def what_is_referred_to_stays(world):
    unit, firm = world.do(an_organisation)
    world.do(lambda uow: a_deal(uow, firm.id))
    with pytest.raises(UndoRefusedError):
        world.undo(unit)
    assert world.get(Party, firm.id)


def what_is_gone_is_not_referred_to(world):
    one, other = world.two()
    _, link = world.do(lambda uow: uow.parties.relate(one, "spouse_of", other))
    ended, _ = world.do(lambda uow: uow.parties.remove_relationship(link.id))
    world.do(lambda uow: uow.parties.remove(other))
    with pytest.raises(UndoRefusedError):
        world.undo(ended)


def unique_values_are_not_given_twice(world):
    one, other = world.two()
    value = str(number())
    _, tax = world.do(lambda uow: uow.parties.add_identifier(one, "tax", value, exclusive=True))
    removed, _ = world.do(lambda uow: uow.parties.remove_identifier(tax.id))
    world.do(lambda uow: uow.parties.add_identifier(other, "tax", value, exclusive=True))
    with pytest.raises(UndoRefusedError):
        world.undo(removed)


def unique_values_change_hands_and_back(world):
    party, _ = world.two()
    cards = world.toy.Cards
    card = world.toy.Card(party_id=party, number=number())
    world.do(lambda uow: uow.use(cards).put(card, lines=("a", "b")))
    before = world.stored()
    _, (one, two) = world.do(lambda uow: [line for line in uow.each(world.toy.Line) if line.card_id == card.id])
    turned, _ = world.do(lambda uow: uow.use(cards).turn(one.id, two.id))
    world.do(lambda uow: uow.history.restore(Ref("toycards.card", card.id), 1))
    assert world.stored() == before
    with pytest.raises(UndoRefusedError):
        world.undo(turned)


def restored_references_follow_merges(world):
    one, other = world.two()
    third, _ = world.two()
    _, link = world.do(lambda uow: uow.parties.relate(one, "spouse_of", other))
    version = world.get(Person, one).version
    world.do(lambda uow: uow.parties.remove_relationship(link.id))
    world.merge(other, third)
    world.do(lambda uow: uow.history.restore(Ref("party", one), version))
    assert world.get(Relationship, link.id).other_id == third


def what_was_merged_is_not_restored_by_itself(world):
    loser, winner = world.two()
    world.merge(loser, winner)
    with pytest.raises(RestoreRefusedError):
        world.do(lambda uow: uow.history.restore(Ref("party", loser), 1))


_numbers = iter(range(1000, 100_000, 10))


def number() -> int:
    """A number that no other card has."""
    return next(_numbers)


def said(uow):
    return {"occurred_at": uow.now, "author_id": "ada"}


# -- told with a bug planted -------------------------------------------------------------------------------------------


PLANTED = [
    (planted.only_loaded_plugins, cards_of_an_absent_plugin_follow),
    (planted.merged_parties_left_alone, chains_end_at_one_root),
    (planted.clashes_dropped, rows_without_a_rule_are_never_dropped),
    (planted.nothing_filled_in, folded_rows_fill_what_the_other_lacks),
    (planted.children_forgotten, children_of_folded_rows_follow),
    (planted.links_to_oneself_kept, nobody_is_linked_to_oneself),
    (planted.writes_sorted, writes_keep_their_order),
    (planted.writes_sorted, a_flush_groups_neighbours_only),
    (planted.everything_moved_back, what_came_after_a_merge_stays),
    (planted.nothing_listed_as_attached, what_came_after_a_merge_stays),
    (planted.values_not_compared, later_values_are_not_overwritten),
    (planted.first_change_undone_first, the_last_change_is_undone_first),
    (planted.references_not_looked_at, what_is_referred_to_stays),
    (planted.targets_not_looked_at, what_is_gone_is_not_referred_to),
    (planted.uniques_not_looked_at, unique_values_are_not_given_twice),
    (planted.restored_in_any_order, unique_values_change_hands_and_back),
    (planted.merges_not_followed, restored_references_follow_merges),
    (planted.merges_restored_over, what_was_merged_is_not_restored_by_itself),
]


@pytest.mark.parametrize(("plant", "story"), [pytest.param(p, s, id=f"{p.__name__}-{s.__name__}") for p, s in PLANTED])
def test_each_story_is_true_and_notices_the_bug(plant, story, world, monkeypatch, tenant):
    story(world)
    assert [str(finding) for finding in world.crm.verify(tenant=tenant)] == []
    with monkeypatch.context() as patch:
        plant(patch)
        with pytest.raises(NOTICED):
            story(world)


# -- with others at the same time, on PostgreSQL ----------------------------------------------------------------------


def attaching_waits_for_a_merge(crm, both):
    with crm.begin("ada") as uow:
        loser, winner = (a_person(uow).id for _ in range(2))
    error = both(lambda uow: uow.parties.merge(loser, winner), lambda uow: an_interaction(uow, loser))
    assert isinstance(error, NotFoundError)


def a_merge_waits_for_attaching(crm, both):
    with crm.begin("ada") as uow:
        loser, winner = (a_person(uow).id for _ in range(2))
    assert both(lambda uow: an_interaction(uow, loser), lambda uow: uow.parties.merge(loser, winner)) is None


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize(
    ("plant", "story"),
    [(planted.nothing_shared, attaching_waits_for_a_merge), (planted.nothing_locked, a_merge_waits_for_attaching)],
)
def test_a_lock_that_is_missing_is_noticed(plant, story, crm, both, monkeypatch):
    story(crm, both)
    with monkeypatch.context() as patch:
        plant(patch)
        with pytest.raises(NOTICED):
            story(crm, both)
