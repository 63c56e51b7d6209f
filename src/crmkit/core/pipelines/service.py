"""Deals: opening, changing and moving them; and with them all else that ``uow.pipelines`` offers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, cast
from uuid import UUID

from crmkit.core.kernel.units.gate import Target, command, query
from crmkit.core.pipelines.definitions.rules import closing_stage
from crmkit.core.pipelines.events import DealChanged, DealMoved, DealOpened, RecordMoved
from crmkit.core.pipelines.hooks import DealMove, deal_moving
from crmkit.core.pipelines.model import Deal, DealStageEntry
from crmkit.core.pipelines.reports.service import Reports
from crmkit.core.pipelines.rules import check_edit, outcome
from crmkit.core.pipelines.staged.model import Staged, StageMove
from crmkit.core.pipelines.staged.rules import reopening_stage, stale_where, tidied
from crmkit.core.pipelines.tables import DEAL
from crmkit.errors import InvalidValueError, StaleVersionError
from crmkit.values.criteria import f
from crmkit.values.money import Money
from crmkit.values.page import Cursor, Page

__all__ = ["Pipelines"]

DealId = Annotated[UUID, Target("deal")]


class Pipelines(Reports):
    """Deals and the pipelines that they move through.

    Commands and queries about pipelines themselves are those of `Definitions`, reports those of `Reports`.
    """

    @command("deal.open", permission="deal.create")
    def open(
        self,
        *,
        pipeline: str,
        party: Annotated[UUID, Target("party")],
        title: str,
        amount: Money | None = None,
        stage: str | None = None,
        probability: Decimal | None = None,
        owner: str | None = None,
        team: str | None = None,
        source: str | None = None,
        expected_close: date | None = None,
        note: str | None = None,
        custom: Mapping[str, Any] | None = None,
    ) -> Deal:
        """Open a deal with a party.

        Args:
            pipeline: the pipeline's key, such as ``sales``.
            party: the party's id.
            title: what it is about, in a few words.
            amount: what it would bring.
            stage: the key of the open stage in which it begins; the pipeline's first open one by default.
            probability: of winning, 0 to 1, where it differs from the stage's.
            owner: id of the actor who answers for it; the one who opens it by default.
            team: key of the team that it belongs to; by default the owner's, if that is the actor and has just one.
            source: where it came from, such as ``web``.
            expected_close: the day on which it should be decided.
            note: what is to be said about it in its first stage entry.
            custom: values of custom fields by key, as the tenant has defined them.

        Raises:
            NotFoundError: if the party is not there, or hidden.
            UnknownPipelineError: if there is no such pipeline for deals; lists those there are.
            UnknownStageError: if it has no such stage; lists those there are.
            InvalidValueError: if the title is empty, the stage a closing one, or an amount or probability invalid, or a
                custom value does not fit its field.
        """
        at = self.entry_stage("deal", pipeline, stage)
        owner = owner or self.uow.actor.id
        deal = Deal(
            pipeline=pipeline,
            stage=at.key,
            stage_entered_at=self.uow.now,
            title=title,
            party_id=party,
            amount=amount,
            probability=probability,
            owner_id=owner,
            team_id=team or self._work.team_of(owner),
            source=source,
            expected_close=expected_close,
            custom=custom,
        )
        stored = self.enter(deal, note=note)
        self.emit(DealOpened(deal_id=stored.id, party_id=party, pipeline=pipeline, stage=at.key, amount=stored.amount))
        return stored

    @command("deal.update", permission="deal.update")
    def update(self, deal: Deal) -> Deal:
        """Change a deal, but not its stage.

        Args:
            deal: the changed deal, as `attrs.evolve` makes it from what was read.

        Raises:
            NotFoundError: if it is not there, or hidden; or its new party is.
            StaleVersionError: if it has been changed since it was read.
            InvalidValueError: if its pipeline or stage differs, or it is lost and the reason is gone.
        """
        before = self.uow.get(Deal, deal.id)
        _check_version(before, deal.version)
        check_edit(before, deal)
        stored = self.records.update(before, deal)
        if stored is not before:
            self.emit(DealChanged(deal_id=stored.id, party_id=stored.party_id))
        return stored

    @command("deal.move", permission="deal.update")
    def move(
        self, deal: DealId, to: str, *, reason: str | None = None, note: str | None = None, version: int | None = None
    ) -> Deal:
        """Move a deal to another stage of its pipeline.

        Args:
            deal: the deal's id.
            to: the key of the stage.
            reason: why, in a few words; a deal that is lost needs one, which reports count.
            note: what else is to be said about the move; kept in the stage entry.
            version: the version that the caller has read; any by default.

        Raises:
            NotFoundError: if the deal is not there, or hidden.
            StaleVersionError: if it is not at ``version``.
            UnknownStageError: if the pipeline has no such stage; lists those there are.
            MoveNotAllowedError: if the pipeline does not allow the move; lists those it does.
            InvalidValueError: if the stage is a lost one and no reason is told.
            RefusedError: if a plugin or one of the pipeline's policies refuses; lists every refusal.
        """
        return self._move(self._deal(deal, version), to, reason=reason, note=note)

    @command("deal.win", permission="deal.update")
    def win(
        self, deal: DealId, *, reason: str | None = None, note: str | None = None, version: int | None = None
    ) -> Deal:
        """Move a deal to the won stage of its pipeline (of several, the first that may follow); see `move`.

        Args:
            deal: the deal's id.
            reason: why, in a few words.
            note: what else is to be said about it.
            version: the version that the caller has read; any by default.

        Raises:
            InvalidValueError: if the pipeline has no won stage.
        """
        before = self._deal(deal, version)
        to = closing_stage(self.definition("deal", before.pipeline), "won", before.stage)
        return self._move(before, to.key, reason=reason, note=note)

    @command("deal.lose", permission="deal.update")
    def lose(self, deal: DealId, *, reason: str, note: str | None = None, version: int | None = None) -> Deal:
        """Move a deal to the lost stage of its pipeline (of several, the first that may follow); see `move`.

        Args:
            deal: the deal's id.
            reason: why, in a few words; reports count them.
            note: what else is to be said about it.
            version: the version that the caller has read; any by default.

        Raises:
            InvalidValueError: if the reason is empty, or the pipeline has no lost stage.
        """
        before = self._deal(deal, version)
        to = closing_stage(self.definition("deal", before.pipeline), "lost", before.stage)
        return self._move(before, to.key, reason=reason, note=note)

    @command("deal.reopen", permission="deal.update")
    def reopen(
        self, deal: DealId, *, reason: str | None = None, note: str | None = None, version: int | None = None
    ) -> Deal:
        """Move a deal that was won or lost back to the open stage that it was in last; see `move`.

        Args:
            deal: the deal's id.
            reason: why, in a few words.
            note: what else is to be said about it.
            version: the version that the caller has read; any by default.

        Raises:
            InvalidValueError: if the deal is open.
        """
        before = self._deal(deal, version)
        if before.is_open:
            raise InvalidValueError("deal", str(before.id), "is open already")
        definition = self.definition("deal", before.pipeline)
        to = reopening_stage(definition, self.stays_of("deal", before.id), before.stage)
        return self._move(before, to.key, reason=reason, note=note)

    @command("stage.move", permission="stage.move")
    def move_staged(
        self,
        entity: str,
        id: UUID,
        to: str,
        *,
        reason: str | None = None,
        note: str | None = None,
        version: int | None = None,
    ) -> Staged:
        """Move a record of any staged entity to another stage of its pipeline; see `move`.

        Args:
            entity: the staged entity's name.
            id: the record's id.
            to: the key of the stage.
            reason: why, in a few words; a record that is lost needs one.
            note: what else is to be said about the move.
            version: the version that the caller has read; any by default.

        Raises:
            InvalidValueError: if the entity does not move through stages.
            NotFoundError: if the record is not there, or hidden.
        """
        staged = self._staged_entity(entity)
        before = cast("Staged", self.uow.get(staged, id))
        _check_version(before, version, entity)
        if isinstance(before, Deal):
            return self._move(before, to, reason=reason, note=note)
        stored = self.move_record(before, to, reason=reason, note=note)
        self.emit(
            RecordMoved(
                entity=entity,
                id=id,
                pipeline=stored.pipeline,
                from_stage=before.stage,
                to_stage=stored.stage,
                reason=tidied(reason),
            )
        )
        return stored

    # -- reading ------------------------------------------------------------------------------------------------------

    @query("deal.entries", permission="deal.read")
    def entries(self, deal: DealId) -> tuple[DealStageEntry, ...]:
        """Where a deal has been: its stays, oldest first, each with when, for how long and by whom.

        Args:
            deal: the deal's id.

        Raises:
            NotFoundError: if the deal is not there, or hidden.
        """
        return cast("tuple[DealStageEntry, ...]", self.stays_of("deal", deal))

    @query("deal.stale", permission="deal.read")
    def stale(self, *, pipeline: str | None = None, limit: int = 50, after: Cursor | None = None) -> Page[Deal]:
        """Open deals that lie idle: for longer than their stage allows, they neither moved nor was there any contact.

        Contact is an interaction about the deal, or one with its party that was about nothing in particular.

        Args:
            pipeline: only deals of this pipeline; of all by default.
            limit: how many at most.
            after: the ``next`` of the page before.

        Raises:
            UnknownPipelineError: if there is no such pipeline for deals; lists those there are.
        """
        definitions = self.pipelines(entity="deal") if pipeline is None else (self.definition("deal", pipeline),)
        where = stale_where(definitions, self.uow.now, with_party=True)
        return self.uow.find(DEAL, where, limit=limit, after=after)

    @query("deal.without_next_action", permission="deal.read")
    def without_next_action(
        self, *, pipeline: str | None = None, limit: int = 50, after: Cursor | None = None
    ) -> Page[Deal]:
        """Open deals for which no activity is planned, so that nobody works on them.

        Args:
            pipeline: only deals of this pipeline; of all by default.
            limit: how many at most.
            after: the ``next`` of the page before.

        Raises:
            UnknownPipelineError: if there is no such pipeline for deals; lists those there are.
        """
        where = (f.category == "open") & self._of_pipeline(pipeline) & ~f.activities.exists(f.status == "open")
        return self.uow.find(DEAL, where, limit=limit, after=after)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _deal(self, id: UUID, version: int | None) -> Deal:
        deal = self.uow.get(Deal, id)
        _check_version(deal, version)
        return deal

    def _move(self, deal: Deal, to: str, *, reason: str | None, note: str | None) -> Deal:
        stored = self.move_record(deal, to, reason=reason, note=note, asking=partial(self._ask_guards, deal))
        self.emit(
            DealMoved(
                deal_id=deal.id,
                party_id=deal.party_id,
                pipeline=deal.pipeline,
                from_stage=deal.stage,
                to_stage=stored.stage,
                reason=tidied(reason),
            )
        )
        decided = outcome(deal, stored)
        if decided is not None:
            self.emit(decided)
        return stored

    def _ask_guards(self, deal: Deal, move: StageMove) -> None:
        pipeline = move.definition.pipeline
        self.guard(
            deal_moving,
            DealMove(deal=deal, pipeline=pipeline, at=move.at, to=move.to, reason=move.reason, note=move.note),
        )


def _check_version(record: Staged, version: int | None, entity: str = "deal") -> None:
    """Refuse to act on a record that has changed since the caller read it.

    Raises:
        StaleVersionError: if it is not at ``version``.
    """
    if version is not None and version != record.version:
        raise StaleVersionError(entity, record.id, expected=version, actual=record.version)
