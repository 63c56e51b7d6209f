"""The commands that a sender leads messages through: claim, settle, and what a sender that was killed has left."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from attrs import evolve

from crmkit.plugins.email.addresses import domain_of, parsed_address
from crmkit.plugins.email.config import Settings
from crmkit.plugins.email.events import MessageFailed, MessageSent, MessageWithheld
from crmkit.plugins.email.marks import marked
from crmkit.plugins.email.model import Lane, Message
from crmkit.plugins.email.sending.composing import Enclosure, Letter
from crmkit.plugins.email.sending.line import Answer
from crmkit.plugins.email.sending.rules import gone_for_good, settled
from crmkit.plugins.email.tables import LANE, MESSAGE
from crmkit.plugins.privacy import Privacy
from crmkit.sdk import Attachment, CrmkitError, Ref, Service, command, f

__all__ = ["LEASE", "Delivery"]

LEASE: Final = timedelta(minutes=15)
"""After so long a sender that has left no journal here is taken for dead; a living one settles within five minutes."""
MINUTE: Final = timedelta(minutes=1)
CHANNEL: Final = "email"


class Delivery(Service):
    """What a sender does with messages; people have no use for it."""

    @command("email.message.claim", permission="email.message.deliver", reversible=False)
    def claim(self, courier: str, *, limit: int | None = None) -> tuple[tuple[Message, Letter], ...]:
        """Take messages that are due, as many as may go to each domain now; nobody else takes them meanwhile.

        Whether their recipients may be written to is asked in this very transaction: who withdrew before is not
        written to.

        Args:
            courier: the sender's id.
            limit: how many at most; the setting ``batch`` by default.

        Returns:
            Each message with what is to be handed over.
        """
        settings = self.settings(Settings)
        due = (f.state == "queued") & (f.due_at <= self.uow.now)
        shut = [lane.domain for lane in self.uow.find(LANE, f.open_at > self.uow.now, order="-open_at", limit=500)]
        if shut:
            due &= ~f.domain.in_(shut)
        page = self.uow.find(MESSAGE, due, order="due_at", limit=min(limit or settings.batch, settings.batch))
        allowed = self._still_allowed(page.items)
        taken = [self._taken(message, courier) for message in self._within_rates(allowed, settings)]
        files = self._files_of(taken)
        return tuple((message, self._letter(message, settings, files.get(message.id, ()))) for message in taken)

    @command("email.message.settle", permission="email.message.deliver", reversible=False)
    def settle(self, courier: str, answers: Mapping[UUID, Answer | None]) -> int:
        """Keep what became of messages that a sender has claimed; those that it has no longer are left alone.

        Args:
            courier: the sender's id.
            answers: what the server said of each; None for those that were not handed over.

        Returns:
            How many were settled.
        """
        mine = (f.courier == courier) & (f.state == "handing_over") & f.id.in_(list(answers))
        found = list(self.uow.each(MESSAGE, mine)) if answers else []
        for message in found:
            self._settle(message, answers[message.id])
        return len(found)

    @command("email.message.recover", permission="email.message.deliver", reversible=False)
    def recover(self, courier: str, *, taken: Mapping[UUID, str], ending: Sequence[UUID]) -> int:
        """Settle what a sender that was killed had claimed, by what its journal tells.

        Args:
            courier: the sender's id.
            taken: the messages that the server has taken, each with what it said.
            ending: those whose end was about to be sent.

        Returns:
            How many there were.
        """
        left = list(self.uow.each(MESSAGE, (f.courier == courier) & (f.state == "handing_over")))
        for message in left:
            self._settle(message, _as_noted(message.id, taken, ending))
        return len(left)

    @command("email.message.reclaim", permission="email.message.deliver", reversible=False)
    def reclaim(self, *, living: Sequence[str]) -> int:
        """Settle what senders have left that were lost with their journals, on a machine that is gone.

        Of none of their messages is it known whether the server took it.

        Args:
            living: the senders that have a journal here.

        Returns:
            How many there were.
        """
        since = self.uow.now - LEASE
        lost = (f.state == "handing_over") & (f.handed_at < since)
        left = [message for message in self.uow.each(MESSAGE, lost) if message.courier not in living]
        for message in left:
            self._settle(message, Answer(verdict="uncertain", said="its sender was lost"))
        return len(left)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _still_allowed(self, due: Iterable[Message]) -> list[Message]:
        """The messages whose recipients may still be written to now; the others are withheld, or wait."""
        allowed = []
        for message in due:
            reasons, not_before = self._objections(message)
            if reasons:
                self._withhold(message, reasons)
            elif not_before is not None and not_before > self.uow.now:
                self.records.update(message, evolve(message, due_at=not_before))
            else:
                allowed.append(message)
        return allowed

    def _objections(self, message: Message) -> tuple[tuple[str, ...], datetime | None]:
        """Why a message may not be sent, and before when not."""
        if message.address is None or message.purpose is None:
            return ("erased",), None
        privacy = self.uow.use(Privacy)
        if message.party_id is None:
            told = privacy.is_suppressed(channel=CHANNEL, address=message.address)
            return (("suppressed",) if told else ()), None
        said = privacy.may_contact(message.party_id, channel=CHANNEL, purpose=message.purpose, address=message.address)
        if said.allowed:
            return (), said.not_before
        return tuple(reason.code for reason in said.reasons), None

    def _within_rates(self, allowed: Sequence[Message], settings: Settings) -> list[Message]:
        """As many as may go to each domain within the minute, over all senders.

        The lane of each domain is changed, so that of two claims at a time only one can count. It is read before what
        went there is counted: whoever claimed after it was read, and may not be counted, has changed it.
        """
        if not allowed:
            return []
        wanted = _by_domain(allowed)
        lanes = {lane.domain: lane for lane in self.uow.find(LANE, f.domain.in_(list(wanted)), limit=len(wanted))}
        recent = f.domain.in_(list(wanted)) & (f.handed_at > self.uow.now - MINUTE)
        went = {tally.key[0]: tally.count for tally in self.uow.tally(MESSAGE, ["domain"], where=recent)}
        found: list[Message] = []
        for domain in sorted(wanted):  # in one order, so that two claims cannot wait for each other
            room = max(0, settings.allowed(domain) - went.get(domain, 0))
            self._move_on(domain, lanes.get(domain), full=len(wanted[domain]) >= room)
            found += wanted[domain][:room]
        return found

    def _move_on(self, domain: str, lane: Lane | None, *, full: bool) -> None:
        """Change the lane of a domain; if it is full, until the first of the minute's messages is a minute old."""
        open_at = self.uow.now
        if full:
            recent = (f.domain == domain) & (f.handed_at > self.uow.now - MINUTE)
            first = next(iter(self.uow.find(MESSAGE, recent, order="handed_at", limit=1)), None)
            open_at = (first.handed_at if first and first.handed_at else self.uow.now) + MINUTE
        if lane is None:
            self.records.add(Lane(domain=domain, open_at=open_at, turns=1))
        else:
            self.records.update(lane, evolve(lane, open_at=open_at, turns=lane.turns + 1))

    def _taken(self, message: Message, courier: str) -> Message:
        taken = evolve(
            message, state="handing_over", courier=courier, handed_at=self.uow.now, attempts=message.attempts + 1
        )
        return self.records.update(message, taken)

    def _letter(self, message: Message, settings: Settings, files: Iterable[Attachment]) -> Letter:
        keys, sender = self.uow.keys, message.ours or settings.sender
        reply = message.reply_to
        if reply is None and settings.reply_address:
            reply = marked(keys, "reply", message.id, settings.reply_address)
        bounce = settings.bounce_address
        return Letter(
            message=message.id,
            sender=sender,
            recipient=message.address or "",
            recipient_name=message.name or "",
            return_to=marked(keys, "bounce", message.id, bounce) if bounce else _bare(sender),
            reply_to=reply,
            subject=message.subject,
            text=message.text,
            html=message.html,
            message_id=message.message_id,
            in_reply_to=message.in_reply_to,
            earlier=message.earlier,
            date=message.created_at or self.uow.now,
            unsubscribe=self._unsubscribe(message, settings),
            automatic=message.automatic,
            enclosures=[self._enclosure(one) for one in files],
        )

    def _unsubscribe(self, message: Message, settings: Settings) -> str | None:
        if not message.unsubscribable or settings.unsubscribe_url is None:
            return None
        until = (message.created_at or self.uow.now) + timedelta(days=settings.unsubscribe_days)
        token = self.uow.keys.sign("email.unsubscribe", message.id.hex, expires_at=until)
        return f"{settings.unsubscribe_url}?token={token}"

    def _files_of(self, messages: Sequence[Message]) -> Mapping[UUID, list[Attachment]]:
        """The files that go with messages, in the order in which they were attached."""
        found: dict[UUID, list[Attachment]] = {}
        if messages:
            theirs = (f.subject == MESSAGE.name) & f.subject_id.in_([message.id for message in messages])
            for one in self.uow.each(Attachment, theirs):
                found.setdefault(one.subject_id, []).append(one)
        return found

    def _enclosure(self, file: Attachment) -> Enclosure:
        with self.uow.attachments.open(file.id) as content:
            return Enclosure(name=file.name, media_type=file.media_type, content=content.read())

    def _settle(self, message: Message, answer: Answer | None) -> None:
        settings = self.settings(Settings)
        if answer is not None and message.address is None:  # erased while it was handed over; the server may name it
            answer = evolve(answer, said="")
        after = settled(
            message,
            answer,
            now=self.uow.now,
            attempts=settings.attempts,
            first=settings.first_wait,
            longest=settings.longest_wait,
            jitter=random.random(),  # noqa: S311  # no secret
            uncertain=settings.uncertain,
        )
        if after.state == "sent":
            after = evolve(after, interaction_id=self._enter(after))
        self.records.update(message, after)
        if after.state == "sent":
            self.emit(
                MessageSent(
                    message=after.id,
                    party=after.party_id,
                    interaction=after.interaction_id,
                    thread=after.thread_id,
                    key=after.key or "",
                )
            )
        elif after.state == "failed":
            self._fail(after)

    def _enter(self, message: Message) -> UUID | None:
        """Enter a message on the timeline. That it was sent is kept, even if it cannot be entered."""
        if message.party_id is None:
            return None
        about = Ref(message.about, message.about_id) if message.about and message.about_id else None
        for thread in (message.thread_id, None):  # a thread that was closed meanwhile stays closed
            with suppress(CrmkitError), self.uow.attempt():
                entry = self.uow.interactions.record(
                    party=message.party_id,
                    channel=CHANNEL,
                    direction="out",
                    summary=message.subject or "(no subject)",
                    body=message.text,
                    thread=thread,
                    about=about,
                    author=message.owner_id,
                )
                return entry.id
        return None

    def _fail(self, message: Message) -> None:
        self.emit(MessageFailed(message=message.id, party=message.party_id, key=message.key or ""))
        self._note(message, "email.failed", f"could not be sent: {message.subject}")
        if message.address is not None and gone_for_good(message.answer or ""):
            self.uow.use(Privacy).suppress(
                channel=CHANNEL, address=message.address, reason="bounced", source=f"email:{message.id}"
            )

    def _withhold(self, message: Message, reasons: Sequence[str]) -> None:
        after = evolve(message, state="withheld", due_at=None, settled_at=self.uow.now, reasons=tuple(reasons))
        self.records.update(message, after)
        self.emit(
            MessageWithheld(message=message.id, party=message.party_id, key=message.key or "", reasons=tuple(reasons))
        )
        self._note(message, "email.withheld", f"was not sent ({', '.join(reasons)}): {message.subject}")

    def _note(self, message: Message, kind: str, summary: str) -> None:
        """Enter on the party's timeline what became of a message; for the bodies of commands."""
        if message.party_id is None:
            return
        with suppress(CrmkitError), self.uow.attempt():
            about = Ref(message.about, message.about_id) if message.about and message.about_id else None
            self.uow.interactions.note(party=message.party_id, kind=kind, summary=summary[:1_000], about=about)


def _by_domain(messages: Iterable[Message]) -> dict[str, list[Message]]:
    """Messages by the domain that they go to."""
    found: dict[str, list[Message]] = {}
    for message in messages:
        found.setdefault(message.domain or domain_of(message.address or ""), []).append(message)
    return found


def _bare(sender: str) -> str:
    return parsed_address(sender, field="sender").address


def _as_noted(message: UUID, taken: Mapping[UUID, str], ending: Sequence[UUID]) -> Answer | None:
    """What a journal tells of a message."""
    if message in taken:
        return Answer(verdict="accepted", said=taken[message])
    if message in ending:
        return Answer(verdict="uncertain", said="its sender was killed before the server's answer")
    return None
