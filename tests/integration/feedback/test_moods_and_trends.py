"""Moods, what is shown before contact, and trends: of what the reader may see."""

import random
from collections import Counter
from datetime import timedelta

import pytest

from crmkit import Ref
from crmkit.errors import ForbiddenError, InvalidValueError, LimitExceededError, NotFoundError
from crmkit.plugins.feedback import Feedback, Mood, MoodNoted, Survey

DAY = timedelta(days=1)


def section(crm, party, actor="ada"):
    with crm.begin(actor, read_only=True) as uow:
        return [s for s in uow.parties.view(party).sections if s.plugin == "feedback"]


def note(crm, interaction, mood, actor="ada", **more):
    with crm.begin(actor) as uow:
        return uow.use(Feedback).note_mood(interaction, mood, **more)


def test_a_mood_is_noted_once_and_then_corrected(crm, ida, talk, recorded_events):
    call = talk(ida)
    first = note(crm, call, "angry", need="a call back")
    again = note(crm, call, "unhappy")
    assert (again.id, again.word, again.need, again.noted_by) == (first.id, "unhappy", "a call back", "ada")
    assert note(crm, call, "unhappy") == again
    assert [event.level for event in recorded_events.of(MoodNoted)] == [1, 2]


def test_a_mood_that_is_none_and_a_hidden_interaction_change_nothing(crm, ida, talk, rows):
    call = talk(ida)
    before = rows()
    with pytest.raises(InvalidValueError, match="angry, unhappy, neutral, pleased, delighted"):
        note(crm, call, "furious")
    with pytest.raises(LimitExceededError):
        note(crm, call, "angry", need="x" * 10_001)
    assert rows() == before
    before.pop("crm_denial", None)
    for actor, error in (("sam", NotFoundError), ("vic", ForbiddenError)):
        with pytest.raises(error):
            note(crm, call, "angry", actor=actor)
    after = dict(rows())
    after.pop("crm_denial", None)
    assert after == before


def test_needs_mood_and_answer_are_shown_before_contact(crm, ida, talk, ask, answer):
    assert section(crm, ida) == []
    note(crm, talk(ida), "unhappy", need="wants a call")
    answer(ask(ida).token, 4, "quick")
    (shown,) = section(crm, ida)
    assert (shown.title, shown.order) == ("Before contact", 20)
    assert shown.items == (
        ("Needs", "wants a call"),
        ("Mood", "unhappy on 2026-03-02"),
        ("Satisfaction", "4 of 5 on 2026-03-02: quick"),
    )
    assert shown.data["moods"][0]["level"] == 2


def test_trends_equal_plain_counting_over_random_answers_and_moods(crm_set, person, clock):
    crm = crm_set(ask_every_days=0, plan_calls=False)
    dice, said = random.Random(7), []
    parties = [person("Ida"), person("Ole", owner="sam")]
    for n in range(24):
        clock.advance(dice.randint(0, 6) * DAY)
        party, agent, kind = dice.choice(parties), dice.choice(["sam", "sue"]), dice.choice(["csat", "nps"])
        with crm.begin("ada") as uow:
            asked = uow.use(Feedback).ask(party, kind=kind, agent=agent)
            if n % 4:
                score = dice.randint(1, 5)
                uow.use(Feedback).answer(asked.token, score)
                said.append((party, agent, kind, score, uow.now.date().replace(day=1)))
            call = uow.interactions.record(party=party, channel="phone", direction="in", summary="called")
            level = dice.choice(["angry", "neutral", "delighted"])
            mood = uow.use(Feedback).note_mood(call.id, level)
            said.append((party, None, "mood", mood.level, uow.now.date().replace(day=1)))
    for party in parties:
        with crm.begin("ada", read_only=True) as uow:
            _assert_counted(uow.use(Feedback).trend(party, months=8), [one for one in said if one[0] == party])
    for agent in ("sam", "sue"):
        with crm.begin("ada", read_only=True) as uow:
            _assert_counted(uow.use(Feedback).agent_trend(agent, months=8), [one for one in said if one[1] == agent])
    with crm.begin("sam", read_only=True) as uow:  # who sees only his own party, Ole
        seen = [one for one in said if one[:2] == (parties[1], "sue")]
        _assert_counted(uow.use(Feedback).agent_trend("sue", months=8), seen)


def _assert_counted(points, said):
    assert sum(p.csat_count + p.nps_count + p.mood_count for p in points) == len(said)
    for point in points:
        scores = {
            kind: [s[3] for s in said if s[4] == point.month and s[2] == kind] for kind in ("csat", "nps", "mood")
        }
        csat, nps, mood = scores["csat"], scores["nps"], scores["mood"]
        assert (point.csat_count, point.nps_count, point.mood_count) == (len(csat), len(nps), len(mood))
        if csat:
            assert float(point.csat_mean) == pytest.approx(sum(csat) / len(csat), abs=1e-4)
            assert float(point.csat_satisfied) == pytest.approx(sum(s >= 4 for s in csat) / len(csat), abs=1e-4)
        if nps:
            lead = sum(s >= 9 for s in nps) - sum(s <= 6 for s in nps)
            assert float(point.nps) == pytest.approx(100 * lead / len(nps), abs=1e-4)
        shares = [(s - 1) / 4 for s in csat] + [s / 10 for s in nps] + [(s - 1) / 4 for s in mood]
        if shares:
            assert float(point.satisfaction) == pytest.approx(sum(shares) / len(shares), abs=1e-4)


def test_too_many_months_are_refused(crm, ida):
    with pytest.raises(LimitExceededError), crm.begin("ada", read_only=True) as uow:
        uow.use(Feedback).trend(ida, months=121)


def test_moods_follow_a_merge_and_its_undo_and_go_with_an_erased_person(crm, ida, person, talk, rows):
    twin = person("Idaa")
    note(crm, talk(twin), "angry", need="canaryneed")
    with crm.begin("ada") as uow:
        uow.parties.merge(twin, ida)
        unit = uow.id
    assert _moods(crm) == Counter({ida: 1})
    with crm.begin("ada") as uow:
        uow.history.undo(unit)
    assert _moods(crm) == Counter({twin: 1})
    with crm.begin("ada") as uow:
        uow.erasure.erase(Ref("party", twin), "asked for it")
    assert _moods(crm) == Counter()
    assert not [line for lines in rows().values() for line in lines if "canaryneed" in line]


def _moods(crm):
    with crm.begin("ada", read_only=True) as uow:
        assert uow.count(Survey) == 0
        return Counter(mood.party_id for mood in uow.each(Mood))
