"""Whether somebody may be written to: every reason by itself, and that none is forgotten."""

from __future__ import annotations

from datetime import UTC, datetime, time
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.privacy import ConsentState, Preference, Purpose
from crmkit.plugins.privacy.contacting.rules import Known, judged
from crmkit.plugins.privacy.suppressions.model import REASONS

NIGHT = datetime(2026, 1, 15, 2, tzinfo=UTC)
NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
NEWS = Purpose(key="news", label="News")
SERVICE = Purpose(key="service", label="Service", kind="transactional")
PARTY = UUID(int=1)


def said(given, channel="email"):
    return ConsentState(purpose="news", channel=channel, given=given, since=NOON, consent_id=PARTY)


def liking(**more):
    return Preference(party_id=PARTY, **{"channel": "email", **more})


GIVEN = Known(states=(said(True),), zones=(ZoneInfo("UTC"),))


def ask(purpose=NEWS, channel="email", at=NOON, **more):
    from attrs import evolve

    return judged(evolve(GIVEN, **more), purpose=purpose, channel=channel, at=at)


def test_who_consented_may_be_written_to():
    assert ask().now
    assert ask().codes == {"given"}


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"states": ()}, "no_consent"),
        ({"states": (said(False),)}, "withdrawn"),
        ({"states": (said(False, "any"),)}, "withdrawn"),
        ({"suppressed": [["bounced"]]}, "suppressed"),
        ({"suppressed": [["erased"]]}, "erased"),
        ({"preferences": [liking(refused=True)]}, "preference"),
        ({"archived": True}, "archived"),
    ],
)
def test_each_reason_stands_in_the_way_by_itself(more, code):
    answer = ask(**more)
    assert (answer.allowed, answer.codes, answer.not_before) == (False, {code}, None)


def test_all_reasons_are_named():
    answer = ask(states=(), suppressed=[["bounced", "complained"]], archived=True)
    assert [reason.code for reason in answer.reasons] == ["no_consent", "suppressed", "suppressed", "archived"]


def test_one_address_that_works_is_enough():
    assert ask(suppressed=[["bounced"], []]).allowed
    assert not ask(suppressed=[["bounced"], ["manual"]]).allowed


@pytest.mark.parametrize("reason", REASONS)
def test_what_needs_no_consent_goes_to_whoever_only_wanted_no_news(reason):
    assert ask(SERVICE, states=(), archived=True, suppressed=[[reason]]).allowed is (reason == "withdrawn")


def test_consent_to_one_channel_is_none_to_another():
    assert ask(channel="phone").codes == {"no_consent"}


def test_quiet_hours_postpone():
    answer = ask(at=NIGHT, quiet=(time(21), time(8)))
    assert (answer.allowed, answer.now, answer.codes) == (True, False, {"quiet_hours"})
    assert answer.not_before == datetime(2026, 1, 15, 8, tzinfo=UTC)
    assert ask(SERVICE, at=NIGHT, quiet=(time(21), time(8))).now


def test_own_quiet_hours_for_the_channel_come_before_those_for_any_and_those_configured():
    own = [liking(channel="any", quiet_from="01:00", quiet_until="05:00")]
    assert ask(at=NIGHT, preferences=own, quiet=(time(21), time(8))).not_before.hour == 5
    own.append(liking(quiet_from="22:00", quiet_until="03:00"))
    assert ask(at=NIGHT, preferences=own).not_before.hour == 3


@given(
    given=st.none() | st.booleans(),
    suppressed=st.lists(st.lists(st.sampled_from(REASONS), max_size=2), max_size=2),
    refused=st.booleans(),
    archived=st.booleans(),
    at=st.sampled_from([NIGHT, NOON]),
)
def test_it_is_allowed_exactly_if_nothing_hinders(given, suppressed, refused, archived, at):
    answer = ask(
        states=() if given is None else (said(given),),
        suppressed=suppressed,
        preferences=[liking(refused=refused)],
        archived=archived,
        at=at,
        quiet=(time(21), time(8)),
    )
    dead = bool(suppressed) and all(suppressed)
    assert answer.allowed is (given is True and not dead and not refused and not archived)
    assert answer.now is (answer.allowed and at == NOON)
    assert answer.reasons
