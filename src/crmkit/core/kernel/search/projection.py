"""Keeps documents in step with records, at the end of each unit of work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmkit.core.kernel.search.config import SearchSettings
from crmkit.core.kernel.search.documents import documents, searched_in
from crmkit.core.kernel.search.storing import read_documents, write_documents
from crmkit.core.kernel.storage.inserting import copies

if TYPE_CHECKING:
    from crmkit.core.kernel.units.projecting import Projecting

__all__ = ["SearchProjection"]


class SearchProjection:
    """Writes the documents of the records that have changed, unless search is switched off."""

    def project(self, changes: Projecting, /) -> None:
        """See `Projection`."""
        work = changes._work  # noqa: SLF001  # the kernel's own unit
        if not work.runtime.settings_of(SearchSettings).enabled:
            return
        wanted = {
            (entity, id_): text
            for entity, id_, text in documents(changes, searched_in(work.registry, work.definitions))
        }
        if not wanted:
            return
        fresh = {(c.entity.name, c.id) for c in changes.changed if c.how == "created"}
        if copies(work.db, len(fresh)):  # which cannot tell what would be in the way
            fresh = set()
        stored = read_documents(
            work.db, work.tenant, [key for key, text in wanted.items() if key not in fresh or not text]
        )
        write_documents(work.db, work.tenant, wanted, stored)
