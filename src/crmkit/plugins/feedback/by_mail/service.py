"""Links that go out by mail: a service of its own, since it works only while `email` is enabled."""

from __future__ import annotations

from uuid import UUID

from crmkit.plugins.feedback.by_mail.rules import letter, values_of
from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.service import Feedback
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.plugins.feedback.surveys.service import SurveyId
from crmkit.plugins.feedback.surveys.tables import SURVEY
from crmkit.sdk import ConfigError, ConflictError, Ref, Service, command

__all__ = ["SurveyMail"]


class SurveyMail(Service):
    """Links by mail: ``uow.use(SurveyMail)``."""

    @command("feedback.survey.send_by_mail", permission="feedback.survey.create", reversible=False)
    def send(self, survey: SurveyId) -> UUID:
        """Send the party the link of a survey by mail. It is queued, once however often this is asked for.

        Args:
            survey: its id.

        Returns:
            The id of the message; the second time that of the first.

        Raises:
            NotFoundError: if the survey is not there or hidden, or the template of the settings is not.
            ConfigError: if the settings do not say where the link leads.
            ConflictError: if the survey can be answered no more.
            PluginDisabledError: if `email` is not enabled.
            NotContactableError: if nothing may be sent there for the purpose in the settings.
            InvalidValueError: if the party has no e-mail address, or the template names what is unknown.
        """  # raised by what this calls; callers want to know
        from crmkit.plugins.email import Email  # it may not be there; then the unit says so

        email, settings, found = self.uow.use(Email), self.settings(Settings), self.uow.get(Survey, survey)
        link = self._link(found)
        said = letter(found, link)
        message = email.send(
            party=found.party_id,
            purpose=settings.purpose,
            key=f"feedback.survey.{found.id}",
            about=Ref(SURVEY.name, found.id),
            template=settings.mail_template,
            values=None if settings.mail_template is None else values_of(found, link),
            subject=said.subject if settings.mail_template is None else None,
            text=said.text if settings.mail_template is None else None,
        )
        return message.id

    def _link(self, survey: Survey) -> str:
        """Where the party answers.

        Raises:
            ConfigError: if the settings do not say.
            ConflictError: if it can be answered no more.
        """
        if survey.expires_at <= self.uow.now:
            raise ConflictError(f"survey {survey.id} expired at {survey.expires_at:%Y-%m-%d %H:%M} UTC; ask anew")
        link = self.uow.use(Feedback).link(survey.id).link
        if link is None:
            raise ConfigError(
                "nobody has set where parties answer, so no link can be sent;"
                " set plugins.feedback.link = 'https://example.com/feedback/{token}', or send_links = false"
            )
        return link
