from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.core.parties.identifiers.model import Identifier
from crmkit.core.parties.lifecycle.model import LifecycleEntry
from crmkit.core.parties.lifecycle.rules import check_stages, default_stages, moved
from crmkit.core.parties.roles.model import PartyRole
from crmkit.core.parties.roles.rules import check_roles, check_single, default_roles
from crmkit.errors import (
    AlreadyExistsError,
    InvalidKeyError,
    InvalidValueError,
    NaiveDatetimeError,
    UnknownLifecycleStageError,
    UnknownPartyRoleError,
)

IDA = uuid4()
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
DAYS = st.dates(min_value=date(2020, 1, 1), max_value=date(2020, 2, 28))


def role(start=None, end=None, *, key="customer") -> PartyRole:
    return PartyRole(party_id=IDA, role=key, valid_from=start, valid_until=end)


def test_an_unknown_role_is_refused_with_those_there_are():
    with pytest.raises(UnknownPartyRoleError, match="supplier"):
        check_roles(["custmer"], default_roles())
    check_roles(["customer", "supplier"], default_roles())


def test_a_party_may_be_several_things_at_once_but_each_once():
    check_single(role(key="supplier"), [role()])
    with pytest.raises(AlreadyExistsError):
        check_single(role(), [role()])


def test_a_role_may_come_again_after_it_ended():
    check_single(role(date(2026, 1, 2)), [role(date(2025, 1, 1), date(2026, 1, 1))])
    with pytest.raises(AlreadyExistsError):
        check_single(role(date(2026, 1, 1)), [role(date(2025, 1, 1), date(2026, 1, 1))])


@given(st.tuples(DAYS, DAYS).map(sorted), st.tuples(DAYS, DAYS).map(sorted))
def test_two_roles_collide_exactly_if_they_share_a_day(one, other):
    shared = max(one[0], other[0]) <= min(one[1], other[1])
    try:
        check_single(role(*one), [role(*other)])
    except AlreadyExistsError:
        assert shared
    else:
        assert not shared


def test_an_unknown_stage_is_refused_with_those_there_are_in_their_order():
    with pytest.raises(UnknownLifecycleStageError, match="stranger, lead, prospect, customer, former"):
        check_stages(["friend"], reversed(default_stages()))


def test_the_first_move_opens_a_stay():
    ended, entry = moved(IDA, None, "lead", at=NOW, reason="met at the fair")
    assert ended is None
    assert (entry.stage, entry.entered_at, entry.left_at, entry.reason) == ("lead", NOW, None, "met at the fair")


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=900)))
def test_a_move_ends_one_stay_when_the_next_begins(later):
    current = LifecycleEntry(party_id=IDA, stage="lead", entered_at=NOW)
    ended, entry = moved(IDA, current, "customer", at=NOW + later)
    assert ended is not None
    assert ended.left_at == entry.entered_at == NOW + later


def test_a_move_back_in_time_is_refused():
    current = LifecycleEntry(party_id=IDA, stage="lead", entered_at=NOW)
    with pytest.raises(InvalidValueError, match="before 'lead' began"):
        moved(IDA, current, "customer", at=NOW - timedelta(seconds=1))


def test_a_move_at_a_naive_instant_is_refused():
    with pytest.raises(NaiveDatetimeError):
        moved(IDA, None, "lead", at=datetime(2026, 1, 1))  # noqa: DTZ001  # naive is what is tested


def test_an_exclusive_identifier_is_unique_by_its_value_and_another_by_nothing():
    assert Identifier(party_id=IDA, scheme="vat", value=" NO 123 ", exclusive=True).exclusive_value == "NO 123"
    assert Identifier(party_id=IDA, scheme="vat", value="NO 123").exclusive_value is None


def test_an_identifier_has_a_scheme_and_a_value():
    with pytest.raises(InvalidKeyError):
        Identifier(party_id=IDA, scheme="VAT id", value="1")
    with pytest.raises(InvalidValueError, match="value"):
        Identifier(party_id=IDA, scheme="vat", value=" ")
