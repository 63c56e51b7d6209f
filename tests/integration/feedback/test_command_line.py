"""``crmkit feedback``: each command once as it is meant, and once with a mistake, which changes nothing."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from command_lines import running

from crmkit import Person
from crmkit.errors import InvalidTokenError, InvalidValueError, NotFoundError, RefusedError
from crmkit.plugins.feedback import Feedback
from crmkit.plugins.feedback.cli import group

DAY = timedelta(days=1)


@pytest.fixture
def run(crm):
    """A function that runs a command as Ada; gives what it prints."""
    return running(crm, group)


@pytest.fixture
def wrong(run, rows):
    """A function that runs a command with a mistake; gives what it says, once nothing has changed."""

    def wrong(*args, error=None):
        kept = rows()
        if error is None:
            said = run(*args, status=2)
        else:
            with pytest.raises(error) as raised:
                run(*args)
            said = str(raised.value)
        assert rows() == kept
        return said

    return wrong


@pytest.fixture
def nobody(crm):
    """An id that no record has."""
    with crm.begin("ada", read_only=True) as uow:
        return uow.id


def test_ask_prints_the_survey_and_its_link(run, wrong, ida, clock):
    said = run("ask", ida, "--kind", "nps", "--topic", "the roof", "--agent", "sam", "--key", "roof-1").splitlines()
    assert re.fullmatch(r"survey [0-9a-f-]{36}, to be answered until 20\d\d-\d\d-\d\dT09:00:00(\.0+)?Z", said[0])
    assert said[1].startswith("https://acme.example/feedback/")
    assert run("ask", ida, "--kind", "nps", "--key", "roof-1").splitlines()[0] == said[0]
    assert "asked less than" in wrong("ask", ida, error=RefusedError)
    assert "'stars' is not one of" in wrong("ask", ida, "--kind", "stars")


def test_answer_takes_a_score_and_a_comment(run, wrong, ask, ida):
    token = ask(ida).token
    assert run("answer", token, 4, "--comment", "quick").startswith("4 of 5, thank you; it may be changed until 2026-")
    assert "score" in wrong("answer", token, 6, error=InvalidValueError)
    wrong("answer", token[:-4], 4, error=InvalidTokenError)


def test_mood_notes_how_the_party_felt(run, wrong, talk, ida, nobody):
    call = talk(ida)
    said = run("mood", call, "unhappy", "--need", "a call, no mail")
    assert re.fullmatch(r"[0-9a-f-]{36}  unhappy, needs: a call, no mail\n", said)
    assert "'cross' is not one of" in wrong("mood", call, "cross")
    wrong("mood", nobody, "unhappy", error=NotFoundError)


def test_surveys_lists_what_was_asked_and_answered(run, wrong, ask, ida, nobody):
    asked = ask(ida, topic="the roof")
    run("answer", asked.token, 4)
    assert run("surveys", ida) == f"{asked.survey.id}  2026-03-02  csat  4 of 5  the roof\n"
    wrong("surveys", nobody, error=NotFoundError)


def test_trend_goes_month_by_month(run, wrong, ask, talk, ida):
    run("answer", ask(ida, agent="sam").token, 4)
    run("mood", talk(ida), "pleased")
    assert run("trend", "--party", ida, "--months", 2).splitlines()[-1].startswith("2026-03  ")
    assert "csat 4.0 of 5 (1)" in run("trend", "--party", ida, "--months", 1)
    assert "csat 4.0 of 5 (1)" in run("trend", "--agent", "sam", "--months", 1)
    assert "give one of --party and --agent" in wrong("trend")
    assert "give one of --party and --agent" in wrong("trend", "--party", ida, "--agent", "sam")
    assert "0 is not in the range" in wrong("trend", "--agent", "sam", "--months", 0)


@pytest.fixture
def silent(crm, ida, talk, clock):
    """A party who called every five days, and then no more."""
    for days in range(60, 0, -5):
        talk(ida, clock.now() - days * DAY)
    clock.advance(60 * DAY)
    with crm.begin("ada") as uow:
        uow.use(Feedback).notice_silence(ida)
    return ida


@pytest.fixture
def dropped(crm_set):
    """A party who was content four times, and then not at all."""
    crm = crm_set(ask_every_days=0, party_window=2)
    with crm.begin("ada") as uow:
        ole = uow.parties.add(Person(given_name="Ole")).id
        for level in ("delighted", "delighted", "angry", "angry"):
            call = uow.interactions.record(party=ole, channel="phone", direction="in", summary="called")
            uow.use(Feedback).note_mood(call.id, level)
    with crm.begin("ada") as uow:
        uow.use(Feedback).assess_party(ole)
    return ole


def test_noticed_shows_drops_and_silences(run, wrong, silent, dropped):
    drop, silence = run("noticed").splitlines()
    assert re.fullmatch(rf"2026-0\d-\d\d  dropped from 100% to 0%  party {dropped}", drop)
    assert silence == f"2026-02-25  last heard of, usually every 5 days  party {silent}"
    assert "0 is not in the range" in wrong("noticed", "--limit", 0)
