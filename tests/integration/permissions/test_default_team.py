"""Which team a new record belongs to where none is named: one rule for parties, deals and activities."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Person

DAY = timedelta(days=1)


@pytest.fixture
def make(crm, clock):
    """``make("sam")`` adds a party, a deal and an activity as that actor, and gives their teams."""

    def made(actor, *, owner=None, **begin):
        with crm.begin(actor, **begin) as uow:
            party = uow.parties.add(Person(given_name="Ida", owner_id=owner))
            deal = uow.pipelines.open(pipeline="sales", party=party.id, title="Roof", owner=owner)
            due = clock.now() + DAY
            call = uow.interactions.plan(kind="call", subject="Call", due_at=due, party=party.id, assignee=owner)
            return party.team_id, deal.team_id, call.team_id

    return made


def test_a_new_record_belongs_to_the_only_team_of_the_actor_who_owns_it(make):
    assert make("sam") == ("sales", "sales", "sales")
    assert make("sam", owner="sam") == ("sales", "sales", "sales")


def test_it_belongs_to_none_if_there_are_several_or_no_team_or_somebody_else_owns_it(make, actors):
    actors.add("two", roles=["administrator"], teams=["sales", "north"])
    assert make("two") == make("ada") == make("ada", owner="sam") == (None, None, None)


def test_what_is_added_for_a_lender_is_of_the_lenders_team(crm, clock):
    with crm.begin("sam") as uow:
        uow.permissions.delegate("ned", ["party.*"], until=clock.now() + DAY)
    with crm.begin("ned", on_behalf_of="sam") as uow:
        added = uow.parties.add(Person(given_name="Ida"))
    assert (added.owner_id, added.team_id) == ("sam", "sales")
