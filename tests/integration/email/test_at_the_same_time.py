"""Two units at the same time that queue, or take in, the same message: there is one, and both get it."""

from __future__ import annotations

import threading
from collections import Counter

import pytest

from crmkit import Thread
from crmkit.plugins.email import Email, Enclosure, MailReceived, Message, MessageQueued
from crmkit.sdk import Attachment

pytestmark = pytest.mark.usefixtures("verified")

LETTER = b"From: ida@berg.example\nTo: post@crm.example\nMessage-ID: <m1@berg.example>\n\nHello"


@pytest.fixture
def both(crm):
    """``both(command)``: what two units get from it, the second of which begins before the first is committed.

    On SQLite the second waits for the first one to begin with; on PostgreSQL until it stores the same.
    """

    def run(command, first_fails=False):
        got = {}

        def second():
            try:
                with crm.begin("ada") as uow:
                    got["second"] = command(uow.use(Email))
            except Exception as error:  # noqa: BLE001  # told by the main thread
                got["second"] = error

        other = threading.Thread(target=second)
        try:
            with crm.begin("ada") as uow:
                got["first"] = command(uow.use(Email))
                uow.count(Message)  # it is in the database
                other.start()
                other.join(0.5)
                assert other.is_alive()
                if first_fails:
                    1 / 0  # noqa: B018  # the host's own error
        except ZeroDivisionError:
            pass
        other.join()
        return got["first"], got["second"]

    return run


def queue(ida, **said):
    given = {"party": ida, "purpose": "service", "key": "order-1", "subject": "Roof", "text": "At nine.", **said}
    return lambda mail: mail.send(**given)


def stored(crm, *kinds):
    with crm.begin("ada", read_only=True) as uow:
        return [uow.count(kind) for kind in kinds]


def test_the_same_key_gives_both_the_same_message(crm, ida, both, work, server, recorded_events):  # noqa: PLR0917  # fixtures
    file = Enclosure(name="plan.pdf", media_type="application/pdf", content=b"%PDF")
    first, second = both(queue(ida, attachments=[file]))
    assert second == first
    assert stored(crm, Message, Thread, Attachment) == [1, 1, 1]
    assert recorded_events.one(MessageQueued).message == first.id
    work()
    assert server.counts == {"ida@berg.example": 1}


def test_the_same_key_without_a_party_too(crm, both):
    first, second = both(queue(None, to="ole@berg.example"))
    assert second.id == first.id
    assert stored(crm, Message) == [1]


def test_if_the_first_unit_is_rolled_back_the_second_sends(crm, ida, both, work, server, stored_ids):  # noqa: PLR0917  # fixtures
    first, second = both(queue(ida), first_fails=True)
    assert stored_ids() == [second.id] != [first.id]
    work()
    assert server.counts == {"ida@berg.example": 1}


def test_the_second_unit_goes_on_and_what_it_wrote_besides_stays(crm, ida, both):
    def with_another(mail):
        mail.save_template(f"t{threading.get_ident()}", subject="a", text="b")
        sent = mail.send(party=ida, purpose="service", key="order-1", subject="Roof", text="At nine.")
        mail.send(party=ida, purpose="service", key=f"own-{threading.get_ident()}", subject="Roof", text="At ten.")
        return sent

    first, second = both(with_another)
    assert second.id == first.id
    with crm.begin("ada", read_only=True) as uow:
        assert Counter(one.text for one in uow.each(Message)) == {"At nine.": 1, "At ten.": 2}


def test_mail_that_comes_in_twice_at_once_is_taken_in_once(crm, ida, both, recorded_events):
    first, second = both(lambda mail: mail.receive(LETTER))
    assert (first.known, second.known) == (False, True)
    assert second.message == first.message
    assert stored(crm, Message, Thread, Attachment) == [1, 1, 1]
    assert recorded_events.one(MailReceived).message == first.message.id


@pytest.fixture
def stored_ids(crm):
    def read():
        with crm.begin("ada", read_only=True) as uow:
            return [one.id for one in uow.each(Message)]

    return read
