"""How satisfied parties are, asked by signed links; their moods and needs; drops and silences noticed.

Other plugins and applications import from here; everything else is this plugin's own business. The names are fetched
when they are first asked for, since reading the manifest imports this package too.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmkit.plugins.feedback.by_mail.service import SurveyMail
    from crmkit.plugins.feedback.config import Settings
    from crmkit.plugins.feedback.drops.events import SatisfactionDropped, SatisfactionRecovered
    from crmkit.plugins.feedback.drops.model import Drop
    from crmkit.plugins.feedback.moods.events import MoodNoted
    from crmkit.plugins.feedback.moods.model import Mood
    from crmkit.plugins.feedback.service import Feedback
    from crmkit.plugins.feedback.silences.events import PartyFellSilent
    from crmkit.plugins.feedback.silences.model import Silence
    from crmkit.plugins.feedback.surveys.events import SurveyAnswered, SurveyAsked
    from crmkit.plugins.feedback.surveys.model import Asked, Form, Survey
    from crmkit.plugins.feedback.trends.model import TrendPoint

__all__ = [
    "Asked",
    "Drop",
    "Feedback",
    "Form",
    "Mood",
    "MoodNoted",
    "PartyFellSilent",
    "SatisfactionDropped",
    "SatisfactionRecovered",
    "Settings",
    "Silence",
    "Survey",
    "SurveyAnswered",
    "SurveyAsked",
    "SurveyMail",
    "TrendPoint",
]

_MODULES = {
    "by_mail.service": ("SurveyMail",),
    "config": ("Settings",),
    "drops.events": ("SatisfactionDropped", "SatisfactionRecovered"),
    "drops.model": ("Drop",),
    "moods.events": ("MoodNoted",),
    "moods.model": ("Mood",),
    "service": ("Feedback",),
    "silences.events": ("PartyFellSilent",),
    "silences.model": ("Silence",),
    "surveys.events": ("SurveyAnswered", "SurveyAsked"),
    "surveys.model": ("Asked", "Form", "Survey"),
    "trends.model": ("TrendPoint",),
}
_PLACES = {name: module for module, names in _MODULES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    return getattr(importlib.import_module(f"{__name__}.{_PLACES[name]}"), name)
