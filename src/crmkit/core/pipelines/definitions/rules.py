"""Which stages follow which, and which sets of stages make a pipeline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from attrs import evolve

from crmkit.core.pipelines.definitions.model import Category, Definition, NewStage, Stage
from crmkit.errors import InvalidValueError, UnknownStageError

__all__ = ["allowed_moves", "check_stages", "closing_stage", "first_stage", "with_stage_at", "without_stage"]


def allowed_moves(definition: Definition, at: str) -> tuple[str, ...]:
    """The keys of the stages that may follow the stage ``at``, by position.

    From a stage that the pipeline has lost since (two people worked at once), every stage may follow, so that nothing
    is ever stuck.
    """
    stage = definition.find(at)
    others = tuple(k for k in definition.keys if k != at)
    if stage is None or stage.moves is None:
        return others
    return tuple(k for k in others if k in stage.moves)


def first_stage(definition: Definition) -> Stage:
    """The stage in which work begins: the first open one.

    Raises:
        InvalidValueError: if the pipeline has none.
    """
    stages = definition.of_category("open")
    if not stages:
        raise InvalidValueError("pipeline", definition.pipeline.key, "has no open stage to begin in")
    return stages[0]


def closing_stage(definition: Definition, category: Category, at: str) -> Stage:
    """The stage in which work at the stage ``at`` ends as won or lost: the first such one that may follow.

    If none may follow, the first one all the same: moving there then fails with the list of those that may.

    Raises:
        InvalidValueError: if the pipeline has no stage of this category.
    """
    stages = definition.of_category(category)
    if not stages:
        raise InvalidValueError("pipeline", definition.pipeline.key, f"has no stage of category {category!r}")
    allowed = allowed_moves(definition, at)
    return next((s for s in stages if s.key in allowed), stages[0])


def check_stages(pipeline: str, stages: Sequence[Stage | NewStage]) -> None:
    """Check that ``stages`` make a pipeline: distinct keys, an open stage, and moves to stages that exist.

    Args:
        pipeline: the pipeline's key, for errors.
        stages: all of its stages.

    Raises:
        InvalidValueError: if a key occurs twice or no stage is open.
        UnknownStageError: if a stage allows a move to one that is not there; lists those there are.
    """
    keys = [s.key for s in stages]
    twice = next((k for k in keys if keys.count(k) > 1), None)
    if twice is not None:
        raise InvalidValueError("key", twice, f"occurs twice among the stages of pipeline {pipeline!r}")
    if not any(s.category == "open" for s in stages):
        raise InvalidValueError("stages", tuple(keys), f"of pipeline {pipeline!r} include no open one to begin in")
    for stage in stages:
        unknown = next((k for k in stage.moves or () if k not in keys), None)
        if unknown is not None:
            raise UnknownStageError(unknown, pipeline=pipeline, known=keys)


def with_stage_at(stages: Iterable[Stage], new: Stage, before: str | None) -> tuple[Stage, ...]:
    """``stages`` with ``new`` in front of the one called ``before`` (last for None), positions counted anew from 1."""
    ordered = [s for s in sorted(stages, key=lambda s: s.position) if s.key != new.key]
    place = next((i for i, s in enumerate(ordered) if s.key == before), len(ordered))
    ordered.insert(place, new)
    return tuple(evolve(s, position=i) for i, s in enumerate(ordered, 1))


def without_stage(stages: Iterable[Stage], gone: str) -> tuple[Stage, ...]:
    """``stages`` without the one called ``gone`` and the moves to it, positions counted anew from 1.

    A stage that allowed no other move then allows every one, so that nothing is stuck there.
    """
    kept = [s for s in sorted(stages, key=lambda s: s.position) if s.key != gone]
    return tuple(evolve(s, position=i, moves=_moves_without(s, gone)) for i, s in enumerate(kept, 1))


def _moves_without(stage: Stage, gone: str) -> tuple[str, ...] | None:
    if stage.moves is None or gone not in stage.moves:
        return stage.moves
    return tuple(k for k in stage.moves if k != gone) or None
