"""What is noticed: satisfaction that drops, and talkative parties that fall silent; each is told once."""

from datetime import timedelta

import pytest

from crmkit import Activity
from crmkit.plugins.feedback import Drop, Feedback, PartyFellSilent, SatisfactionDropped, SatisfactionRecovered, Silence

DAY = timedelta(days=1)


def calls(crm):
    with crm.begin("ada", read_only=True) as uow:
        return [(one.subject, one.assignee_id) for one in uow.each(Activity)]


@pytest.fixture
def crm(crm_set):
    return crm_set(ask_every_days=0, party_window=2, agent_window=2)


@pytest.fixture
def scored(crm, ask, answer, tenant):
    """A function that asks and answers, and lets the jobs run."""

    def scored(party, *scores, agent=None):
        for score in scores:
            answer(ask(party, agent=agent).token, score)
            crm.jobs.run_once(tenant=tenant)

    return scored


def test_a_drop_is_told_once_until_it_is_better_again(crm, person, scored, recorded_events):
    ida = person("Ida", owner="sam")
    scored(ida, 5, 5, 2)
    assert recorded_events.of(SatisfactionDropped) == []
    scored(ida, 2)
    said = recorded_events.one(SatisfactionDropped)
    assert (said.party, said.agent, float(said.before), float(said.after)) == (ida, None, 1, 0.25)
    assert calls(crm) == [("Call: satisfaction dropped from 100% to 25%", "sam")]
    scored(ida, 1)
    assert len(recorded_events.of(SatisfactionDropped)) == 1
    scored(ida, 5, 5)
    assert recorded_events.one(SatisfactionRecovered).drop == said.drop
    with crm.begin("ada", read_only=True) as uow:
        assert uow.use(Feedback).drops() == ()
        assert [drop.open for drop in uow.use(Feedback).drops(lasting=False)] == [None]
    scored(ida, 1, 1)
    assert len(recorded_events.of(SatisfactionDropped)) == 2


def test_an_agents_drop_is_told_over_all_parties(crm, person, scored, recorded_events):
    for n, score in enumerate([5, 5, 1, 1]):
        scored(person(f"P{n}"), score, agent="sam")
    said = recorded_events.one(SatisfactionDropped)
    assert (said.party, said.agent) == (None, "sam")
    assert calls(crm) == []


def test_moods_count_as_answers_do(crm, person, talk, tenant, recorded_events):
    ida = person("Ida")
    for mood in ("delighted", "pleased", "angry", "angry"):
        call = talk(ida)
        with crm.begin("ada") as uow:
            uow.use(Feedback).note_mood(call, mood)
        crm.jobs.run_once(tenant=tenant)
    assert recorded_events.one(SatisfactionDropped).party == ida


def test_a_silence_is_told_once_and_another_one_again(crm, person, talk, tenant, clock, recorded_events):  # noqa: PLR0917  # pytest hands fixtures over by name
    ida, ole = person("Ida", owner="sam"), person("Ole")
    for _ in range(8):
        clock.advance(7 * DAY)
        talk(ida)
        talk(ole, direction="out")  # to whom we talk, and who never answers
    for _ in range(30):
        clock.advance(DAY)
        crm.jobs.run_once(tenant=tenant)
    said = recorded_events.one(PartyFellSilent)
    assert (said.party, said.usual_days) == (ida, 7)
    assert [subject for subject, _ in calls(crm)] == [
        f"Call: not heard of since {said.since:%Y-%m-%d}, usually every 7 days"
    ]
    with crm.begin("ada", read_only=True) as uow:
        (shown,) = [s for s in uow.parties.view(ida).sections if s.plugin == "feedback"]
    assert [label for label, _ in shown.items] == ["Silent"]
    talk(ida)
    with crm.begin("ada", read_only=True) as uow:
        assert [s for s in uow.parties.view(ida).sections if s.plugin == "feedback"] == []
    for _ in range(60):
        clock.advance(DAY)
        crm.jobs.run_once(tenant=tenant)
    assert [one.party for one in recorded_events.of(PartyFellSilent)] == [ida, ida]


def test_silences_and_drops_of_both_survive_a_merge_and_its_undo(crm, person, talk, scored, tenant, clock):  # noqa: PLR0917  # pytest hands fixtures over by name
    twins = [person("Ida"), person("Idaa")]
    for twin in twins:
        scored(twin, 5, 5, 1, 1)
    for _ in range(8):
        clock.advance(7 * DAY)
        for twin in twins:
            talk(twin)
    clock.advance(40 * DAY)
    crm.jobs.run_once(tenant=tenant)
    before = _noticed(crm)
    assert [len(one) for one in before] == [2, 2]
    with crm.begin("ada") as uow:
        uow.parties.merge(twins[1], twins[0])
        unit = uow.id
    assert {party for found in _noticed(crm) for party, _ in found} == {twins[0]}
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert _noticed(crm) == before


def _noticed(crm):
    with crm.begin("ada", read_only=True) as uow:
        return [sorted((one.party_id, one.since) for one in uow.each(kind)) for kind in (Drop, Silence)]
