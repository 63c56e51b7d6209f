"""Erasing a person takes what was written to and by them, everywhere; that something was sent stays, and stays so."""

from __future__ import annotations

import os
import uuid

import pytest
from bytes_left import places_left, places_of

from crmkit import Person, f
from crmkit.plugins.email import Courier, Email, Enclosure, Message
from crmkit.plugins.email.sending.journal import Journal
from crmkit.plugins.email.sending.line import Answer
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import Attachment

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def canary():
    """A word that nothing else says."""
    return f"zanari{uuid.uuid4().hex[:12]}"


@pytest.fixture
def folders(tmp_path):
    return tmp_path / "files", tmp_path / "journal"


@pytest.fixture
def crm(crm_with, clock, server, folders):
    """Mail with a folder of its own for files."""
    values = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "Berg Tak <post@crm.example>",
        "reply_address": "reply@crm.example",
        "bounce_address": "bounce@crm.example",
        "journal": str(folders[1]),
    }
    config = {"plugins": {"email": values}, "files": {"folder": str(folders[0])}}
    return crm_with("privacy", "email", config=config, clock=clock)


@pytest.fixture
def party(crm, canary):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name=canary), emails=[f"{canary}@a.example"]).id


def letter(canary, *, to="post@crm.example", more=b""):
    return b"\r\n".join([
        f"From: {canary} <{canary}@a.example>".encode(),
        f"To: {to}".encode(),
        f"Subject: {canary} asks".encode(),
        f"Message-ID: <{uuid.uuid4().hex}.{canary}@a.example>".encode(),
        *more,
        b"MIME-Version: 1.0",
        b"Content-Type: multipart/mixed; boundary=b",
        b"",
        b"--b\r\nContent-Type: text/html; charset=utf-8\r\n",
        f"<p>{canary} wants a roof</p>".encode(),
        b"--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="
        + canary.encode()
        + b".txt\r\n",
        f"{canary} itself".encode(),
        b"--b--",
    ])


@pytest.fixture
def corresponded(crm, party, canary, server, work, receive):  # noqa: PLR0917  # fixtures
    """The person was written to in all ways there are, and has answered; gives the message that was sent."""
    with crm.begin("ada") as uow:
        uow.custom_fields.define("email.message", "remark", "text", label="Remark")
        mail = uow.use(Email)
        mail.save_template("hello", subject="Hello {{ party.name }}", text="Dear {{ party.name }}, {{ values.what }}")
        sent = mail.send(
            party=party, purpose="service", key=f"welcome-{canary}", template="hello", values={"what": canary},
            attachments=[Enclosure(name=f"{canary}.txt", media_type="text/plain", content=canary.encode() * 3)],
        )  # fmt: skip
        mail.annotate(sent.id, {"remark": f"{canary} is nice"})
        server.answers = {f"no-{canary}@a.example": [f"550 5.1.1 {canary} is nobody"]}
        mail.send(
            party=party, to=f"{canary} <no-{canary}@a.example>", purpose="service", key="b", subject=canary,
            html=f"<b>{canary}</b>", reply_to=f"{canary}@a.example",
        )  # fmt: skip
        later = mail.send(
            party=party, purpose="service", key="c", subject=canary, text=canary, at=uow.now.replace(year=2100)
        )
        mail.cancel(later.id)
    work()
    (arrived,) = server.messages(f"{canary}@a.example")
    receive(letter(canary, to=str(arrived["Reply-To"])))
    receive(letter(canary))
    report = f"""From: mailer@a.example
To: {server.envelopes[0][0]}
Message-ID: <bounce@a.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: text/plain

{canary} is full
--b
Content-Type: message/delivery-status

Reporting-MTA: dns; a.example

Final-Recipient: rfc822; {canary}@a.example
Action: failed
Status: 5.2.2
Diagnostic-Code: smtp; 552 {canary} has no room
--b--
"""
    receive(report.encode().replace(b"\n", b"\r\n"), envelope_from="")
    return sent


@pytest.fixture
def erase(crm, party, folders, clock):
    """A function that erases the person."""

    def run():
        then = clock.now().timestamp() - 1  # the store keeps what came after an erasure began
        for path in folders[0].rglob("*"):
            os.utime(path, (then, then))
        with crm.begin("ada") as uow:
            uow.use(Privacy).erase(party, reason="asked for it")

    return run


def test_no_byte_says_what_was_written_to_and_by_the_person(crm, corresponded, canary, folders, erase):
    assert places_of(crm, canary)
    assert len([path for path in folders[0].rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]) > 3
    erase()
    assert places_left(crm, canary, *folders) == []


def test_what_stays_is_that_there_were_messages_and_what_became_of_them(crm, corresponded, erase, party):  # fixtures
    def facts():
        with crm.begin("ada", read_only=True) as uow:
            return sorted(
                (one.id, one.direction, one.state, one.purpose, one.template, one.courier, one.once, one.reasons,
                 one.attempts, one.handed_at, one.settled_at, one.party_id)
                for one in uow.each(Message)
            )  # fmt: skip

    before = facts()
    assert [fact[2] for fact in before] == ["bounced", "failed", "cancelled", "received", "received", "received"]
    erase()
    assert facts() == before
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Message, corresponded.id).key is None
        assert not uow.find(Attachment).items


def test_what_was_nobody_s_is_gone_too_if_it_was_assigned_before(  # noqa: PLR0917  # fixtures
    crm, canary, party, send, receive, work, folders, erase, server
):
    to = f"{canary}@b.example"  # another address of theirs, which nobody has noted
    send(key=canary, to=to, subject=canary, text=canary)
    work()
    receive(letter(canary).replace(b"@a.example", b"@b.example"))
    with crm.begin("ada") as uow:
        strays = list(uow.each(Message, f.party_id.is_empty() & (f.address == to)))
        assert [one.direction for one in strays] == ["out", "in"]
        for one in strays:
            uow.use(Email).assign(one.id, party=party)
    assert len(server.accepted) == 1
    erase()
    assert places_left(crm, canary, *folders) == []


def test_what_waits_is_withheld_and_nothing_is_sent(crm, party, canary, send, erase, stored, work, server, clock):  # noqa: PLR0917  # fixtures
    message = send(party=party)
    erase()
    work()
    assert (stored(message.id).state, stored(message.id).reasons) == ("withheld", ("erased",))
    assert server.accepted == []


def test_what_the_server_says_after_an_erasure_is_not_kept(  # noqa: PLR0917  # fixtures
    crm, party, canary, send, erase, stored, folders
):
    """A message was on its way while the person was erased; the answer names its recipient."""
    message = send(party=party)
    with crm.begin("ada") as uow:
        uow.use(Email).claim("courier")
    erase()
    with crm.begin("ada") as uow:
        said = Answer(verdict="accepted", said=f"250 2.1.5 {canary}@a.example")
        assert uow.use(Email).settle("courier", {message.id: said}) == 1
    assert (stored(message.id).state, stored(message.id).answer) == ("sent", "")
    assert places_left(crm, canary, *folders) == []


def test_the_journal_of_a_sender_that_was_killed_is_gone_once_it_is_settled(  # noqa: PLR0917  # fixtures
    crm, party, canary, send, erase, stored, folders, tenant
):
    message = send(party=party)
    with crm.begin("ada") as uow:
        uow.use(Email).claim("courier")
    journal = Journal(folders[1], tenant, "courier")
    journal.ending(message.id)
    journal.taken(message.id, f"250 {canary}")
    journal.close(keep=True)
    erase()
    assert places_left(crm, canary, *folders) == ["courier.journal"]
    Courier(lambda: crm.begin("ada"), Email, tenant).run()
    assert stored(message.id).state == "sent"
    assert places_left(crm, canary, *folders) == []


def test_an_answer_that_comes_after_the_erasure_is_nobody_s_we_know(crm, corresponded, canary, server, erase, receive):  # noqa: PLR0917  # fixtures
    (arrived,) = server.messages(f"{canary}@a.example")
    erase()
    received = receive(letter(canary, to=str(arrived["Reply-To"])))
    assert (received.answers, received.message.party_id, received.message.thread_id) == (corresponded.id, None, None)


def test_a_key_that_was_used_before_the_erasure_sends_nothing_again(crm, corresponded, canary, erase, rows):
    erase()
    before = {name: stored for name, stored in rows().items() if name != "crm_unit"}
    with crm.begin("ada") as uow:
        again = uow.use(Email).send(
            to=f"{canary}@a.example", purpose="service", key=f"welcome-{canary}", subject="a", text="b"
        )
    assert again.id == corresponded.id
    assert {name: stored for name, stored in rows().items() if name != "crm_unit"} == before
