"""How a record moves: whether it may, what becomes of it, and what its stage entries then say."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import TypeVar
from uuid import UUID

from attrs import evolve

from crmkit.core.pipelines.definitions.model import Definition, Stage
from crmkit.core.pipelines.definitions.rules import allowed_moves, first_stage
from crmkit.core.pipelines.staged.model import Staged, StageEntry, StageMove
from crmkit.errors import InvalidValueError, MoveNotAllowedError, Refusal
from crmkit.values.criteria import NEVER, Criteria, f

__all__ = [
    "after_leaving",
    "checked_move",
    "is_later",
    "moved",
    "policy_refusals",
    "reopening_stage",
    "stale_where",
    "tidied",
]

S = TypeVar("S", bound=Staged)
E = TypeVar("E", bound=StageEntry)


def checked_move(
    definition: Definition,
    record: Staged,
    to: str,
    *,
    entity: str,
    id: UUID,
    reason: str | None = None,
    note: str | None = None,
) -> StageMove:
    """The move of ``record`` to the stage ``to``.

    Raises:
        UnknownStageError: if the pipeline has no such stage; lists those there are.
        MoveNotAllowedError: if the pipeline does not allow the move; lists those it does.
        InvalidValueError: if the stage is a lost one and no reason is told.
    """
    stage = definition.stage(to)
    allowed = allowed_moves(definition, record.stage)
    if to not in allowed:
        raise MoveNotAllowedError(entity, id, at=record.stage, to=to, allowed=allowed)
    reason, note = tidied(reason), tidied(note)
    if stage.category == "lost" and reason is None:
        raise InvalidValueError("reason", reason, f"must be told when a {entity} is lost")
    return StageMove(definition=definition, at=record.stage, to=stage, reason=reason, note=note)


def tidied(text: str | None) -> str | None:
    """``text`` without space around it; None if nothing is left."""
    return (text or "").strip() or None


def moved(record: S, move: StageMove, now: datetime) -> S:
    """``record`` after the move, at the instant ``now``."""
    category = move.to.category
    closed_at = record.closed_at if category == record.category else now
    return evolve(
        record,
        stage=move.to.key,
        category=category,
        stage_entered_at=now,
        closed_at=None if category == "open" else closed_at,
        lost_reason=move.reason if category == "lost" else None,
    )


def is_later(definition: Definition, stage: str, to: Stage) -> bool:
    """Whether a record that comes to ``to`` has gone on from ``stage``.

    What is won has gone on from every open stage, what is lost from none; otherwise the position decides. Of a closing
    stage, or one that the pipeline no longer has, nothing goes on.
    """
    at = definition.find(stage)
    if at is None or not at.is_open or to.category == "lost":
        return False
    return to.category == "won" or to.position > at.position


def after_leaving(entries: Iterable[E], move: StageMove, now: datetime) -> list[tuple[E, E]]:
    """The stage entries of a record that its move at ``now`` changes: each before and after.

    The stay that ends is closed; first stays in stages that the record has now gone on from are marked so.
    """
    pairs = []
    for entry in entries:
        went_on = entry.went_on or (entry.first and is_later(move.definition, entry.stage, move.to))
        if entry.left_at is None:
            seconds = int(entry.duration(now).total_seconds())
            after = evolve(entry, went_on=went_on, left_at=now, left_to=move.to.key, seconds=seconds)
            pairs.append((entry, after))
        elif went_on != entry.went_on:
            pairs.append((entry, evolve(entry, went_on=went_on)))
    return pairs


def policy_refusals(record: Staged, move: StageMove, *, contacted: bool, planned: bool) -> list[Refusal]:
    """What the pipeline's policies have against a move.

    Args:
        record: as it is before the move.
        move: the move.
        contacted: whether an interaction was recorded with its party since it entered its stage.
        planned: whether an open activity is planned for it.
    """
    pipeline, refusals = move.definition.pipeline, []
    if pipeline.move_demands_interaction and not contacted:
        message = (
            f"pipeline {pipeline.key!r} demands an interaction since stage {move.at!r} was entered; record it first"
        )
        refusals.append(Refusal("interaction_missing", message, field="stage"))
    if pipeline.demands_next_action and record.is_open and move.to.is_open and not planned:
        message = f"pipeline {pipeline.key!r} demands a next action while work is open; plan an activity first"
        refusals.append(Refusal("next_action_missing", message, field="stage"))
    return refusals


def reopening_stage(definition: Definition, entries: Sequence[StageEntry], at: str) -> Stage:
    """The stage to which work that was closed returns: the open one that it was in last and may return to.

    Args:
        definition: the pipeline with its stages.
        entries: the record's stays, oldest first.
        at: the closing stage that it is in.

    Raises:
        InvalidValueError: if the pipeline has no open stage.
    """
    allowed = allowed_moves(definition, at)
    stages = (definition.find(e.stage) for e in reversed(entries) if e.stage in allowed)
    return next((s for s in stages if s is not None and s.is_open), first_stage(definition))


def stale_where(definitions: Iterable[Definition], now: datetime, *, with_party: bool) -> Criteria:
    """The criteria for records that lie idle in their stage: for longer than it allows, nothing has happened to them.

    What counts as happening is a move, an interaction about the record, and one with its party that was about nothing
    in particular; an interaction about another record of the same party does not.

    Args:
        definitions: the pipelines.
        now: the instant at which it is asked, UTC.
        with_party: whether the records have a party.
    """
    terms = [
        (f.pipeline == d.pipeline.key)
        & (f.stage == s.key)
        & _idle_since(now - timedelta(days=s.stale_after_days), with_party)
        for d in definitions
        for s in d.of_category("open")
        if s.stale_after_days is not None
    ]
    return reduce(or_, terms, NEVER)


def _idle_since(instant: datetime, with_party: bool) -> Criteria:  # noqa: FBT001  # of one caller
    recent = f.occurred_at >= instant
    idle = (f.stage_entered_at < instant) & ~f.interactions.exists(recent)
    return idle & ~f.party.exists(f.interactions.exists(recent & f.about.is_empty())) if with_party else idle
