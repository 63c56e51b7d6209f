"""The link of a survey goes out by mail, once, to who may be written to; where `email` is there too."""

from __future__ import annotations

from datetime import timedelta

import pytest
from mail_sink import sink

from crmkit import Person
from crmkit.errors import ConfigError, ConflictError, PluginDisabledError
from crmkit.plugins.email import Email, Message
from crmkit.plugins.feedback import Feedback, Survey, SurveyMail
from crmkit.plugins.privacy import Privacy

LINK = "https://acme.example/feedback/{token}"


@pytest.fixture
def server():
    with sink() as running:
        yield running


@pytest.fixture
def crm_set(crm_with, actors, clock, server, tmp_path):
    """A function that gives the suite's CRM with feedback and mail, sending to the server."""
    actors.add("web", roles=["respondent"])
    actors.add("sam", roles=["seller", "feedback_asker", "correspondent"], teams=["sales"])
    mail = {
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "sender": "Berg Tak <post@crm.example>",
        "unsubscribe_url": "https://crm.example/unsubscribe",
        "journal": str(tmp_path / "journal"),
    }

    def made(**settings):
        said = {"link": LINK, **settings}
        feedback = {name: value for name, value in said.items() if value is not None}
        return crm_with(
            "privacy", "email", "feedback", config={"plugins": {"feedback": feedback, "email": mail}}, clock=clock
        )

    return made


@pytest.fixture
def crm(crm_set):
    return crm_set()


@pytest.fixture
def ida(crm, person):
    return person("Ida", owner="sam")


@pytest.fixture
def asked(tenant):
    """A function that has a party asked and what follows from it done; gives the survey."""

    def ask(crm, party, actor="sam", **more):
        with crm.begin(actor) as uow:
            survey = uow.use(Feedback).ask(party, **more).survey
        crm.jobs.run_once(tenant=tenant)
        return survey

    return ask


def messages(crm):
    with crm.begin("ada", read_only=True) as uow:
        return list(uow.each(Message))


def test_who_is_asked_over_email_gets_the_link_and_answers_by_it(crm, ida, asked, server, answer):
    survey = asked(crm, ida, topic="the new roof")
    (mail,) = server.messages("ida@berg.example")
    text = mail.get_body(("plain",)).get_content()
    assert mail["Subject"] == "How satisfied were you?"
    assert "It is about: the new roof" in text
    assert mail["List-Unsubscribe"] is not None
    token = text.split("https://acme.example/feedback/")[1].split()[0]
    answer(token, 4)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Survey, survey.id).score == 4
    (kept,) = messages(crm)
    assert (kept.purpose, kept.party_id, kept.about, kept.about_id) == ("feedback", ida, "feedback.survey", survey.id)


def test_one_link_goes_out_however_often_it_is_sent(crm, ida, asked, server, tenant):
    survey = asked(crm, ida, key="roof 17")
    with crm.begin("sam") as uow:
        again = uow.use(Feedback).ask(ida, key="roof 17").survey
        sent = {uow.use(SurveyMail).send(again.id), uow.use(SurveyMail).send(survey.id)}
    crm.jobs.run_once(tenant=tenant)
    assert sent == {message.id for message in messages(crm)}
    assert server.counts == {"ida@berg.example": 1}


def test_a_template_says_what_the_mail_says(crm_set, person, asked, server):
    crm = crm_set(mail_template="ask")
    with crm.begin("ada") as uow:
        uow.use(Email).save_template(
            "ask",
            subject="{{ party.given_name }}, how was {{ values.topic }}?",
            text="{{ values.question }} {{ values.lowest }} to {{ values.highest }}: {{ values.link }}",
        )
    asked(crm, person("Ole", owner="sam"), topic="the roof", kind="nps")
    (mail,) = server.messages("ole@berg.example")
    assert mail["Subject"] == "Ole, how was the roof?"
    said = mail.get_body(("plain",)).get_content()
    assert said.startswith("How likely are you to recommend us? 0 to 10: https://acme.example/feedback/")


@pytest.fixture
def without_link(crm_set):
    return crm_set(link=None)


def test_without_an_address_of_the_host_nothing_is_sent_and_the_setting_is_named(
    without_link, ida, asked, rows, server
):
    survey = asked(without_link, ida)
    before = rows()
    refused = pytest.raises(ConfigError, match=r"plugins\.feedback\.link = 'https://")
    with refused, without_link.begin("ada") as uow:
        uow.use(SurveyMail).send(survey.id)
    assert rows() == before
    assert (messages(without_link), server.accepted) == ([], [])


def test_what_could_not_be_sent_for_want_of_the_setting_is_sent_once_it_is_there(
    without_link, crm_set, ida, asked, server
):
    asked(without_link, ida)
    (job,) = [job for job in without_link.jobs.list() if job.last_error]
    assert "ConfigError" in job.last_error
    crm = crm_set()
    crm.jobs.retry(job.id)
    crm.jobs.run_once(tenant=job.tenant)
    assert server.counts == {"ida@berg.example": 1}


def test_who_has_withdrawn_since_or_has_no_address_is_sent_nothing_and_no_job_fails(crm, ida, server, tenant):
    with crm.begin("ada") as uow:
        bo = uow.parties.add(Person(given_name="Bo")).id
        uow.use(Privacy).record_consent(party=bo, purpose="feedback", channel="email", given=True)
        uow.use(Feedback).ask(bo)
        uow.use(Feedback).ask(ida)
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(party=ida, purpose="feedback", channel="email", given=False)
    crm.jobs.run_once(tenant=tenant)
    assert (messages(crm), server.accepted) == ([], [])
    assert [job for job in crm.jobs.list(tenant=tenant) if job.state != "done" and job.last_error] == []


def test_nothing_is_sent_for_what_was_taken_back(crm, ida, tenant, server):
    with crm.begin("ada") as uow:
        uow.use(Feedback).ask(ida)
        unit = uow.id
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    crm.jobs.run_once(tenant=tenant)
    assert (messages(crm), server.accepted) == ([], [])


def test_nothing_is_sent_for_what_is_asked_over_another_channel(crm, ida, asked, server):
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(party=ida, purpose="feedback", channel="web", given=True)
    asked(crm, ida, channel="web")
    assert (messages(crm), server.accepted) == ([], [])


def test_who_sends_links_otherwise_says_so(crm_set, ida, asked, server):
    crm = crm_set(send_links=False)
    survey = asked(crm, ida)
    assert server.accepted == []
    with crm.begin("sam") as uow:
        uow.use(SurveyMail).send(survey.id)
    assert len(messages(crm)) == 1


def test_a_link_that_has_expired_is_not_sent(crm_set, ida, asked, clock, rows):
    crm = crm_set(send_links=False)
    survey = asked(crm, ida)
    clock.advance(timedelta(days=15))
    before = rows()
    with pytest.raises(ConflictError, match="expired at"), crm.begin("sam") as uow:
        uow.use(SurveyMail).send(survey.id)
    assert rows() == before


def test_where_email_is_not_enabled_it_is_named(crm, ida, tenant, rows):
    crm.plugins.disable("email", tenant=tenant)
    with crm.begin("ada") as uow:
        survey = uow.use(Feedback).ask(ida).survey
    assert crm.jobs.run_once(tenant=tenant) == 0
    before = rows()
    with pytest.raises(PluginDisabledError, match="email"), crm.begin("ada") as uow:
        uow.use(SurveyMail).send(survey.id)
    assert rows() == before
