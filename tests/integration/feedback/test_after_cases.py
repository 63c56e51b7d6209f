"""Parties are asked once a case of theirs is resolved, where the service desk is there too."""

from datetime import timedelta

import pytest

from crmkit import Person
from crmkit.plugins.feedback import Feedback
from crmkit.plugins.privacy import Privacy
from crmkit.plugins.service_desk import Case, ServiceDesk


@pytest.fixture
def crm(crm_with, actors, clock):
    actors.add("sam", roles=["seller", "service_agent", "feedback_asker"], teams=["sales"])
    actors.add("web", roles=["respondent"])
    return crm_with("privacy", "feedback", "service_desk", clock=clock)


@pytest.fixture
def resolved(crm, tenant, ida):
    """A function that has a case of Ida's resolved by Sam, and its jobs done."""

    def resolved():
        with crm.begin("ada") as uow:
            case = uow.use(ServiceDesk).open_case(party=ida, subject="Leaking roof", assignee="sam")
        with crm.begin("sam") as uow:
            uow.use(ServiceDesk).resolve(case.id, outcome="mended")
        crm.jobs.run_once(tenant=tenant)
        return case

    return resolved


@pytest.fixture
def ida(crm):
    with crm.begin("ada") as uow:
        return uow.parties.add(Person(given_name="Ida", owner_id="sam"), emails=["ida@berg.example"]).id


def consent(crm, party):
    with crm.begin("ada") as uow:
        uow.use(Privacy).record_consent(party=party, purpose="feedback", channel="email", given=True)


def surveys(crm, party):
    with crm.begin("ada", read_only=True) as uow:
        return uow.use(Feedback).surveys(party)


def test_after_a_case_its_party_is_asked_once_about_the_work_of_who_had_it(crm, ida, resolved, tenant):
    consent(crm, ida)
    case = resolved()
    crm.jobs.run_once(tenant=tenant)
    (survey,) = surveys(crm, ida)
    assert (survey.about_id, survey.topic, survey.agent_id) == (case.id, f"case {case.number}", "sam")
    with crm.begin("ada", read_only=True) as uow:
        token = uow.use(Feedback).link(survey.id).token
    with crm.begin("web") as uow:
        uow.use(Feedback).answer(token, 5)
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Feedback).agent_trend("sam", months=1)[0].csat_mean == 5
        sections = [section.plugin for section in uow.parties.view(ida).sections]
    assert "feedback" in sections


def test_whoever_may_not_be_asked_is_not_and_the_case_stays_resolved(crm, ida, resolved):
    case = resolved()
    assert surveys(crm, ida) == ()
    with crm.begin("ada", read_only=True) as uow:
        assert uow.get(Case, case.id).status == "resolved"


def test_nobody_is_asked_after_every_one_of_many_cases(crm, ida, resolved, clock):
    consent(crm, ida)
    resolved()
    clock.advance(timedelta(days=5))
    resolved()
    assert len(surveys(crm, ida)) == 1
    clock.advance(timedelta(days=30))
    resolved()
    assert len(surveys(crm, ida)) == 2
