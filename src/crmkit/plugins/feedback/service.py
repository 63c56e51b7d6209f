"""All that can be done about feedback, in chapters: surveys, moods, trends, drops, silences."""

from __future__ import annotations

from crmkit.plugins.feedback.silences.service import Silences

__all__ = ["Feedback"]


class Feedback(Silences):
    """How satisfied parties are, and how they feel: ``uow.use(Feedback)``."""
