"""What is done about assets without being asked: by schedules, which the manifest declares."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.service_desk.assets.service import Assets
from crmkit.sdk import Errand

__all__ = ["announce_ends"]


def announce_ends(errand: Errand, at: datetime) -> None:  # noqa: ARG001  # it looks as far ahead as it is now
    """Announce the terms that end soon, batch by batch.

    Announcing and remembering it are one transaction, so it happens once for each term, whenever the worker is lost.
    """
    more = 1
    while more:
        with errand.begin() as uow:
            more = uow.use(Assets).announce_ends()
