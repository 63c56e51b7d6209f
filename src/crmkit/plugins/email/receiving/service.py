"""The commands of receiving; a chapter of `crmkit.plugins.email.service.Email`."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from attrs import evolve, frozen

from crmkit.plugins.email.addresses import Correspondent, parsed_addresses
from crmkit.plugins.email.config import Settings
from crmkit.plugins.email.events import MailReceived, MessageBounced, MessageComplained, Unsubscribed
from crmkit.plugins.email.marks import read_marks
from crmkit.plugins.email.model import Message
from crmkit.plugins.email.receiving.parsing import Incoming, parsed
from crmkit.plugins.email.receiving.reports import Report
from crmkit.plugins.email.sending.delivery import CHANNEL
from crmkit.plugins.email.sending.rules import gone_for_good
from crmkit.plugins.email.sending.service import MessageId, Sending
from crmkit.plugins.email.tables import MESSAGE
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import (
    THREAD,
    AlreadyExistsError,
    ConflictError,
    CrmkitError,
    InvalidTokenError,
    Participant,
    Ref,
    Target,
    command,
    f,
)

__all__ = ["Received", "Receiving"]

RAW: Final = "message.eml"


@frozen(kw_only=True)
class Received:
    """What became of a message that came in.

    Attributes:
        message: as it is stored.
        known: whether it had come in before; nothing was stored then.
        answers: the message of ours that it answers, or reports on.
        report: bounce or complaint; None if it is a letter.
    """

    message: Message
    known: bool = False
    answers: UUID | None = None
    report: str | None = None


class Receiving(Sending):
    """What comes in."""

    @command("email.message.receive", permission="email.message.receive")
    def receive(self, raw: bytes, *, envelope_to: str | None = None, envelope_from: str | None = None) -> Received:
        """Take in a message, as bytes: from the host's webhook, a mailbox, or a file.

        The same message (by its Message-ID) is taken in once. A bounce or a complaint is believed if it is about a
        message that was really sent from here.

        Args:
            raw: the message as it came, with its headers.
            envelope_to: the address that it was delivered to, as the server was told; from its headers by default.
            envelope_from: the sender that the server was told; empty for bounces.

        Raises:
            LimitExceededError: if it is too large, or made of too many parts; nothing is stored.
            MailFormatError: if it is no message; nothing is stored.
            AlreadyExistsError: if another unit has taken it in at the same time and this one cannot see it
                (SERIALIZABLE).
        """
        settings = self.settings(Settings)
        mail = parsed(
            raw,
            max_size=settings.max_incoming,
            max_parts=settings.max_parts,
            languages=settings.languages,
            envelope_from=envelope_from,
        )
        known = self._known(mail)
        if known is not None:
            return known
        try:
            with self.uow.attempt():
                return self._taken_in(raw, mail, self._addresses(mail, envelope_to))
        except AlreadyExistsError:  # another unit has taken it in meanwhile
            known = self._known(mail)
            if known is None:
                raise
            return known

    @command("email.message.assign", permission="email.message.update")
    def assign(self, message: MessageId, *, party: Annotated[UUID, Target("party")]) -> Message:
        """Say whose the address is that a message came from, or went to, and that nobody knew.

        What came in is entered on the party's timeline. What is nobody's is not reached when a person is erased.

        Raises:
            ConflictError: if it is known already.
        """
        found = self.uow.get(MESSAGE, message)
        if found.party_id is not None:
            raise ConflictError(f"message {message} has a party already")
        placed = evolve(found, party_id=party)
        if found.direction == "out":
            return self.records.update(found, placed)
        placed = evolve(placed, thread_id=self._thread_for(placed, None))
        return self.records.update(found, evolve(placed, interaction_id=self._entered(placed, None, self.uow.now)))

    @command("email.unsubscribe", permission="email.message.unsubscribe")
    def unsubscribe(self, token: str) -> Message:
        """Withdraw the consent that a message was sent by, as the link in it asks; a second time changes nothing.

        To be called for a POST only (RFC 8058): programs follow links by GET without anybody wanting it. See
        `one_click`.

        Args:
            token: as the link has it.

        Raises:
            InvalidTokenError: if it is forged, of another tenant, or has expired.
        """
        id_ = self.keys.read("email.unsubscribe", token, now=self.uow.now)
        found = self.own_records(MESSAGE, f.id == UUID(hex=id_))
        if not found or found[0].purpose is None:
            raise InvalidTokenError
        message, purpose = found[0], found[0].purpose
        privacy, key = self.uow.use(Privacy), f"email-unsubscribe-{id_}"
        before = {one.key for one in privacy.consent_ledger(message.party_id)} if message.party_id else set()
        if message.party_id is not None and key not in before:
            privacy.record_consent(
                party=message.party_id, purpose=purpose, channel=CHANNEL, given=False, proof=f"message {message.id}",
                source="one-click", key=key,
            )  # fmt: skip
            self.emit(Unsubscribed(message=message.id, party=message.party_id, purpose=purpose))
        elif message.party_id is None and message.address is not None:
            privacy.suppress(channel=CHANNEL, address=message.address, reason="withdrawn", source="one-click")
        return message

    # -- inside -------------------------------------------------------------------------------------------------------

    def _known(self, mail: Incoming) -> Received | None:
        """The same message, if it came in before."""
        known = self.own_records(MESSAGE, (f.message_id == mail.message_id) & (f.direction == "in"))
        return Received(message=known[0], known=True) if known else None

    def _taken_in(self, raw: bytes, mail: Incoming, addresses: tuple[str, ...]) -> Received:
        if mail.report is not None:
            return self._reported(raw, mail, mail.report, addresses)
        answered = self._answered(mail, addresses)
        return self._stored(raw, mail, addresses, party=self._from(mail.sender, answered), answered=answered)

    @staticmethod
    def _addresses(mail: Incoming, envelope_to: str | None) -> tuple[str, ...]:
        """The addresses that it was sent to, that of the envelope first."""
        given = parsed_addresses([envelope_to]) if envelope_to else ()
        return tuple(dict.fromkeys(one.address for one in (*given, *mail.recipients)))

    def _answered(self, mail: Incoming, addresses: Iterable[str]) -> Message | None:
        """The message of ours that it answers: by the mark in the address that it came to, or by its references."""
        marked = read_marks(self.keys, "reply", addresses)
        if marked is not None:
            return next(iter(self.own_records(MESSAGE, f.id == marked)), None)
        ids = [one for one in (mail.in_reply_to, *reversed(mail.earlier)) if one is not None]
        found = self.own_records(MESSAGE, f.message_id.in_(ids)) if ids else []
        return min(found, key=lambda one: (ids.index(one.message_id), one.direction), default=None)

    def _from(self, sender: Correspondent | None, answered: Message | None) -> UUID | None:
        """Who wrote it: whom the answered message was with, or the one party that has the address."""
        if answered is not None and answered.party_id is not None and answered.address is not None:
            return answered.party_id  # unless the party was erased: what comes after that is not about it
        if sender is None:
            return None
        found = [p for p in self.uow.parties.find_by(sender.address, kind="email") if p.merged_into is None]
        return found[0].id if len(found) == 1 else None

    def _stored(
        self, raw: bytes, mail: Incoming, addresses: tuple[str, ...], *, party: UUID | None, answered: Message | None
    ) -> Received:
        ours = addresses[0] if addresses else ""
        message = self._as_message(mail, ours, party, answered)
        message = evolve(message, automatic=mail.automatic or self._is_loop(mail))
        message = evolve(message, thread_id=self._thread_for(message, answered))
        message = evolve(message, interaction_id=self._entered(message, mail, mail.date))
        stored = self.records.add(message)
        self._keep(stored, raw, mail)
        self.emit(
            MailReceived(
                message=stored.id,
                interaction=stored.interaction_id,
                thread=stored.thread_id,
                party=stored.party_id,
                ours=ours,
                automatic=stored.automatic,
                answers=None if answered is None else answered.id,
            )
        )
        return Received(message=stored, answers=None if answered is None else answered.id)

    def _as_message(self, mail: Incoming, ours: str, party: UUID | None, answered: Message | None) -> Message:
        about = answered if answered is not None and answered.party_id == party else None
        return Message(
            direction="in",
            state="received",
            party_id=party,
            address=None if mail.sender is None else mail.sender.address,
            name=None if mail.sender is None else mail.sender.name or None,
            ours=ours or None,
            subject=mail.subject,
            text=mail.text,
            fresh=mail.fresh,
            html=mail.html,
            message_id=mail.message_id,
            in_reply_to=mail.in_reply_to,
            earlier=mail.earlier,
            about=None if about is None else about.about,
            about_id=None if about is None else about.about_id,
            automatic=mail.automatic,
            settled_at=self.uow.now,
            owner_id=self.uow.actor.id,
        )

    def _is_loop(self, mail: Incoming) -> bool:
        """Whether it is one of our own messages that came back."""
        return bool(self.own_records(MESSAGE, (f.message_id == mail.message_id) & (f.direction == "out")))

    def _thread_for(self, message: Message, answered: Message | None) -> UUID | None:
        """The open thread of the answered message, or a new one."""
        if message.party_id is None:
            return None
        if answered is not None and answered.thread_id is not None and answered.party_id == message.party_id:
            thread = self.uow.get(THREAD, answered.thread_id)
            if thread.is_open and thread.party_id == message.party_id:
                return thread.id
        return self.uow.interactions.open_thread(party=message.party_id, subject=message.subject or "(no subject)").id

    def _entered(self, message: Message, mail: Incoming | None, date: datetime | None) -> UUID | None:
        """Its entry on the timeline: when it says to be written, but neither in the future nor years ago."""
        if message.party_id is None:
            return None
        sender = mail.sender if mail is not None else None
        participants = () if sender is None else (Participant(role="from", name=str(sender)[:1_000]),)
        about = Ref(message.about, message.about_id) if message.about and message.about_id else None
        entry = self.uow.interactions.record(
            party=message.party_id,
            channel=CHANNEL,
            direction="in",
            summary=message.subject or "(no subject)",
            body=message.fresh or message.text,
            occurred_at=_sensible(date, self.uow.now),
            thread=message.thread_id,
            about=about,
            participants=participants,
        )
        return entry.id

    def _keep(self, message: Message, raw: bytes, mail: Incoming | None) -> None:
        """Keep the message as it came, and what came with it as files of their own."""
        here = Ref(MESSAGE.name, message.id)
        self.uow.attachments.attach(here, name=RAW, content=raw, media_type="message/rfc822")
        for one in () if mail is None else mail.files:
            with suppress(CrmkitError), self.uow.attempt():  # a media type or size that is refused; the whole is kept
                self.uow.attachments.attach(here, name=one.name, content=one.content, media_type=one.media_type)

    # -- reports ------------------------------------------------------------------------------------------------------

    def _reported(self, raw: bytes, mail: Incoming, report: Report, addresses: Iterable[str]) -> Received:
        """A bounce or complaint: kept, and believed if it names a message that was sent from here."""
        told = self._reported_on(report, addresses)
        message = self._as_message(mail, next(iter(addresses), ""), None, None)
        stored = self.records.add(evolve(message, party_id=None if told is None else told.party_id))
        self._keep(stored, raw, None)
        if told is not None and report.kind == "bounce" and report.action == "failed":
            self._bounced(told, report)
        elif told is not None and report.kind == "complaint":
            self._complained(told, report)
        return Received(message=stored, answers=None if told is None else told.id, report=report.kind)

    def _reported_on(self, report: Report, addresses: Iterable[str]) -> Message | None:
        marked = read_marks(self.keys, "bounce", addresses)
        where = f.id == marked if marked is not None else f.message_id == (report.original or "")
        found = self.own_records(MESSAGE, where & (f.direction == "out"))
        if not found or found[0].state in {"queued", "cancelled", "withheld"}:
            return None
        told = found[0]
        return told if marked is not None or not report.recipients or told.address in report.recipients else None

    def _bounced(self, told: Message, report: Report) -> None:
        status = report.status or "5.0.0"
        if not status.startswith("5") or told.state == "bounced":
            return
        self.records.update(
            told, evolve(told, state="bounced", answer=f"{status} {report.diagnostic}".strip()[:500], due_at=None)
        )
        gone = gone_for_good(status)
        if gone and told.address is not None:
            self.uow.use(Privacy).suppress(
                channel=CHANNEL, address=told.address, reason="bounced", source=f"email:{told.id}"
            )
        self.emit(MessageBounced(message=told.id, party=told.party_id, status=status, suppressed=gone))
        self._note(told, "email.bounced", f"could not be delivered ({status}): {told.subject}")

    def _complained(self, told: Message, report: Report) -> None:
        if told.state == "complained":
            return
        self.records.update(told, evolve(told, state="complained", answer=report.feedback, due_at=None))
        if told.address is not None:
            self.uow.use(Privacy).suppress(
                channel=CHANNEL, address=told.address, reason="complained", source=f"email:{told.id}"
            )
        self.emit(MessageComplained(message=told.id, party=told.party_id, feedback=report.feedback))
        self._note(told, "email.complained", f"was called unwanted ({report.feedback}): {told.subject}")


def _sensible(date: datetime | None, now: datetime) -> datetime:
    """When a message was written, if what it says can be."""
    if date is None or date > now or (now - date).days > 3_650:  # noqa: PLR2004  # ten years
        return now
    return date
