"""What the kernel promises of facts, and of the records that a decision rests on, tried with the plugin's own."""

from __future__ import annotations

import threading

import pytest

from crmkit import Party, Person, Ref
from crmkit.errors import ForbiddenError, NotFoundError, UndoRefusedError
from crmkit.plugins.privacy import Consent, Privacy
from crmkit.sdk import PARTY, Service, f

PATIENCE = 20  # seconds


def test_a_fact_is_read_and_recorded_by_permissions_of_its_own(crm):
    named = {name for name in crm.runtime.permissions if name.startswith("privacy.consent.")}
    assert named == {"privacy.consent.read", "privacy.consent.record"}


def test_a_fact_is_in_history_like_an_entity(crm, ida, say):
    say(ida)
    with crm.begin("ada", read_only=True) as uow:
        (said,) = uow.use(Privacy).consent_ledger(ida)
        (version,) = uow.history.versions(Ref("privacy.consent", said.id))
    assert (version.op, version.version) == ("insert", 1)


def test_undoing_what_recorded_a_fact_and_more_takes_back_the_rest(crm, ida):
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(party=ida, purpose="newsletter", channel="email", given=True)
        uow.use(Privacy).prefer(ida, channel="phone", refused=True)
        unit = uow.id
    with crm.begin("ada") as uow:
        done = uow.history.undo(unit)
    assert "stays: privacy.consent" in "\n".join(done.lines())
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Privacy).preferences(ida) == ()
        assert len(uow.use(Privacy).consent_ledger(ida)) == 1


def test_a_merge_that_moved_facts_is_not_undone_where_they_have_moved_on(crm, ida, ole, say, rows):
    say(ole)
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
        first = uow.id
    with crm.begin("ada") as uow:
        third = uow.parties.add(Person(given_name="Ida")).id
        uow.parties.merge(ida, third)
    before = rows()
    with pytest.raises(UndoRefusedError), crm.begin("ada") as uow:
        uow.history.undo(first)
    assert rows() == before


def test_all_that_was_said_agrees_with_its_history(crm, ida, ole, say, tenant):
    say(ida)
    say(ole, False, channel="any")
    with crm.begin("ada") as uow:
        uow.parties.merge(ole, ida)
        merged = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(merged)
    assert list(crm.verify(tenant=tenant)) == []


# -- own records, and records that are held ---------------------------------------------------------------------------


def test_a_service_reads_records_of_its_own_plugin_only(crm, ida, say):
    say(ida)
    with crm.begin("ada") as uow:
        privacy = uow.use(Privacy)
        assert len(privacy.own_records(Consent, f.party_id == ida)) == 1
        with pytest.raises(ForbiddenError):
            privacy.own_records(Party)
        with pytest.raises(ForbiddenError):
            Service(uow).own_records(Consent)


def test_rights_are_as_before_when_own_records_were_read(crm, ida, say, actors):
    say(ida)
    with crm.begin("sam") as uow:
        assert len(uow.use(Privacy).own_records(Consent, f.party_id == ida)) == 1
        with pytest.raises(NotFoundError):
            uow.get(Party, ida)


def test_a_record_that_is_held_is_as_it_is_now_and_stays_so(crm, ida):
    """On SQLite the whole unit has the database for itself; on PostgreSQL, the record."""
    held, order = threading.Event(), []

    def rename():
        assert held.wait(PATIENCE)
        with crm.begin("ada") as uow:
            party = uow.parties.get(ida)
            uow.parties.archive(party.id)
        order.append("archived")

    other = threading.Thread(target=rename)
    other.start()
    with crm.begin("ada") as uow:
        assert Service(uow).hold(PARTY, ida).archived_at is None
        held.set()
        other.join(0.5)
        assert other.is_alive()
        order.append("decided")
    other.join(PATIENCE)
    assert order == ["decided", "archived"]
    with crm.begin("ada") as uow:
        assert Service(uow).hold(PARTY, ida).archived_at is not None


def test_what_is_hidden_cannot_be_held(crm, ida, rows):
    before = rows()
    with crm.begin("sam") as uow, pytest.raises(NotFoundError):
        Service(uow).hold(PARTY, ida)
    assert rows() == before
