"""The ledger of consents: what is recorded stays, and what it comes to follows."""

from datetime import timedelta

import pytest

from crmkit import Party, Person, Ref
from crmkit.errors import (
    ConflictError,
    ForbiddenError,
    InvalidValueError,
    NaiveDatetimeError,
    NotFoundError,
    UndoRefusedError,
    UnknownChannelError,
)
from crmkit.plugins.privacy import (
    ConsentGiven,
    ConsentWithdrawn,
    Privacy,
    UnknownPurposeError,
    UnknownTextError,
    consenting,
)


def states(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [(s.purpose, s.channel, s.given) for s in uow.use(Privacy).consents(party)]


def ledger(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return uow.use(Privacy).consent_ledger(party)


def consenting_ids(crm, purpose="newsletter", channel="email"):
    with crm.begin("ada", read_only=True) as uow:
        return {party.id for party in uow.each(Party, consenting(purpose, channel))}


def test_a_consent_is_kept_with_its_proof(crm, ida, clock):
    with crm.begin("ada") as uow:
        uow.use(Privacy).add_text(purpose="newsletter", version="2026-03", body="May we write to you?")
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(
            party=ida,
            purpose="newsletter",
            channel="email",
            given=True,
            text_version="2026-03",
            proof="form 17 from 192.0.2.1",
            source="website",
        )
    (said,) = ledger(crm, ida)
    assert (said.given, said.text_version, said.proof, said.source) == (
        True,
        "2026-03",
        "form 17 from 192.0.2.1",
        "website",
    )
    assert (said.actor_id, said.at) == ("ada", clock.now())


def test_the_latest_words_decide_also_when_they_are_recorded_first(crm, ida, say, clock):
    say(ida, False)
    say(ida, True, at=clock.now() - timedelta(days=1))
    assert states(crm, ida) == [("newsletter", "email", False)]


def test_a_consent_recorded_again_with_its_key_is_recorded_once(crm, ida, say, clock):
    say(ida, key="form-17")
    clock.advance(timedelta(minutes=5))
    say(ida, key="form-17")
    assert len(ledger(crm, ida)) == 1


def test_another_consent_with_the_same_key_is_refused(ida, say, rows):
    say(ida, key="form-17")
    before = rows()
    with pytest.raises(ConflictError, match="form-17"):
        say(ida, False, key="form-17")
    assert rows() == before


def test_consents_are_told_of(ida, say, recorded_events):
    say(ida)
    say(ida, False, channel="any")
    (given,), (withdrawn,) = recorded_events.of(ConsentGiven), recorded_events.of(ConsentWithdrawn)
    assert (given.party, given.channel, withdrawn.channel) == (ida, "email", "any")


def test_consents_are_in_the_timeline_and_in_the_view(crm, ida, say):
    say(ida)
    with crm.begin("ada", read_only=True) as uow:
        (entry,) = uow.interactions.timeline(ida)
        (section,) = [s for s in uow.parties.view(ida).sections if s.plugin == "privacy"]
    assert (entry.kind, entry.summary) == ("privacy.consent_given", "consented to newsletter (email)")
    assert section.items == (("Newsletter", "yes over email, since 2026-03-02"),)


# -- undo, merge, deletion --------------------------------------------------------------------------------------------


def test_undoing_the_unit_leaves_a_withdrawal_as_it_is(crm, ida, say):
    say(ida)
    unit = say(ida, False)
    with crm.begin("ada") as uow:
        done = uow.history.undo(unit)
    assert [ref.entity for ref in done.kept] == ["privacy.consent"]
    assert states(crm, ida) == [("newsletter", "email", False)]


def test_a_party_that_has_spoken_since_is_not_undone(crm, ida, say, rows):
    with crm.begin("ada", read_only=True) as uow:
        (version,) = uow.history.versions(Ref("party", ida))
    say(ida, False)
    before = rows()
    with pytest.raises(UndoRefusedError), crm.begin("ada") as uow:
        uow.history.undo(version.unit)
    assert rows() == before


def test_a_party_goes_with_the_words_of_the_unit_that_added_it_and_both_come_back(crm):
    with crm.begin("ada") as uow:
        kari = uow.parties.add(Person(given_name="Kari")).id
        uow.use(Privacy).record_consent(party=kari, purpose="newsletter", channel="email", given=True)
        added = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(added)
        undone = uow.id
    assert consenting_ids(crm) == set()
    with crm.begin("ada") as uow:
        uow.history.undo(undone)
    assert consenting_ids(crm) == {kari}


def test_merging_keeps_what_both_have_said_and_undoing_it_gives_it_back(crm, ida, ole, say, clock):
    """M1: every consent as before."""
    say(ida, True)
    say(ole, False, at=clock.now() - timedelta(days=1))
    say(ole, True, channel="phone")
    before = states(crm, ida), states(crm, ole), consenting_ids(crm), consenting_ids(crm, channel="phone")
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
        unit = uow.id
    assert states(crm, ida) == [("newsletter", "email", True), ("newsletter", "phone", True)]
    assert len(ledger(crm, ida)) == 3
    assert consenting_ids(crm, channel="phone") == {ida}
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    after = states(crm, ida), states(crm, ole), consenting_ids(crm), consenting_ids(crm, channel="phone")
    assert after == before


def test_of_two_who_said_different_things_at_once_the_stricter_word_counts_after_a_merge(crm, ida, ole, say):
    say(ida, True)
    say(ole, False)
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
    assert states(crm, ida) == [("newsletter", "email", False)]


def test_words_of_a_merged_party_are_recorded_of_what_it_became(crm, ida, ole, say):
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
    say(ole)
    assert states(crm, ida) == [("newsletter", "email", True)]


# -- filtering --------------------------------------------------------------------------------------------------------


def test_parties_are_filtered_by_what_their_words_come_to(crm, ida, ole, say, clock):
    say(ida, True, channel="any", at=clock.now() - timedelta(days=2))
    say(ole, True)
    assert consenting_ids(crm) == {ida, ole}
    say(ole, False, channel="any")
    say(ida, False, at=clock.now() - timedelta(days=1))
    assert consenting_ids(crm) == set()
    assert consenting_ids(crm, channel="phone") == {ida}


def test_enabling_the_plugin_again_brings_the_filter_up_to_date(crm, ida, ole, say, tenant):
    say(ole)
    crm.plugins.disable("privacy", tenant=tenant)
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
    crm.plugins.enable("privacy", tenant=tenant)
    assert consenting_ids(crm) == {ida}


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("more", "error"),
    [
        ({"purpose": "nonsense"}, UnknownPurposeError),
        ({"purpose": "service"}, InvalidValueError),
        ({"channel": "pigeon"}, UnknownChannelError),
        ({"text_version": "1999"}, UnknownTextError),
        ({"given": "yes"}, InvalidValueError),
        ({"proof": " "}, InvalidValueError),
        ({"key": "a\0b"}, InvalidValueError),
    ],
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(crm, ida, rows, more, error):
    before = rows()
    with pytest.raises(error), crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(**{
            "party": ida,
            "purpose": "newsletter",
            "channel": "email",
            "given": True,
            **more,
        })
    assert rows() == before


def test_naive_and_future_instants_are_refused(ida, say, clock, rows):
    before = rows()
    with pytest.raises(NaiveDatetimeError):
        say(ida, at=clock.now().replace(tzinfo=None))
    with pytest.raises(InvalidValueError, match="has not come yet"):
        say(ida, at=clock.now() + timedelta(days=1))
    assert rows() == before


@pytest.mark.parametrize("actor", ["sam", "vic", "nobody"])
def test_whoever_may_not_record_consents_or_does_not_see_the_party_is_refused(crm, ida, rows, actor):
    before = rows()
    with pytest.raises((ForbiddenError, NotFoundError)), crm.begin(actor) as uow:
        uow.use(Privacy).record_consent(party=ida, purpose="newsletter", channel="email", given=True)
    assert rows() == before
