"""Where plugins have a say about deals."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.hooks.hook import Guard
from crmkit.core.pipelines.definitions.model import Pipeline, Stage
from crmkit.core.pipelines.model import Deal

__all__ = ["DealMove", "deal_moving"]


@frozen(kw_only=True)
class DealMove:
    """A move that a deal is about to make.

    Attributes:
        deal: as it is before the move.
        pipeline: the deal's.
        at: the key of the stage that it is in.
        to: the stage that it is to enter; its category tells whether it would be won or lost.
        reason: why, if a reason was told.
        note: what else was said about the move.
    """

    deal: Deal
    pipeline: Pipeline
    at: str
    to: Stage
    reason: str | None = None
    note: str | None = None


deal_moving = Guard(
    "deal_moving",
    DealMove,
    doc="""When a deal is about to enter another stage, whether by move, win, lose or reopen: once the pipeline has
    allowed the move. Not when a deal is opened.""",
)
