"""Leading all parties of a tenant through a linkage: reading, training, comparing, and filling the queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, TypeVar

from attrs import evolve, frozen

from crmkit.plugins.dedupe.comparing.gathering import Gatherer, chunks
from crmkit.plugins.dedupe.comparing.scoring import scored
from crmkit.plugins.dedupe.comparing.weights import COMPARISONS, Level, Weights
from crmkit.plugins.dedupe.config import Settings
from crmkit.plugins.dedupe.linkage.backends import Backend, DuckDB, Match, linker
from crmkit.plugins.dedupe.linkage.settings import Plan, column_of, informed, learned, settings, train
from crmkit.plugins.dedupe.model import Linkage
from crmkit.plugins.dedupe.pairs import Found
from crmkit.plugins.dedupe.service import Compared, Dedupe
from crmkit.sdk import CRM, AlreadyExistsError, Party, UnitOfWork, f

__all__ = ["DuplicateFinder", "LinkageReport", "Progress"]

T = TypeVar("T")
Step = Literal["reading", "comparing", "proposing", "noting"]

PAGE = 1_000
"""Parties that are read at once."""


@frozen(kw_only=True)
class Progress:
    """How far a run has got.

    Attributes:
        step: reading, comparing, proposing or noting.
        done: parties read or noted, kinds compared, or pairs proposed.
        total: how many there are; None if that is not known.
    """

    step: Step
    done: int
    total: int | None = None


@frozen(kw_only=True)
class LinkageReport:
    """What a run found.

    Attributes:
        parties: how many were compared.
        pairs: how many pairs reached the threshold.
        proposed: how many of them are new in the queue.
        clusters: how many groups of parties the pairs make, each of which may be one.
        weights: how much each comparison says, as was learned, by kind of party.
    """

    parties: int
    pairs: int
    proposed: int
    clusters: int
    weights: dict[str, Weights]


class DuplicateFinder:
    """Finds duplicates among all parties that an actor may see, and puts them into the queue.

    Args:
        crm: the started CRM.
        actor: who looks; nothing is compared that the actor may not see.
        tenant: in which tenant; the configured one by default.
        on_behalf_of: for whom, under a delegation.
    """

    def __init__(self, crm: CRM, *, actor: str, tenant: str | None = None, on_behalf_of: str | None = None) -> None:
        self._crm, self._actor, self._tenant, self._on_behalf_of = crm, actor, tenant, on_behalf_of

    def run(
        self,
        *,
        backend: AbstractContextManager[Backend] | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> LinkageReport:
        """Compare all parties with each other, by splink.

        Args:
            backend: where; DuckDB in this process by default.
            progress: called now and then.

        Raises:
            ConfigError: if the extra is not installed; says how to install it.
            ForbiddenError: if the actor may not compare parties or propose pairs.
        """  # raised by what this calls; callers want to know
        tell = progress or _silent
        with self._reading() as uow:
            wanted = uow.settings(Settings)
        self._mark({})  # who may not, hears it before everything is read
        with backend or DuckDB(memory=wanted.memory, threads=wanted.threads) as place:
            parties = self._read(place, wanted, tell)
            report = LinkageReport(parties=parties, pairs=0, proposed=0, clusters=0, weights={})
            for kind in COMPARISONS:
                believed = Weights.before_any_data(kind)
                plan = Plan(weights=believed, threshold=wanted.threshold, learn_m=wanted.learn_m)
                report = self._compare(place, plan, wanted, report, tell)
            self._note(place, report, tell)
        return report

    def update(self, *, progress: Callable[[Progress], None] | None = None) -> Compared:
        """Compare what has been added or changed since it was compared, with all that it has something in common with.

        The schedule of the plugin does the same, a batch a minute.

        Args:
            progress: called after each batch.

        Raises:
            ConfigError: if the extra is not installed; says how to install it.
            ForbiddenError: if the actor may not compare parties.
        """  # raised by what this calls; callers want to know
        tell, sum_ = progress or _silent, Compared(more=True)
        while sum_.more:
            done = self._unit(lambda uow: uow.use(Dedupe).compare())
            sum_ = Compared(
                parties=sum_.parties + done.parties,
                proposed=sum_.proposed + done.proposed,
                withdrawn=sum_.withdrawn + done.withdrawn,
                more=done.more,
            )
            tell(Progress(step="comparing", done=sum_.parties))
        return sum_

    # -- inside -------------------------------------------------------------------------------------------------------

    def _read(self, place: Backend, wanted: Settings, tell: Callable[[Progress], None]) -> int:
        count = 0
        with self._reading() as uow:
            total = uow.count(Party, f.merged_into.is_empty())
            gatherer = Gatherer(reads=uow, schemes=wanted.identifiers)
            for page in chunks(uow.each(Party, f.merged_into.is_empty()), PAGE):
                traits = gatherer.traits_of(page)
                place.add([(traits[party.id], party.version) for party in page])
                count += len(page)
                tell(Progress(step="reading", done=count, total=total))
        return count

    def _compare(
        self,
        place: Backend,
        plan: Plan,
        wanted: Settings,
        report: LinkageReport,
        tell: Callable[[Progress], None],
    ) -> LinkageReport:
        """Compare the parties of one kind; the report with what that came to."""
        population = place.prepare(plan.weights.kind, most_alike=wanted.most_alike)
        if population.parties < 2 or not population.present:  # noqa: PLR2004  # it takes two to be a pair
            return report
        plan = informed(plan, population)
        link = linker(settings(plan, population.present), place)
        train(link, plan, population)
        weights = learned(link, plan.weights)
        predictions = link.inference.predict(threshold_match_probability=plan.threshold)
        grouped = link.clustering.cluster_pairwise_predictions_at_threshold(predictions)
        pairs, proposed = 0, 0
        for batch in chunks(_found(place.matches(predictions), weights), wanted.batch_size):
            pairs += len(batch)
            proposed += self._propose(batch)
            tell(Progress(step="proposing", done=report.pairs + pairs))
        return evolve(
            report,
            pairs=report.pairs + pairs,
            proposed=report.proposed + proposed,
            clusters=report.clusters + place.clusters(grouped),
            weights={**report.weights, weights.kind: weights},
        )

    def _propose(self, batch: list[Found]) -> int:
        return self._unit(lambda uow: uow.use(Dedupe).propose(batch, source="linkage"))

    def _note(self, place: Backend, report: LinkageReport, tell: Callable[[Progress], None]) -> None:
        """Keep what was learned, and that these parties have been compared as they were read."""
        linkage = Linkage(
            parties=report.parties,
            pairs=report.pairs,
            proposed=report.proposed,
            clusters=report.clusters,
            weights={kind: weights.to_json() for kind, weights in report.weights.items()},
        )
        self._unit(lambda uow: uow.use(Dedupe).note_linkage(linkage))
        done = 0
        for portion in place.versions():
            self._mark(portion)
            done += len(portion)
            tell(Progress(step="noting", done=done, total=report.parties))

    def _mark(self, versions: dict[Any, int]) -> None:
        self._unit(lambda uow: uow.use(Dedupe).mark_compared(versions))

    def _reading(self) -> AbstractContextManager[UnitOfWork]:
        return self._crm.begin(self._actor, self._tenant, on_behalf_of=self._on_behalf_of, read_only=True)

    def _unit(self, fn: Callable[[UnitOfWork], T]) -> T:
        try:
            return self._crm.run(fn, self._actor, self._tenant, on_behalf_of=self._on_behalf_of, source="dedupe")
        except AlreadyExistsError:  # somebody else has proposed one of the pairs at the same time; now it is known
            return self._crm.run(fn, self._actor, self._tenant, on_behalf_of=self._on_behalf_of, source="dedupe")


def _found(matches: Iterable[Match], weights: Weights) -> Iterator[Found]:
    """Matches with their reasons in words."""
    for match in matches:
        outcomes: dict[str, Level | None] = {}
        for comparison in weights.comparisons:
            number = match.outcomes.get(column_of(comparison), -1)
            outcomes[comparison.name] = comparison.levels[-1 - number] if number >= 0 else None
        reasons = scored(outcomes, weights).reasons
        yield Found(left=match.left, right=match.right, probability=match.probability, reasons=reasons)


def _silent(_: Progress) -> None:
    pass
