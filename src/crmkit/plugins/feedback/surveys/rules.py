"""What is decided about surveys: when a party may be asked again, and what an answer changes. Pure."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from attrs import evolve

from crmkit.plugins.feedback.surveys.model import Form, Survey
from crmkit.sdk import ConflictError

__all__ = ["answered", "askable_from", "form_of", "link_to", "month_of", "same_ask", "told"]


def month_of(at: datetime) -> date:
    """The first day of the month, UTC, in which ``at`` (aware, UTC) lies."""
    return at.date().replace(day=1)


def askable_from(last_asked: datetime | None, every_days: int) -> datetime | None:
    """From when on a party may be asked again; None for at any time.

    Args:
        last_asked: when it was asked last, UTC; None if never.
        every_days: how many days have to lie between; 0 for none.
    """
    return None if last_asked is None or not every_days else last_asked + timedelta(days=every_days)


def same_ask(known: Survey, asked: Survey) -> Survey:
    """What was asked with the same key before, if it was the same.

    Raises:
        ConflictError: if it was something else.
    """
    for name in ("party_id", "kind", "about", "about_id", "channel"):
        if getattr(known, name) != getattr(asked, name):
            message = f"key {asked.key!r} was used for another survey ({name} differs); give this one a key of its own"
            raise ConflictError(message)
    return known


def answered(survey: Survey, *, score: int, comment: str | None, at: datetime) -> Survey:
    """The survey with its answer; when it was first answered stays.

    Args:
        survey: as it is stored.
        score: one of its scale.
        comment: what the party said; None to leave what it said before.
        at: the instant, UTC.

    Raises:
        InvalidValueError: if there is no such score, or the comment cannot be stored.
        LimitExceededError: if the comment is too long.
    """  # raised by what this calls; callers want to know
    first = survey.answered_at or at
    return evolve(
        survey,
        score=survey.scale.check(score),
        comment=survey.comment if comment is None else comment.strip() or None,
        answered_at=first,
        answered_month=month_of(first),
    )


def form_of(survey: Survey) -> Form:
    """What whoever follows the link is shown."""
    return Form(
        kind=survey.kind,
        question=survey.scale.question,
        lowest=survey.scale.lowest,
        highest=survey.scale.highest,
        expires_at=survey.expires_at,
        score=survey.score,
        comment=survey.comment,
    )


def told(survey: Survey) -> str:
    """The answer in words: "4 of 5"."""
    return "not answered" if survey.score is None else f"{survey.score} of {survey.scale.highest}"


def link_to(template: str | None, token: str) -> str | None:
    """Where the party answers; None if the settings do not say."""
    return None if template is None else template.replace("{token}", token)
