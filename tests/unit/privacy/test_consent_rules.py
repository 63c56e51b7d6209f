"""What words come to: the same in whatever order they arrive and however often; against an oracle written apart."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from crmkit.plugins.privacy import ANY_CHANNEL, Consent
from crmkit.plugins.privacy.consents.rules import effective, folded, state_for

BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
PARTY = UUID(int=1)

words = st.builds(
    Consent,
    id=st.uuids(),
    party_id=st.just(PARTY),
    purpose=st.sampled_from(["newsletter", "survey"]),
    channel=st.sampled_from(["email", "phone", ANY_CHANNEL]),
    given=st.booleans(),
    at=st.integers(0, 3).map(lambda days: BEGIN + timedelta(days=days)),
    actor_id=st.just("ada"),
)
ledgers = st.lists(words, max_size=12)


def oracle(ledger, purpose, channel):
    """Day by day from the first to the last: whoever objects on a day is heard last on it."""
    allowed = None
    for day in sorted({said.at for said in ledger}):
        today = [s for s in ledger if s.at == day and s.purpose == purpose and s.channel in {channel, ANY_CHANNEL}]
        for said in today:
            if said.given:
                allowed = True
        for said in today:
            if not said.given:
                allowed = False
    return allowed


@given(ledger=ledgers, purpose=st.sampled_from(["newsletter", "survey"]), channel=st.sampled_from(["email", "phone"]))
def test_the_state_is_what_going_through_the_days_comes_to(ledger, purpose, channel):
    found = state_for(folded(ledger), purpose, channel)
    assert (None if found is None else found.given) == oracle(ledger, purpose, channel)


@given(ledger=ledgers, data=st.data())
def test_order_and_repetition_change_nothing(ledger, data):
    again = data.draw(st.permutations(ledger)) + data.draw(
        st.lists(st.sampled_from(ledger) if ledger else st.nothing())
    )
    assert folded(again) == folded(ledger)
    assert folded(data.draw(st.permutations(again))) == folded(ledger)


@given(ledger=ledgers)
def test_the_rows_to_filter_by_say_what_decides_for_each_channel_that_was_spoken_of(ledger):
    states = folded(ledger)
    for state in effective(states):
        if state.channel != ANY_CHANNEL:
            assert state.given == oracle(ledger, state.purpose, state.channel)


@given(one=ledgers, other=ledgers)
def test_merged_ledgers_never_allow_what_the_stricter_of_two_last_words_forbids(one, other):
    both = state_for(folded([*one, *other]), "newsletter", "email")
    last = [s for s in (state_for(folded(each), "newsletter", "email") for each in (one, other)) if s is not None]
    newest = [s for s in last if s.since == max(s.since for s in last)]
    assert (None if both is None else both.given) == (all(s.given for s in newest) if newest else None)
