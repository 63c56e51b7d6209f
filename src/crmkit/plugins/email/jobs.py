"""What this plugin does without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.email.sending.courier import Courier
from crmkit.plugins.email.service import Email
from crmkit.sdk import Errand

__all__ = ["deliver"]


def deliver(errand: Errand, at: datetime) -> None:  # noqa: ARG001  # it sends what is due now
    """Send what is due, by the rights of the role ``courier``: hastened whenever something is queued."""
    Courier(errand.begin, Email, errand.tenant).run()
