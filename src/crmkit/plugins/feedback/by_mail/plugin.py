"""What this plugin contributes while `email` is enabled: whoever is asked over e-mail gets the link by mail."""

from __future__ import annotations

from contextlib import suppress

from crmkit.plugins.email import NotContactableError
from crmkit.plugins.feedback.by_mail.service import SurveyMail
from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.surveys.events import SurveyAsked
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.sdk import Mechanism, Plugin, UnitOfWork, f, on

__all__ = ["ByMail", "send_link"]


def send_link(uow: UnitOfWork, asked: SurveyAsked) -> None:
    """Send the link of a survey that is asked over e-mail, with the rights of whoever asked.

    Nothing is sent for a survey that was taken back, answered or expired meanwhile, to a party without an address, or
    to one that has withdrawn its consent since. If the settings do not say where the link leads, the job fails and says
    so; repeated once they do, it sends the link.
    """
    if asked.channel != "email" or not uow.settings(Settings).send_links:
        return
    unanswered = (f.id == asked.survey) & f.answered_at.is_empty() & (f.expires_at > uow.now)
    survey = next(iter(uow.find(Survey, unanswered, limit=1)), None)
    if survey is None or not _has_address(uow, survey):
        return
    with suppress(NotContactableError), uow.attempt():
        uow.use(SurveyMail).send(survey.id)


def _has_address(uow: UnitOfWork, survey: Survey) -> bool:
    mine = (f.party_id == survey.party_id) & (f.kind == "email")
    return bool(uow.count(Mechanism, mine & f.valid_until.is_empty() & ~f.normalised.is_empty()))


class ByMail(Plugin):
    """Links by mail."""

    hooks = (on(SurveyAsked, send_link, durable=True),)
