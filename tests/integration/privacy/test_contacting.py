"""Whether a party may be written to, asked in the unit that writes: whoever asks, and whatever happens meanwhile."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest

from crmkit import Organisation, Person
from crmkit.errors import NaiveDatetimeError, NotFoundError, UnknownChannelError
from crmkit.plugins.privacy import Privacy, UnknownPurposeError
from crmkit.sdk import Rule

PATIENCE = 20  # seconds


def test_a_withdrawal_that_was_committed_before_is_heeded(ida, say, answer, clock):
    say(ida)
    assert answer(ida).now
    clock.advance(timedelta(minutes=1))
    say(ida, False)
    assert answer(ida).codes == {"withdrawn"}


def test_a_bounced_address_hinders_and_another_one_that_works_does_not(crm, ida, say, answer):
    say(ida)
    with crm.begin("ada") as uow:
        uow.use(Privacy).suppress(channel="email", address="ida@berg.example", reason="bounced")
    assert answer(ida).codes == {"suppressed"}
    assert answer(ida, purpose="service").codes == {"suppressed"}
    with crm.begin("ada") as uow:
        uow.parties.add_email(ida, "ida@work.example")
    assert answer(ida).now
    assert answer(ida, address="IDA@berg.example").codes == {"suppressed"}


def test_quiet_hours_are_those_of_the_party(crm, ida, say, answer, clock):
    say(ida, channel="phone")
    night = datetime(2026, 3, 2, 23, tzinfo=UTC)
    assert answer(ida, channel="phone", at=night).not_before == datetime(2026, 3, 3, 8, tzinfo=UTC)
    with crm.begin("ada") as uow:
        uow.parties.add_phone(ida, "+47 22 12 34 56")  # which is called in Norway
    assert answer(ida, channel="phone", at=night).not_before == datetime(2026, 3, 3, 7, tzinfo=UTC)
    with crm.begin("ada") as uow:
        uow.use(Privacy).prefer(ida, channel="phone", quiet_from="20:00", quiet_until="12:00")
    assert answer(ida, channel="phone", at=night).not_before == datetime(2026, 3, 3, 11, tzinfo=UTC)


def test_a_preference_is_replaced_and_merged_strictly(crm, ida, ole, answer, say):
    say(ida)
    with crm.begin("ada") as uow:
        uow.use(Privacy).prefer(ida, channel="email", refused=True)
    assert answer(ida).codes == {"preference"}
    with crm.begin("ada") as uow:
        uow.use(Privacy).prefer(ida, channel="email", remark="in short")
        uow.use(Privacy).prefer(ole, channel="email", refused=True)
    assert answer(ida).now
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
    assert answer(ida).codes == {"preference"}


def test_the_answer_is_the_same_for_whoever_may_see_the_party(crm, say, actors):
    """What is hidden from somebody must not seem to be absent: else those who see less could write to more."""
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name="Per", owner_id="sam"), emails=["per@berg.example"]).id
        forbidding = [Rule(effect="forbid", permission="privacy.*"), Rule(effect="permit", permission="party.read")]
        uow.permissions.define_role("blind", forbidding)
    say(party, True)
    say(party, False, channel="any", source="letter")
    actors.add("bea", roles=["blind"])
    with crm.begin("bea", read_only=True) as uow:
        assert uow.use(Privacy).consents(party) == ()
        assert uow.use(Privacy).may_contact(party, channel="email", purpose="newsletter").codes == {"withdrawn"}


def test_many_are_answered_like_one(crm, ida, ole, say):
    say(ida)
    say(ole, False)
    with crm.begin("ada") as uow:
        firm = uow.parties.add(Organisation(name="Berg AS")).id
        gone = uow.parties.add(Person(given_name="Gone")).id
        uow.use(Privacy).suppress(channel="email", address="ida@berg.example", reason="manual")
        uow.parties.merge(gone, ida)
    with crm.begin("ada", read_only=True) as uow:
        privacy = uow.use(Privacy)
        many = privacy.may_contact_many([ida, ole, firm, gone, ida], channel="email", purpose="newsletter")
        assert many == {
            id_: privacy.may_contact(id_, channel="email", purpose="newsletter") for id_ in (ida, ole, firm)
        }


def test_of_a_merged_party_that_which_it_became_is_asked(crm, ida, ole, say, answer):
    say(ida)
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
    assert answer(ole).now


def test_what_makes_no_sense_is_refused(crm, ida, answer, clock):
    with pytest.raises(UnknownPurposeError, match="newsletter, service"):
        answer(ida, purpose="nonsense")
    with pytest.raises(UnknownChannelError):
        answer(ida, channel="pigeon")
    with pytest.raises(NaiveDatetimeError):
        answer(ida, at=clock.now().replace(tzinfo=None))
    with crm.begin("sam") as uow, pytest.raises(NotFoundError):
        uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter")


# -- at the same time -------------------------------------------------------------------------------------------------


def test_a_withdrawal_waits_for_whoever_is_writing_or_is_heeded(crm, ida, say):
    """Two connections: the sender asks first and commits later; the withdrawal comes between, and is stored after."""
    say(ida)
    asked, order = threading.Event(), []

    def withdraw():
        assert asked.wait(PATIENCE)
        with crm.begin("ada") as uow:
            uow.use(Privacy).record_consent(party=ida, purpose="newsletter", channel="any", given=False)
        order.append("withdrawn")

    other = threading.Thread(target=withdraw)
    other.start()
    with crm.begin("ada") as uow:
        assert uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed
        asked.set()
        other.join(0.5)
        assert other.is_alive()  # it waits for this unit
        assert uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed
        order.append("sent")
    other.join(PATIENCE)
    assert order == ["sent", "withdrawn"]
    with crm.begin("ada") as uow:
        assert not uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed


def test_suppressing_an_address_waits_for_whoever_is_writing_to_its_party(crm, ida, say):
    say(ida)
    asked, order = threading.Event(), []

    def suppress():
        assert asked.wait(PATIENCE)
        with crm.begin("ada") as uow:
            uow.use(Privacy).suppress(channel="email", address="ida@berg.example", reason="withdrawn")
        order.append("suppressed")

    other = threading.Thread(target=suppress)
    other.start()
    with crm.begin("ada") as uow:
        assert uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed
        asked.set()
        other.join(0.5)
        assert other.is_alive()
        order.append("sent")
    other.join(PATIENCE)
    assert order == ["sent", "suppressed"]


def test_two_senders_do_not_wait_for_each_other(crm, ida, say):
    """On SQLite, where only one may write at a time, the other one only looks."""
    say(ida)
    answers, looking = [], crm.engine.dialect.name == "sqlite"

    def ask():
        with crm.begin("ada", read_only=looking) as uow:
            answers.append(uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed)

    with crm.begin("ada") as uow:
        assert uow.use(Privacy).may_contact(ida, channel="email", purpose="newsletter").allowed
        other = threading.Thread(target=ask)
        other.start()
        other.join(PATIENCE)
        assert answers == [True]
