"""What a survey is: one party asked one question, and what it has answered."""

from __future__ import annotations

import secrets
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Literal, get_args
from uuid import UUID

from attrs import Attribute, field, frozen
from attrs.validators import optional

from crmkit.plugins.feedback.limits import LONGEST_KEY, LONGEST_LINE, LONGEST_TEXT
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["KINDS", "SCALES", "Asked", "Form", "Scale", "Survey", "SurveyKind"]

SurveyKind = Literal["csat", "nps"]
KINDS: Final[tuple[SurveyKind, ...]] = get_args(SurveyKind)


@frozen(kw_only=True)
class Scale:
    """Which scores a kind of survey has.

    Attributes:
        lowest: the worst score.
        highest: the best one.
        question: what is asked, for people.
    """

    lowest: int
    highest: int
    question: str

    def check(self, score: object) -> int:
        """The score, if it is one of this scale.

        Raises:
            InvalidValueError: if it is not.
        """
        if isinstance(score, bool) or not isinstance(score, int) or not self.lowest <= score <= self.highest:
            reason = f"is no score here; give a whole number from {self.lowest} to {self.highest}"
            raise InvalidValueError("score", score, reason)
        return score

    def share(self, score: int) -> Decimal:
        """Where a score lies between the worst, 0, and the best, 1."""
        return Decimal(score - self.lowest) / (self.highest - self.lowest)


SCALES: Final[dict[str, Scale]] = {
    "csat": Scale(lowest=1, highest=5, question="How satisfied were you?"),
    "nps": Scale(lowest=0, highest=10, question="How likely are you to recommend us?"),
}


def _nonce() -> str:
    return secrets.token_urlsafe(12)


def _first_of_month(_: object, attribute: Attribute[Any], value: date | None) -> None:
    if value is not None and value.day != 1:
        raise InvalidValueError(attribute.name, value, "is not the first day of a month")


@frozen(kw_only=True)
class Survey(Record):
    """A question about its satisfaction that a party was asked, with the answer once there is one.

    Attributes:
        party_id: who was asked.
        kind: ``csat`` (satisfaction, 1 to 5) or ``nps`` (recommendation, 0 to 10).
        about: the entity of the record that it was asked about, such as ``service_desk.case``.
        about_id: that record's id.
        topic: what it was asked about, in one line.
        agent_id: the actor whose work it was asked about; None for nobody in particular.
        channel: the key of the channel that it was asked over.
        key: what names it where it comes from; unique in the tenant.
        nonce: what the links that lead to it have in them, so that they lead nowhere once it is gone: erasing a party
            erases it.
        asked_by: the actor who asked.
        asked_at: when, UTC.
        expires_at: until when it can be answered and the answer changed, UTC.
        score: the answer; None until there is one.
        comment: what the party said to it.
        answered_at: when it was first answered, UTC.
        answered_month: the first day of the month (UTC) in which it was first answered.
    """

    party_id: UUID
    kind: SurveyKind = field(default="csat", validator=checks.one_of(KINDS))
    about: str | None = field(default=None, validator=checks.key)
    about_id: UUID | None = None
    topic: str | None = field(default=None, validator=optional(checks.text(LONGEST_LINE, controls=False)))
    agent_id: str | None = field(default=None, validator=optional(checks.text(LONGEST_LINE)))
    channel: str = field(validator=checks.key)
    key: str | None = field(default=None, validator=optional(checks.text(LONGEST_KEY, controls=False)))
    nonce: str = field(factory=_nonce, validator=checks.text(LONGEST_LINE, controls=False))
    asked_by: str = field(validator=checks.text(LONGEST_LINE))
    asked_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    expires_at: datetime = field(converter=checks.in_utc, validator=checks.instant)
    score: int | None = None
    comment: str | None = field(default=None, validator=optional(checks.text(LONGEST_TEXT)))
    answered_at: datetime | None = field(default=None, converter=checks.in_utc_or_none, validator=checks.instant)
    answered_month: date | None = field(default=None, validator=[checks.day, _first_of_month])

    def __attrs_post_init__(self) -> None:
        if self.expires_at < self.asked_at:
            raise InvalidValueError("expires_at", self.expires_at, f"lies before it was asked, {self.asked_at}")
        if len({self.score is None, self.answered_at is None, self.answered_month is None}) > 1:
            raise InvalidValueError(
                "score", self.score, "belongs with answered_at and answered_month; give all or none"
            )
        if self.score is not None:
            self.scale.check(self.score)

    @property
    def scale(self) -> Scale:
        """Which scores it can have."""
        return SCALES[self.kind]

    @property
    def share(self) -> Decimal | None:
        """Where the score lies between the worst, 0, and the best, 1; None until there is one."""
        return None if self.score is None else self.scale.share(self.score)


@frozen(kw_only=True)
class Asked:
    """A question that was asked, and the way to answer it.

    Attributes:
        survey: the question.
        token: what stands in the link; whoever has it can answer. It is not kept, and can be had again.
        link: where the party answers, if the settings say; else None.
        not_before: the end of the party's quiet hours, UTC, if it should not be sent before that.
    """

    survey: Survey
    token: str
    link: str | None = None
    not_before: datetime | None = None


@frozen(kw_only=True)
class Form:
    """What whoever follows the link is shown; nothing else is told by a token.

    Attributes:
        kind: see `Survey`.
        question: what is asked, for people.
        lowest: the worst score.
        highest: the best one.
        expires_at: until when it can be answered, UTC.
        score: the answer so far.
        comment: what was said so far.
    """

    kind: SurveyKind
    question: str
    lowest: int
    highest: int
    expires_at: datetime
    score: int | None = None
    comment: str | None = None
