"""A decision with author and basis is attached and returned on next contact (F5)."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from crmkit import DecisionRecorded, Money, Person, Ref
from crmkit.errors import (
    AlreadyExistsError,
    ConflictError,
    InvalidValueError,
    LimitExceededError,
    NaiveDatetimeError,
    NotFoundError,
)


@pytest.fixture
def crm(crm_with, clock):
    return crm_with(clock=clock)


@pytest.fixture
def ida(crm):
    """A party of the team sales."""
    with crm.begin("sam") as uow:
        return Ref("party", uow.parties.add(Person(given_name="Ida", family_name="Berg")).id)


def decide(crm, ref, text, actor="sam", **more):
    with crm.begin(actor) as uow:
        return uow.decisions.record(ref, text, **{"basis": "Loyal since 2010", **more})


def standing(crm, ref, actor="sue", **how):
    with crm.begin(actor, read_only=True) as uow:
        return [d.text for d in uow.decisions.standing(ref, **how)]


def test_a_decision_comes_back_with_author_and_basis_on_the_next_contact(crm, clock, ida, recorded_events):
    made = decide(crm, ida, "Goodwill of 10 %")
    clock.advance(timedelta(days=30))
    with crm.begin("sue", read_only=True) as uow:
        (found,) = uow.decisions.standing(ida)
        (section,) = [s for s in uow.parties.view(ida.id).sections if s.key == "decisions"]
    assert found == made
    assert (found.author_id, found.basis, found.decided_at) == (
        "sam",
        "Loyal since 2010",
        clock.now() - timedelta(days=30),
    )
    assert section.items == (("2026-03-02", "Goodwill of 10 % (by sam)"), ("", "because: Loyal since 2010"))
    assert section.data["decisions"] == [str(made.id)]
    (event,) = recorded_events.of(DecisionRecorded)
    assert (event.decision, event.about, event.author) == (made.id, ida, "sam")


def test_what_is_superseded_or_past_its_time_stands_no_more_and_stays_readable(crm, clock, ida):
    old = decide(crm, ida, "10 %")
    decide(crm, ida, "Free shipping", valid_until=clock.now() + timedelta(days=7))
    decide(crm, ida, "5 %", supersedes=old.id)
    assert sorted(standing(crm, ida)) == ["5 %", "Free shipping"]
    clock.advance(timedelta(days=7))
    assert standing(crm, ida) == ["5 %"]
    with crm.begin("sue", read_only=True) as uow:
        assert {d.text for d in uow.decisions.of(ida)} == {"10 %", "5 %", "Free shipping"}
    with crm.begin("sue", read_only=True) as uow:
        (section,) = [s for s in uow.parties.view(ida.id).sections if s.key == "decisions"]
    assert len(section.data["decisions"]) == 1


def test_as_many_standing_decisions_are_found_as_are_asked_for(crm, clock, ida):
    """However many that are superseded lie between them."""
    first = decide(crm, ida, "first")
    clock.advance(timedelta(hours=1))
    last = first
    for n in range(6):
        last = decide(crm, ida, f"no. {n}", supersedes=last.id if n else None)
        clock.advance(timedelta(hours=1))
    assert standing(crm, ida, limit=2) == ["no. 5", "first"]
    assert standing(crm, ida, limit=1) == ["no. 5"]


def test_a_decision_is_superseded_once(crm, ida, rows):
    old = decide(crm, ida, "10 %")
    decide(crm, ida, "5 %", supersedes=old.id)
    before = rows()
    with pytest.raises((ConflictError, AlreadyExistsError), match="superseded already"):
        decide(crm, ida, "7 %", supersedes=old.id)
    assert rows() == before


def test_what_makes_no_sense_is_refused(crm, clock, ida, rows):
    with crm.begin("sam") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida.id, title="Roof", amount=Money("5", "EUR"))
    other = decide(crm, Ref("deal", deal.id), "Wait")
    before, hour = rows(), timedelta(hours=1)
    for given, error in [
        ({"text": " "}, InvalidValueError),
        ({"basis": ""}, InvalidValueError),
        ({"text": "x" * 20_001}, LimitExceededError),
        ({"decided_at": clock.now() + hour}, InvalidValueError),
        ({"decided_at": datetime(2026, 1, 1)}, NaiveDatetimeError),  # noqa: DTZ001  # that is the point
        ({"valid_until": clock.now()}, InvalidValueError),
        ({"supersedes": other.id}, InvalidValueError),
        ({"supersedes": ida.id}, NotFoundError),
    ]:
        with pytest.raises(error):
            decide(crm, ida, **{"text": "10 %", **given})
    for wrong in (0, 1001):
        with pytest.raises(LimitExceededError):
            standing(crm, ida, limit=wrong)
    assert rows() == before


def test_a_decision_is_taken_back_only_before_another_rests_on_it(crm, ida):
    with crm.begin("sam") as uow:
        old = uow.decisions.record(ida, "10 %", basis="Loyal")
        made = uow.id
    with crm.begin("sam") as uow:
        uow.decisions.record(ida, "5 %", basis="Late", supersedes=old.id)
        later = uow.id
    with pytest.raises(ConflictError), crm.begin("sam") as uow:
        uow.history.undo(made)
    with crm.begin("sam") as uow:
        uow.history.undo(later)
    assert standing(crm, ida) == ["10 %"]
