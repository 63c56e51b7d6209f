"""One customer, from a mail to the answer by a link, in one view over four plugins; then nothing is left of them."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest
from bytes_left import places_left, places_of
from mail_sink import sink

from crmkit import Interaction, f
from crmkit.plugins.email import Email, Message
from crmkit.plugins.feedback import Feedback, Survey
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.service_desk import Case, CaseMail, Promises, ServiceDesk

HOUR = timedelta(hours=1)
FOUR = {"privacy", "email", "feedback", "service_desk"}
LINK = "https://acme.example/feedback/{token}"


@pytest.fixture
def server():
    with sink() as running:
        yield running


@pytest.fixture
def canary():
    """A word that nothing but the customer's mails, name and answers says."""
    return f"zanari{uuid.uuid4().hex[:12]}"


@pytest.fixture
def folders(tmp_path):
    """Where attachments are kept, and what the sender notes."""
    return tmp_path / "files", tmp_path / "journal"


@pytest.fixture
def crm(crm_with, actors, clock, server, folders):
    """The suite's CRM with the four plugins, a queue with an address, and promised times."""
    actors.add("sam", roles=["seller", "service_agent", "feedback_asker", "correspondent"], teams=["sales"])
    actors.add("web", roles=["respondent"])
    files, journal = folders
    email = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "Roofs <post@crm.example>",
        "reply_address": "reply@crm.example",
        "unsubscribe_url": "https://crm.example/unsubscribe",
        "journal": str(journal),
    }
    config = {"files": {"folder": str(files)}, "plugins": {"email": email, "feedback": {"link": LINK}}}
    made = crm_with(*sorted(FOUR), config=config, clock=clock)
    with made.begin("ada") as uow:
        uow.use(ServiceDesk).add_queue("roofs", label="Roofs", address="roofs@crm.example")
        uow.use(Promises).add_policy("Standard", first_response=4 * HOUR, resolution=24 * HOUR)
    return made


def raw_mail(word):
    """A mail as it arrives: bytes, with a file."""
    return (
        f"From: {word} Berg <{word}@berg.example>\r\n"
        "To: roofs@crm.example\r\n"
        f"Subject: {word} has a leaking roof\r\n"
        f"Message-ID: <1.{word}@berg.example>\r\n"
        "Date: Mon, 02 Mar 2026 08:00:00 +0000\r\n"
        "MIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="b"\r\n'
        "\r\n"
        "--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        f"It drips on the bed of {word}.\r\n"
        f'--b\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename="{word}.csv"\r\n\r\n'
        f"{word},wet\r\n"
        "--b--\r\n"
    ).encode()


@pytest.fixture
def taken_in(crm, tenant, canary):
    """The case that a mail has become."""
    with crm.begin("ada") as uow:
        uow.use(Email).receive(raw_mail(canary))
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada") as uow:
        (case,) = uow.each(Case)
        uow.use(Privacy).record_consent(
            party=case.party_id, purpose="feedback", channel="email", given=True, proof=f"{canary} said so"
        )
        return uow.use(ServiceDesk).assign(case.id, "sam")


@pytest.fixture
def resolved(crm, tenant, taken_in, canary, clock):
    """The case, answered by mail after an hour and resolved after two."""
    clock.advance(HOUR)
    with crm.begin("sam") as uow:
        uow.use(CaseMail).answer(taken_in.id, f"Dear {canary}, we come on Monday.", wait=True)
    crm.jobs.run_once(tenant=tenant)
    clock.advance(HOUR)
    with crm.begin("sam") as uow:
        uow.use(ServiceDesk).resolve(taken_in.id, outcome=f"mended the roof of {canary}")
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        return uow.get(Case, taken_in.id)


@pytest.fixture
def answered(crm, tenant, resolved, canary, server):
    """The survey, answered by the link in the mail that asked."""
    text = server.messages(f"{canary}@berg.example")[-1].get_body(("plain",)).get_content()
    token = text.split("https://acme.example/feedback/")[1].split()[0]
    with crm.begin("web") as uow:
        uow.use(Feedback).answer(token, 5, f"{canary} sleeps dry")
    crm.jobs.run_once(tenant=tenant)
    with crm.begin("ada", read_only=True) as uow:
        (survey,) = uow.use(Feedback).surveys(resolved.party_id)
        return survey


def test_a_mail_becomes_a_case_with_promised_times(taken_in, canary):
    assert (taken_in.subject, taken_in.channel) == (f"{canary} has a leaking roof", "email")
    assert taken_in.first_response_due_at == taken_in.opened_at + 4 * HOUR
    assert taken_in.resolution_due_at == taken_in.opened_at + 24 * HOUR


def test_it_is_answered_by_mail_in_its_thread_and_resolved_in_time(crm, resolved, canary, server):
    answer, asking = server.messages(f"{canary}@berg.example")
    assert answer["Subject"] == f"Re: {canary} has a leaking roof"
    assert asking["Subject"] == "How satisfied were you?"
    assert resolved.status == "resolved"
    assert resolved.first_responded_at == resolved.opened_at + HOUR
    assert resolved.resolved_at == resolved.opened_at + 2 * HOUR
    with crm.begin("ada", read_only=True) as uow:
        said = uow.each(Interaction, (f.thread_id == resolved.thread_id) & (f.channel == "email"))
        assert {entry.direction for entry in said} == {"in", "out"}


def test_the_customer_answers_by_the_link_about_the_work_of_who_had_the_case(crm, answered, resolved):
    assert (answered.score, answered.agent_id, answered.about_id) == (5, "sam", resolved.id)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Feedback).agent_trend("sam", months=1)[0].csat_mean == 5


def test_one_view_shows_what_all_four_know(crm, answered, canary):
    with crm.begin("ada", read_only=True) as uow:
        view = uow.parties.view(answered.party_id)
    said = {section.plugin: str(section.items) for section in view.sections if section.plugin in FOUR}
    assert set(said) == FOUR
    assert "5 of 5" in said["feedback"]
    assert f"{canary} sleeps dry" in said["feedback"]
    assert f"{canary} has a leaking roof (resolved, sam)" in said["service_desk"]
    assert f"Re: {canary} has a leaking roof [sent]" in said["email"]
    assert "Feedback" in said["privacy"]


def test_once_the_customer_is_erased_no_byte_says_their_name(crm, answered, canary, folders):
    files = [path for path in folders[0].rglob("*") if path.is_file()]
    assert len(files) == 2  # the mail itself, and the file that came with it
    assert {path.name for path in files} <= set(places_of(crm, canary, *folders))
    with crm.begin("ada") as uow:
        uow.use(Privacy).erase(answered.party_id, reason="asked for it")
    assert places_left(crm, canary, *folders) == []
    with crm.begin("ada", read_only=True) as uow:
        kept = uow.get(Survey, answered.id)
        assert (kept.score, kept.comment) == (5, None)
        assert [entry.subject for entry in uow.each(Message)] == ["(erased)"] * 3
