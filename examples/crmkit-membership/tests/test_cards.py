"""What can be done with cards."""

from datetime import date, timedelta

import pytest
from crmkit_membership import Card, CardCancelled, CardIssued, CardRenewed, Membership, PointsCredited

from crmkit.sdk import ForbiddenError, InvalidValueError, NotFoundError, RefusedError, new_id

TODAY = date(2026, 3, 2)


@pytest.fixture
def card(crm, party):
    with crm.begin("ada") as uow:
        return uow.use(Membership).issue(party, level="gold")


def stored(crm):
    """Every card there is, to show that a refusal changed nothing."""
    with crm.begin("ada", read_only=True) as uow:
        return list(uow.each(Card))


def test_a_card_is_issued_from_today_on_for_as_long_as_the_settings_say(crm, party):
    with crm.begin("ada") as uow:
        card = uow.use(Membership).issue(party)
    assert (card.level, card.points) == ("silver", 0)
    assert (card.valid_from, card.valid_until) == (TODAY, date(2027, 3, 1))
    assert stored(crm) == [card]


def test_a_level_that_the_settings_do_not_know_is_refused(crm, party):
    with pytest.raises(InvalidValueError, match="there are: silver, gold"), crm.begin("ada") as uow:
        uow.use(Membership).issue(party, level="platinum")
    assert stored(crm) == []


def test_a_party_has_no_more_valid_cards_than_allowed(crm, party, card):
    with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
        uow.use(Membership).issue(party)
    assert [(r.plugin, r.code) for r in caught.value.refusals] == [("membership", "card_limit")]
    assert stored(crm) == [card]


def test_a_card_may_be_issued_ahead_for_the_time_after_the_present_one(crm, party, card):
    with crm.begin("ada") as uow:
        uow.use(Membership).issue(party, valid_from=card.valid_until + timedelta(days=1))
    assert len(stored(crm)) == 2


def test_nobody_issues_cards_without_the_right_to(crm, party):
    with pytest.raises(ForbiddenError, match=r"membership\.card\.issue"), crm.begin("sam") as uow:
        uow.use(Membership).issue(party)
    assert stored(crm) == []


def test_a_card_for_nobody_is_not_found(crm):
    with pytest.raises(NotFoundError), crm.begin("ada") as uow:
        uow.use(Membership).issue(new_id())


def test_a_card_is_renewed_from_its_last_day_on(crm, card):
    with crm.begin("ada") as uow:
        renewed = uow.use(Membership).renew(card.id)
    assert renewed.valid_until == date(2028, 3, 1)
    assert renewed.version == card.version + 1


def test_a_card_that_has_run_out_is_renewed_from_today_on(crm, card, clock):
    clock.advance(timedelta(days=800))
    with crm.begin("ada") as uow:
        renewed = uow.use(Membership).renew(card.id)
        assert renewed.valid_until > uow.now.date() + timedelta(days=360)


def test_a_cancelled_card_keeps_its_points_and_takes_no_more(crm, card):
    with crm.begin("ada") as uow:
        uow.use(Membership).credit(card.id, 50)
        uow.use(Membership).cancel(card.id, reason="moved away")
    before = stored(crm)
    assert (before[0].points, before[0].cancelled_on) == (50, TODAY)
    for change in (lambda m: m.renew(card.id), lambda m: m.credit(card.id, 1), lambda m: m.cancel(card.id, reason="x")):
        with pytest.raises(RefusedError, match="was cancelled on 2026-03-02"), crm.begin("ada") as uow:
            change(uow.use(Membership))
    assert stored(crm) == before


@pytest.mark.parametrize("points", [0, -5])
def test_points_are_credited_and_never_taken_away(crm, card, points):
    with pytest.raises(InvalidValueError, match="less than 1"), crm.begin("ada") as uow:
        uow.use(Membership).credit(card.id, points)


def test_the_cards_of_a_party_are_listed(crm, party, card):
    with crm.begin("ada") as uow:
        later = uow.use(Membership).issue(party, valid_from=card.valid_until + timedelta(days=1))
        assert uow.use(Membership).cards(party) == (later, card)
        assert uow.use(Membership).cards(party, valid_on_day=TODAY) == (card,)


def test_everything_that_happens_to_a_card_is_told(crm, party):
    told = []
    for event in (CardIssued, CardRenewed, CardCancelled, PointsCredited):
        crm.on(event, told.append)
    with crm.begin("ada") as uow:
        membership = uow.use(Membership)
        card = membership.issue(party, level="gold")
        membership.credit(card.id, 7)
        membership.renew(card.id)
        membership.cancel(card.id, reason="moved away")
    assert told == [
        CardIssued(card_id=card.id, party_id=party, level="gold"),
        PointsCredited(card_id=card.id, points=7),
        CardRenewed(card_id=card.id, valid_until=date(2028, 3, 1)),
        CardCancelled(card_id=card.id, reason="moved away"),
    ]
