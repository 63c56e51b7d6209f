"""Keeps what breaks a blocking rule from being stored: at the end of a unit of work, and of an attempt in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from crmkit.errors import Refusal, RefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.quality.rules import Outcome
    from crmkit.core.kernel.units.projecting import ChangeNotes
    from crmkit.core.kernel.units.work import Work

__all__ = ["Judged", "judge"]

Judged = dict[str, tuple[set["UUID"], dict["UUID", list["Outcome"]]]]
"""By the name of the entity: the ids that were asked about, and how these records stand with the rules."""
MOST: Final = 100
"""How many refusals are told."""


def judge(work: Work, touched: ChangeNotes) -> Judged:
    """Refuse if one of the records that were written breaks a blocking rule, as it is now.

    All writes must be stored. Records that were not written are left alone, whatever they break.

    Args:
        work: the unit's state.
        touched: the whole records that were written.

    Returns:
        What was found out, so that scores need not ask again.

    Raises:
        RefusedError: with a refusal for each rule that is broken, of each record.
    """
    judged: Judged = {}
    if not touched:
        return judged
    refusals: list[Refusal] = []
    for name, book in work.runtime.rulebooks.of(work).items():
        ids = {id_ for (entity, id_), how in touched.items() if entity == name and how != "deleted"}
        if book.blocking and ids:
            outcomes = book.outcomes(work.db, work.tenant, ids)
            judged[name] = ids, outcomes
            refusals += _refusals(name, outcomes)
    if refusals:
        raise RefusedError(work.command.name if work.command else "unit", refusals[:MOST])
    return judged


def _refusals(entity: str, outcomes: Mapping[UUID, list[Outcome]]) -> Iterator[Refusal]:
    for id_, known in outcomes.items():
        for rule, fulfilled in known:
            if rule.level == "block" and not fulfilled:
                yield Refusal(rule.key, f"{rule.message} ({entity} {id_})")
