"""Addresses that nothing is sent to: kept as hashes, found in any spelling, under older keys too, never undone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit.errors import (
    ForbiddenError,
    InvalidMechanismError,
    InvalidValueError,
    RefusedError,
    UnknownChannelError,
)
from crmkit.plugins.privacy import AddressSuppressed, Privacy, SuppressionLifted
from crmkit.testing.plugin import SECRET_KEY


def suppress(crm, address="ida@berg.example", *, reason="bounced", channel="email", actor="ada"):
    with crm.begin(actor) as uow:
        uow.use(Privacy).suppress(channel=channel, address=address, reason=reason)
        return uow.id


def suppressed(crm, address="ida@berg.example", channel="email"):
    with crm.begin("ada", read_only=True) as uow:
        return uow.use(Privacy).is_suppressed(channel=channel, address=address)


def test_a_suppressed_address_is_known_in_any_spelling(crm):
    suppress(crm, "Ida@Berg.Example ")
    assert suppressed(crm, "ida@berg.example")
    assert not suppressed(crm, "ole@berg.example")
    suppress(crm, "+47 22 12 34 56", channel="phone")
    assert suppressed(crm, "+4722123456", channel="phone")
    assert not suppressed(crm, "+4722123456", channel="fax")


def test_nothing_that_is_stored_says_which_address(crm, rows):
    suppress(crm, "secret.person@canary.example")
    text = repr(rows()).lower()
    assert "canary.example" not in text
    assert "secret.person" not in text


def test_another_tenant_does_not_know_it(crm, tenant):
    crm.tenants.create(f"{tenant}-2")
    suppress(crm)
    with crm.begin("ada", f"{tenant}-2", read_only=True) as uow:
        assert not uow.use(Privacy).is_suppressed(channel="email", address="ida@berg.example")


def test_a_new_key_in_front_still_finds_what_was_hashed_with_the_older_one(crm, crm_with):
    suppress(crm)
    later = crm_with("privacy", config={"core.secret_keys": ["a newer key that signs in tests only", SECRET_KEY]})
    assert suppressed(later)
    suppress(later, "ole@berg.example")
    assert suppressed(later, "ole@berg.example")


def test_an_address_is_suppressed_once_for_each_reason(crm, recorded_events, rows):
    suppress(crm)
    suppress(crm)
    suppress(crm, reason="complained")
    assert [event.reason for event in recorded_events.of(AddressSuppressed)] == ["bounced", "complained"]
    assert len(rows()["crm_privacy_suppression"]) == 2


def test_lifting_lets_messages_go_out_again_and_suppressing_stops_them_again(crm, clock, recorded_events):
    suppress(crm)
    clock.advance(timedelta(minutes=1))
    with crm.begin("ada") as uow:
        uow.use(Privacy).unsuppress(channel="email", address="ida@berg.example", source="called us")
    assert not suppressed(crm)
    assert [event.reason for event in recorded_events.of(SuppressionLifted)] == ["bounced"]
    clock.advance(timedelta(minutes=1))
    suppress(crm)
    assert suppressed(crm)


def test_what_was_suppressed_and_lifted_at_one_instant_stays_suppressed(crm):
    """The clock stands still: of two words of the same instant the stricter one counts."""
    suppress(crm)
    with crm.begin("ada") as uow:
        uow.use(Privacy).unsuppress(channel="email", address="ida@berg.example")
    assert suppressed(crm)


def test_the_address_of_an_erased_person_stays_suppressed(crm, rows):
    suppress(crm, reason="erased")
    before = rows()
    with pytest.raises(RefusedError, match="erased"), crm.begin("ada") as uow:
        uow.use(Privacy).unsuppress(channel="email", address="ida@berg.example")
    assert rows() == before


def test_undoing_the_unit_leaves_the_suppression(crm):
    unit = suppress(crm)
    with crm.begin("ada") as uow:
        kept = uow.history.undo(unit).kept
    assert [ref.entity for ref in kept] == ["privacy.suppression"]
    assert suppressed(crm)


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"address": "not an address"}, InvalidMechanismError),
        ({"address": "  "}, InvalidValueError),
        ({"address": "ida@berg.example\r\nBcc: all@berg.example"}, InvalidValueError),
        ({"channel": "pigeon"}, UnknownChannelError),
        ({"reason": "because"}, InvalidValueError),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(crm, rows, more, error):
    before = rows()
    with pytest.raises(error):
        suppress(crm, **more)
    assert rows() == before


def test_whoever_may_not_suppress_is_refused(crm, rows):
    before = rows()
    with pytest.raises(ForbiddenError):
        suppress(crm, actor="sam")
    assert rows() == before
