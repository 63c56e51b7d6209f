"""What this plugin contributes. Read it first: it is the table of contents."""

from __future__ import annotations

from contextlib import suppress
from typing import Final

from crmkit.plugins.feedback.drops.events import SatisfactionDropped, SatisfactionRecovered
from crmkit.plugins.feedback.hooks import show_before_contact, weigh_answer, weigh_mood
from crmkit.plugins.feedback.moods.events import MoodNoted
from crmkit.plugins.feedback.silences.events import PartyFellSilent
from crmkit.plugins.feedback.surveys.events import SurveyAnswered, SurveyAsked
from crmkit.plugins.feedback.tables import ENTITIES
from crmkit.plugins.privacy import Privacy, Purpose
from crmkit.sdk import AlreadyExistsError, Permissions, Plugin, Rule, UnitOfWork, on, party_viewing

__all__ = ["FeedbackPlugin"]

PURPOSE: Final = Purpose(
    key="feedback",
    label="Feedback",
    # A question about satisfaction that nobody asked for counts as advertising in many places, among them Germany
    # (Bundesgerichtshof, VI ZR 225/17, 2018). Whoever needs no consent changes the purpose's kind, or the setting.
    kind="consent",
    description="Questions about how satisfied somebody is.",
)

_SEEING: Final = ("party.read", "interaction.read", "interaction.create", "channel.read")
_NOTICING: Final = ("feedback.drop.*", "feedback.survey.read", "feedback.mood.read", "activity.create", "activity.read")

ROLES: Final = (
    (
        "feedback",
        "Feedback",
        "By these rights the plugin notices who has fallen silent.",
        ("feedback.*", "activity.create", "activity.read", "privacy.purpose.read", *_SEEING),
    ),
    (
        "feedback_asker",
        "Asks for feedback",
        "For those who ask parties, and whose resolved cases are asked after.",
        ("feedback.survey.create", *_SEEING),
    ),
    (
        "respondent",
        "Respondent",
        "For the actor as which an application hands in what parties answer by links.",
        ("feedback.survey.answer", "feedback.survey.update", *_NOTICING, *_SEEING),
    ),
)
"""Key, label, description and permissions of the roles that a tenant begins with."""


class FeedbackPlugin(Plugin):
    """How satisfied parties are.

    ``surveys`` are questions with their answers, ``moods`` what we noted ourselves, ``trends`` what both come to;
    ``drops`` and ``silences`` are what is noticed.
    """

    entities = ENTITIES
    events = (SurveyAsked, SurveyAnswered, MoodNoted, SatisfactionDropped, SatisfactionRecovered, PartyFellSilent)
    hooks = (
        party_viewing.by(show_before_contact),
        on(SurveyAnswered, weigh_answer, durable=True),
        on(MoodNoted, weigh_mood, durable=True),
    )

    def seed(self, uow: UnitOfWork) -> None:
        """Define the purpose and the roles that are not there yet; what was changed is left as it is."""
        privacy = uow.use(Privacy)
        if PURPOSE.key not in {purpose.key for purpose in privacy.purposes()}:
            privacy.define_purposes([PURPOSE])
        for key, label, description, permitted in ROLES:
            rules = [Rule(effect="permit", permission=permission) for permission in permitted]
            with suppress(AlreadyExistsError), uow.attempt():
                uow.use(Permissions).define_role(key, rules, label=label, description=description)
