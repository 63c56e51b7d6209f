"""What this plugin contributes while `service_desk` is enabled: parties are asked once a case of theirs is resolved."""

from __future__ import annotations

from contextlib import suppress

from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.service import Feedback
from crmkit.plugins.service_desk import Case, CaseResolved
from crmkit.sdk import Plugin, Ref, RefusedError, UnitOfWork, f, on

__all__ = ["AfterCases", "ask_after_case"]


def ask_after_case(uow: UnitOfWork, resolved: CaseResolved) -> None:
    """Ask the party of a case that was resolved; once for each time that it is resolved.

    Whoever was asked a short while ago, or may not be asked, is not asked, and the case is none the worse for it. It
    happens as a job with the rights of whoever resolved the case, who needs the role ``feedback_asker``.
    """
    settings = uow.settings(Settings)
    case = next(iter(uow.find(Case, f.id == resolved.case, limit=1)), None) if settings.after_case else None
    if case is None:
        return
    with suppress(RefusedError), uow.attempt():
        uow.use(Feedback).ask(
            case.party_id,
            about=Ref("service_desk.case", case.id),
            kind=settings.after_case_kind,
            channel=settings.after_case_channel,
            topic=f"case {case.number}",
            key=f"case:{case.id}:{case.reopened}",
        )


class AfterCases(Plugin):
    """Asking after cases."""

    hooks = (on(CaseResolved, ask_after_case, durable=True),)
