"""Defining pipelines and their stages."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.core.kernel.units.gate import command, query
from crmkit.core.pipelines.definitions.events import PipelineChanged, PipelineDefined, PipelineRemoved
from crmkit.core.pipelines.definitions.model import Definition, NewStage, Pipeline, Stage
from crmkit.core.pipelines.definitions.rules import check_stages, with_stage_at, without_stage
from crmkit.core.pipelines.definitions.tables import PIPELINE
from crmkit.core.pipelines.staged.queries import any_in_stage
from crmkit.core.pipelines.staged.service import StagedService
from crmkit.errors import AlreadyExistsError, ConflictError, InUseError, InvalidValueError, UnknownPipelineError
from crmkit.values.criteria import ALWAYS, f

__all__ = ["Definitions"]


class Definitions(StagedService):
    """Pipelines as data: each tenant defines its own, at run time."""

    @query("pipeline.list", permission="pipeline.read")
    def pipelines(self, *, entity: str | None = None) -> tuple[Definition, ...]:
        """The pipelines with their stages, by key.

        Args:
            entity: only those for this staged entity, such as ``deal``; all by default.
        """
        where = ALWAYS if entity is None else f.entity == entity
        return tuple(self.with_stages(p) for p in self.uow.each(Pipeline, where, order="key"))

    @query("pipeline.view", permission="pipeline.read")
    def pipeline(self, key: str) -> Definition:
        """One pipeline with its stages.

        Raises:
            UnknownPipelineError: if there is none of this key; lists those there are.
        """
        return self._definition(key)

    @command("pipeline.define", permission="pipeline.create")
    def define_pipeline(self, pipeline: Pipeline, *, stages: Sequence[NewStage]) -> Definition:
        """Define a pipeline.

        Args:
            pipeline: the new pipeline.
            stages: its stages, in order; the first open one is where work begins.

        Raises:
            AlreadyExistsError: if a pipeline of this key exists.
            InvalidValueError: if its entity does not move through stages, a stage's key occurs twice, or none is open.
            UnknownStageError: if a stage allows a move to one that is not there; lists those there are.
        """
        self._staged_entity(pipeline.entity)
        check_stages(pipeline.key, stages)
        stored = self.records.add(pipeline)
        added = [self.records.add(_stage(stored, new, place)) for place, new in enumerate(stages, 1)]
        self.emit(PipelineDefined(pipeline=stored.key))
        return Definition(pipeline=stored, stages=tuple(added))

    @command("pipeline.change", permission="pipeline.update")
    def change_pipeline(self, pipeline: Pipeline) -> Pipeline:
        """Change a pipeline's label or policies.

        Args:
            pipeline: the changed pipeline, as `attrs.evolve` makes it from what was read.

        Raises:
            InvalidValueError: if its key or entity differs, by which records know it.
            StaleVersionError: if it has been changed since it was read.
        """
        before = self.uow.get(Pipeline, pipeline.id)
        _same("key", before.key, pipeline.key)
        _same("entity", before.entity, pipeline.entity)
        stored = self.records.update(before, pipeline)
        self.emit(PipelineChanged(pipeline=stored.key))
        return stored

    @command("pipeline.remove", permission="pipeline.delete")
    def remove_pipeline(self, key: str) -> None:
        """Remove a pipeline, with its stages, in which no record is; hidden records count too.

        Raises:
            UnknownPipelineError: if there is none of this key; lists those there are.
            InUseError: if a record is in it, open or closed.
        """
        pipeline = self._alone(self._definition(key)).pipeline
        if self._is_used(pipeline):
            raise InUseError("pipeline", pipeline.id, by=pipeline.entity)
        self.records.remove(pipeline)
        self.emit(PipelineRemoved(pipeline=key))

    @command("stage.add", permission="pipeline.update")
    def add_stage(self, pipeline: str, stage: NewStage, *, before: str | None = None) -> Stage:
        """Add a stage to a pipeline.

        Args:
            pipeline: the pipeline's key.
            stage: the new stage.
            before: the key of the stage that it comes in front of; by default it comes last.

        Raises:
            UnknownPipelineError: if there is no such pipeline; lists those there are.
            UnknownStageError: if ``before`` or one of its moves names no stage; lists those there are.
            AlreadyExistsError: if the pipeline has a stage of this key.
        """
        definition = self._definition(pipeline)
        if definition.find(stage.key) is not None:
            raise AlreadyExistsError("stage", ("key",))
        if before is not None:
            definition.stage(before)
        new = _stage(definition.pipeline, stage, 0)
        stages = with_stage_at(definition.stages, new, before)
        self._store_stages(definition, stages)
        return self.records.add(next(s for s in stages if s.key == stage.key))

    @command("stage.change", permission="pipeline.update")
    def change_stage(self, stage: Stage, *, before: str | None = None) -> Stage:
        """Change a stage's label, probability, staleness, moves or, while no record is in it, category.

        Args:
            stage: the changed stage, as `attrs.evolve` makes it from what was read.
            before: the key of the stage that it is to come in front of; by default it stays where it is.

        Raises:
            InvalidValueError: if its key, pipeline or position differs, or no stage would be open.
            ConflictError: if its category differs and a record is in it, hidden or not.
            UnknownStageError: if ``before`` or one of its moves names no stage; lists those there are.
            StaleVersionError: if it has been changed since it was read.
        """
        stored = self.uow.get(Stage, stage.id)
        _same("key", stored.key, stage.key)
        _same("pipeline_id", stored.pipeline_id, stage.pipeline_id)
        _same("position", stored.position, stage.position)
        definition = self._alone(self.with_stages(self.uow.get(Pipeline, stored.pipeline_id)))
        if before is not None:
            definition.stage(before)
        if stage.category != stored.category and self._is_used(definition.pipeline, stage.key):
            raise ConflictError(f"stage {stage.key!r} keeps its category while a record is in it; move that first")
        stages = tuple(stage if s.id == stage.id else s for s in definition.stages)
        if before is not None:
            stages = with_stage_at(stages, stage, before)
        self._store_stages(definition, stages)
        return self.uow.get(Stage, stage.id)

    @command("stage.remove", permission="pipeline.update")
    def remove_stage(self, pipeline: str, key: str) -> None:
        """Remove a stage in which no record is; hidden records count too. What went through it stays in the log.

        Raises:
            UnknownPipelineError: if there is no such pipeline; lists those there are.
            UnknownStageError: if it has no such stage; lists those there are.
            InUseError: if a record is in it.
            InvalidValueError: if no open stage would be left.
        """
        definition = self._alone(self._definition(pipeline))
        stage = definition.stage(key)
        if self._is_used(definition.pipeline, key):
            raise InUseError("stage", stage.id, by=definition.pipeline.entity)
        self.records.remove(stage)
        self._store_stages(definition, without_stage(definition.stages, key))

    # -- inside -------------------------------------------------------------------------------------------------------

    def _store_stages(self, definition: Definition, stages: Sequence[Stage]) -> None:
        """Store what differs between the stages that a pipeline has and those that it shall have."""
        check_stages(definition.pipeline.key, stages)
        had = {s.id: s for s in definition.stages}
        for stage in stages:
            if stage.id in had:
                self.records.update(had[stage.id], stage)
        self.emit(PipelineChanged(pipeline=definition.pipeline.key))

    def _definition(self, key: str) -> Definition:
        """The pipeline of this key, of whatever entity.

        Raises:
            UnknownPipelineError: if there is none that the actor may see; lists those there are.
        """
        found = self._pipeline(key)
        if found is None:
            raise UnknownPipelineError(key, known=[p.key for p in self.uow.each(Pipeline, order="key")])
        return self.with_stages(found)

    def _alone(self, definition: Definition) -> Definition:
        """The definition as it is now, while no record comes into its stages: moves in other units hold it, too."""
        self._work.hold(PIPELINE, definition.pipeline.id, alone=True)
        return self.with_stages(self.uow.get(Pipeline, definition.pipeline.id))

    def _is_used(self, pipeline: Pipeline, stage: str | None = None) -> bool:
        """Whether a record is in the pipeline, or in one stage of it; hidden ones count, or they would be stranded."""
        self._work.flush()
        table = self._staged_entity(pipeline.entity).table
        return any_in_stage(self._work.db, self.uow.tenant, table, pipeline=pipeline.key, stage=stage)


def _stage(pipeline: Pipeline, new: NewStage, position: int) -> Stage:
    return Stage(
        pipeline_id=pipeline.id,
        key=new.key,
        label=new.label,
        position=position,
        category=new.category,
        probability=new.probability,
        stale_after_days=new.stale_after_days,
        moves=new.moves,
    )


def _same(field: str, stored: object, told: object) -> None:
    """Refuse to change what records, or the other stages, go by.

    Raises:
        InvalidValueError: if ``told`` differs from what is stored.
    """
    if told != stored:
        raise InvalidValueError(field, told, f"cannot replace {stored!r}, which other records go by")
