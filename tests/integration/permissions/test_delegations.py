"""Lending rights for a time (P4)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from crmkit import Deal, f
from crmkit.core.kernel.access.rule import Rule
from crmkit.core.permissions.delegations.model import Delegation
from crmkit.core.permissions.events import DelegationGranted, DelegationRevoked
from crmkit.errors import (
    ForbiddenError,
    InvalidKeyError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    UnknownActorError,
)

DAY = timedelta(days=1)


@pytest.fixture
def lend(crm, clock):
    """``lend("sam", "ned", "deal.*")`` lends for a day, and gives the delegation."""

    def delegate(lender, borrower, *permissions, **more):
        with crm.begin(lender) as uow:
            return uow.permissions.delegate(borrower, permissions, until=clock.now() + DAY, **more)

    return delegate


def test_a_borrower_sees_and_changes_what_the_lender_may_and_both_are_on_record(crm, add, deal, lend, tenant):
    opened = deal(add("Ida", team="sales"), owner="sam")
    with pytest.raises(ForbiddenError), crm.begin("ned", on_behalf_of="sam"):
        pass
    lend("sam", "ned", "deal.*", "party.read", "pipeline.read", "stage.move", reason="holidays")
    with crm.begin("ned") as uow:
        assert not uow.find(Deal)
    with crm.begin("ned", on_behalf_of="sam") as uow:
        assert [d.id for d in uow.find(Deal)] == [opened.id]
        uow.pipelines.move(opened.id, to="qualified")
        unit = uow.id
    with crm.engine.connect() as connection:
        query = text("SELECT actor_id, on_behalf_of FROM crm_unit WHERE tenant_id = :t ORDER BY id DESC LIMIT 1")
        assert connection.execute(query, {"t": tenant}).one() == ("ned", "sam")
    assert unit is not None


def test_only_what_was_lent_can_be_used(crm, add, deal, lend):
    opened = deal(add("Ida", owner="sam"), owner="sam")
    lend("sam", "ned", "deal.read")
    with crm.begin("ned", on_behalf_of="sam") as uow:
        assert uow.count(Deal) == 1
        with pytest.raises(ForbiddenError), uow.attempt():
            uow.pipelines.win(opened.id)
        with pytest.raises(ForbiddenError):
            uow.parties.get(opened.party_id)


def test_a_borrower_has_nothing_of_ones_own_meanwhile(crm, add, deal, lend):
    deal(add("Ida", owner="ned"), owner="ned")
    lend("sam", "ned", "deal.*")
    with crm.begin("ned", on_behalf_of="sam") as uow:
        assert uow.count(Deal) == 0


def test_what_is_forbidden_to_the_borrower_stays_so(crm, actors, add, deal, lend):
    actors.add("eve", roles=["barred"])
    with crm.begin("ada") as uow:
        where = f.owner_id == "sam"
        uow.permissions.define_role("barred", [Rule(effect="forbid", permission="deal.read", where=where)])
    deal(add("Ida", owner="sam"), owner="sam")
    lend("sam", "eve", "deal.*")
    with crm.begin("eve", on_behalf_of="sam") as uow:
        assert uow.count(Deal) == 0


def test_what_the_lender_loses_the_borrower_loses(crm, actors, add, deal, lend):
    deal(add("Ida", owner="sam"), owner="sam")
    lend("sam", "ned", "deal.*")
    actors.add("sam", roles=["seller"], active=False)
    with pytest.raises(ForbiddenError), crm.begin("ned", on_behalf_of="sam"):
        pass


def test_a_delegation_begins_and_expires(crm, clock, add, deal):
    deal(add("Ida", owner="sam"), owner="sam")
    with crm.begin("sam") as uow:
        uow.permissions.delegate("ned", ["deal.read"], since=clock.now() + DAY, until=clock.now() + 2 * DAY)
        uow.permissions.delegate("ned", ["party.read"], until=clock.now() + 3 * DAY)
    counts = []
    for _ in range(3):
        with crm.begin("ned", on_behalf_of="sam") as uow:
            counts.append(uow.count(Deal))
        clock.advance(DAY)
    assert counts == [0, 1, 0]
    with pytest.raises(ForbiddenError), crm.begin("ned", on_behalf_of="sam"):
        pass


def test_what_is_lent_can_be_taken_back_by_the_lender_and_not_by_the_borrower(crm, lend, refused, recorded_events):
    delegation = lend("sam", "ned", "deal.*")
    refused(ForbiddenError, "ned", lambda uow: uow.permissions.revoke_delegation(delegation.id))
    refused(NotFoundError, "sue", lambda uow: uow.permissions.revoke_delegation(delegation.id))
    with crm.begin("ned") as uow:
        assert uow.find(Delegation).items == (delegation,)
    with crm.begin("sam") as uow:
        uow.permissions.revoke_delegation(delegation.id)
    with pytest.raises(ForbiddenError), crm.begin("ned", on_behalf_of="sam"):
        pass
    (granted,), (revoked,) = recorded_events.of(DelegationGranted), recorded_events.of(DelegationRevoked)
    assert granted.delegation == revoked.delegation == delegation.id


def test_what_is_lent_is_not_lent_on(crm, clock, lend, refused):
    lend("sam", "ned", "*")
    until = clock.now() + DAY
    further = lambda uow: uow.permissions.delegate("sue", ["deal.read"], until=until)  # noqa: E731  # used twice
    refused(ForbiddenError, "ned", further, on_behalf_of="sam")


def test_nobody_lends_what_one_does_not_have(clock, refused):
    until = clock.now() + DAY
    refused(ForbiddenError, "sam", lambda uow: uow.permissions.delegate("ned", ["role.create"], until=until))
    refused(ForbiddenError, "sam", lambda uow: uow.permissions.delegate("ned", ["deal.read", "role.*"], until=until))
    refused(ForbiddenError, "nobody", lambda uow: uow.permissions.delegate("ned", ["deal.read"], until=until))


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"to": "who"}, UnknownActorError),
        ({"to": "sam"}, InvalidValueError),
        ({"permissions": []}, InvalidValueError),
        ({"permissions": ["deal.raed"]}, InvalidValueError),
        ({"permissions": ["deal"]}, InvalidKeyError),
        ({"until": timedelta(0)}, InvalidValueError),
        ({"until": DAY, "since": 2 * DAY}, InvalidValueError),
    ],
)
def test_a_delegation_that_makes_no_sense_is_refused(clock, refused, wrong, error):
    given = {"to": "ned", "permissions": ["deal.read"], "until": DAY, **wrong}
    times = {name: clock.now() + given.pop(name) for name in ("until", "since") if name in given}
    to, permissions = given["to"], given["permissions"]
    refused(error, "sam", lambda uow: uow.permissions.delegate(to, permissions, **times))


def test_a_delegation_needs_an_aware_expiry(clock, refused):
    until = (clock.now() + DAY).replace(tzinfo=None)
    refused(NaiveDatetimeError, "sam", lambda uow: uow.permissions.delegate("ned", ["deal.read"], until=until))
