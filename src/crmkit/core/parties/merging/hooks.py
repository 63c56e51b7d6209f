"""Where plugins have a say about merging."""

from __future__ import annotations

from attrs import frozen

from crmkit.core.kernel.hooks.hook import Guard
from crmkit.core.parties.model import Party

__all__ = ["PartiesMerging", "parties_merging"]


@frozen(kw_only=True)
class PartiesMerging:
    """Two parties that are about to become one.

    Attributes:
        loser: the party that becomes part of the other one, as it is before.
        winner: the party that has everything in the end, as it is before.
        after: the winner as it is to be.
    """

    loser: Party
    winner: Party
    after: Party


parties_merging = Guard(
    "parties_merging",
    PartiesMerging,
    doc="""When two parties are about to be merged, once it is known that they can be. What becomes of the single
    records that refer to the loser is what `records_changing` is about, which is asked too. Not when a merge is undone,
    or done again by undoing that.""",
)
