"""Reports: over what the actor may see, counted by the database."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.units.gate import query
from crmkit.core.pipelines.definitions.service import Definitions
from crmkit.core.pipelines.reports.model import Forecast, Funnel, LostShare
from crmkit.core.pipelines.reports.rules import (
    ForecastGroup,
    Present,
    Times,
    forecast,
    funnel,
    lost_share,
)
from crmkit.core.pipelines.tables import DEAL
from crmkit.values.criteria import ALWAYS, Criteria, Field, f
from crmkit.values.instants import as_period

__all__ = ["Reports"]

MOST_GROUPS: Final = 100_000
"""How many groups of like deals a report adds up; with more it fails rather than to leave some out."""


class Reports(Definitions):
    """What pipelines tell. A report changes with what its reader may see, and with nothing else."""

    @query("pipeline.funnel", permission="pipeline.read")
    def funnel(self, pipeline: str, *, since: datetime | None = None, until: datetime | None = None) -> Funnel:
        """How records pass through the stages of a pipeline.

        The period says which arrivals are followed: those at which a record came into a stage for the first time, from
        ``since`` on and before ``until``. Where these records have gone since is counted up to now.

        Args:
            pipeline: the pipeline's key.
            since: the beginning of the period, aware; no bound by default.
            until: its end, aware, exclusive; no bound by default.

        Raises:
            UnknownPipelineError: if there is no such pipeline; lists those there are.
            NaiveDatetimeError: if a bound has no time zone.
            InvalidValueError: if the period ends before it begins.
        """
        since, until = as_period(since, until)
        definition = self._definition(pipeline)
        entity = self._staged_entity(definition.pipeline.entity)
        entries = self._entries_of(entity.name)
        stays = (f.pipeline == pipeline) & _within(f.entered_at, since, until)
        arrivals = self.uow.tally(entries, by=("stage", "went_on"), where=stays & (f.first == True))  # noqa: E712  # a criteria
        times = self.uow.tally(
            entries, by=("stage",), sums=("seconds",), medians=("seconds",), where=stays & ~f.seconds.is_empty()
        )
        return funnel(
            definition,
            present=self._present(entity, pipeline),
            entered={(stage, went_on): t.count for t in arrivals for stage, went_on in [t.key]},
            times={t.key[0]: Times(count=t.count, total=t.sums["seconds"], median=t.medians["seconds"]) for t in times},
            since=since,
            until=until,
        )

    @query("pipeline.lost_share", permission="pipeline.read")
    def lost_share(
        self, *, pipeline: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> LostShare:
        """How many of the deals decided within a period were lost, and why: lost / (won + lost).

        Args:
            pipeline: only deals of this pipeline; of all by default.
            since: the beginning of the period, aware; no bound by default.
            until: its end, aware, exclusive; no bound by default.

        Raises:
            UnknownPipelineError: if there is no such pipeline for deals; lists those there are.
            NaiveDatetimeError: if a bound has no time zone.
            InvalidValueError: if the period ends before it begins.
            FieldForbiddenError: if the actor may not see why deals were lost.
        """
        since, until = as_period(since, until)
        where = (f.category != "open") & self._of_pipeline(pipeline) & _within(f.closed_at, since, until)
        tallies = self.uow.tally(DEAL, by=("category", "lost_reason"), where=where, limit=MOST_GROUPS)
        return lost_share({(category, reason): t.count for t in tallies for category, reason in [t.key]})

    @query("pipeline.forecast", permission="pipeline.read")
    def forecast(self, *, pipeline: str | None = None) -> Forecast:
        """What the open deals would bring, weighted by probability, per month of the expected day and currency.

        Args:
            pipeline: only deals of this pipeline; of all by default.

        Raises:
            UnknownPipelineError: if there is no such pipeline for deals; lists those there are.
            FieldForbiddenError: if the actor may not see the amounts of deals.
        """
        where = (f.category == "open") & self._of_pipeline(pipeline)
        by = ("pipeline", "stage", "probability", "expected_close", "amount_currency")
        groups = [
            ForecastGroup(
                pipeline=t.key[0],
                stage=t.key[1],
                probability=t.key[2],
                expected_close=t.key[3],
                currency=t.key[4],
                count=t.count,
                total=t.sums["amount"],
            )
            for t in self.uow.tally(DEAL, by=by, sums=("amount",), where=where, limit=MOST_GROUPS)
        ]
        definitions = self.pipelines(entity="deal") if pipeline is None else (self.definition("deal", pipeline),)
        return forecast(groups, {(d.pipeline.key, s.key): s.probability for d in definitions for s in d.stages})

    # -- inside -------------------------------------------------------------------------------------------------------

    def _of_pipeline(self, pipeline: str | None) -> Criteria:
        """The criteria for deals of one pipeline, which must exist, or of all."""
        if pipeline is None:
            return ALWAYS
        return f.pipeline == self.definition("deal", pipeline).pipeline.key

    def _present(self, entity: EntityType[Any], pipeline: str) -> list[Present]:
        """The records in each stage of the pipeline now, with their amounts where they have some that may be seen."""
        where = f.pipeline == pipeline
        amount = entity.shape.fields.get("amount")
        if amount is None or amount.type != "money" or "amount" in self._work.hidden(entity):
            return [Present(stage=t.key[0], count=t.count) for t in self.uow.tally(entity, by=("stage",), where=where)]
        return [
            Present(stage=t.key[0], currency=t.key[1], count=t.count, total=t.sums["amount"])
            for t in self.uow.tally(entity, by=("stage", "amount_currency"), sums=("amount",), where=where)
        ]


def _within(field: Field, since: datetime | None, until: datetime | None) -> Criteria:
    """The criteria for instants from ``since`` on and before ``until``."""
    where: Criteria = ALWAYS
    if since is not None:
        where &= field >= since
    if until is not None:
        where &= field < until
    return where
