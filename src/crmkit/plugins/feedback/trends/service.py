"""The queries about trends; a chapter of `crmkit.plugins.feedback.service.Feedback`."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from crmkit.plugins.feedback.moods.model import Mood
from crmkit.plugins.feedback.moods.service import Moods
from crmkit.plugins.feedback.surveys.model import Survey
from crmkit.plugins.feedback.surveys.service import PartyId
from crmkit.plugins.feedback.trends.model import TrendPoint
from crmkit.plugins.feedback.trends.rules import MOST_MONTHS, Counted, months_until, trend_of
from crmkit.sdk import Criteria, LimitExceededError, f, query

__all__ = ["Trends"]


class Trends(Moods):
    """How satisfaction goes. Everybody's trends are made of what they may see."""

    @query("feedback.trend.party", permission="feedback.survey.read")
    def trend(self, party: PartyId, *, months: int = 12) -> tuple[TrendPoint, ...]:
        """How satisfied a party was, month by month (UTC), from its answers and the moods that were noted.

        Args:
            party: its id.
            months: how many months, the present one among them; 1 to 120.

        Returns:
            A point for each month, the oldest first.

        Raises:
            NotFoundError: if the party is not there or hidden.
            ForbiddenError: if the actor may not read moods.
            LimitExceededError: if so many months are too many.
        """  # raised by what this calls; callers want to know
        wanted = self._months(months)
        return trend_of(wanted, [*self._answers(f.party_id == party, wanted), *self._moods(party, wanted)])

    @query("feedback.trend.agent", permission="feedback.survey.read")
    def agent_trend(self, agent: str, *, months: int = 12) -> tuple[TrendPoint, ...]:
        """How satisfied parties were with the work of an agent, month by month (UTC), from their answers.

        Args:
            agent: the actor's id.
            months: how many months, the present one among them; 1 to 120.

        Returns:
            A point for each month, the oldest first.

        Raises:
            LimitExceededError: if so many months are too many.
        """  # raised by what this calls; callers want to know
        wanted = self._months(months)
        return trend_of(wanted, self._answers(f.agent_id == agent, wanted))

    def _months(self, count: int) -> tuple[date, ...]:
        """The months of a trend.

        Raises:
            LimitExceededError: if they are too many, or none.
        """
        if not 1 <= count <= MOST_MONTHS:
            raise LimitExceededError("months of a trend", MOST_MONTHS, got=count)
        return months_until(self.uow.now.date(), count)

    def _answers(self, of: Criteria, months: tuple[date, ...]) -> Iterator[Counted]:
        within = (f.answered_month >= months[0]) & (f.answered_month <= months[-1])
        for group in self.uow.tally(Survey, ["answered_month", "kind", "score"], where=of & within):
            month, kind, score = group.key
            yield month, kind, score, group.count

    def _moods(self, party: PartyId, months: tuple[date, ...]) -> Iterator[Counted]:
        within = (f.felt_month >= months[0]) & (f.felt_month <= months[-1])
        for group in self.uow.tally(Mood, ["felt_month", "level"], where=(f.party_id == party) & within):
            month, level = group.key
            yield month, "mood", level, group.count
