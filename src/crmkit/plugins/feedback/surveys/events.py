"""What happened to surveys. Events carry ids and scores, never words."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["SurveyAnswered", "SurveyAsked"]


@frozen(kw_only=True)
class SurveyAsked(Event):
    """A party is to be asked how satisfied it is.

    Attributes:
        survey: the survey.
        party: who is asked.
        kind: csat or nps.
        channel: the key of the channel that it is asked over.
        agent: the actor whose work it is about.
    """

    survey: UUID
    party: UUID
    kind: str
    channel: str
    agent: str | None = None


@frozen(kw_only=True)
class SurveyAnswered(Event):
    """A party has said how satisfied it is, or changed what it said.

    Attributes:
        survey: the survey.
        party: who was asked.
        kind: csat or nps.
        score: how satisfied: 1 to 5, or 0 to 10.
        before: the score before; None if it is the first answer.
        agent: the actor whose work it is about.
    """

    survey: UUID
    party: UUID
    kind: str
    score: int
    before: int | None = None
    agent: str | None = None
