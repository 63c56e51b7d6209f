"""Mail to the address of a queue becomes one case, replies join it, answers go out; machines start nothing."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event

from crmkit import FixedClock, Interaction, Party, Person, Rule, f
from crmkit.errors import CrmkitError, ForbiddenError, PluginDisabledError
from crmkit.plugins.email import Email, Message
from crmkit.plugins.service_desk import Case, CaseMail, ServiceDesk

DAY = timedelta(days=1)


@pytest.fixture
def crm(crm_with, clock: FixedClock, tmp_path):
    """The suite's CRM with mail that waits, since no server is named, and a queue with an address."""
    mail = {"sender": "post@crm.example", "reply_address": "reply@crm.example", "journal": str(tmp_path / "journal")}
    made = crm_with("privacy", "email", "service_desk", config={"plugins": {"email": mail}}, clock=clock)
    with made.begin("ada") as uow:
        uow.use(ServiceDesk).add_queue("roofs", label="Roofs", address="roofs@crm.example")
    return made


def mail(subject="Leaking roof", text="It drips.", sender="Ida Berg <ida@berg.example>", **headers):
    lines = {"From": sender, "To": "roofs@crm.example", "Subject": subject, "Message-ID": "<1@berg.example>"}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"{head}Date: Mon, 02 Mar 2026 08:00:00 +0000\r\n\r\n{text}\r\n".encode()


@pytest.fixture
def take(crm, tenant):
    """A function that takes a message in, and lets what follows from it happen."""

    def take(raw):
        with crm.begin("ada") as uow:
            uow.use(Email).receive(raw)
        crm.jobs.run_once(tenant=tenant)

    return take


def cases(crm):
    with crm.begin("ada", read_only=True) as uow:
        return sorted(uow.each(Case), key=lambda case: case.number)


def test_mail_to_the_address_of_a_queue_becomes_one_case_of_whoever_wrote(crm, take):
    with crm.begin("ada") as uow:
        ida = uow.parties.add(Person(given_name="Ida", family_name="Berg"), emails=["ida@berg.example"])
    take(mail())
    (case,) = cases(crm)
    assert (case.party_id, case.subject, case.body.strip(), case.channel) == (
        ida.id,
        "Leaking roof",
        "It drips.",
        "email",
    )
    with crm.begin("ada", read_only=True) as uow:
        (said,) = [i for i in uow.each(Interaction, f.party_id == ida.id) if i.channel == "email"]
        assert said.thread_id == case.thread_id
        assert [queue.id for queue in uow.use(ServiceDesk).queues()] == [case.queue_id]


def test_taken_in_again_it_creates_nothing(crm, take, rows):
    take(mail())
    before = rows()
    take(mail())
    assert {name: found for name, found in rows().items() if name != "crm_unit"} == {
        name: found for name, found in before.items() if name != "crm_unit"
    }


def test_who_writes_for_the_first_time_becomes_a_party_and_is_known_the_next_time(crm, take):
    take(mail())
    take(mail(subject="Gutter", Message_ID="<2@berg.example>"))
    first, second = cases(crm)
    assert first.party_id == second.party_id
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Party, first.party_id).name == "Ida Berg"


def test_an_answer_is_queued_once_in_the_thread_and_its_reply_joins_the_case(crm, take):
    take(mail())
    (case,) = cases(crm)
    for _ in range(2):
        with crm.begin("ada") as uow:
            uow.use(CaseMail).answer(case.id, "We come on Monday", key="a", wait=True)
    with crm.begin("ada", read_only=True) as uow:
        (sent,) = uow.each(Message, f.direction == "out")
    assert (sent.thread_id, sent.about_id, sent.address) == (case.thread_id, case.id, "ida@berg.example")
    (waiting,) = cases(crm)
    assert (waiting.status, waiting.first_responded_at) == ("waiting", case.opened_at)
    take(mail(subject="Re: Leaking roof", Message_ID="<3@berg.example>", In_Reply_To=f"<{sent.message_id}>"))
    (case,) = cases(crm)
    assert case.status == "open"


@pytest.mark.parametrize(("days", "count"), [(10, 1), (20, 2)])
def test_a_late_reply_reopens_the_case_or_opens_one_that_follows_it(days, count, crm, take, clock):
    take(mail())
    (case,) = cases(crm)
    with crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "Done")
        uow.use(ServiceDesk).resolve(case.id, outcome="Done")
        (sent,) = uow.each(Message, f.direction == "out")
    clock.advance(days * DAY)
    take(mail(subject="Again", Message_ID="<4@berg.example>", In_Reply_To=f"<{sent.message_id}>"))
    assert len(cases(crm)) == count
    assert cases(crm)[-1].is_under_way


def test_what_a_machine_wrote_opens_and_reopens_nothing(crm, take):
    take(mail(Auto_Submitted="auto-replied"))
    assert cases(crm) == []
    take(mail(Message_ID="<5@berg.example>"))
    (case,) = cases(crm)
    with crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "We come", wait=True)
        (sent,) = uow.each(Message, f.direction == "out")
    reply = {"Message_ID": "<6@berg.example>", "In_Reply_To": f"<{sent.message_id}>", "Auto_Submitted": "auto-replied"}
    take(mail(subject="Out of office", **reply))
    assert [one.status for one in cases(crm)] == ["waiting"]
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Message, f.direction == "out") == 1


def test_mail_to_another_address_becomes_no_case(crm, take):
    take(mail(To="post@crm.example"))
    assert cases(crm) == []


def test_nobody_without_an_address_is_answered_by_mail(crm, rows):
    with crm.begin("ada") as uow:
        bo = uow.parties.add(Person(given_name="Bo"))
        case = uow.use(ServiceDesk).open_case(party=bo.id, subject="Roof")
    before = rows()
    with pytest.raises(CrmkitError, match="no e-mail address"), crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "We come")
    assert rows() == before


def test_without_mail_everything_else_works_and_an_answer_by_mail_says_what_is_missing(crm, tenant):
    crm.plugins.disable("email", tenant=tenant)
    with crm.begin("ada") as uow:
        bo = uow.parties.add(Person(given_name="Bo"))
        case = uow.use(ServiceDesk).open_case(party=bo.id, subject="Roof")
    with pytest.raises(PluginDisabledError, match="email"), crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "We come")


def test_a_case_from_a_mail_takes_a_bounded_number_of_statements(crm, take):
    take(mail())
    sent = []

    def note(*args):
        sent.append(args[2])

    event.listen(crm.engine, "before_cursor_execute", note)
    try:
        take(mail(subject="Gutter", Message_ID="<7@berg.example>"))
    finally:
        event.remove(crm.engine, "before_cursor_execute", note)
    assert len(cases(crm)) == 2
    assert len(sent) < 100


# -- by whose rights --------------------------------------------------------------------------------------------------

MAIL_CASES = ("service_desk.case.create", "service_desk.case.update", "party.create")
"""What the how-to gives an actor that hands mail over, besides the role ``mail_route``."""


@pytest.fixture
def hand_over(crm, actors):
    """A function that takes a message in as a webhook that lacks a right."""

    def hand_over(raw, lacking=None):
        rules = [Rule(effect="permit", permission=one) for one in MAIL_CASES if one != lacking]
        with crm.begin("ada") as uow:
            uow.permissions.define_role("mail_cases", rules)
        actors.add("webhook", roles=["mail_route", "mail_cases"])
        with crm.begin("webhook") as uow:
            uow.use(Email).receive(raw)

    return hand_over


def told_of_cases(rows):
    """What is stored but for jobs, and the audit, in which a refusal leaves a line."""
    return {table: lines for table, lines in rows().items() if table not in {"crm_job", "crm_denial"}}


def test_a_webhook_with_the_roles_of_the_how_to_makes_cases_of_mail(crm, hand_over, tenant):
    page = Path("docs/howto/service-desk.md").read_text(encoding="utf-8")
    assert f"    may = {MAIL_CASES}\n".replace("'", '"') in page
    hand_over(mail())
    crm.jobs.run_once(tenant=tenant)
    (case,) = cases(crm)
    with crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "When?", wait=True)
        (sent,) = uow.each(Message, f.direction == "out")
    with crm.begin("webhook") as uow:
        uow.use(Email).receive(mail(Message_ID="<8@berg.example>", In_Reply_To=f"<{sent.message_id}>"))
    crm.jobs.run_once(tenant=tenant)
    (case,) = cases(crm)
    assert case.status == "open"


@pytest.mark.parametrize("lacking", ["service_desk.case.create", "party.create"])
def test_a_webhook_that_lacks_a_right_keeps_the_message_and_makes_no_case(crm, hand_over, tenant, rows, lacking):
    hand_over(mail(), lacking)
    before = told_of_cases(rows)
    crm.jobs.run_once(tenant=tenant)
    assert told_of_cases(rows) == before
    assert cases(crm) == []
    assert [job.last_error for job in crm.jobs.list() if job.attempts or job.state == "dead"] != []


def test_a_webhook_that_may_not_change_cases_lets_no_reply_join_one(crm, take, hand_over, tenant, rows):
    take(mail())
    (case,) = cases(crm)
    with crm.begin("ada") as uow:
        uow.use(CaseMail).answer(case.id, "When?", wait=True)
        (sent,) = uow.each(Message, f.direction == "out")
    reply = mail(Message_ID="<8@berg.example>", In_Reply_To=f"<{sent.message_id}>")
    hand_over(reply, "service_desk.case.update")
    before = told_of_cases(rows)
    crm.jobs.run_once(tenant=tenant)
    assert told_of_cases(rows) == before
    assert [one.status for one in cases(crm)] == ["waiting"]


def test_a_webhook_without_the_role_of_the_mail_route_takes_nothing_in(crm, hand_over, actors, rows):
    hand_over(mail())
    actors.add("nia", roles=["mail_cases"])
    before = told_of_cases(rows)
    with pytest.raises(ForbiddenError, match=r"email\.message\.receive"), crm.begin("nia") as uow:
        uow.use(Email).receive(mail(Message_ID="<9@berg.example>"))
    assert told_of_cases(rows) == before
