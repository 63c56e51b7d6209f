"""The commands and queries about moods; a chapter of `crmkit.plugins.feedback.service.Feedback`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.feedback.moods.events import MoodNoted
from crmkit.plugins.feedback.moods.model import Level, Mood, level_of
from crmkit.plugins.feedback.surveys.rules import month_of
from crmkit.plugins.feedback.surveys.service import PartyId, Surveys
from crmkit.sdk import Interaction, Target, command, f, query

__all__ = ["Moods"]

InteractionId = Annotated[UUID, Target("interaction")]


class Moods(Surveys):
    """How parties felt when we dealt with them, and what they need."""

    @command("feedback.mood.note", permission="feedback.mood.create")
    def note_mood(self, interaction: InteractionId, mood: Level, *, need: str | None = None) -> Mood:
        """Note how a party felt in an interaction; noted again, it is corrected, and history keeps what was said.

        Args:
            interaction: its id.
            mood: angry, unhappy, neutral, pleased or delighted.
            need: what the party needs from whoever deals with it next; None to leave what was noted before.

        Raises:
            NotFoundError: if the interaction is not there or hidden.
            InvalidValueError: if there is no such mood; lists those there are.
            ForbiddenError: if it was noted before, and the actor may not change it.
        """  # raised by what this calls; callers want to know
        level = level_of(mood)
        said = self.uow.get(Interaction, interaction)
        known = self.uow.find(Mood, f.interaction_id == interaction, limit=1).items
        noted = Mood(
            party_id=said.party_id,
            interaction_id=said.id,
            level=level,
            need=need,
            noted_by=self.uow.actor.id,
            felt_at=said.occurred_at,
            felt_month=month_of(said.occurred_at),
        )
        stored = self._corrected(known[0], noted) if known else self.records.add(noted)
        if not known or stored.version != known[0].version:
            self.emit(MoodNoted(mood=stored.id, party=stored.party_id, interaction=interaction, level=level))
        return stored

    @query("feedback.mood.list", permission="feedback.mood.read")
    def moods(self, party: PartyId, *, limit: int = 50) -> tuple[Mood, ...]:
        """How a party felt, the latest first.

        Args:
            party: its id.
            limit: how many at most.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """
        return self.uow.find(Mood, f.party_id == party, order="-felt_at", limit=limit).items

    def _corrected(self, known: Mood, noted: Mood) -> Mood:
        need = known.need if noted.need is None else noted.need.strip() or None
        if (known.level, known.need) == (noted.level, need):
            return known
        return self.records.update(known, evolve(known, level=noted.level, need=need, noted_by=noted.noted_by))
