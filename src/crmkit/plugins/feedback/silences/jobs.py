"""What is looked for every day: parties that used to talk with us and do not any more."""

from __future__ import annotations

from datetime import datetime

from crmkit.plugins.feedback.service import Feedback
from crmkit.sdk import Cursor, Errand

__all__ = ["look_for_silences"]


def look_for_silences(errand: Errand, at: datetime) -> None:  # noqa: ARG001  # it does what is due now, however late
    """Notice whoever has fallen silent.

    Talkative parties are read in units that hold nothing for long; each that is silent is then looked at again in a
    unit of its own, which notices it once, however often this is run.
    """
    cursor: Cursor | None = None
    while True:
        with errand.begin(read_only=True) as uow:
            silent, cursor = uow.use(Feedback).unnoticed_silences(after=cursor)
        for party in silent:
            with errand.begin() as uow:
                uow.use(Feedback).notice_silence(party)
        if cursor is None:
            return
