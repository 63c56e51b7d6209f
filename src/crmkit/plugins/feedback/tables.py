"""All tables of the plugin, on one `metadata`, as the manifest names it."""

from __future__ import annotations

from typing import Final

from crmkit.plugins.feedback.drops.tables import DROP
from crmkit.plugins.feedback.moods.tables import MOOD
from crmkit.plugins.feedback.schema import metadata
from crmkit.plugins.feedback.silences.tables import SILENCE
from crmkit.plugins.feedback.surveys.tables import SURVEY

__all__ = ["ENTITIES", "metadata"]

ENTITIES: Final = (SURVEY, MOOD, DROP, SILENCE)
