"""A message that is queued is sent once, and what became of it is seen."""

from __future__ import annotations

from datetime import timedelta

import pytest

from crmkit import Interaction, Person, f
from crmkit.plugins.email import Email, Enclosure, Message, MessageFailed, MessageSent, NotContactableError
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import InvalidValueError, LimitExceededError, NotFoundError


def timeline(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return [(e.channel, e.direction, e.kind, e.summary) for e in uow.interactions.timeline(party)]


def test_a_message_is_sent_when_its_unit_is_committed(crm, ida, send, work, server, stored, recorded_events):  # noqa: PLR0917  # fixtures
    message = send(party=ida)
    assert (message.state, message.address) == ("queued", "ida@berg.example")
    assert server.accepted == []
    work()
    assert server.counts == {"ida@berg.example": 1}
    sent = stored(message.id)
    assert (sent.state, sent.due_at, sent.attempts) == ("sent", None, 1)
    told = recorded_events.one(MessageSent)
    assert (told.message, told.party, told.key, told.thread) == (message.id, ida, "k", message.thread_id)
    with crm.begin("ada", read_only=True) as uow:
        entry = uow.get(Interaction, told.interaction)
        assert (entry.summary, entry.body, entry.author_id, entry.thread_id) == (
            "Roof",
            "We come at nine.",
            "ada",
            message.thread_id,
        )


def test_what_arrives_is_what_was_written(ida, send, work, server):
    send(
        party=ida,
        html="<p>We come <b>at nine</b>.</p>",
        attachments=[Enclosure(name="plan.pdf", media_type="application/pdf", content=b"%PDF")],
    )
    work()
    (mail,) = server.messages("ida@berg.example")
    assert mail["Subject"] == "Roof"
    assert mail.get_body(("plain",)).get_content().strip() == "We come at nine."
    assert "<b>at nine</b>" in mail.get_body(("html",)).get_content()
    (file,) = mail.iter_attachments()
    assert (file.get_filename(), file.get_content()) == ("plan.pdf", b"%PDF")
    assert mail["Reply-To"].addresses[0].username.startswith("reply+")
    ((return_to, _),) = server.envelopes
    assert return_to.startswith("bounce+")


def test_the_same_key_and_recipient_is_one_message_however_often_it_is_asked_for(ida, send, work, server):
    first = send(key="order-1", party=ida)
    assert send(key="order-1", party=ida, text="other words").id == first.id
    work()
    assert send(key="order-1", party=ida).id == first.id
    work()
    assert send(key="order-1", to="Ole <ole@berg.example>").id != first.id
    work()
    assert server.counts == {"ida@berg.example": 1, "ole@berg.example": 1}


def test_a_unit_that_is_rolled_back_sends_nothing(crm, ida, work, server, rows):
    before = rows()
    with pytest.raises(ZeroDivisionError), crm.begin("ada") as uow:
        uow.use(Email).send(party=ida, purpose="service", key="k", subject="a", text="b")
        1 / 0  # noqa: B018  # the host's own error
    work()
    assert rows() == before
    assert server.accepted == []


def test_a_message_waits_for_its_time(ida, send, work, server, clock):
    send(party=ida, at=clock.now() + timedelta(hours=2))
    work()
    assert server.accepted == []
    clock.advance(timedelta(hours=2))
    work()
    assert server.counts == {"ida@berg.example": 1}


# -- what the server answers ------------------------------------------------------------------------------------------


def test_each_recipient_gets_what_the_server_says_to_it(crm, send, work, server, stored, clock, recorded_events):  # noqa: PLR0917  # fixtures
    server.answers = {
        "later@a.example": ["450 4.2.0 later", "250 OK"],
        "never@a.example": ["550 5.7.1 not wanted"],
        "nobody@a.example": ["rcpt 550 5.1.1 nobody"],
        "cut@a.example": ["cut", "250 OK"],
        "slow@a.example": ["slow 0.3"],
        "full@a.example": ["rcpt 452 4.2.2 full", "250 OK"],
    }
    sent = {to: send(key=to, to=to) for to in (*server.answers, "fine@a.example")}
    work()
    assert {to: stored(one.id).state for to, one in sent.items()} == {
        "later@a.example": "queued",
        "never@a.example": "failed",
        "nobody@a.example": "failed",
        "cut@a.example": "queued",
        "slow@a.example": "sent",
        "full@a.example": "queued",
        "fine@a.example": "sent",
    }
    assert "5.7.1 not wanted" in stored(sent["never@a.example"].id).answer
    assert {one.key for one in recorded_events.of(MessageFailed)} == {"never@a.example", "nobody@a.example"}
    clock.advance(timedelta(minutes=10))
    work()
    assert server.counts == {to: 1 for to in sent if to not in {"never@a.example", "nobody@a.example"}}
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Privacy).is_suppressed(channel="email", address="nobody@a.example")
        assert not uow.use(Privacy).is_suppressed(channel="email", address="never@a.example")


def test_a_server_that_is_too_slow_is_tried_again(made, server, tenant, clock):
    crm = made(timeout=0.3)
    server.answers = {"slow@a.example": ["slow 2", "250 OK"]}
    with crm.begin("ada") as uow:
        message = uow.use(Email).send(to="slow@a.example", purpose="service", key="k", subject="a", text="b")
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(type(message), message.id).state == "queued"


def test_what_is_put_off_again_and_again_fails_in_the_end(made, server, tenant, clock, recorded_events):
    crm = made(attempts=3)
    server.answers = {"a@a.example": ["450 later"]}
    with crm.begin("ada") as uow:
        uow.use(Email).send(to="a@a.example", purpose="service", key="k", subject="a", text="b")
    for _ in range(4):
        crm.jobs.run_once(tenant=tenant)
        clock.advance(timedelta(hours=5))
    assert server.accepted == []
    assert recorded_events.one(MessageFailed).key == "k"


def test_what_was_put_off_together_does_not_come_back_together_nor_within_the_minute(crm, send, work, server, stored):
    """A server that is busy with all of them at once would put all of them off again; and a try counts for the rate."""
    server.answers = {f"n{n}@a.example": ["450 4.2.0 later"] for n in range(20)}
    sent = [send(key=to, to=to) for to in server.answers]
    work()
    put_off = [stored(one.id) for one in sent]
    waits = {one.due_at - one.handed_at for one in put_off}
    assert len(waits) > 10
    assert timedelta(minutes=1) <= min(waits) < max(waits) <= timedelta(minutes=2)


def test_many_messages_go_over_one_line(crm, work, server):
    with crm.begin("ada") as uow:
        for n in range(30):
            uow.use(Email).send(to=f"n{n}@a.example", purpose="service", key="k", subject="a", text="b")
    work()
    assert len(server.accepted) == 30
    assert server.connections == 1


def test_a_server_that_is_not_there_loses_nothing(made, server, tenant, clock):
    crm = made(port=1)
    with crm.begin("ada") as uow:
        message = uow.use(Email).send(to="a@a.example", purpose="service", key="k", subject="a", text="b")
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        after = uow.get(type(message), message.id)
    assert (after.state, after.attempts) == ("queued", 1)
    assert "ConnectionRefused" in after.answer


@pytest.mark.parametrize(("uncertain", "state", "counts"), [("resend", "sent", 2), ("hold", "uncertain", 1)])
def test_a_line_that_is_cut_before_the_answer_leaves_doubt_that_the_setting_settles(  # noqa: PLR0917  # fixtures
    made, server, tenant, clock, uncertain, state, counts
):
    """The server took it, and nobody was told: this is the one case that SMTP leaves open (RFC 1047)."""
    crm = made(uncertain=uncertain)
    server.answers = {"a@a.example": ["swallow", "250 OK"]}
    with crm.begin("ada") as uow:
        message = uow.use(Email).send(to="a@a.example", purpose="service", key="k", subject="a", text="b")
    for _ in range(2):
        crm.jobs.run_once(tenant=tenant)
        clock.advance(timedelta(minutes=5))
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(type(message), message.id).state == state
    mails = server.messages("a@a.example")
    assert len(mails) == counts
    assert len({mail["Message-ID"] for mail in mails}) == 1  # so that a mail program shows it once


# -- who may be written to --------------------------------------------------------------------------------------------


def test_without_consent_nothing_is_queued(ida, send, rows):
    before = rows()
    with pytest.raises(NotContactableError) as refused:
        send(party=ida, purpose="marketing")
    assert refused.value.reasons == ("no_consent",)
    assert rows() == before


def test_who_withdraws_before_it_goes_out_gets_nothing(crm, ida, consent, send, work, server, stored, clock):  # noqa: PLR0917  # fixtures
    consent(ida)
    message = send(party=ida, purpose="marketing", at=clock.now() + timedelta(hours=1))
    consent(ida, given=False)
    clock.advance(timedelta(hours=1))
    work()
    assert server.accepted == []
    after = stored(message.id)
    assert (after.state, after.due_at) == ("withheld", None)
    assert "withdrawn" in after.reasons
    assert ("email.withheld") in [kind for _, _, kind, _ in timeline(crm, ida)]


def test_a_suppressed_address_gets_nothing_known_party_or_not(crm, ida, send, rows):
    with crm.begin("ada") as uow:
        for address in ("ida@berg.example", "ole@berg.example"):
            uow.use(Privacy).suppress(channel="email", address=address, reason="manual")
    before = rows()
    for whom in ({"party": ida}, {"to": "IDA@berg.example"}, {"to": "ole@berg.example"}):
        with pytest.raises(NotContactableError):
            send(**whom)
    assert rows() == before


def test_marketing_carries_both_headers_of_one_click_and_service_none(ida, consent, send, work, server):
    consent(ida)
    send(key="a", party=ida, purpose="marketing")
    send(key="b", party=ida)
    work()
    marketing, service = server.messages("ida@berg.example")
    if marketing["List-Unsubscribe"] is None:
        marketing, service = service, marketing
    assert marketing["List-Unsubscribe"].startswith("<https://crm.example/unsubscribe?token=")
    assert marketing["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert service["List-Unsubscribe"] is None


# -- bad input --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "said",
    [
        {"subject": "a\r\nBcc: all@berg.example"},
        {"subject": "a\nb"},
        {"to": "a@b.example\r\nRCPT TO:<c@d.example>"},
        {"to": "Eve\r\nBcc: x@y.example <eve@b.example>"},
        {"to": "a@b.example, c@d.example"},
        {"to": "no address"},
        {"to": ""},
        {"reply_to": "a@b.example\nX: y"},
        {"key": "a\nb"},
        {"subject": ""},
        {"text": ""},
    ],
)
def test_a_header_that_breaks_out_and_an_address_that_is_none_are_refused(send, rows, said):
    before = rows()
    with pytest.raises(InvalidValueError):
        send(**{"to": "ida@berg.example", **said})
    assert rows() == before


def test_attachments_have_a_limit(send, rows):
    before = rows()
    with pytest.raises(LimitExceededError):
        send(
            to="a@b.example", attachments=[Enclosure(name="x", media_type="application/pdf", content=b"x" * 20_000_001)]
        )
    assert rows() == before


def test_a_party_without_an_address_is_refused_by_name(crm, send, rows):
    with crm.begin("ada") as uow:
        party = uow.parties.add(Person(given_name="Ole")).id
    before = rows()
    with pytest.raises(InvalidValueError, match="has no e-mail address"):
        send(party=party)
    assert rows() == before


def test_a_party_that_is_hidden_is_not_found(crm, ida, send, rows, actors):
    actors.add("kim", roles=["correspondent"])
    before = rows()
    with pytest.raises(NotFoundError):
        send(actor="kim", party=ida)
    assert rows() == before


def test_what_waits_can_be_cancelled_and_what_failed_sent_again(crm, ida, send, work, server, stored, clock):  # noqa: PLR0917  # fixtures
    waiting = send(key="a", party=ida, at=clock.now() + timedelta(hours=1))
    server.answers = {"ida@berg.example": ["550 5.7.1 no", "250 OK"]}
    failed = send(key="b", party=ida)
    work()
    with crm.begin("ada") as uow:
        uow.use(Email).cancel(waiting.id)
        uow.use(Email).resend(failed.id)
    clock.advance(timedelta(hours=2))
    work()
    assert (stored(waiting.id).state, stored(failed.id).state) == ("cancelled", "sent")
    assert server.counts == {"ida@berg.example": 1}


def test_messages_are_found_by_search_and_criteria(crm, ida, send, work):
    send(party=ida, subject="Slates for the ridge")
    work()
    with crm.begin("ada", read_only=True) as uow:
        assert [one.address for one in uow.find(Message, f.state == "sent")] == ["ida@berg.example"]
        assert any(hit.ref.entity == "email.message" for hit in uow.search.find("slates"))
