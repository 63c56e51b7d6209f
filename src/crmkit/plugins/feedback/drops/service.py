"""The commands and queries about drops; a chapter of `crmkit.plugins.feedback.service.Feedback`."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from attrs import evolve

from crmkit.plugins.feedback.calls import plan_call
from crmkit.plugins.feedback.config import Settings
from crmkit.plugins.feedback.drops.events import SatisfactionDropped, SatisfactionRecovered
from crmkit.plugins.feedback.drops.model import Drop
from crmkit.plugins.feedback.drops.rules import Comparison, compared
from crmkit.plugins.feedback.moods.model import Mood
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.plugins.feedback.surveys.service import PartyId
from crmkit.plugins.feedback.trends.service import Trends
from crmkit.sdk import PARTY, Criteria, Ref, command, f, query

__all__ = ["Drops"]

Said = tuple[datetime, UUID, Decimal]
"""When something was said, its id, and where it lies between the worst, 0, and the best, 1."""


class Drops(Trends):
    """Noticing that satisfaction has become worse. By everything that was said, whoever may see that."""

    @command("feedback.drop.assess_party", permission="feedback.drop.create")
    def assess_party(self, party: PartyId) -> Drop | None:
        """See whether a party is less satisfied than it was: by its latest answers and moods, and as many before them.

        It happens by itself whenever a party answers, or its mood is noted.

        Args:
            party: its id; of one that was merged, the party that it is part of.

        Returns:
            The drop, while it lasts; nothing if there is none.

        Raises:
            NotFoundError: if the party is not there or hidden.
        """  # raised by what this calls; callers want to know
        standing = self.hold(PARTY, self._standing(party), alone=True).id
        window = self.settings(Settings).party_window
        said = self._said(f.party_id == standing, 2 * window)
        moods = self.own_records(Mood, f.party_id == standing, order="-felt_at", limit=2 * window)
        said.extend((mood.felt_at, mood.id, mood.share) for mood in moods)
        return self._assessed(f.party_id == standing, said, window, party=standing)

    @command("feedback.drop.assess_agent", permission="feedback.drop.create")
    def assess_agent(self, agent: str) -> Drop | None:
        """See whether parties are less satisfied with an agent's work than they were; by itself whenever one answers.

        Args:
            agent: the actor's id.

        Returns:
            The drop, while it lasts; nothing if there is none.

        Raises:
            AlreadyExistsError: if somebody else notices the same at the same time; to be tried again.
        """  # raised by what this calls; callers want to know
        window = self.settings(Settings).agent_window
        return self._assessed(f.agent_id == agent, self._said(f.agent_id == agent, 2 * window), window, agent=agent)

    @query("feedback.drop.list", permission="feedback.drop.read")
    def drops(self, *, lasting: bool = True, limit: int = 50) -> tuple[Drop, ...]:
        """Whose satisfaction, and with whose work, has become worse, the latest first.

        Args:
            lasting: only what has not become better since.
            limit: how many at most.
        """
        found = self.uow.find(Drop, f.open == True, limit=limit) if lasting else self.uow.find(Drop, limit=limit)  # noqa: E712  # a field of criteria
        return found.items

    def _said(self, of: Criteria, count: int) -> list[Said]:
        answers = self.own_records(Survey, of & ~f.answered_at.is_empty(), order="-answered_at", limit=count)
        return [(one.answered_at, one.id, one.share) for one in answers if one.answered_at and one.share is not None]

    def _assessed(
        self, of: Criteria, said: list[Said], window: int, *, party: UUID | None = None, agent: str | None = None
    ) -> Drop | None:
        latest = sorted(said, reverse=True)
        found = compared([share for _, _, share in latest], window)
        known = self.own_records(Drop, of & (f.open == True))  # noqa: E712  # a field of criteria
        if found is None or not found.is_drop(self.settings(Settings).drop):
            for drop in known:
                self._end(drop)
            return None
        return known[0] if known else self._begin(found, latest[0][0], party, agent)

    def _begin(self, found: Comparison, since: datetime, party: UUID | None, agent: str | None) -> Drop:
        drop = self.records.add(
            Drop(party_id=party, agent_id=agent, before=found.before, after=found.after, since=since)
        )
        if party is not None:
            summary = f"satisfaction dropped from {found.before:.0%} to {found.after:.0%}"
            self.uow.interactions.note(
                party=party, kind="feedback.satisfaction_dropped", summary=summary, about=Ref("feedback.drop", drop.id)
            )
            plan_call(self.uow, party, subject=f"Call: {summary}")
        self.emit(SatisfactionDropped(drop=drop.id, party=party, agent=agent, before=found.before, after=found.after))
        return drop

    def _end(self, drop: Drop) -> None:
        self.records.update(drop, evolve(drop, open=None, ended_at=self.uow.now))
        self.emit(SatisfactionRecovered(drop=drop.id, party=drop.party_id, agent=drop.agent_id))
