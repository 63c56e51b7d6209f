"""What is done about retention without being asked: by a schedule, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.privacy.service import Privacy
from crmkit.sdk import UnitOfWork

__all__ = ["retain"]


def retain(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it does what there is to do now
    """Apply the rules of retention, in a unit of its own with the rights of the role ``retention``."""
    uow.use(Privacy).apply_retention()
