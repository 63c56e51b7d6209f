"""What a party is to us, and where it stands with us, each with its dates."""

from datetime import UTC, date, datetime, timedelta

import pytest

from crmkit.core.parties.lifecycle.events import LifecycleMoved
from crmkit.core.parties.lifecycle.model import LifecycleStage
from crmkit.core.parties.roles.events import PartyRoleAdded, PartyRoleEnded
from crmkit.core.parties.roles.model import PartyRole, PartyRoleType
from crmkit.errors import (
    AlreadyExistsError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    UnknownLifecycleStageError,
    UnknownPartyRoleError,
)

# -- roles ------------------------------------------------------------------------------------------------------------


def test_a_party_may_be_customer_and_supplier_at_once(timed, clock, firm):
    today = clock.now().date()
    with timed.begin("ada") as uow:
        uow.parties.add_role(firm.id, "customer")
        uow.parties.add_role(firm.id, "supplier", valid_from=date(2020, 1, 1), valid_until=date(2030, 1, 1))
        assert [(r.role, r.valid_from, r.valid_until) for r in uow.parties.view(firm.id).roles] == [
            ("customer", today, None),
            ("supplier", date(2020, 1, 1), date(2030, 1, 1)),
        ]


def test_a_role_ends_and_may_come_again(crm, firm, told):
    with crm.begin("ada") as uow:
        role = uow.parties.add_role(firm.id, "customer", valid_from=date(2020, 1, 1))
        uow.parties.end_role(role.id, on=date(2021, 1, 1))
        uow.parties.add_role(firm.id, "customer", valid_from=date(2022, 1, 1))
        assert uow.count(PartyRole) == 2
    assert [(type(e), e.role) for e in told] == [
        (PartyRoleAdded, "customer"),
        (PartyRoleEnded, "customer"),
        (PartyRoleAdded, "customer"),
    ]


def test_a_role_ends_today_if_nobody_says_when(timed, clock, firm):
    with timed.begin("ada") as uow:
        role = uow.parties.add_role(firm.id, "customer", valid_from=date(2020, 1, 1))
        assert uow.parties.end_role(role.id).valid_until == clock.now().date()


def test_a_tenant_defines_roles_of_its_own(crm, firm):
    with crm.begin("ada") as uow:
        uow.parties.define_party_roles([PartyRoleType(key="patient", label="Patient")])
        assert uow.parties.add_role(firm.id, "patient").role == "patient"


def test_an_unknown_role_is_refused(refused, firm):
    error = refused(UnknownPartyRoleError, lambda uow: uow.parties.add_role(firm.id, "friend"))
    assert "supplier" in error.known


def test_the_same_role_twice_is_refused(crm, refused, firm):
    with crm.begin("ada") as uow:
        uow.parties.add_role(firm.id, "customer")
    refused(AlreadyExistsError, lambda uow: uow.parties.add_role(firm.id, "customer"))


def test_a_role_that_ends_before_it_begins_is_refused(crm, refused, firm):
    wrong = {"valid_from": date(2026, 1, 2), "valid_until": date(2026, 1, 1)}
    refused(InvalidValueError, lambda uow: uow.parties.add_role(firm.id, "customer", **wrong))
    with crm.begin("ada") as uow:
        role = uow.parties.add_role(firm.id, "customer", valid_from=date(2026, 1, 2))
    refused(InvalidValueError, lambda uow: uow.parties.end_role(role.id, on=date(2026, 1, 1)))


def test_a_hidden_party_gets_no_role(refused, hidden):
    refused(NotFoundError, lambda uow: uow.parties.add_role(hidden.id, "customer"), actor="sam")


# -- lifecycle --------------------------------------------------------------------------------------------------------


def test_a_party_moves_through_the_lifecycle_with_dates(timed, clock, ida):
    first = clock.now()
    with timed.begin("ada") as uow:
        uow.parties.move_lifecycle(ida.id, "lead", reason="met at the fair")
    second = clock.advance(timedelta(days=3))
    with timed.begin("ada") as uow:
        uow.parties.move_lifecycle(ida.id, "customer")
        assert uow.parties.get(ida.id).lifecycle == "customer"
        history = uow.parties.view(ida.id).lifecycle
    assert [(e.stage, e.entered_at, e.left_at, e.reason) for e in history] == [
        ("lead", first, second, "met at the fair"),
        ("customer", second, None, None),
    ]


def test_a_move_is_told_with_both_stages(crm, ida, told):
    with crm.begin("ada") as uow:
        uow.parties.move_lifecycle(ida.id, "lead")
        uow.parties.move_lifecycle(ida.id, "customer")
    assert [(e.before, e.stage) for e in told if isinstance(e, LifecycleMoved)] == [
        (None, "lead"),
        ("lead", "customer"),
    ]


def test_a_party_that_stands_there_already_stays(crm, ida, told):
    with crm.begin("ada") as uow:
        first = uow.parties.move_lifecycle(ida.id, "lead")
        assert uow.parties.move_lifecycle(ida.id, "lead") == first
    assert len(told) == 1


def test_a_move_can_be_entered_later_than_it_was(crm, ida):
    at = datetime(2020, 1, 1, tzinfo=UTC)
    with crm.begin("ada") as uow:
        assert uow.parties.move_lifecycle(ida.id, "lead", at=at).entered_at == at


def test_a_tenant_defines_stages_of_its_own(crm, ida):
    with crm.begin("ada") as uow:
        uow.parties.define_lifecycle_stages([LifecycleStage(key="friend", label="Friend", position=9)])
        assert uow.parties.move_lifecycle(ida.id, "friend").stage == "friend"
        assert [s.key for s in uow.each(LifecycleStage)][-1] == "friend"


def test_an_unknown_stage_is_refused_with_those_there_are(refused, ida):
    error = refused(UnknownLifecycleStageError, lambda uow: uow.parties.move_lifecycle(ida.id, "friend"))
    assert error.known == ("stranger", "lead", "prospect", "customer", "former")


def test_a_move_back_in_time_is_refused(crm, refused, ida):
    with crm.begin("ada") as uow:
        uow.parties.move_lifecycle(ida.id, "lead", at=datetime(2026, 1, 2, tzinfo=UTC))
    refused(
        InvalidValueError,
        lambda uow: uow.parties.move_lifecycle(ida.id, "customer", at=datetime(2026, 1, 1, tzinfo=UTC)),
    )


@pytest.mark.parametrize("actor", ["ada"])
def test_a_move_at_a_naive_instant_is_refused(refused, ida, actor):
    naive = datetime(2026, 1, 1)  # noqa: DTZ001  # naive is what is tested
    refused(NaiveDatetimeError, lambda uow: uow.parties.move_lifecycle(ida.id, "lead", at=naive), actor=actor)
