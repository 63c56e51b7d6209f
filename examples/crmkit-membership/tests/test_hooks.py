"""What this plugin says about deals and parties, and what it does when a deal is won."""

import pytest
from crmkit_membership import Card, Membership

from crmkit.sdk import Deal, Money, Person, RefusedError


@pytest.fixture
def open_deal(crm, party):
    """Opens a deal with the party that can be won at once."""

    def open_deal(amount, currency="EUR", actor="ada"):
        with crm.begin(actor) as uow:
            deal = uow.pipelines.open(
                pipeline="sales", party=party, title="Roof", amount=Money(amount, currency), stage="negotiation"
            )
        return deal.id

    return open_deal


@pytest.fixture
def card(crm, party):
    with crm.begin("ada") as uow:
        return uow.use(Membership).issue(party, level="gold")


def points(crm, card):
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Card, card.id).points


def sections(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [section for section in uow.parties.view(party).sections if section.plugin == "membership"]


# -- deal_moving ------------------------------------------------------------------------------------------------------


def test_a_large_deal_is_not_won_with_a_party_without_a_card(crm, open_deal):
    deal = open_deal("10000.01")
    with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
        uow.pipelines.win(deal)
    assert [(r.plugin, r.code, r.field) for r in caught.value.refusals] == [("membership", "card_needed", "stage")]
    with crm.begin("ada") as uow:
        assert uow.get(Deal, deal).stage == "negotiation"


def test_a_large_deal_is_won_with_a_holder_of_a_card(crm, open_deal, card):
    deal = open_deal("10000.01")
    with crm.begin("ada") as uow:
        assert uow.pipelines.win(deal).category == "won"


def test_a_cancelled_card_does_not_help(crm, open_deal, card):
    deal = open_deal("10000.01")
    with crm.begin("ada") as uow:
        uow.use(Membership).cancel(card.id, reason="moved away")
    with pytest.raises(RefusedError, match="holders of a valid card"), crm.begin("ada") as uow:
        uow.pipelines.win(deal)


@pytest.mark.parametrize(("amount", "currency"), [("10000", "EUR"), ("99999", "NOK")])
def test_other_deals_need_no_card(crm, open_deal, amount, currency):
    deal = open_deal(amount, currency)
    with crm.begin("ada") as uow:
        uow.pipelines.win(deal)


def test_a_large_deal_may_be_lost_without_a_card(crm, open_deal):
    deal = open_deal("10000.01")
    with crm.begin("ada") as uow:
        uow.pipelines.lose(deal, reason="price")


# -- parties_merging --------------------------------------------------------------------------------------------------


def test_parties_merging_is_refused_for_two_holders_of_valid_cards(crm, party, card):
    with crm.begin("ada") as uow:
        other = uow.parties.add(Person(given_name="Ida"))
        twice = uow.use(Membership).issue(other.id, level="gold")
    with pytest.raises(RefusedError) as caught, crm.begin("ada") as uow:
        uow.parties.merge(other.id, party)
    assert [(r.plugin, r.code) for r in caught.value.refusals] == [("membership", "two_cards")]
    with crm.begin("ada") as uow:
        assert uow.get(Card, twice.id).party_id == other.id
        uow.use(Membership).cancel(twice.id, reason="twice")
    with crm.begin("ada") as uow:
        uow.parties.merge(other.id, party)
        assert {c.party_id for c in uow.each(Card)} == {party}


# -- party_viewing ----------------------------------------------------------------------------------------------------


def test_the_360_view_shows_the_card(crm, party, card):
    (section,) = sections(crm, party)
    assert section.title == "Membership"
    assert section.items == (("gold", f"{card.number}, 0 points, until 2027-03-01"),)
    assert section.data["valid"] == [str(card.id)]


def test_the_360_view_says_when_there_is_no_valid_card_left(crm, party, card):
    with crm.begin("ada") as uow:
        uow.use(Membership).cancel(card.id, reason="moved away")
    assert [section.items for section in sections(crm, party)] == [(("", "no valid card"),)]


def test_the_360_view_says_nothing_of_who_never_had_a_card(crm, party):
    assert sections(crm, party) == []


# -- DealWon ----------------------------------------------------------------------------------------------------------


def test_a_won_deal_is_worth_points(crm, tenant, open_deal, card):
    deal = open_deal("2500.50")
    with crm.begin("ada") as uow:
        uow.pipelines.win(deal)
    assert points(crm, card) == 0
    crm.jobs.run_once(tenant=tenant)
    assert points(crm, card) == 250


def test_a_deal_that_is_not_stored_in_the_end_is_worth_nothing(crm, tenant, open_deal, card):
    deal = open_deal("2500")

    def win_and_fail():
        with crm.begin("ada") as uow:
            uow.pipelines.win(deal)
            raise KeyError

    with pytest.raises(KeyError):
        win_and_fail()
    crm.jobs.run_once(tenant=tenant)
    assert points(crm, card) == 0


def test_a_won_deal_stays_won_where_points_cannot_be_credited(crm, tenant, open_deal, card):
    """Sam may win deals and has no rights to cards."""
    deal = open_deal("2500", actor="sam")
    with crm.begin("sam") as uow:
        uow.pipelines.win(deal)
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada") as uow:
        assert uow.get(Deal, deal).category == "won"
    assert points(crm, card) == 0


# -- disabled ---------------------------------------------------------------------------------------------------------


def test_disabled_it_is_silent_and_enabled_again_everything_is_as_before(crm, tenant, party, open_deal, card):
    with crm.begin("ada") as uow:
        uow.use(Membership).cancel(card.id, reason="moved away")
    before = sections(crm, party)
    one, other = open_deal("10000.01"), open_deal("10000.01")
    crm.plugins.disable("membership", tenant=tenant)
    with crm.begin("ada") as uow:
        uow.pipelines.win(one)
    assert sections(crm, party) == []
    crm.plugins.enable("membership", tenant=tenant)
    assert sections(crm, party) == before != []
    with pytest.raises(RefusedError), crm.begin("ada") as uow:
        uow.pipelines.win(other)
