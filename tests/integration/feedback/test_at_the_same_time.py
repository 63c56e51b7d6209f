"""Two who do the same at the same moment: what is to be counted or told once is."""

from __future__ import annotations

import pytest
from racing import together

from crmkit import Interaction, f
from crmkit.errors import AlreadyExistsError
from crmkit.plugins.feedback import Feedback, SatisfactionDropped, SurveyAnswered

ROUNDS = 3
WAYS = 3

pytestmark = pytest.mark.usefixtures("verified")


@pytest.fixture
def crm(crm_set):
    return crm_set(ask_every_days=0, party_window=2, agent_window=2)


def noted(crm, party, kind):
    with crm.begin("ada", read_only=True) as uow:
        return uow.count(Interaction, (f.party_id == party) & (f.kind == kind))


def test_a_link_that_is_answered_several_times_at_once_counts_once(crm, ida, ask, recorded_events):
    for number in range(ROUNDS):
        token = ask(ida, agent="sam").token
        assert together(crm, *[lambda uow, t=token: uow.use(Feedback).answer(t, 4)] * WAYS) == [None] * WAYS
        assert len(recorded_events.of(SurveyAnswered)) == number + 1
        assert noted(crm, ida, "feedback.answered") == number + 1
        with crm.begin("ada", read_only=True) as uow:
            assert uow.use(Feedback).agent_trend("sam", months=1)[0].csat_count == number + 1


def test_of_different_answers_at_once_each_is_told_with_the_one_before(crm, ida, ask, recorded_events):
    token = ask(ida).token
    answers = [lambda uow, score=score: uow.use(Feedback).answer(token, score) for score in (1, 3, 5)]
    assert together(crm, *answers) == [None] * 3
    said = {event.before: event.score for event in recorded_events.of(SurveyAnswered)}
    order = [said[None]]
    while order[-1] in said:
        order.append(said[order[-1]])
    assert sorted(order) == [1, 3, 5]
    with crm.begin("ada", read_only=True) as uow:
        (survey,) = uow.use(Feedback).surveys(ida)
        assert survey.score == order[-1]


@pytest.fixture
def disappoint(ask, answer):
    """A function that lets a party be content with an agent's work twice, and then no more."""

    def disappoint(party, agent):
        for score in (5, 5, 1, 1):
            answer(ask(party, agent=agent).token, score)

    return disappoint


@pytest.mark.parametrize("whose", ["party", "agent"])
def test_a_drop_that_several_notice_at_once_is_told_once(crm, person, disappoint, recorded_events, whose):
    """Of an agent, those who come too late are told so; as jobs they are run again, and find it told."""
    for number in range(ROUNDS):
        party, agent = person(f"P{number}"), f"agent-{number}"
        disappoint(party, agent)
        look = {
            "party": lambda uow, party=party: uow.use(Feedback).assess_party(party),
            "agent": lambda uow, agent=agent: uow.use(Feedback).assess_agent(agent),
        }[whose]
        outcome = together(crm, *[look] * WAYS)
        assert None in outcome
        assert all(error is None or (whose == "agent" and isinstance(error, AlreadyExistsError)) for error in outcome)
        assert len(recorded_events.of(SatisfactionDropped)) == number + 1
        assert noted(crm, party, "feedback.satisfaction_dropped") == (whose == "party")
