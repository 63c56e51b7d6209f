"""What this plugin does without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.service_desk.service import ServiceDesk
from crmkit.sdk import UnitOfWork

__all__ = ["close_resolved", "distribute"]


def distribute(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it does what is due now, however late
    """Assign the cases that wait in queues with a strategy."""
    uow.use(ServiceDesk).distribute()


def close_resolved(uow: UnitOfWork, at: datetime) -> None:  # noqa: ARG001  # it does what is due now, however late
    """Close cases that were resolved longer ago than the settings say."""
    uow.use(ServiceDesk).close_resolved()
