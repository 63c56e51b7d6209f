"""What this plugin does without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.dedupe.service import Dedupe
from crmkit.sdk import UnitOfWork

__all__ = ["compare_changed"]


def compare_changed(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it does what there is to do now
    """Compare a batch of the parties that were added or changed, and propose those that may be one.

    It runs in a unit of its own with the rights of the role ``dedupe``.
    """
    uow.use(Dedupe).compare()
