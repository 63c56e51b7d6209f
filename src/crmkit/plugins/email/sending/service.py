"""The commands and queries of sending; a chapter of `crmkit.plugins.email.service.Email`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Final
from uuid import UUID

from attrs import evolve

from crmkit.plugins.email.addresses import domain_of, header_text, normal_address, parsed_address
from crmkit.plugins.email.config import Settings
from crmkit.plugins.email.errors import NotContactableError
from crmkit.plugins.email.events import MessageQueued
from crmkit.plugins.email.model import Message, MessageState
from crmkit.plugins.email.sending.composing import Enclosure, message_id_for
from crmkit.plugins.email.sending.delivery import CHANNEL, Delivery
from crmkit.plugins.email.tables import MESSAGE
from crmkit.plugins.email.templates.html import as_text, finished
from crmkit.plugins.email.templates.service import Content, Templates
from crmkit.plugins.privacy import Privacy, UnknownPurposeError
from crmkit.sdk import (
    AlreadyExistsError,
    ConfigError,
    ConflictError,
    Cursor,
    InvalidValueError,
    LimitExceededError,
    Mechanism,
    Page,
    Ref,
    Target,
    as_instant,
    command,
    f,
    new_id,
    query,
)

__all__ = ["Sending"]

MessageId = Annotated[UUID, Target("email.message")]
DAY: Final = timedelta(days=1)
MOST_ENCLOSED: Final = 20_000_000
"""Bytes of attachments; many servers take 25 MB, and base64 adds a third."""


class Sending(Templates, Delivery):
    """What is sent, and what became of it."""

    @command("email.message.send", permission="email.message.create", reversible=False)
    def send(
        self,
        *,
        purpose: str,
        key: str,
        party: Annotated[UUID, Target("party")] | None = None,
        to: str | None = None,
        template: str | None = None,
        values: Mapping[str, object] | None = None,
        subject: str | None = None,
        text: str | None = None,
        html: str | None = None,
        about: Ref | None = None,
        thread: Annotated[UUID, Target("thread")] | None = None,
        answers: MessageId | None = None,
        attachments: Sequence[Enclosure] = (),
        reply_to: str | None = None,
        at: datetime | None = None,
        automatic: bool = False,
    ) -> Message:
        """Queue a message; it is sent once the unit of work is committed, or at its time.

        For each key and recipient there is one message, however often this is asked for, also at the same time: the
        second time the first message is returned, whatever it says.

        Args:
            purpose: the key of the purpose that it is sent for; by it privacy decides whether it may be.
            key: names what is sent where it comes from, such as ``order-17-confirmed``.
            party: to whom.
            to: the address, with or without a name; by default the party's primary e-mail address.
            template: the key of the template that it is made by; or give ``subject`` and ``text``.
            values: further values for the template.
            subject: of a message without a template.
            text: its plain-text part; made from the HTML by default.
            html: its HTML part.
            about: the record that it is about.
            thread: the correspondence that it belongs to; that of ``answers``, or a new one, by default.
            answers: the message that it answers.
            attachments: files that go with it.
            reply_to: where answers are to go; by default to the configured address with a mark of this message.
            at: when it is to be sent, aware; at once by default.
            automatic: whether no person wrote it. An automatic message never answers one, and a correspondent gets no
                more than ``automatic_per_day`` of them.

        Raises:
            NotContactableError: if nothing may be sent there for this purpose.
            TemplateError: if the template names what is unknown, or not the actor's to read.
            InvalidValueError: if a header would have a line break, or the recipient has no address.
            NotFoundError: if party, record, thread or template are not there or hidden.
            ConfigError: if nobody has set the sender.
            ConflictError: if it would answer a machine by a machine.
            LimitExceededError: if the attachments, or the automatic messages, are too many.
            AlreadyExistsError: if another unit has queued it at the same time and this one cannot see it
                (SERIALIZABLE).
        """  # raised by what this calls; callers want to know
        header_text(key, field="key")
        recipient = self._recipient(party, to)
        once = self._once(key, recipient[0])
        known = self._sent_before(once)
        if known is not None:
            return known
        if about is not None:
            self.uow.get(self.uow.entity(about.entity), about.id)
        party = party if party is not None else self._known_as(recipient[0])
        answered = None if answers is None else self.uow.get(MESSAGE, answers)
        if automatic:
            self._check_loop(recipient[0], answered)
        due, by_consent = self._allowed_from(party, recipient[0], purpose, at)
        content = self._content(template, subject, text, html, party=party, about=about, values=values)
        message = self._made(content, recipient, once[0], answered, about)
        message = evolve(
            message,
            party_id=party,
            key=key,
            purpose=purpose,
            template=template,
            reply_to=None if reply_to is None else str(parsed_address(reply_to, field="reply_to")),
            due_at=due,
            automatic=automatic,
            unsubscribable=by_consent,
        )
        try:
            with self.uow.attempt():
                thread_id = self._thread(thread, answered, party, content.subject)
                stored = self.records.add(evolve(message, thread_id=thread_id))
        except AlreadyExistsError:  # another unit has queued it meanwhile
            known = self._sent_before(once)
            if known is None:
                raise
            return known
        self._enclose(stored, attachments)
        self.emit(MessageQueued(message=stored.id, party=party, purpose=purpose))
        if due <= self.uow.now:
            self.hasten("deliver")
        return stored

    @command("email.message.annotate", permission="email.message.update")
    def annotate(self, message: MessageId, custom: Mapping[str, object]) -> Message:
        """Set custom fields of a message; what it says, and what became of it, stays as it is.

        Args:
            message: its id.
            custom: the values by the keys of their fields, None for no value; other fields keep theirs.

        Raises:
            UnknownFieldError: if there is no such field; names the nearest one.
            InvalidValueError: if a value is none of its field's kind.
        """  # raised by update; callers want to know
        found = self.uow.get(MESSAGE, message)
        values = {key: value for key, value in {**found.custom, **custom}.items() if value is not None}
        return self.records.update(found, evolve(found, custom=values))

    @command("email.message.cancel", permission="email.message.update", reversible=False)
    def cancel(self, message: MessageId) -> Message:
        """Take back a message that waits, or one of which nobody knows whether it was sent.

        Raises:
            ConflictError: if it is on its way already, or over.
        """
        found = self.uow.get(MESSAGE, message)
        if found.state not in {"queued", "uncertain"}:
            raise ConflictError(
                f"message {message} is {found.state}; only one that is queued or uncertain is cancelled"
            )
        after = evolve(found, state="cancelled", due_at=None, settled_at=self.uow.now)
        return self.records.update(found, after)

    @command("email.message.resend", permission="email.message.update", reversible=False)
    def resend(self, message: MessageId) -> Message:
        """Send a message that failed or is uncertain again, with the same Message-ID: a mail program shows it once.

        Raises:
            ConflictError: if it is neither failed nor uncertain.
        """
        found = self.uow.get(MESSAGE, message)
        if found.state not in {"failed", "uncertain"}:
            raise ConflictError(
                f"message {message} is {found.state}; only one that failed or is uncertain is sent again"
            )
        after = evolve(found, state="queued", due_at=self.uow.now, attempts=0, settled_at=None)
        self.hasten("deliver")
        return self.records.update(found, after)

    @query("email.message.queue", permission="email.message.read")
    def queue(
        self, *, state: MessageState | None = "queued", limit: int = 50, after: Cursor | None = None
    ) -> Page[Message]:
        """Messages in one state, the latest first.

        Args:
            state: which; None for all.
            limit: how many at most.
            after: the ``next`` of the page before.

        Raises:
            LimitExceededError: if the limit is out of range.
        """  # raised by find
        where = f.state == state if state is not None else ~f.state.is_empty()
        return self.uow.find(MESSAGE, where, order="-created_at", limit=limit, after=after)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _recipient(self, party: UUID | None, to: str | None) -> tuple[str, str]:
        """Address and name.

        Raises:
            InvalidValueError: if there is no address.
        """
        if to is not None:
            given = parsed_address(to)
            return given.address, given.name
        if party is None:
            raise InvalidValueError("to", None, "is missing; name a party, an address, or both")
        mine = (f.party_id == party) & (f.kind == "email") & f.valid_until.is_empty() & ~f.normalised.is_empty()
        known = sorted(self.uow.find(Mechanism, mine, order="id"), key=lambda one: not one.is_primary)
        if not known:
            raise InvalidValueError("party", str(party), "has no e-mail address; add one, or say to whom with 'to'")
        return normal_address(known[0].normalised or ""), ""

    def _once(self, key: str, address: str) -> list[str]:
        return [digest.hex() for digest in self.keys.digests("email.once", f"{key}\0{address}")]

    def _sent_before(self, once: list[str]) -> Message | None:
        """The message with the same key and recipient."""
        known = self.own_records(MESSAGE, f.once.in_(once))
        return self.uow.get(MESSAGE, known[0].id) if known else None

    def _known_as(self, address: str) -> UUID | None:
        """The one party that has this address, as far as the actor sees."""
        found = [p for p in self.uow.parties.find_by(address, kind="email") if p.merged_into is None]
        return found[0].id if len(found) == 1 else None

    def _check_loop(self, address: str, answered: Message | None) -> None:
        """See that machines do not answer each other.

        Raises:
            ConflictError: if the message to be answered was written by one.
            LimitExceededError: if the correspondent got enough for a day.
        """
        if answered is not None and answered.automatic:
            raise ConflictError(
                f"message {answered.id} was written by a machine; nothing answers it by itself (RFC 3834)"
            )
        most = self.settings(Settings).automatic_per_day
        since = self.uow.now - DAY
        mine = (f.address == address) & (f.created_at > since) & (f.direction == "out")
        sent = sum(one.automatic for one in self.own_records(MESSAGE, mine))
        if sent >= most:
            raise LimitExceededError("automatic messages to one correspondent within 24 hours", most, got=sent + 1)

    def _allowed_from(
        self, party: UUID | None, address: str, purpose: str, at: datetime | None
    ) -> tuple[datetime, bool]:
        """From when on the message may be sent, and whether it is by consent that it may.

        Raises:
            NotContactableError: if it may not be.
            UnknownPurposeError: if there is no such purpose.
        """
        privacy, due = self.uow.use(Privacy), self.uow.now if at is None else as_instant(at, field="at")
        if party is None:
            kinds = {one.key: one.kind for one in privacy.purposes()}
            if purpose not in kinds:
                raise UnknownPurposeError(purpose, kinds)
            if kinds[purpose] != "transactional":
                raise NotContactableError(purpose, ("no_consent",), ("nobody known has this address",))
            if privacy.is_suppressed(channel=CHANNEL, address=address):
                raise NotContactableError(purpose, ("suppressed",), ("nothing is sent to this address any more",))
            return due, False
        said = privacy.may_contact(party, channel=CHANNEL, purpose=purpose, address=address, at=max(due, self.uow.now))
        if not said.allowed:
            hindering = [reason for reason in said.reasons if reason.hinders]
            raise NotContactableError(purpose, [r.code for r in hindering], [r.text for r in hindering])
        return due if said.not_before is None else max(due, said.not_before), "transactional" not in said.codes

    def _content(
        self, template: str | None, subject: str | None, text: str | None, html: str | None,
        *, party: UUID | None, about: Ref | None, values: Mapping[str, object] | None,
    ) -> Content:  # fmt: skip
        """What the message says.

        Raises:
            InvalidValueError: if nothing says what.
        """
        if template is not None:
            if subject is not None or text is not None or html is not None:
                raise InvalidValueError("template", template, "says what the message says; leave out subject and text")
            return self.preview(template, party=party, about=about, values=values)
        made = None if html is None else finished("message", html)
        plain = text if text is not None else as_text(made or "")
        if not (subject or "").strip() or not plain.strip():
            raise InvalidValueError("subject", subject, "is missing, or the text is; give both, or a template")
        return Content(subject=header_text(subject or "", field="subject"), text=plain, html=made)

    def _made(
        self, content: Content, recipient: tuple[str, str], once: str, answered: Message | None, about: Ref | None
    ) -> Message:
        """The message as far as what it says and whom it is to go.

        Raises:
            ConfigError: if nobody has set the sender.
        """
        sender = self.settings(Settings).sender
        if not sender:
            raise ConfigError(
                "nobody has set whom messages are from; set plugins.email.sender = 'Berg <post@berg.example>'"
            )
        id_ = new_id()
        return Message(
            id=id_,
            once=once,
            address=recipient[0],
            name=header_text(recipient[1], field="to") or None,
            domain=domain_of(recipient[0]),
            ours=sender,
            subject=header_text(content.subject, field="subject"),
            text=content.text,
            html=content.html,
            message_id=message_id_for(id_, sender),
            in_reply_to=None if answered is None else answered.message_id,
            earlier=() if answered is None else (*answered.earlier, answered.message_id),
            about=None if about is None else about.entity,
            about_id=None if about is None else about.id,
            owner_id=self.uow.actor.id,
        )

    def _thread(self, thread: UUID | None, answered: Message | None, party: UUID | None, subject: str) -> UUID | None:
        """The thread that a message belongs to; a new one by default."""
        if thread is not None or party is None:
            return thread
        if answered is not None and answered.thread_id is not None and answered.party_id == party:
            return answered.thread_id
        return self.uow.interactions.open_thread(party=party, subject=subject).id

    def _enclose(self, message: Message, files: Sequence[Enclosure]) -> None:
        """Attach the files of a message to its record.

        Raises:
            LimitExceededError: if they are too large together.
        """
        size = sum(len(one.content) for one in files)
        if size > MOST_ENCLOSED:
            raise LimitExceededError("bytes attached to a message", MOST_ENCLOSED, got=size)
        for one in files:
            self.uow.attachments.attach(
                Ref(MESSAGE.name, message.id), name=one.name, content=one.content, media_type=one.media_type
            )
