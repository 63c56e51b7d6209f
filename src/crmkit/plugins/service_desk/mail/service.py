"""Answers that go out by mail: a service of its own, since it works only while `email` is enabled."""

from __future__ import annotations

from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.cases.rules import live
from crmkit.plugins.service_desk.cases.service import CaseId
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.config import Settings
from crmkit.plugins.service_desk.service import ServiceDesk
from crmkit.sdk import Ref, Service, command, new_id

__all__ = ["CaseMail"]


class CaseMail(Service):
    """Answers by mail: ``uow.use(CaseMail)``."""

    @command("service_desk.case.answer_by_mail", permission="service_desk.case.update", reversible=False)
    def answer(self, case: CaseId, text: str, *, key: str | None = None, wait: bool = False) -> Case:
        """Send the party an answer by mail, in the thread of the case. It is queued, and counts as given.

        Args:
            case: its id.
            text: the answer.
            key: names the answer where it comes from, so that it is sent once however often this is asked for; by
                default each one is sent.
            wait: whether the case waits for the party now.

        Raises:
            NotFoundError: if the case is not there or hidden.
            ConflictError: if it has become part of another case.
            PluginDisabledError: if `email` is not enabled.
            NotContactableError: if nothing may be sent there for the purpose in the settings.
            InvalidValueError: if the party has no e-mail address.
        """  # raised by what this calls; callers want to know
        from crmkit.plugins.email import Email  # it may not be there; then the unit says so

        before = live(self.uow.get(CASE, case))
        self.uow.use(Email).send(
            party=before.party_id,
            subject=f"Re: {before.subject}"[:900],
            text=text,
            purpose=self.settings(Settings).mail_purpose,
            key=f"service_desk.answer.{case}.{key or new_id()}",
            about=Ref(CASE.name, case),
            thread=before.thread_id,
        )
        return self.uow.use(ServiceDesk).note_answer(case, wait=wait)
