"""Making documents anew from the records: after an upgrade, after search was switched off, or to be sure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from sqlalchemy import bindparam, select

from crmkit.core.kernel.entities.columns import Id, Integer, codec_of
from crmkit.core.kernel.search.config import SearchSettings
from crmkit.core.kernel.search.documents import Searched, documents, searched_in, searched_of
from crmkit.core.kernel.search.storing import (
    LAST,
    NIL,
    documented_ids,
    forget_counts,
    join_pieces,
    read_documents,
    write_documents,
)
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.units.projecting import Projecting
from crmkit.errors import ConfigError

if TYPE_CHECKING:
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.units.units import Units
    from crmkit.core.kernel.units.work import Work

__all__ = ["BATCH", "SearchIndex", "ids_after"]

BATCH: Final = 500
"""How many records are made anew in one transaction."""


class SearchIndex:
    """The documents of the deployment, as an operator looks after them.

    Args:
        runtime: what is loaded.
        units: makes units of work.
        tenants: gives the ids of all tenants.
    """

    def __init__(self, runtime: Runtime, units: Units[Any], tenants: Callable[[], Iterable[str]]) -> None:
        self._runtime, self._units, self._tenants = runtime, units, tenants

    def rebuild(
        self,
        *,
        tenant: str | None = None,
        entities: Iterable[str] = (),
        progress: Callable[[str, str, int], None] | None = None,
    ) -> int:
        """Let every document be what its record says; those that are right already are not written.

        Works in short transactions, while others read and write. Stopped at any point, nothing is wrong with what is
        done; called again, it writes what is left.

        Args:
            tenant: of this tenant only; of all by default.
            entities: of these only, by name; of all by default.
            progress: told the tenant, the entity and how many of its records have been looked at, after every batch.

        Returns:
            How many documents were written or removed.

        Raises:
            ConfigError: if search is switched off.
            UnknownFieldError: if an entity is unknown.
        """  # raised by what this calls; callers want to know
        if not self._runtime.settings_of(SearchSettings).enabled:
            message = "search is switched off, so there are no documents to rebuild; set enabled = true in [search]"
            raise ConfigError(message)
        searched, wanted = (
            searched_of(self._runtime.registry),
            {self._runtime.registry.entity(n).name for n in entities},
        )
        plans = [plan for name, plan in searched.items() if not wanted or name in wanted]
        written = 0
        tenants = [tenant] if tenant else list(self._tenants())
        for one in tenants:
            for plan in plans:
                looked_at = 0
                for count, changed in self._batches(one, plan):
                    looked_at, written = looked_at + count, written + changed
                    if progress is not None:
                        progress(one, plan.entity.name, looked_at)
        if tenants:
            self._tidy(tenants[-1])
        return written

    def _tidy(self, tenant: str) -> None:
        """Leave SQLite's index as one piece, in short transactions too."""
        first = more = True
        while more:
            with self._units.system(tenant) as uow:
                more, first = join_pieces(uow._work.db, first=first), False  # noqa: SLF001  # the kernel's own unit
        with self._units.system(tenant) as uow:
            forget_counts(uow._work.db)  # noqa: SLF001  # see above

    def _batches(self, tenant: str, plan: Searched) -> Iterator[tuple[int, int]]:
        """For each batch: how many records, and how many documents were written."""
        after = NIL
        while after != LAST:
            with self._units.system(tenant) as uow:
                work = uow._work  # noqa: SLF001  # the kernel's own unit
                ids = list(ids_after(work.db, tenant, plan, after, BATCH))
                last = ids[-1] if len(ids) == BATCH else LAST
                # Held until the batch is written, so that nobody changes a record whose document is being made.
                held = work.store(plan.entity).read_many(work.db, tenant, ids, lock=True)
                work.identity.update({(plan.entity.name, id_): record for id_, record in held.items()})
                yield len(ids), self._write(work, plan, [id_ for id_ in ids if id_ in held])
                gone = 0
                for orphans in _orphans(work, plan, after, last, frozenset(ids)):
                    gone += self._write(work, plan, orphans)
                yield 0, gone
            after = last

    @staticmethod
    def _write(work: Work, plan: Searched, ids: list[UUID]) -> int:
        shown = Projecting.of(work, plan.entity, ids)
        plans = searched_in(work.registry, work.definitions)
        wanted = {
            (entity, id_): text for entity, id_, text in documents(shown, {plan.entity.name: plans[plan.entity.name]})
        }
        written = write_documents(work.db, work.tenant, wanted, read_documents(work.db, work.tenant, wanted))
        work.identity.clear()
        return written


def ids_after(db: Db, tenant: str, plan: Searched, after: UUID, most: int) -> Iterator[UUID]:
    """The next ids of an entity's records."""
    table = plan.entity.table
    rows = select(table.c.id).where(table.c.tenant_id == bindparam("tenant"), table.c.id > bindparam("after"))
    statement = Statement(rows.order_by(table.c.id).limit(bindparam("most", type_=Integer())))
    to_id = codec_of(Id(), db.dialect).from_driver or _as_it_is
    return (to_id(id_) for (id_,) in db.rows(statement, {"tenant": tenant, "after": after, "most": most}))


def _orphans(work: Work, plan: Searched, after: UUID, last: UUID, known: frozenset[UUID]) -> Iterator[list[UUID]]:
    """The ids, between two, of which there is a document and no record; a record may just have been added."""
    while there := documented_ids(work.db, work.tenant, plan.entity.name, after, BATCH, last=last):
        suspects = [id_ for id_ in there if id_ not in known]
        if suspects:
            found = work.store(plan.entity).read_many(work.db, work.tenant, suspects)
            yield [id_ for id_ in suspects if id_ not in found]
        after = there[-1]


def _as_it_is(value: Any) -> Any:
    return value
