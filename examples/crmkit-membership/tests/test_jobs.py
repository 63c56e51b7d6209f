"""What this plugin does every morning."""

from datetime import timedelta

import pytest
from crmkit_membership import Membership

from crmkit.sdk import Activity

DAY = timedelta(days=1)


@pytest.fixture
def card(crm, party):
    with crm.begin("ada") as uow:
        return uow.use(Membership).issue(party, level="gold")


def calls(crm):
    with crm.begin("ada", read_only=True) as uow:
        return [(call.subject, call.assignee_id, call.due_at.date()) for call in uow.each(Activity)]


def test_a_card_that_ends_soon_is_called_about_once(crm, clock, tenant, card):
    clock.advance(300 * DAY)
    crm.jobs.run_once(tenant=tenant)
    assert calls(crm) == []
    for _ in range(40):
        clock.advance(DAY)
        crm.jobs.run_once(tenant=tenant)
    expected = f"Card {card.number} ends; ask about renewal"
    assert calls(crm) == [(expected, "sam", card.valid_until)]


def test_a_renewed_card_is_called_about_again_when_it_ends(crm, clock, tenant, card):
    clock.advance(350 * DAY)
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada") as uow:
        renewed = uow.use(Membership).renew(card.id)
    clock.advance(365 * DAY)
    crm.jobs.run_once(tenant=tenant)
    assert [due for _, _, due in calls(crm)] == [card.valid_until, renewed.valid_until]
