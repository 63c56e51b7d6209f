"""The commands and queries about silences; a chapter of `crmkit.plugins.feedback.service.Feedback`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import Final
from uuid import UUID

from crmkit.plugins.feedback.calls import plan_call
from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.drops.service import Drops
from crmkit.plugins.feedback.silences.events import PartyFellSilent
from crmkit.plugins.feedback.silences.model import Silence
from crmkit.plugins.feedback.silences.rules import HORIZON, Rhythm, heard, rhythm_of, silent_from
from crmkit.plugins.feedback.surveys.service import PartyId
from crmkit.sdk import PARTY, Cursor, Interaction, Party, Ref, command, f, query

__all__ = ["Silences"]

TOGETHER: Final = 200
"""How many talkative parties are looked at in one unit."""


class Silences(Drops):
    """Noticing that a party that used to talk with us does not any more."""

    @command("feedback.silence.notice", permission="feedback.silence.create")
    def notice_silence(self, party: PartyId) -> Silence | None:
        """See whether a party has fallen silent, by its own rhythm; every day it is seen for all parties.

        A silence is noticed once: it is told, and planned to be broken, when it is noticed, and not again.

        Args:
            party: its id; of one that was merged, the party that it is part of.

        Returns:
            The silence, if the party is silent.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """  # raised by what this calls; callers want to know
        standing = self.hold(PARTY, self._standing(party), alone=True).id
        where = (f.party_id == standing) & heard(self.uow.now - HORIZON)
        rhythm = rhythm_of(one.occurred_at for one in self.uow.each(Interaction, where))
        begins = silent_from(rhythm, self.settings(Settings))
        if rhythm is None or begins is None or begins > self.uow.now:
            return None
        known = self.own_records(Silence, (f.party_id == standing) & (f.since == rhythm.last))
        return known[0] if known else self._noticed(standing, rhythm)

    @query("feedback.silence.list", permission="feedback.silence.read")
    def silences(self, *, limit: int = 50) -> tuple[Silence, ...]:
        """Which parties have fallen silent, the latest first; some may have been heard of since.

        Args:
            limit: how many at most.
        """
        return self.uow.find(Silence, order="-since", limit=limit).items

    @query("feedback.silence.unnoticed", permission="feedback.silence.read")
    def unnoticed_silences(self, *, after: Cursor | None = None) -> tuple[tuple[UUID, ...], Cursor | None]:
        """Of some hundreds of talkative parties, those that are silent and were not noticed yet.

        Args:
            after: where to go on; None to begin.

        Returns:
            Their ids, and where to go on; None at the end.
        """
        settings, talking = self.settings(Settings), heard(self.uow.now - HORIZON)
        often = f.interactions.count(talking) >= settings.silence_contacts
        standing = f.merged_into.is_empty() & f.archived_at.is_empty()
        page = self.uow.find(Party, standing & often, order="id", limit=TOGETHER, after=after)
        contacts: dict[UUID, list[datetime]] = {party.id: [] for party in page}
        noticed: set[tuple[UUID, datetime]] = set()
        if contacts:
            these = f.party_id.in_(tuple(contacts))
            noticed = {(one.party_id, one.since) for one in self.uow.each(Silence, these)}
            for one in self.uow.each(Interaction, these & talking):
                contacts[one.party_id].append(one.occurred_at)
        return tuple(self._silent(contacts, noticed)), page.next

    def _silent(
        self, contacts: Mapping[UUID, list[datetime]], noticed: Collection[tuple[UUID, datetime]]
    ) -> Iterator[UUID]:
        for party, instants in contacts.items():
            rhythm = rhythm_of(instants)
            begins = silent_from(rhythm, self.settings(Settings))
            if rhythm and begins and begins <= self.uow.now and (party, rhythm.last) not in noticed:
                yield party

    def _noticed(self, party: PartyId, rhythm: Rhythm) -> Silence:
        silence = self.records.add(
            Silence(party_id=party, since=rhythm.last, usual_days=rhythm.usual, noticed_at=self.uow.now)
        )
        summary = f"not heard of since {rhythm.last:%Y-%m-%d}, usually every {rhythm.usual} days"
        self.uow.interactions.note(
            party=party, kind="feedback.fell_silent", summary=summary, about=Ref("feedback.silence", silence.id)
        )
        plan_call(self.uow, party, subject=f"Call: {summary}")
        self.emit(PartyFellSilent(silence=silence.id, party=party, since=rhythm.last, usual_days=rhythm.usual))
        return silence
