"""Deals through the public API, on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from attrs import evolve

from crmkit import Deal, Money, Person, f, new_id
from crmkit.core.kernel.access.rule import Rule
from crmkit.errors import (
    InvalidMoneyError,
    InvalidValueError,
    MoveNotAllowedError,
    NotFoundError,
    StaleVersionError,
    UnknownPipelineError,
    UnknownStageError,
)


@pytest.fixture
def deal(timed, party):
    """A deal of ada's, in its first stage."""
    with timed.begin("ada") as uow:
        return uow.pipelines.open(pipeline="sales", party=party, title="Roof", amount=Money("12000", "EUR"))


def refused(crm, rows, error, command, actor="ada"):
    """What ``command`` raises, having changed nothing."""
    before = rows()
    with pytest.raises(error) as caught, crm.begin(actor) as uow:
        command(uow)
    assert rows() == before
    return caught.value


# -- opening ----------------------------------------------------------------------------------------------------------


def test_a_deal_opens_in_the_first_stage_of_its_pipeline_and_belongs_to_who_opens_it(timed, clock, party):
    with timed.begin("sam") as uow:
        opened = uow.pipelines.open(
            pipeline="sales",
            party=party,
            title="Roof",
            amount=Money("12000", "EUR"),
            source="web",
            expected_close=date(2026, 6, 1),
            note="asked at the fair",
        )
    with timed.begin("sam", read_only=True) as uow:
        stored = uow.get(Deal, opened.id)
        (entry,) = uow.pipelines.entries(opened.id)
    assert stored == opened
    assert (stored.version, stored.stage, stored.category, stored.stage_entered_at) == (1, "lead", "open", clock.now())
    assert (stored.owner_id, stored.team_id, stored.source) == ("sam", "sales", "web")
    assert (stored.amount, stored.expected_close) == (Money("12000", "EUR"), date(2026, 6, 1))
    assert (entry.stage, entry.entered_at, entry.entered_by, entry.left_at) == ("lead", clock.now(), "sam", None)
    assert (entry.note, entry.first) == ("asked at the fair", True)


def test_a_deal_may_open_in_a_later_stage_for_somebody_else(crm, party):
    with crm.begin("ada") as uow:
        opened = uow.pipelines.open(
            pipeline="sales", party=party, title="Roof", stage="proposal", owner="ned", team="north", probability="0.4"
        )
    assert (opened.stage, opened.owner_id, opened.team_id) == ("proposal", "ned", "north")
    assert opened.probability == Decimal("0.4")


def test_a_party_stands_in_two_pipelines_at_different_stages_each_with_a_log_of_its_own(crm, party):
    with crm.begin("ada") as uow:
        sale = uow.pipelines.open(pipeline="sales", party=party, title="Roof")
        partner = uow.pipelines.open(pipeline="partnership", party=party, title="Roofers of the north")
        uow.pipelines.move(sale.id, "qualified")
        assert [e.stage for e in uow.pipelines.entries(sale.id)] == ["lead", "qualified"]
        assert [e.stage for e in uow.pipelines.entries(partner.id)] == ["acquaintance"]
        found = uow.find(Deal, f.party_id == party, order="expected_close")
        assert {d.pipeline: d.stage for d in found} == {"sales": "qualified", "partnership": "acquaintance"}


def test_an_unknown_pipeline_is_refused_with_the_known_ones(crm, rows, party):
    error = refused(
        crm, rows, UnknownPipelineError, lambda u: u.pipelines.open(pipeline="sails", party=party, title="x")
    )
    assert error.known == ("partnership", "sales")


def test_an_unknown_stage_is_refused_with_the_known_ones(crm, rows, party):
    error = refused(
        crm,
        rows,
        UnknownStageError,
        lambda u: u.pipelines.open(pipeline="sales", party=party, title="x", stage="demo"),
    )
    assert error.known == ("lead", "qualified", "proposal", "negotiation", "won", "lost")


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"title": " "}, InvalidValueError),
        ({"stage": "won"}, InvalidValueError),
        ({"amount": 12000.0}, InvalidMoneyError),
        ({"amount": 12000}, InvalidMoneyError),
        ({"probability": 0.5}, InvalidValueError),
        ({"probability": Decimal("1.5")}, InvalidValueError),
        ({"expected_close": "2026-06-01"}, InvalidValueError),
        ({"source": "a\0b"}, InvalidValueError),
    ],
)
def test_a_wrong_value_opens_no_deal(crm, rows, party, wrong, error):
    given = {"pipeline": "sales", "party": party, "title": "Roof"} | wrong
    refused(crm, rows, error, lambda u: u.pipelines.open(**given))


def test_a_hidden_party_is_not_found(crm, rows):
    refused(crm, rows, NotFoundError, lambda u: u.pipelines.open(pipeline="sales", party=new_id(), title="x"))


# -- changing ---------------------------------------------------------------------------------------------------------


def test_a_deal_is_changed_at_its_version(crm, deal):
    with crm.begin("ada") as uow:
        changed = uow.pipelines.update(evolve(deal, title="Bigger roof", amount=Money("15000", "NOK")))
    assert (changed.version, changed.title, changed.amount) == (2, "Bigger roof", Money("15000", "NOK"))


def test_a_change_that_changes_nothing_is_none(crm, deal):
    with crm.begin("ada") as uow:
        assert uow.pipelines.update(deal).version == 1


def test_a_stale_change_is_refused(crm, rows, deal):
    with crm.begin("ada") as uow:
        uow.pipelines.move(deal.id, "qualified")
    error = refused(crm, rows, StaleVersionError, lambda u: u.pipelines.update(evolve(deal, title="Old")))
    assert (error.expected, error.actual) == (1, 2)


def test_a_change_does_not_move(crm, rows, deal):
    for change in ({"stage": "won"}, {"pipeline": "partnership"}, {"category": "won"}):
        refused(crm, rows, InvalidValueError, lambda u, c=change: u.pipelines.update(evolve(deal, **c)))


def test_a_change_to_a_party_that_is_not_there_is_refused(crm, rows, deal):
    refused(crm, rows, NotFoundError, lambda u: u.pipelines.update(evolve(deal, party_id=new_id())))


# -- moving -----------------------------------------------------------------------------------------------------------


def test_a_move_is_one_version_and_closes_a_stay(timed, clock, deal):
    clock.advance(timedelta(days=3))
    with timed.begin("ada") as uow:
        moved = uow.pipelines.move(deal.id, "qualified", note="budget is there")
    with timed.begin("ada", read_only=True) as uow:
        assert uow.get(Deal, deal.id) == moved
        lead, qualified = uow.pipelines.entries(deal.id)
    assert (moved.version, moved.stage, moved.stage_entered_at) == (2, "qualified", clock.now())
    assert (lead.left_at, lead.left_to, lead.seconds, lead.went_on) == (clock.now(), "qualified", 3 * 86_400, True)
    assert (qualified.entered_at, qualified.note, qualified.left_at) == (clock.now(), "budget is there", None)
    assert qualified.duration(clock.now() + timedelta(hours=1)) == timedelta(hours=1)


def test_moves_in_one_unit_are_logged_each(crm, deal):
    with crm.begin("ada") as uow:
        for to in ("qualified", "proposal", "qualified", "won"):
            uow.pipelines.move(deal.id, to)
        entries = uow.pipelines.entries(deal.id)
    assert [e.stage for e in entries] == ["lead", "qualified", "proposal", "qualified", "won"]
    assert [e.first for e in entries] == [True, True, True, False, True]
    assert [e.left_at is None for e in entries] == [False, False, False, False, True]


def test_a_move_that_is_not_allowed_lists_those_that_are(crm, rows, deal):
    error = refused(crm, rows, MoveNotAllowedError, lambda u: u.pipelines.move(deal.id, "won"))
    assert error.allowed == ("qualified", "lost")


def test_a_move_to_an_unknown_stage_lists_the_known_ones(crm, rows, deal):
    error = refused(crm, rows, UnknownStageError, lambda u: u.pipelines.move(deal.id, "demo"))
    assert "negotiation" in error.known


def test_a_move_at_a_stale_version_is_refused(crm, rows, deal):
    with crm.begin("ada") as uow:
        uow.pipelines.update(evolve(deal, title="Bigger roof"))
    refused(crm, rows, StaleVersionError, lambda u: u.pipelines.move(deal.id, "qualified", version=1))


def test_a_deal_of_nobody_known_is_not_found(crm, rows, deal):
    refused(crm, rows, NotFoundError, lambda u: u.pipelines.move(new_id(), "qualified"))


def test_a_hidden_deal_is_not_found(crm, rows, deal):
    """Sam sells on his own; what ada has is none of his, and looks as if it were not there."""
    hidden = refused(crm, rows, NotFoundError, lambda u: u.pipelines.move(deal.id, "qualified"), actor="sam")
    there_is_none = refused(crm, rows, NotFoundError, lambda u: u.pipelines.move(hidden.id, "x"), actor="sam")
    assert str(hidden) == str(there_is_none)
    with crm.begin("sam", read_only=True) as uow, pytest.raises(NotFoundError):
        uow.pipelines.entries(deal.id)


def test_who_may_not_see_amounts_moves_deals_and_leaves_amounts_alone(crm, timed, party):
    with crm.begin("ada") as uow:
        forbid = Rule(effect="forbid", permission="deal.read", fields=("amount",))
        permit = [Rule(effect="permit", permission=p) for p in ("deal.*", "party.read", "pipeline.read")]
        uow.permissions.remove_role("seller")
        uow.permissions.define_role("seller", (*permit, forbid))
        opened = uow.pipelines.open(pipeline="sales", party=party, title="Roof", amount=Money("5", "EUR"), owner="sam")
    with crm.begin("sam") as uow:
        moved = uow.pipelines.move(opened.id, "qualified")
        changed = uow.pipelines.update(evolve(moved, title="Bigger roof"))
        assert (moved.amount, changed.amount) == (None, None)
    with crm.begin("ada", read_only=True) as uow:
        stored = uow.get(Deal, opened.id)
        assert (stored.stage, stored.title, stored.amount) == ("qualified", "Bigger roof", Money("5", "EUR"))


def test_winning_and_reopening_find_their_stages(crm, deal):
    with crm.begin("ada") as uow:
        uow.pipelines.move(deal.id, "qualified")
        uow.pipelines.move(deal.id, "proposal")
        won = uow.pipelines.win(deal.id)
        assert (won.stage, won.category, won.closed_at) == ("won", "won", uow.now)
        again = uow.pipelines.reopen(deal.id, reason="signed by the wrong person")
        assert (again.stage, again.category, again.closed_at) == ("proposal", "open", None)


def test_losing_keeps_the_reason(crm, deal):
    with crm.begin("ada") as uow:
        lost = uow.pipelines.lose(deal.id, reason=" price ", note="20 % too much")
        assert (lost.stage, lost.category, lost.lost_reason) == ("lost", "lost", "price")
        assert uow.pipelines.entries(deal.id)[-1].note == "20 % too much"
        corrected = uow.pipelines.update(evolve(lost, lost_reason="too late"))
        assert corrected.lost_reason == "too late"


@pytest.mark.parametrize("reason", ["", "  "])
def test_nothing_is_lost_without_a_reason(crm, rows, deal, reason):
    refused(crm, rows, InvalidValueError, lambda u: u.pipelines.lose(deal.id, reason=reason))
    refused(crm, rows, InvalidValueError, lambda u: u.pipelines.move(deal.id, "lost", reason=reason))


def test_what_is_open_is_not_reopened(crm, rows, deal):
    refused(crm, rows, InvalidValueError, lambda u: u.pipelines.reopen(deal.id))


def test_winning_obeys_the_moves_of_the_pipeline(crm, rows, deal):
    error = refused(crm, rows, MoveNotAllowedError, lambda u: u.pipelines.win(deal.id))
    assert error.to == "won"


def test_a_move_is_one_unit_of_history_with_its_entries(crm, deal):
    """Every write is a change of its own, and names the deal and its version."""
    with crm.begin("ada") as uow:
        uow.pipelines.move(deal.id, "qualified")
        unit = uow.id
    with crm.begin("ada", read_only=True) as uow:
        changes = [c for c in uow.history.changes(deal, parts=True) if c.unit == unit]
    assert sorted((c.entity, c.op) for c in changes) == [
        ("deal", "update"),
        ("deal_stage_entry", "insert"),
        ("deal_stage_entry", "update"),
    ]
    assert {(c.root, c.root_version) for c in changes} == {(deal.id, 2)}


def lose_slowly(crm, deal):
    """Lose a deal that another unit has moved since this one read it."""
    with crm.begin("ada") as slow:
        assert slow.get(Deal, deal.id).stage == "lead"
        with crm.begin("ada") as fast:
            fast.pipelines.move(deal.id, "qualified")
        slow.pipelines.lose(deal.id, reason="price")


def test_of_two_who_move_a_deal_at_once_one_is_told_to_look_again(crm, database_url, deal):
    """On SQLite one of them waits at the beginning of its unit, so that the question does not arise."""
    if database_url.startswith("sqlite"):
        with crm.begin("ada") as uow:
            uow.pipelines.move(deal.id, "qualified")
    else:
        with pytest.raises(StaleVersionError):
            lose_slowly(crm, deal)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Deal, deal.id).stage == "qualified"
        assert [e.left_to for e in uow.pipelines.entries(deal.id)] == ["qualified", None]


# -- the view of a party ----------------------------------------------------------------------------------------------


def test_the_view_of_a_party_shows_the_deals_that_the_viewer_may_see(crm, party, deal):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Per", family_name="Lie")).id
        assert sections(uow, party) == [("Roof", "sales: lead, 12,000.00 EUR")]
        assert sections(uow, other) is None
    with crm.begin("sam", read_only=True) as uow:
        assert sections(uow, party) is None


def sections(uow, party):
    """The lines of the section on deals; None without one."""
    return next((list(s.items) for s in uow.parties.view(party).sections if s.key == "deals"), None)
