"""Where plugins have a say about erasing."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.erasure.model import ErasurePlan
from crmkit.core.kernel.hooks.hook import Guard
from crmkit.values.ref import Ref

__all__ = ["RecordsErasing", "records_erasing"]


@frozen(kw_only=True)
class RecordsErasing:
    """A record that is about to be erased, with all that is about it.

    Attributes:
        ref: the record.
        also: what was merged into it, and is erased with it.
        reason: why, as who erases says it.
        plan: what goes.
    """

    ref: Ref
    also: tuple[Ref, ...]
    reason: str
    plan: ErasurePlan


records_erasing = Guard(
    "records_erasing",
    RecordsErasing,
    doc="""When a record is about to be erased for ever, once it is known what goes: for duties to keep, such as a legal
    hold. It reads the database as it was before. Not asked by a plan.""",
)
