"""What is decided about surveys. No database is needed to argue about it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from crmkit.errors import ConflictError, InvalidValueError
from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.surveys.model import SCALES, Survey
from crmkit.plugins.feedback.surveys.rules import answered, askable_from, form_of, link_to, month_of, same_ask, told

PARTY = UUID("01890000-0000-7000-8000-000000000001")
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
SURVEY = Survey(party_id=PARTY, channel="email", asked_by="ada", asked_at=NOW, expires_at=NOW + timedelta(days=14))


def test_a_survey_has_no_answer_at_first():
    assert (SURVEY.score, SURVEY.share, told(SURVEY), form_of(SURVEY).score) == (None, None, "not answered", None)


@given(st.sampled_from(sorted(SCALES)), st.integers(-5, 15))
def test_only_scores_of_the_scale_are_taken_and_lie_between_0_and_1(kind, score):
    survey = evolve(SURVEY, kind=kind)
    if not survey.scale.lowest <= score <= survey.scale.highest:
        with pytest.raises(InvalidValueError, match="score"):
            answered(survey, score=score, comment=None, at=NOW)
        return
    share = answered(survey, score=score, comment=None, at=NOW).share
    assert 0 <= share <= 1
    assert share * (survey.scale.highest - survey.scale.lowest) + survey.scale.lowest == score


said = st.lists(st.tuples(st.integers(1, 5), st.none() | st.text("ab ", max_size=4), st.integers(0, 13)), min_size=1)


@given(said)
def test_the_last_score_and_comment_count_and_the_first_instant(answers):
    survey, comment = SURVEY, None
    for score, text, days in answers:
        survey = answered(survey, score=score, comment=text, at=NOW + timedelta(days=days))
        comment = comment if text is None else text.strip() or None
    assert (survey.score, survey.comment) == (answers[-1][0], comment)
    assert survey.answered_at == NOW + timedelta(days=answers[0][2])
    assert answered(survey, score=survey.score, comment=None, at=NOW + timedelta(days=14)) == survey


@pytest.mark.parametrize(
    "half",
    [{"score": 3}, {"answered_at": NOW}, {"score": 3, "answered_at": NOW}, {"answered_month": date(2026, 3, 1)}],
)
def test_half_an_answer_is_none(half):
    with pytest.raises(InvalidValueError, match="give all or none"):
        evolve(SURVEY, **half)


def test_an_answer_belongs_to_a_whole_month():
    with pytest.raises(InvalidValueError, match="first day of a month"):
        evolve(SURVEY, score=3, answered_at=NOW, answered_month=date(2026, 3, 2))
    assert month_of(NOW) == date(2026, 3, 1)


def test_it_does_not_expire_before_it_is_asked():
    with pytest.raises(InvalidValueError, match="before it was asked"):
        evolve(SURVEY, expires_at=NOW - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("last", "days", "expected"),
    [(None, 30, None), (NOW, 0, None), (NOW, 30, NOW + timedelta(days=30))],
)
def test_a_party_may_be_asked_again_after_so_many_days(last, days, expected):
    assert askable_from(last, days) == expected


def test_one_key_is_one_survey():
    one = evolve(SURVEY, key="k")
    assert same_ask(one, evolve(one, topic="other", asked_by="sam")) is one
    for difference in ({"kind": "nps"}, {"channel": "letter"}, {"about": "deal", "about_id": PARTY}):
        with pytest.raises(ConflictError, match="'k' was used for another survey"):
            same_ask(one, evolve(one, **difference))


def test_each_survey_has_a_nonce_of_its_own():
    made = {Survey(party_id=PARTY, channel="email", asked_by="a", asked_at=NOW, expires_at=NOW).nonce for _ in "abc"}
    assert len(made) == 3


def test_a_score_in_the_middle_of_its_scale_is_a_half():
    assert answered(SURVEY, score=3, comment=None, at=NOW).share == Decimal("0.5")


def test_a_link_has_the_token_in_it():
    assert link_to("https://acme.example/f/{token}?x=1", "a.b") == "https://acme.example/f/a.b?x=1"
    assert link_to(None, "a.b") is None


@pytest.mark.parametrize(
    "link",
    [
        "acme.example/{token}",
        "javascript:{token}",
        "https://acme.example/",
        "https://{token}.example/",
        "https://acme.example/{token}/{token}",
        "https:///{token}",
        "",
    ],
)
def test_a_link_that_leads_nowhere_is_refused(link):
    with pytest.raises(InvalidValueError, match="link"):
        Settings(link=link)
