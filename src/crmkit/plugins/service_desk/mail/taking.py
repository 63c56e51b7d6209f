"""What becomes of mail that comes in, as a durable subscriber: once for each message, by the rights of who received it.

A message that is taken in again is known to `email` by its Message-ID, which tells of it no second time. What a machine
wrote opens, reopens and answers nothing, so that two machines cannot keep each other busy.
"""

from __future__ import annotations

from uuid import UUID

from crmkit.plugins.email import MESSAGE, Email, MailReceived, Message
from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.queues.model import Queue
from crmkit.plugins.service_desk.service import ServiceDesk
from crmkit.sdk import Person, UnitOfWork, f

__all__ = ["take_mail"]


def take_mail(uow: UnitOfWork, event: MailReceived) -> None:
    """Let a reply join its case, and mail to the address of a queue become a case of it."""
    if event.automatic:
        return
    desk, case = uow.use(ServiceDesk), _case_of(uow, event)
    if case is not None and event.interaction is not None:
        desk.note_reply(case.id, event.interaction)
        return
    queue = next(iter(uow.find(Queue, (f.address == event.ours.lower()) & (f.active == True), limit=1)), None)  # noqa: E712  # a criteria, not a truth value
    if queue is not None:
        _open(uow, queue, uow.get(MESSAGE, event.message))


def _open(uow: UnitOfWork, queue: Queue, message: Message) -> None:
    """Open a case; whoever is not known yet becomes a party with the address."""
    if message.party_id is None:
        message = uow.use(Email).assign(message.id, party=_sender(uow, message))
    if message.party_id is not None:
        uow.use(ServiceDesk).open_case(
            party=message.party_id,
            subject=message.subject or "(no subject)",
            body=message.fresh or message.text or "",
            channel="email",
            queue=queue.key,
            thread=message.thread_id,
        )


def _sender(uow: UnitOfWork, message: Message) -> UUID:
    """The party that has the sender's address: of several the one that is known longest; a new one if there is none."""
    address = message.address or ""
    known = [one for one in uow.parties.find_by(address, kind="email") if one.merged_into is None] if address else []
    if known:
        return min(known, key=lambda one: one.id).id
    name = message.name or address.partition("@")[0] or "(unknown)"
    return uow.parties.add(Person(display_name=name[:200]), emails=[address] if address else []).id


def _case_of(uow: UnitOfWork, event: MailReceived) -> Case | None:
    """The case that a message goes on with: the last one of its thread, or that of the message that it answers."""
    if event.thread is not None:
        found = uow.find(CASE, f.thread_id == event.thread, order="-number", limit=1)
        if found:
            return found[0]
    if event.answers is None:
        return None
    answered = uow.find(MESSAGE, f.id == event.answers, limit=1)
    about = answered[0] if answered and answered[0].about == CASE.name else None
    if about is None or about.about_id is None:
        return None
    return next(iter(uow.find(CASE, f.id == about.about_id, order="-number", limit=1)), None)
