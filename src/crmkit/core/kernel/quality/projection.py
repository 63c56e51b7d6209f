"""Keeps scores in step with records, at the end of each unit of work."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmkit.core.kernel.quality.rules import share_of
from crmkit.core.kernel.quality.storing import forget
from crmkit.core.kernel.quality.tables import QUALITY_RULE, quality_score_table

if TYPE_CHECKING:
    from crmkit.core.kernel.units.projecting import Projecting

__all__ = ["QualityProjection"]


class QualityProjection:
    """Writes the scores of the records that have changed, where there are rules about them; drops those without."""

    def project(self, changes: Projecting, /) -> None:
        """See `Projection`."""
        work, notes = changes._work, changes._notes  # noqa: SLF001  # rules are asked in SQL, so no record is read
        names = {name for name, _ in notes}
        if QUALITY_RULE.name in names:
            forget(work)
        if not names.isdisjoint(work.runtime.rulebooks.of(work)):
            changes.rewrite(quality_score_table, self._rows(changes))

    @staticmethod
    def _rows(changes: Projecting) -> Iterator[dict[str, Any]]:
        work, notes = changes._work, changes._notes  # noqa: SLF001  # see above
        for name, book in work.runtime.rulebooks.of(work).items():
            ids = [id_ for (entity, id_), how in notes.items() if entity == name and how != "deleted"]
            asked, known = work.judged.get(name, (frozenset[UUID](), {}))
            if not asked.issuperset(ids):
                known = book.outcomes(work.db, work.tenant, ids)
            for id_ in ids:
                if outcomes := known.get(id_):
                    yield {
                        "entity": name,
                        "record_id": id_,
                        "score": share_of(outcomes),
                        "completeness": share_of(outcomes, "completeness"),
                        "validity": share_of(outcomes, "validity"),
                    }
