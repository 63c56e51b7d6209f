"""The engine: how a service lets its records enter a pipeline and move through it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar, cast
from uuid import UUID

from crmkit.core.kernel.entities.entity import EntityType, Record
from crmkit.core.kernel.units.service import Service
from crmkit.core.pipelines.definitions.known import KNOWN
from crmkit.core.pipelines.definitions.model import Definition, Pipeline, Stage
from crmkit.core.pipelines.definitions.rules import first_stage
from crmkit.core.pipelines.definitions.tables import PIPELINE, STAGE
from crmkit.core.pipelines.staged.model import Staged, StageEntry, StageMove
from crmkit.core.pipelines.staged.queries import stays_in_unit
from crmkit.core.pipelines.staged.rules import after_leaving, checked_move, moved, policy_refusals, tidied
from crmkit.core.pipelines.staged.tables import entries_name
from crmkit.errors import InvalidValueError, NotFoundError, UnknownFieldError, UnknownPipelineError
from crmkit.values.criteria import f

__all__ = ["StagedService"]

S = TypeVar("S", bound=Staged)


class StagedService(Service):
    """The base of services whose records move through stages; what it offers is for the bodies of their commands.

    A service of a staged entity builds a record in the stage that `entry_stage` gives, stores it with `enter` and moves
    it with `move_record`; permissions, guards and events remain its own::

        @command("recruiting.apply", permission="recruiting.applicant.create")
        def apply(self, party: UUID) -> Applicant:
            stage = self.entry_stage("recruiting.applicant", "hiring")
            return self.enter(
                Applicant(party_id=party, pipeline="hiring", stage=stage.key, stage_entered_at=self.uow.now)
            )
    """

    def definition(self, entity: str, pipeline: str) -> Definition:
        """The pipeline called ``pipeline`` of ``entity``, with its stages.

        A command holds it until the unit has ended, so that no stage goes while a record comes into it.

        Raises:
            UnknownPipelineError: if there is none for ``entity`` that the actor may see; lists those there are.
        """
        found = self._pipeline(pipeline, held=self._work.depth > 0)
        if found is None or found.entity != entity:
            raise UnknownPipelineError(
                pipeline, known=[p.key for p in self.uow.each(Pipeline, f.entity == entity, order="key")]
            )
        return self.with_stages(found)

    def with_stages(self, pipeline: Pipeline) -> Definition:
        """The pipeline with its stages."""
        masked = self._work.hidden(STAGE)
        stages = None if masked else KNOWN.stages(pipeline)
        if stages is None:
            stages = tuple(self.uow.each(Stage, f.pipeline_id == pipeline.id, order="position"))
            if not masked:
                KNOWN.keep(pipeline, stages, now=self.uow.now)
        return Definition(pipeline=pipeline, stages=stages)

    def entry_stage(self, entity: str, pipeline: str, stage: str | None = None) -> Stage:
        """The stage in which a new record of ``entity`` begins: ``stage`` if it is told, else the first open one.

        Raises:
            UnknownPipelineError: if there is no such pipeline for ``entity``; lists those there are.
            UnknownStageError: if it has no such stage; lists those there are.
            InvalidValueError: if the stage is a closing one, or the pipeline has no open one.
        """
        definition = self.definition(entity, pipeline)
        if stage is None:
            return first_stage(definition)
        found = definition.stage(stage)
        if not found.is_open:
            raise InvalidValueError("stage", stage, "is where work ends; begin in an open stage and move from there")
        return found

    def enter(self, record: S, *, note: str | None = None) -> S:
        """Store a new record and its first stage entry.

        Args:
            record: in the stage that `entry_stage` gave.
            note: what is to be said about it in the stage entry.

        Raises:
            UnknownPipelineError: if there is no such pipeline for the record's entity; lists those there are.
            UnknownStageError: if it has no such stage; lists those there are.
            InvalidValueError: if the record is not open.
        """
        entity = self._staged_entity(type(record))
        stage = self.entry_stage(entity.name, record.pipeline, record.stage)
        if record.category != stage.category:
            raise InvalidValueError("category", record.category, f"is not that of stage {stage.key!r}")
        stored = self.records.add(record)
        self._add_entry(entity.name, stored, first=True, note=tidied(note))
        return stored

    def move_record(
        self,
        record: S,
        to: str,
        *,
        reason: str | None = None,
        note: str | None = None,
        asking: Callable[[StageMove], None] | None = None,
    ) -> S:
        """Move a record to another stage of its pipeline, if pipeline and policies allow it.

        Args:
            record: as it is stored.
            to: the key of the stage.
            reason: why, in a few words; a lost record needs one.
            note: what else is to be said about the move.
            asking: called with the move before anything is written, to ask the guards of the record's own noun.

        Returns:
            The record in its new stage.

        Raises:
            UnknownStageError: if the pipeline has no such stage; lists those there are.
            MoveNotAllowedError: if the pipeline does not allow the move; lists those it does.
            InvalidValueError: if the stage is a lost one and no reason is told.
        """
        entity = self._staged_entity(type(record))
        definition = self.definition(entity.name, record.pipeline)
        move = checked_move(definition, record, to, entity=entity.name, id=record.id, reason=reason, note=note)
        entries = stays_in_unit(self._work, self._entries_of(entity.name), record.id)
        self._ask_policies(entity.name, record, move, entries)
        if asking is not None:
            asking(move)
        for before, after in after_leaving(entries, move, self.uow.now):
            self.records.update(before, after)
        stored = self.records.update(record, moved(record, move, self.uow.now))
        first = all(e.stage != move.to.key for e in entries)
        self._add_entry(entity.name, stored, first=first, reason=move.reason, note=move.note)
        return stored

    def stays_of(self, entity: str, id: UUID) -> tuple[StageEntry, ...]:
        """The stage entries of a record, oldest first."""
        return tuple(self.uow.each(self._entries_of(entity), f.record_id == id, order="entered_at"))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _pipeline(self, key: str, *, held: bool = False) -> Pipeline | None:
        """The pipeline called ``key``, if the actor may see one; it stays as it is until the unit ends, if ``held``."""
        id_ = KNOWN.id_of(self.uow.tenant, key)
        if id_ is not None:
            if held:
                self._work.hold(PIPELINE, id_)
            try:
                return self.uow.get(Pipeline, id_)
            except NotFoundError:  # removed, or another database in this process knows it by another id
                pass
        found = self.uow.find(Pipeline, f.key == key, limit=1)
        if not found:
            return None
        KNOWN.keep_id(self.uow.tenant, found[0])
        return self._pipeline(key, held=True) if held else found[0]

    def _staged_entity(self, what: str | type[Staged]) -> EntityType[Any]:
        """The staged entity of that name or model.

        Raises:
            InvalidValueError: if there is none.
        """
        registry = self._work.runtime.registry
        try:
            entity = registry.entity(what) if isinstance(what, str) else registry.by_model(what)
        except UnknownFieldError:
            entity = None
        if entity is None or not entity.staged:
            name = what if isinstance(what, str) else what.__name__
            known = ", ".join(sorted(e.name for e in registry if e.staged))
            raise InvalidValueError("entity", name, f"is not an entity that moves through stages; those are: {known}")
        return entity

    def _entries_of(self, entity: str) -> EntityType[StageEntry]:
        return cast("EntityType[StageEntry]", self.uow.entity(entries_name(entity)))

    def _add_entry(
        self, entity: str, record: Staged, *, first: bool, reason: str | None = None, note: str | None = None
    ) -> None:
        self.records.add(
            self._entries_of(entity).model(
                record_id=record.id,
                pipeline=record.pipeline,
                stage=record.stage,
                entered_at=record.stage_entered_at,
                entered_by=self.uow.actor.id,
                reason=reason,
                note=note,
                first=first,
            )
        )

    def _ask_policies(self, entity: str, record: Staged, move: StageMove, entries: Sequence[StageEntry]) -> None:
        pipeline = move.definition.pipeline
        contacted = not pipeline.move_demands_interaction or self._contacted(record, entries)
        planned = not pipeline.demands_next_action or self._planned(entity, record)
        for refusal in policy_refusals(record, move, contacted=contacted, planned=planned):
            self.refuse(refusal)

    def _contacted(self, record: Staged, entries: Sequence[StageEntry]) -> bool:
        """Whether an interaction with the record's party was recorded since it entered its stage.

        All that one unit of work writes bears the same instant; there the ids, which ascend, tell what came later.
        """
        party, entered = getattr(record, "party_id", None), record.stage_entered_at
        if party is None:
            return False
        later = f.created_at > entered
        if entries:
            later |= (f.created_at == entered) & (f.id > entries[-1].id)
        return bool(self.uow.find(self.uow.entity("interaction"), (f.party_id == party) & later, limit=1))

    def _planned(self, entity: str, record: Record) -> bool:
        """Whether an open activity is planned for the record."""
        where = (f.about == entity) & (f.about_id == record.id) & (f.status == "open")
        return bool(self.uow.find(self.uow.entity("activity"), where, limit=1))
