"""What the mail with a link says."""

from datetime import UTC, datetime
from uuid import UUID

import pytest

from crmkit.plugins.feedback.by_mail.rules import letter, values_of
from crmkit.plugins.feedback.surveys.model import Survey

LINK = "https://acme.example/feedback/t0ken"


@pytest.fixture
def survey():
    """A function that makes a survey of a kind."""

    def make(kind="csat", topic=None):
        return Survey(
            party_id=UUID(int=1),
            kind=kind,
            topic=topic,
            channel="email",
            asked_by="ada",
            asked_at=datetime(2026, 3, 2, 9, tzinfo=UTC),
            expires_at=datetime(2026, 3, 16, 9, tzinfo=UTC),
        )

    return make


@pytest.mark.parametrize(("kind", "scale"), [("csat", "From 1 (worst) to 5 (best)"), ("nps", "From 0 (worst) to 10")])
def test_it_says_question_scale_link_and_until_when(survey, kind, scale):
    said = letter(survey(kind), LINK)
    assert said.subject == survey(kind).scale.question
    assert scale in said.text
    assert f"\n{LINK}\n" in said.text
    assert "until 2026-03-16 09:00 UTC" in said.text
    assert "about" not in said.text


def test_a_topic_is_told_in_the_text_and_not_in_the_subject(survey):
    said = letter(survey(topic="the new roof"), LINK)
    assert "It is about: the new roof" in said.text
    assert "roof" not in said.subject


def test_a_template_may_name_all_of_it(survey):
    values = values_of(survey(topic="the new roof"), LINK)
    assert (values["link"], values["topic"], values["lowest"], values["highest"]) == (LINK, "the new roof", 1, 5)
