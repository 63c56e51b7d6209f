"""The commands and queries of this area: record, correct and note what happened; threads, channels, the timeline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from crmkit.core.interactions.activities.service import Activities
from crmkit.core.interactions.events import ChannelAdded, InteractionCorrected, ThreadClosed, ThreadOpened
from crmkit.core.interactions.model import (
    Channel,
    ChannelKind,
    Direction,
    Interaction,
    LastState,
    Participant,
    Thread,
    ThreadState,
    ThreadStatus,
    TimelineEntry,
)
from crmkit.core.interactions.reading import last_state, thread_states, timeline_page
from crmkit.core.interactions.rules import closed, corrected
from crmkit.core.interactions.tables import CHANNEL, INTERACTION, THREAD
from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.errors import StaleVersionError
from crmkit.values.criteria import f
from crmkit.values.page import Cursor, Page
from crmkit.values.ref import Ref

__all__ = ["Interactions"]


class Interactions(Activities):
    """What happened with parties and what is planned: ``uow.interactions``."""

    @command("interaction.record", permission="interaction.create")
    def record(
        self,
        *,
        party: Annotated[UUID, Target("party")],
        channel: str,
        summary: str,
        direction: Direction = "none",
        body: str = "",
        occurred_at: datetime | None = None,
        duration_seconds: int | None = None,
        thread: Annotated[UUID, Target("thread")] | None = None,
        about: Ref | None = None,
        author: str | None = None,
        participants: Sequence[Participant] = (),
        custom: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """Record something that happened with a party.

        Args:
            party: with whom.
            channel: the key of the channel that it came over.
            summary: what happened, in one line.
            direction: ``in`` from the party, ``out`` to the party, ``none`` for neither.
            body: all that was said or written.
            occurred_at: when it happened or began, aware; now by default.
            duration_seconds: how long it took, in seconds.
            thread: the open thread with this party that it belongs to.
            about: the record that it was about, such as a deal.
            author: the id of the actor who had it; whoever records it by default.
            participants: who took part besides the party and the author.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if party, thread or record are not there or hidden.
            UnknownChannelError: if nobody has added the channel; lists those there are.
            NaiveDatetimeError: if ``occurred_at`` has no time zone.
            InvalidValueError: if it has not happened yet, the thread is with somebody else, or a custom value does not
                fit its field.
            RefusedError: if the thread is closed.
        """
        self.check_channel(channel)
        subject = self.about(about)
        interaction = Interaction(
            party_id=party,
            channel=channel,
            direction=direction,
            occurred_at=self.uow.now if occurred_at is None else occurred_at,
            duration_seconds=duration_seconds,
            summary=summary,
            body=body,
            thread_id=thread,
            author_id=self.uow.actor.id if author is None else author,
            about=subject.entity,
            about_id=subject.id,
            about_label=subject.label,
            custom=custom,
        )
        return self.store_interaction(interaction, participants)

    @command("interaction.note", permission="interaction.create")
    def note(
        self,
        *,
        party: Annotated[UUID, Target("party")],
        kind: str,
        summary: str,
        about: Ref | None = None,
        label: str | None = None,
        body: str = "",
        occurred_at: datetime | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Interaction:
        """Enter on a party's timeline that a plugin did something; to be called by the plugin in the same unit.

        Args:
            party: whose timeline.
            kind: the plugin's own kind of entry, such as ``membership.card_issued``.
            summary: what happened, in one line that can be read without the plugin.
            about: the plugin's record.
            label: what to call that record when it is gone; what its display field says by default.
            body: more about it.
            occurred_at: when it happened, aware; now by default.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if party or record are not there or hidden.
            InvalidKeyError: if the kind is no key.
            NaiveDatetimeError: if ``occurred_at`` has no time zone.
            InvalidValueError: if it has not happened yet, or a custom value does not fit its field.
        """
        subject = self.about(about, label)
        interaction = Interaction(
            party_id=party,
            kind=kind,
            occurred_at=self.uow.now if occurred_at is None else occurred_at,
            summary=summary,
            body=body,
            author_id=self.uow.actor.id,
            about=subject.entity,
            about_id=subject.id,
            about_label=subject.label,
            custom=custom,
        )
        return self.store_interaction(interaction)

    @command("interaction.correct", permission="interaction.update")
    def correct(
        self,
        interaction: Annotated[UUID, Target("interaction")],
        *,
        reason: str,
        summary: str | None = None,
        body: str | None = None,
        version: int | None = None,
    ) -> Interaction:
        """Correct the texts of an interaction; the old ones stay in its history.

        Args:
            interaction: its id.
            reason: why, in one line.
            summary: the right summary; None to keep it.
            body: the right body; None to keep it.
            version: the version that the corrector has read; whatever is stored by default.

        Raises:
            NotFoundError: if the interaction is not there or hidden.
            StaleVersionError: if it has moved on since ``version``.
            InvalidValueError: if nothing would change, or the reason is blank.
        """
        before = self.uow.get(INTERACTION, interaction)
        if version is not None and version != before.version:
            raise StaleVersionError(INTERACTION.name, interaction, expected=version, actual=before.version)
        after = self.records.update(before, corrected(before, summary=summary, body=body, reason=reason))
        self.emit(InteractionCorrected(interaction=after.id, party=after.party_id))
        return after

    # -- threads and channels -----------------------------------------------------------------------------------------

    @command("thread.open", permission="thread.create")
    def open_thread(
        self,
        *,
        party: Annotated[UUID, Target("party")],
        subject: str,
        custom: Mapping[str, Any] | None = None,
    ) -> Thread:
        """Open a thread with a party, so that others see that somebody is at it.

        Args:
            party: with whom.
            subject: what about, in one line.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the party is not there or hidden.
            InvalidValueError: if the subject is blank, or a custom value does not fit its field.
        """
        thread = Thread(
            party_id=party, subject=subject, opened_by=self.uow.actor.id, started_at=self.uow.now, custom=custom
        )
        stored = self.records.add(thread)
        self.emit(ThreadOpened(thread=stored.id, party=party))
        return stored

    @command("thread.close", permission="thread.update")
    def close_thread(self, thread: Annotated[UUID, Target("thread")]) -> Thread:
        """Close a thread; nothing more is recorded in it.

        Args:
            thread: its id.

        Raises:
            NotFoundError: if the thread is not there or hidden.
            ConflictError: if it is closed already.
        """
        before = self.uow.get(THREAD, thread)
        after = self.records.update(before, closed(before, self.uow.now))
        self.emit(ThreadClosed(thread=after.id, party=after.party_id))
        return after

    @command("channel.add", permission="channel.create")
    def add_channel(self, key: str, *, label: str, kind: ChannelKind = "written") -> Channel:
        """Add a channel, or return the one that has this key.

        Args:
            key: how interactions name it: ``plugin.noun`` for a plugin's own.
            label: for people.
            kind: spoken, written or in_person.

        Raises:
            InvalidKeyError: if the key is none.
            InvalidValueError: if the label is blank or the kind is none.
        """
        channel = Channel(key=key, label=label, kind=kind)
        found = self.uow.find(CHANNEL, f.key == key, limit=1)
        if found:
            return found[0]
        stored = self.records.add(channel)
        self.emit(ChannelAdded(channel=key))
        return stored

    # -- reading ------------------------------------------------------------------------------------------------------

    @query("interaction.timeline", permission="interaction.read")
    def timeline(
        self, party: Annotated[UUID, Target("party")], *, after: Cursor | None = None, limit: int = 50
    ) -> Page[TimelineEntry]:
        """What happened with a party, the latest first, over all plugins.

        An entry is shown if the record that it is about may be seen, too.

        Args:
            party: whose timeline.
            after: the ``next`` of the page before.
            limit: how many entries at most, 1 to `MAX_TIMELINE_PAGE`.

        Raises:
            NotFoundError: if the party is not there or hidden.
            LimitExceededError: if the limit is too large.
            InvalidCursorError: if ``after`` is not from a timeline.
        """
        return timeline_page(self.uow, party, after=after, limit=limit)

    @query("interaction.last_state", permission="interaction.read")
    def last_state(self, party: Annotated[UUID, Target("party")]) -> LastState:
        """Where we stopped with a party: the last interaction, what is still promised, what is next.

        Args:
            party: with whom.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """
        return last_state(self.uow, party)

    @query("thread.list", permission="thread.read")
    def threads(
        self, party: Annotated[UUID, Target("party")], *, status: ThreadStatus | None = "open", limit: int = 20
    ) -> tuple[ThreadState, ...]:
        """The threads with a party and where each stands, the newest first.

        Args:
            party: with whom.
            status: open or closed ones; None for both.
            limit: how many at most.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """
        return thread_states(self.uow, party, status=status, limit=limit)
