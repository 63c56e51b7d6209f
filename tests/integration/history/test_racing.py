"""Merges, undos, attachments and edits at the same time, in threads with connections of their own: nothing is lost."""

from __future__ import annotations

import os
import threading

import pytest
from attrs import evolve

from crmkit import CRM, Interaction, Party, Person
from crmkit.errors import ConflictError, CrmkitError, NotFoundError, StaleVersionError, UndoRefusedError
from crmkit.testing.factories import a_person, an_interaction

ROUNDS = int(os.environ.get("CRMKIT_TEST_ROUNDS", "6"))

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def race(crm: CRM):
    """A function: what comes of units that begin at the same moment, and may be run again; None where all is well."""

    def run(*works):
        outcome = [None] * len(works)
        barrier = threading.Barrier(len(works))

        def one(place, work):
            barrier.wait()
            try:
                crm.run(work, "ada", retries=10)
            except CrmkitError as error:
                outcome[place] = error

        threads = [threading.Thread(target=one, args=given) for given in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
            assert not thread.is_alive()
        return outcome

    return run


def two(crm):
    with crm.begin("ada") as uow:
        return a_person(uow).id, a_person(uow).id


def test_what_is_attached_during_a_merge_is_with_the_winner_or_refused(crm, race):
    for _ in range(ROUNDS):
        loser, winner = two(crm)
        merged, *attached = race(
            lambda uow, loser=loser, winner=winner: uow.parties.merge(loser, winner),
            *[lambda uow, loser=loser: an_interaction(uow, loser)] * 2,
        )
        assert merged is None
        assert all(error is None or isinstance(error, NotFoundError) for error in attached)
        with crm.begin("ada") as uow:
            calls = [call for call in uow.each(Interaction) if call.party_id in {loser, winner}]
        assert [call.party_id for call in calls] == [winner] * attached.count(None)


def test_of_merges_of_each_other_exactly_one_is_done(crm, race):
    for _ in range(ROUNDS):
        one, other = two(crm)
        outcome = race(
            lambda uow, one=one, other=other: uow.parties.merge(one, other),
            lambda uow, one=one, other=other: uow.parties.merge(other, one),
        )
        assert outcome.count(None) == 1
        assert isinstance(next(filter(None, outcome)), ConflictError)
        with crm.begin("ada") as uow:
            assert [uow.get(Party, id_).merged_into for id_ in (one, other)].count(None) == 1


def test_merges_in_a_ring_leave_one_root_at_least(crm, race):
    """Three merges, each of which wants what another one has; those that waited find their party merged."""
    for _ in range(ROUNDS):
        ring = [*two(crm), two(crm)[0]]
        pairs = zip(ring, [*ring[1:], ring[0]], strict=True)
        outcome = race(*(lambda uow, pair=pair: uow.parties.merge(*pair) for pair in pairs))
        assert all(error is None or isinstance(error, ConflictError) for error in outcome)
        with crm.begin("ada") as uow:
            into = {id_: uow.get(Party, id_).merged_into for id_ in ring}
        roots = [id_ for id_ in ring if into[id_] is None]
        assert len(roots) == len(ring) - outcome.count(None)
        assert {other for other in into.values() if other is not None} <= set(roots)


def test_an_edit_during_an_undo_is_never_overwritten(crm, race):
    def edit(id_):
        def work(uow):
            uow.parties.update(evolve(uow.get(Person, id_), language="da", nickname="Ib"))

        return work

    for _ in range(ROUNDS):
        id_, _ = two(crm)
        with crm.begin("ada") as uow:
            uow.parties.update(evolve(uow.get(Person, id_), language="sv"))
        undone, edited = race(lambda uow, unit=uow.id: uow.history.undo(unit), edit(id_))
        with crm.begin("ada") as uow:
            found = uow.get(Person, id_)
        assert undone is None or isinstance(undone, UndoRefusedError | StaleVersionError)
        assert edited is None or isinstance(edited, StaleVersionError)
        assert (found.language, found.nickname) == (("da", "Ib") if edited is None else (None, None))


def test_a_unit_is_undone_once_however_many_try(crm, race):
    for _ in range(ROUNDS):
        id_, _ = two(crm)
        with crm.begin("ada") as uow:
            uow.parties.update(evolve(uow.get(Person, id_), language="sv"))
        outcome = race(*[lambda uow, unit=uow.id: uow.history.undo(unit)] * 3)
        assert outcome.count(None) == 1
        assert all(isinstance(error, UndoRefusedError) for error in outcome if error is not None)


def test_what_is_attached_during_an_unmerge_is_kept(crm, race):
    for _ in range(ROUNDS):
        loser, winner = two(crm)
        with crm.begin("ada") as uow:
            uow.parties.merge(loser, winner)
        undone, attached = race(
            lambda uow, unit=uow.id: uow.history.undo(unit),
            lambda uow, winner=winner: an_interaction(uow, winner),
        )
        assert (undone, attached) == (None, None)
        with crm.begin("ada") as uow:
            assert [call.party_id for call in uow.each(Interaction) if call.party_id in {loser, winner}] == [winner]
            assert uow.get(Party, loser).merged_into is None
