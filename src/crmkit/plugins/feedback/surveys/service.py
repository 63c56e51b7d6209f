"""The commands and queries about surveys; a chapter of `crmkit.plugins.feedback.service.Feedback`."""

from __future__ import annotations

import hmac
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.surveys.events import SurveyAnswered, SurveyAsked
from crmkit.plugins.feedback.surveys.model import Asked, Form, Survey, SurveyKind
from crmkit.plugins.feedback.surveys.rules import answered, askable_from, form_of, link_to, same_ask, told
from crmkit.plugins.feedback.surveys.tables import SURVEY
from crmkit.plugins.privacy import Contactable, Privacy
from crmkit.sdk import (
    PARTY,
    InvalidTokenError,
    InvalidValueError,
    NotFoundError,
    Party,
    Ref,
    Refusal,
    Service,
    Target,
    command,
    f,
    format_instant,
    query,
)

__all__ = ["PartyId", "SurveyId", "Surveys"]

PartyId = Annotated[UUID, Target("party")]
SurveyId = Annotated[UUID, Target("feedback.survey")]

TOKENS: Final = "feedback.answer"
"""What the tokens in links are signed for."""


class Surveys(Service):
    """Asking parties how satisfied they are."""

    @command("feedback.survey.ask", permission="feedback.survey.create")
    def ask(
        self,
        party: PartyId,
        *,
        about: Ref | None = None,
        kind: SurveyKind = "csat",
        channel: str = "email",
        topic: str | None = None,
        agent: str | None = None,
        key: str | None = None,
    ) -> Asked:
        """Ask a party how satisfied it is. Whoever has the token, which the caller sends in a link, can answer.

        Args:
            party: who is asked; of one that was merged, the party that it is part of.
            about: what it is asked about, such as a case.
            kind: ``csat``, satisfaction from 1 to 5, or ``nps``, recommendation from 0 to 10.
            channel: the key of the channel that it is asked over.
            topic: what it is asked about, in one line; whoever sees the party can read it.
            agent: the actor whose work it is asked about; by default the owner of what it is asked about.
            key: names it where it comes from; asked again with the same key, it is the same survey.

        Returns:
            The survey, with its token. It may be sent at once, unless ``not_before`` says otherwise.

        Raises:
            NotFoundError: if the party, or what it is asked about, is not there or hidden.
            RefusedError: if the party was asked too recently, or may not be asked (see `Privacy.may_contact`).
            ConflictError: if something else was asked with that key.
            UnknownChannelError: if nobody has added the channel; lists those there are.
            UnknownPurposeError: if the purpose in the settings is none.
            InvalidValueError: if the kind is none.
        """  # raised by what this calls; callers want to know
        standing = self.hold(PARTY, self._standing(party), alone=True).id  # so that nobody else asks it meanwhile
        survey = self._prepared(standing, about, kind=kind, channel=channel, topic=topic, agent=agent, key=key)
        for known in self.own_records(Survey, f.key == key) if key is not None else ():
            return self._asked(same_ask(known, survey), None)
        allowed = self._check_askable(standing, channel)
        stored = self.records.add(survey)
        self._tell_asked(stored)
        return self._asked(stored, allowed)

    @query("feedback.survey.link", permission="feedback.survey.create")
    def link(self, survey: SurveyId) -> Asked:
        """The token of a survey once more, to send it again.

        Args:
            survey: its id.

        Raises:
            NotFoundError: if it is not there or hidden.
        """
        return self._asked(self.uow.get(Survey, survey), None)

    @query("feedback.survey.form", permission="feedback.survey.answer")
    def form(self, token: str) -> Form:
        """What to show to whoever follows a link; reading it changes nothing.

        Args:
            token: as it stood in the link.

        Raises:
            InvalidTokenError: if it was not made here for this tenant, has expired, or its survey is gone.
        """
        return form_of(self._survey_of(token))

    @command("feedback.survey.answer", permission="feedback.survey.answer")
    def answer(self, token: str, score: int, comment: str | None = None) -> Form:
        """Take the answer of whoever follows a link. It may be changed until the link expires.

        The same answer once more changes nothing. A token that is not good changes nothing and tells nothing.

        Args:
            token: as it stood in the link.
            score: how satisfied; see `form` for the lowest and the highest.
            comment: what the party has to say; None to leave what it said before.

        Returns:
            The form as it is now.

        Raises:
            InvalidTokenError: if it was not made here for this tenant, has expired, or its survey is gone.
            InvalidValueError: if there is no such score, or the comment cannot be stored.
            LimitExceededError: if the comment is too long.
        """  # raised by what this calls; callers want to know
        before = self._survey_of(token, alone=True)
        changed = answered(before, score=score, comment=comment, at=self.uow.now)
        after = self.records.update(before, changed)
        if after.score != before.score:
            self._tell_answered(after, before.score)
        return form_of(after)

    @query("feedback.survey.list", permission="feedback.survey.read")
    def surveys(self, party: PartyId, *, limit: int = 50) -> tuple[Survey, ...]:
        """What a party was asked, the latest first.

        Args:
            party: its id.
            limit: how many at most.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """
        return self.uow.find(Survey, f.party_id == party, order="-asked_at", limit=limit).items

    # -- asking -------------------------------------------------------------------------------------------------------

    def _prepared(
        self,
        party: UUID,
        about: Ref | None,
        *,
        kind: SurveyKind,
        channel: str,
        topic: str | None,
        agent: str | None,
        key: str | None,
    ) -> Survey:
        subject = self.uow.interactions.about(about)
        return Survey(
            party_id=party,
            kind=kind,
            about=subject.entity,
            about_id=subject.id,
            topic=topic,
            agent_id=agent or self._owner_of(about),
            channel=channel,
            key=key,
            asked_by=self.uow.actor.id,
            asked_at=self.uow.now,
            expires_at=self.uow.now + timedelta(days=self.settings(Settings).answer_within_days),
        )

    def _check_askable(self, party: UUID, channel: str) -> Contactable:
        """Refuse to ask whoever was asked a short while ago, or may not be asked."""
        settings = self.settings(Settings)
        allowed = self.uow.use(Privacy).may_contact(party, channel=channel, purpose=settings.purpose)
        if not allowed.allowed:
            said = "; ".join(reason.text for reason in allowed.reasons if reason.hinders)
            self._refuse("not_contactable", f"the party may not be asked over {channel}: {said}")
        again = askable_from(self._last_asked(party), settings.ask_every_days)
        if again is not None and again > self.uow.now:
            reason = f"the party was asked less than {settings.ask_every_days} days ago"
            self._refuse("asked_recently", f"{reason}; it may be asked again from {format_instant(again)} on")
        return allowed

    def _last_asked(self, party: UUID) -> datetime | None:
        """When a party was asked last, whoever may see that."""
        latest = self.own_records(Survey, f.party_id == party, order="-asked_at", limit=1)
        return latest[0].asked_at if latest else None

    def _refuse(self, code: str, message: str) -> None:
        self.refuse(Refusal(code, message, plugin="feedback"))

    def _owner_of(self, about: Ref | None) -> str | None:
        """Who looks after a record, as far as its kind says."""
        if about is None:
            return None
        entity = self.uow.entity(about.entity)
        return None if entity.owner is None else getattr(self.uow.get(entity, about.id), entity.owner)

    def _tell_asked(self, survey: Survey) -> None:
        ref = Ref(SURVEY.name, survey.id)
        topic = f" about {survey.topic}" if survey.topic else ""
        self.uow.interactions.note(
            party=survey.party_id,
            kind="feedback.asked",
            summary=f"asked how satisfied ({survey.kind}, {survey.channel}){topic}"[:1_000],
            about=ref,
        )
        self.emit(
            SurveyAsked(
                survey=survey.id,
                party=survey.party_id,
                kind=survey.kind,
                channel=survey.channel,
                agent=survey.agent_id,
            )
        )

    # -- answering ----------------------------------------------------------------------------------------------------

    def _asked(self, survey: Survey, allowed: Contactable | None) -> Asked:
        payload = f"{survey.id}.{survey.nonce}"
        token = self.keys.sign(TOKENS, payload, expires_at=survey.expires_at)
        return Asked(
            survey=survey,
            token=token,
            link=link_to(self.settings(Settings).link, token),
            not_before=None if allowed is None else allowed.not_before,
        )

    def _survey_of(self, token: str, *, alone: bool = False) -> Survey:
        """The survey that a token is for; ``alone`` so that two answers at once take turns.

        Raises:
            InvalidTokenError: if it was not made here for this tenant, has expired, or its survey is gone or hidden.
        """
        id_, _, nonce = self.keys.read(TOKENS, token, now=self.uow.now).partition(".")
        try:
            survey = self.hold(SURVEY, UUID(id_), alone=True) if alone else self.uow.get(SURVEY, UUID(id_))
        except (NotFoundError, ValueError):
            raise InvalidTokenError from None
        if not hmac.compare_digest(survey.nonce.encode(), nonce.encode()):
            raise InvalidTokenError
        return survey

    def _tell_answered(self, survey: Survey, before: int | None) -> None:
        if survey.score is None:
            raise InvalidValueError("score", None, "is missing")
        again = "changed the answer to" if before is not None else "answered"
        self.uow.interactions.note(
            party=survey.party_id,
            kind="feedback.answered",
            summary=f"{again} {told(survey)} ({survey.kind})",
            about=Ref(SURVEY.name, survey.id),
        )
        self.emit(
            SurveyAnswered(
                survey=survey.id,
                party=survey.party_id,
                kind=survey.kind,
                score=survey.score,
                before=before,
                agent=survey.agent_id,
            )
        )

    def _standing(self, party: UUID) -> UUID:
        """The party, or what it has become part of."""
        found = self.uow.get(Party, party)
        return party if found.merged_into is None else found.merged_into
