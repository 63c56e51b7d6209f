"""All that can be done about privacy, in chapters: from purposes and consents to contacting, erasing and retention."""

from __future__ import annotations

from crmkit.plugins.privacy.contacting.service import ContactQueries
from crmkit.plugins.privacy.retention.service import RetentionCommands

__all__ = ["Privacy"]


class Privacy(ContactQueries, RetentionCommands):
    """Who may be written to, and what they have said about it: ``uow.use(Privacy)``."""
