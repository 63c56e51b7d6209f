"""Whether documents are what their records say; a part of ``crmkit verify``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from crmkit.core.kernel.custom_fields.definitions import read_definitions
from crmkit.core.kernel.search.config import SearchSettings
from crmkit.core.kernel.search.documents import Searched, documents, searched_in
from crmkit.core.kernel.search.rebuilding import BATCH, ids_after
from crmkit.core.kernel.search.storing import documented_ids, read_documents
from crmkit.core.kernel.units.projecting import Changed
from crmkit.core.kernel.verification.model import MOST, NIL, Check, Checking, Finding

if TYPE_CHECKING:
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.entities.entity import EntityType, Record

__all__ = ["search_check"]

M = TypeVar("M", bound="Record")
_FIX = "run: crmkit search rebuild"


def search_check(runtime: Runtime) -> Check:
    """A check of all documents of what is loaded; of nothing while search is switched off."""

    def check(checking: Checking) -> Iterator[Finding]:
        if not runtime.settings_of(SearchSettings).enabled:
            return
        checking.say(f"{checking.tenant}: search")
        definitions = read_definitions(checking.db, checking.tenant)
        for name, plan in searched_in(runtime.registry, definitions).items():
            if name in checking.catalogue:
                yield from islice(_findings(runtime, checking, plan), MOST)

    return check


def _findings(runtime: Runtime, checking: Checking, plan: Searched) -> Iterator[Finding]:
    db, tenant, name, after = checking.db, checking.tenant, plan.entity.name, NIL
    while ids := list(ids_after(db, tenant, plan, after, BATCH)):
        shown = _Page(runtime, checking, plan, ids)
        stored = read_documents(db, tenant, [(name, id_) for id_ in ids])
        for entity, id_, text in documents(shown, {name: plan}):
            row = stored.get((entity, id_))
            if (row.text if row else "") != text:
                yield checking.found("search", name, f"search does not know it as it is; {_FIX}", id_)
        after = ids[-1]
    after = NIL
    while ids := documented_ids(db, tenant, name, after, BATCH):
        there = runtime.store(plan.entity, db.dialect).read_many(db, tenant, ids)
        for id_ in ids:
            if id_ not in there:
                yield checking.found("search", name, f"search knows it, and it is not there; {_FIX}", id_)
        after = ids[-1]


class _Page:
    """Some records with their parts, read without a unit of work."""

    def __init__(self, runtime: Runtime, checking: Checking, plan: Searched, ids: list[UUID]) -> None:
        self._runtime, self._checking, self._whole = runtime, checking, plan.entity.name
        store = runtime.store(plan.entity, checking.db.dialect)
        records = store.read_many(checking.db, checking.tenant, ids)
        self.changed = tuple(Changed(plan.entity, id_, "changed", record) for id_, record in records.items())

    def parts(self, part: EntityType[M]) -> Mapping[UUID, Sequence[M]]:
        """Their records of ``part``."""
        field = part.part_of or ""
        reference = part.field(field).reference
        found: dict[UUID, list[Any]] = {}
        if reference is not None:
            db, tenant = self._checking.db, self._checking.tenant
            store, ids = self._runtime.store(part, db.dialect), [c.id for c in self.changed]
            read = store.referring_many(db, tenant, reference, self._whole, ids)
            for id_ in sorted(read):
                found.setdefault(getattr(read[id_], field), []).append(read[id_])
        return found
