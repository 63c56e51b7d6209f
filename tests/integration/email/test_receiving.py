"""What comes in is matched to party and thread, kept as it came, and answered by no machine."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from crmkit import Interaction, Person, Ref
from crmkit.plugins.email import (
    Email,
    MailFormatError,
    MailReceived,
    Message,
    MessageBounced,
    MessageComplained,
)
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import ConflictError, LimitExceededError

pytest.importorskip("nh3")


def letter(sender="Ida Berg <ida@berg.example>", to="post@crm.example", body="Yes please.", n=1, **headers):
    said = {"From": sender, "To": to, "Subject": "Roof", "Message-ID": f"<m{n}@berg.example>", **headers}
    return (
        "".join(f"{name.replace('_', '-')}: {value}\n" for name, value in said.items()).encode() + b"\n" + body.encode()
    )


def test_a_letter_from_a_known_address_is_on_the_timeline(crm, ida, receive, recorded_events, clock):
    date = clock.now() - timedelta(hours=3)
    got = receive(letter(Date=f"{date:%a, %d %b %Y %H:%M:%S +0000}"))
    assert (got.message.party_id, got.message.state, got.known) == (ida, "received", False)
    told = recorded_events.one(MailReceived)
    assert (told.party, told.ours, told.automatic, told.answers) == (ida, "post@crm.example", False, None)
    with crm.begin("ada", read_only=True) as uow:
        entry = uow.get(Interaction, told.interaction)
        assert (entry.direction, entry.channel, entry.summary, entry.body, entry.occurred_at) == (
            "in",
            "email",
            "Roof",
            "Yes please.",
            date,
        )
        assert [t.thread.id for t in uow.interactions.threads(ida)] == [told.thread]


def test_the_message_is_kept_as_it_came(crm, ida, receive):
    raw = letter(body="Yes please.\r\n\r\nÆ")
    got = receive(raw)
    with crm.begin("ada", read_only=True) as uow:
        (kept,) = uow.attachments.of(Ref("email.message", got.message.id))
        with uow.attachments.open(kept.id) as content:
            assert content.read() == raw
        assert (kept.name, kept.media_type) == ("message.eml", "message/rfc822")


def test_the_same_message_is_taken_in_once(crm, ida, receive, rows):
    first = receive(letter())
    before = rows()
    again = receive(letter())
    assert (again.known, again.message.id) == (True, first.message.id)
    assert rows()["crm_email_message"] == before["crm_email_message"]
    assert rows()["crm_interaction"] == before["crm_interaction"]


def test_an_answer_joins_its_thread_by_the_mark_in_its_address(ida, send, work, server, receive):
    sent = send(party=ida)
    work()
    (mail,) = server.messages("ida@berg.example")
    answer = receive(
        letter(sender="Ida at work <ida@other.example>", to=mail["Reply-To"].addresses[0].addr_spec.upper())
    )
    assert (answer.answers, answer.message.party_id, answer.message.thread_id) == (sent.id, ida, sent.thread_id)


def test_an_answer_joins_its_thread_by_its_references(ida, send, work, receive):
    sent = send(party=ida)
    work()
    answer = receive(letter(In_Reply_To=f"<{sent.message_id}>"))
    assert (answer.answers, answer.message.thread_id) == (sent.id, sent.thread_id)
    further = receive(letter(n=2, References="<x@y.example> <m1@berg.example>"))
    assert further.message.thread_id == sent.thread_id


def test_a_forged_mark_joins_nothing(ida, send, work, receive):
    sent = send(party=ida)
    work()
    forged = f"reply+{'a' * 42}@crm.example"
    answer = receive(letter(sender="Eve <eve@evil.example>", to=forged))
    assert (answer.answers, answer.message.party_id, answer.message.thread_id) == (None, None, None)
    assert sent.thread_id is not None


def test_what_is_about_a_record_stays_about_it(crm, ida, send, work, receive):
    with crm.begin("ada") as uow:
        deal = uow.pipelines.open(pipeline="sales", party=ida, title="Roof")
    sent = send(party=ida, about=Ref("deal", deal.id))
    work()
    answer = receive(letter(In_Reply_To=f"<{sent.message_id}>"))
    assert (answer.message.about, answer.message.about_id) == ("deal", deal.id)


def test_an_answer_to_a_closed_thread_opens_another(crm, ida, send, work, receive):
    sent = send(party=ida)
    work()
    with crm.begin("ada") as uow:
        uow.interactions.close_thread(sent.thread_id)
    answer = receive(letter(In_Reply_To=f"<{sent.message_id}>"))
    assert answer.message.thread_id not in {None, sent.thread_id}


def test_who_nobody_knows_is_kept_and_can_be_assigned(crm, receive, recorded_events, rows):
    got = receive(letter(sender="ole@berg.example"))
    assert (got.message.party_id, got.message.interaction_id) == (None, None)
    assert recorded_events.one(MailReceived).party is None
    with crm.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole")).id
        placed = uow.use(Email).assign(got.message.id, party=ole)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Interaction, placed.interaction_id).party_id == ole
    before = rows()
    with pytest.raises(ConflictError), crm.begin("ada") as uow:
        uow.use(Email).assign(got.message.id, party=ole)
    assert rows() == before


def test_of_two_with_one_address_nobody_is_guessed(crm, ida, receive):
    with crm.begin("ada") as uow:
        uow.parties.add(Person(given_name="Ola"), emails=["ida@berg.example"])
    assert receive(letter()).message.party_id is None


def test_files_that_came_with_it_are_attached(crm, ida, receive):
    raw = b"""From: ida@berg.example
Message-ID: <f@berg.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: text/plain

See the plan.
--x
Content-Type: application/pdf
Content-Disposition: attachment; filename="../../plan.pdf"
Content-Transfer-Encoding: base64

JVBERg==
--x--
"""
    got = receive(raw)
    with crm.begin("ada", read_only=True) as uow:
        files = {one.name: one for one in uow.attachments.of(Ref("email.message", got.message.id))}
        assert set(files) == {"message.eml", "plan.pdf"}
        with uow.attachments.open(files["plan.pdf"].id) as content:
            assert content.read() == b"%PDF"


# -- machines ---------------------------------------------------------------------------------------------------------


def answer_by_machine(crm, received, n=1):
    with crm.begin("ada") as uow:
        return uow.use(Email).send(
            party=received.message.party_id, to="ida@berg.example", purpose="service", key=f"auto-{n}", subject="Got",
            text="We will look.", answers=received.message.id, automatic=True,
        )  # fmt: skip


def test_an_automatic_answer_says_so(crm, ida, receive, work, server):
    answer_by_machine(crm, receive(letter()))
    work()
    (mail,) = server.messages("ida@berg.example")
    assert mail["Auto-Submitted"] == "auto-replied"
    assert mail["In-Reply-To"] == "<m1@berg.example>"


def test_a_machine_is_recorded_and_answered_by_none(crm, ida, receive, rows):
    got = receive(letter(Auto_Submitted="auto-replied"))
    assert got.message.automatic
    assert got.message.interaction_id is not None
    before = rows()
    with pytest.raises(ConflictError, match="written by a machine"):
        answer_by_machine(crm, got)
    assert rows() == before


def test_a_correspondent_gets_five_automatic_messages_a_day(crm, ida, receive, rows, clock):
    """Another system may answer ours without saying that it is one."""
    for n in range(5):
        answer_by_machine(crm, receive(letter(n=n)), n)
    got = receive(letter(n=9))
    before = rows()
    with pytest.raises(LimitExceededError, match="automatic messages"):
        answer_by_machine(crm, got, 9)
    assert rows() == before
    clock.advance(timedelta(hours=25))
    assert answer_by_machine(crm, got, 9).state == "queued"


def test_our_own_message_that_comes_back_is_taken_for_a_machine_s(ida, send, work, server, receive):
    send(party=ida)
    work()
    ((_, raw),) = server.accepted
    got = receive(raw)
    assert got.message.automatic


# -- bounces and complaints -------------------------------------------------------------------------------------------


def bounce(to, original="", recipient="ida@berg.example", action="failed", status="5.1.1", n=1):  # noqa: PLR0917  # fixtures
    return f"""From: MAILER-DAEMON@mx.example
To: {to}
Return-Path: <>
Message-ID: <bounce{n}@mx.example>
Content-Type: multipart/report; report-type=delivery-status; boundary=x

--x
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {recipient}
Action: {action}
Status: {status}

--x
Content-Type: text/rfc822-headers

Message-ID: <{original}>
--x--
""".encode()


def suppressed(crm, address="ida@berg.example"):
    with crm.begin("ada", read_only=True) as uow:
        return uow.use(Privacy).is_suppressed(channel="email", address=address)


def test_a_bounce_is_told_and_its_address_suppressed(crm, ida, send, work, server, receive, stored, recorded_events):  # noqa: PLR0917  # fixtures
    sent = send(party=ida)
    work()
    ((return_to, _),) = server.envelopes
    got = receive(bounce(return_to))
    assert (got.report, got.answers) == ("bounce", sent.id)
    assert stored(sent.id).state == "bounced"
    told = recorded_events.one(MessageBounced)
    assert (told.message, told.party, told.status, told.suppressed) == (sent.id, ida, "5.1.1", True)
    assert suppressed(crm)
    with crm.begin("ada", read_only=True) as uow:
        section = next(s for s in uow.parties.view(ida).sections if s.key == "mail")
    assert section.data["trouble"] == "bounced"


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ({"action": "delayed", "status": "4.4.1"}, "sent"),
        ({"status": "4.2.2"}, "sent"),
        ({"status": "5.2.2"}, "bounced"),
        ({"status": "5.7.1"}, "bounced"),
    ],
)
def test_what_says_nothing_about_the_address_suppresses_nothing(crm, ida, send, work, receive, stored, said, state):  # noqa: PLR0917  # fixtures
    sent = send(party=ida)
    work()
    receive(bounce("post@crm.example", sent.message_id, **said))
    assert stored(sent.id).state == state
    assert not suppressed(crm)


@pytest.mark.parametrize(
    ("to", "original", "recipient"),
    [
        ("post@crm.example", "unknown@crm.example", "ida@berg.example"),
        (f"bounce+{'a' * 42}@crm.example", "", "ida@berg.example"),
        ("post@crm.example", None, "ole@berg.example"),
    ],
)
def test_a_forged_bounce_suppresses_nothing(crm, ida, send, work, receive, stored, to, original, recipient):  # noqa: PLR0917  # fixtures
    sent = send(party=ida)
    work()
    got = receive(bounce(to, sent.message_id if original is None else original, recipient))
    assert got.answers is None
    assert stored(sent.id).state == "sent"
    assert not suppressed(crm, "ida@berg.example")
    assert not suppressed(crm, "ole@berg.example")


def test_a_complaint_suppresses_the_address(crm, ida, send, work, receive, stored, recorded_events):  # noqa: PLR0917  # fixtures
    sent = send(party=ida)
    work()
    raw = f"""From: fbl@mx.example
Message-ID: <fbl1@mx.example>
Content-Type: multipart/report; report-type=feedback-report; boundary=x

--x
Content-Type: message/feedback-report

Feedback-Type: abuse
Original-Rcpt-To: <ida@berg.example>

--x
Content-Type: text/rfc822-headers

Message-ID: <{sent.message_id}>
--x--
""".encode()
    assert receive(raw).report == "complaint"
    assert stored(sent.id).state == "complained"
    assert recorded_events.one(MessageComplained).feedback == "abuse"
    assert suppressed(crm)
    receive(raw.replace(b"fbl1@", b"fbl2@"))
    assert len(recorded_events.of(MessageComplained)) == 1


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"", MailFormatError),
        (b"From: a@b.example\n" + b"Content-Type: message/rfc822\n\n" * 1_000, LimitExceededError),
        (b"Subject: x\n\n" + b"x" * 26_214_401, LimitExceededError),
    ],
    ids=["empty", "nested", "large"],
)
def test_a_bomb_is_refused_and_changes_nothing(receive, rows, raw, error):
    before = rows()
    with pytest.raises(error):
        receive(raw)
    assert rows() == before


def test_broken_headers_and_a_future_date_do_no_harm(crm, ida, receive, clock):
    got = receive(
        letter(
            sender="=?utf-8?q?Eve=0D=0ABcc=3A_all=40b=2Eexample?= <ida@berg.example>",
            Subject="=?utf-8?q?a=0D=0Ab?=",
            Date="Mon, 2 Mar 2099 09:00:00 +0000",
        )
    )
    assert got.message.subject == "a b"
    with crm.begin("ada", read_only=True) as uow:
        assert (
            uow.get(Interaction, got.message.interaction_id).occurred_at
            == clock.now()
            == datetime(2026, 3, 2, 9, tzinfo=UTC)
        )


def test_html_is_kept_harmless(ida, receive):
    raw = letter(body="<p>Yes</p><script>x()</script><img src='https://evil.example/p.gif'>", Content_Type="text/html")
    message = receive(raw).message
    assert isinstance(message, Message)
    assert (message.text, message.html) == ("Yes", "<p>Yes</p><img>")


def test_a_route_takes_in_with_the_rights_of_its_role_alone(crm, ida, receive, actors):
    actors.add("route", roles=["mail_route"])
    assert receive(letter(), actor="route").message.party_id == ida
