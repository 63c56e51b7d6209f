"""Records that move through the stages of a pipeline, and the log of where they have been."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

from attrs import field, frozen
from attrs.validators import optional

from crmkit.core.kernel.entities.entity import Record
from crmkit.core.pipelines.definitions.model import Category, Definition, Stage
from crmkit.core.pipelines.limits import MAX_LINE, MAX_NOTE
from crmkit.values.checks import text
from crmkit.values.instants import as_instant

__all__ = ["StageEntry", "StageMove", "Staged"]


def _instant(value: datetime | None) -> datetime | None:
    return None if value is None else as_instant(value)


@frozen(kw_only=True)
class Staged(Record):
    """The base of models whose records move through the stages of a pipeline; only moving changes these attributes.

    A table for such records has `staged_columns`, and beside its entity (``staged=True``) another one is registered for
    its stage entries (`stage_entry_type`).

    Attributes:
        pipeline: the pipeline's key.
        stage: the key of the stage that the record is in.
        category: that stage's: open, won or lost.
        stage_entered_at: when it came into that stage, UTC.
        closed_at: when it was won or lost, UTC; None while open.
        lost_reason: why it was lost; None unless it was.
    """

    pipeline: str = field(validator=text(MAX_LINE))
    stage: str = field(validator=text(MAX_LINE))
    category: Category = "open"
    stage_entered_at: datetime = field(converter=as_instant)
    closed_at: datetime | None = field(default=None, converter=_instant)
    lost_reason: str | None = field(default=None, validator=optional(text(MAX_LINE)))

    @property
    def is_open(self) -> bool:
        """Whether it is neither won nor lost."""
        return self.category == "open"


@frozen(kw_only=True)
class StageEntry(Record):
    """One stay of a record in one stage. A part of the record: seen, restored and deleted with it.

    Each staged entity has a subclass of its own, and a table of its own: so an entry refers to its record by a foreign
    key like any part, and goes with the plugin that brought the entity.

    Attributes:
        record_id: the record that stayed.
        pipeline: the pipeline's key.
        stage: the stage's key.
        entered_at: when the record came, UTC.
        entered_by: id of the actor who moved it here.
        reason: why it was moved here, in a few words.
        note: what else was said about the move.
        first: whether it is the record's first stay in this stage.
        went_on: whether the record has come to a later stage since, or was won; told of first stays only.
        left_at: when the record left, UTC; None while it is here.
        left_to: the key of the stage that it left for.
        seconds: how long it stayed, in whole seconds; None while it is here.
    """

    record_id: UUID
    pipeline: str
    stage: str
    entered_at: datetime = field(converter=as_instant)
    entered_by: str
    reason: str | None = field(default=None, validator=optional(text(MAX_LINE)))
    note: str | None = field(default=None, validator=optional(text(MAX_NOTE)))
    first: bool = True
    went_on: bool = False
    left_at: datetime | None = field(default=None, converter=_instant)
    left_to: str | None = None
    seconds: int | None = None

    def duration(self, now: datetime) -> timedelta:
        """How long the record stayed, or has stayed until ``now`` (an aware instant)."""
        end = self.left_at or as_instant(now, field="now")
        return max(end - self.entered_at, timedelta(0))


@frozen(kw_only=True)
class StageMove:
    """A move that a record is about to make.

    Attributes:
        definition: the pipeline with its stages.
        at: the key of the stage that it is in.
        to: the stage that it goes to.
        reason: why, in a few words; always told where ``to`` is a lost stage.
        note: what else is said about the move.
    """

    definition: Definition
    at: str
    to: Stage
    reason: str | None = None
    note: str | None = None
