"""Keeps what breaks a blocking rule from being stored: at the end of a unit of work, and of an attempt in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from crmkit.errors import Refusal, RefusedError

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.quality.model import QualityRule
    from crmkit.core.kernel.units.projecting import ChangeNotes
    from crmkit.core.kernel.units.work import Work

__all__ = ["judge"]

MOST: Final = 100
"""Of how many records a refusal tells."""


def judge(work: Work, touched: ChangeNotes) -> None:
    """Refuse if one of the records that were written breaks a blocking rule, as it is now.

    All writes must be stored. Records that were not written are left alone, whatever they break.

    Args:
        work: the unit's state.
        touched: the whole records that were written.

    Raises:
        RefusedError: with a refusal for each rule that is broken, of each record.
    """
    if not touched:
        return
    books = work.runtime.rulebooks.of(work)
    refusals: list[Refusal] = []
    for name, book in books.items():
        if book.blocking and len(refusals) < MOST:
            ids = [id_ for (entity, id_), how in touched.items() if entity == name and how != "deleted"]
            refusals += _refusals(name, book.broken(work.db, work.tenant, ids))
    if refusals:
        raise RefusedError(work.command.name if work.command else "unit", refusals[:MOST])


def _refusals(entity: str, broken: Mapping[UUID, list[QualityRule]]) -> Iterator[Refusal]:
    for id_, rules in broken.items():
        for rule in rules:
            yield Refusal(rule.key, f"{rule.message} ({entity} {id_})")
