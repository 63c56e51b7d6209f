"""The reading half of a unit of work: everything goes through the query compiler, and comes out masked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar, cast
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.query.answers import Tally
from crmkit.core.kernel.query.compiler import MAX_LIMIT
from crmkit.core.kernel.query.pages import cursor_of, order_of
from crmkit.errors import NotFoundError
from crmkit.values.criteria import And, Compare, Criteria, f
from crmkit.values.page import Page

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.units.work import Work
    from crmkit.values.page import Cursor

__all__ = ["Reading", "Tally"]

M = TypeVar("M", bound="Record")


class Reading:
    """Reads with the rights of the unit's actor; what commands have written so far is flushed first.

    Args:
        work: the unit's state.
    """

    __slots__ = ("_compiler", "_work")

    def __init__(self, work: Work) -> None:
        self._work = work
        self._compiler = work.runtime.compiler

    def get(self, what: EntityType[M] | type[M], id_: UUID) -> M:
        """See `UnitOfWork.get`.

        Raises:
            NotFoundError: if there is none of that kind, or the actor may not see it.
        """
        work = self._work
        work.check_open()
        entity: EntityType[M] = work.registry.of(what)
        record = work.get(entity, id_)
        if isinstance(what, type) and not isinstance(record, what):
            raise NotFoundError(entity.name, id_)
        return work.masked(entity, record)

    def find(
        self,
        what: EntityType[M] | type[M],
        where: Criteria,
        *,
        order: str | None,
        limit: int,
        after: Cursor | None,
    ) -> Page[M]:
        """See `UnitOfWork.find`."""
        work = self._ready()
        if after is None and order == "id":
            entity: EntityType[M] = work.registry.of(what)
            if 1 <= limit <= MAX_LIMIT and (whole := self._whole_of(entity, where)) is not None:
                return self._parts(entity, whole, limit)
        known, seen = self._company(what, where)
        query = self._compiler.page(
            work.rights,
            work.tenant,
            what,
            where,
            order=order,
            limit=limit,
            after=after,
            dialect=work.db.dialect,
            now=work.now,
            known=known,
        )
        if not seen:
            return Page(())
        load = work.store(query.entity).codec.load
        page = query.page([load(row) for row in work.db.rows(query.statement, query.params)])
        return self._masked(query.entity, page)

    def each(self, what: EntityType[M] | type[M], where: Criteria, *, order: str | None) -> Iterator[M]:
        """See `UnitOfWork.each`."""
        order = order or "id"  # which no update of a record changes while the pages are read
        after: Cursor | None = None
        while True:
            page = self.find(what, where, order=order, limit=MAX_LIMIT, after=after)
            yield from page.items
            after = page.next
            if after is None:
                return

    def count(self, what: EntityType[Any] | type[Any], where: Criteria) -> int:
        """See `UnitOfWork.count`."""
        work = self._ready()
        known, seen = self._company(what, where)
        query = self._compiler.count(
            work.rights, work.tenant, what, where, dialect=work.db.dialect, now=work.now, known=known
        )
        if not seen:
            return 0
        count: int = work.db.rows(query.statement, query.params)[0][0]
        return count

    def tally(
        self,
        what: EntityType[Any] | type[Any],
        by: Sequence[str],
        *,
        sums: Sequence[str],
        medians: Sequence[str] = (),
        where: Criteria,
        limit: int = MAX_LIMIT,
    ) -> list[Tally]:
        """See `UnitOfWork.tally`."""
        work = self._ready()
        compiler, rights, tenant, dialect = self._compiler, work.rights, work.tenant, work.db.dialect
        query = compiler.tally(
            rights, tenant, what, by, sums=sums, where=where, limit=limit, dialect=dialect, now=work.now
        )
        tallies = query.groups(work.db.rows(query.statement, query.params))
        for name in medians:
            middle = compiler.median(rights, tenant, what, name, by, where=where, dialect=dialect, now=work.now)
            found = dict(map(middle.read, work.db.rows(middle.statement, middle.params)))
            tallies = [evolve(t, medians=_with(t.medians, name, found.get(t.key))) for t in tallies]
        return tallies

    def sees(self, what: EntityType[Any] | type[Any], ids: Iterable[UUID]) -> frozenset[UUID]:
        """See `UnitOfWork.sees`."""
        wanted = list(dict.fromkeys(ids))
        seen: set[UUID] = set()
        for start in range(0, len(wanted), MAX_LIMIT):
            chunk = wanted[start : start + MAX_LIMIT]
            seen.update(r.id for r in self.find(what, f.id.in_(chunk), order=None, limit=MAX_LIMIT, after=None))
        return frozenset(seen)

    def _ready(self) -> Work:
        self._work.check_open()
        self._work.flush()
        return self._work

    def _company(self, what: EntityType[Any] | type[Any], where: Criteria) -> tuple[str | None, bool]:
        """The field in which all that is asked for refers to one record of any kind, and whether the actor sees that.

        In SQL this would have to be said for every kind that there is, which PostgreSQL plans anew for longer than all
        the rest takes; so where it is one record, as of the comments on one, it is asked in Python.
        """
        work = self._work
        entity, rights = work.registry.of(what), work.rights
        if not entity.visible_with or rights.reads_everything or rights.delegated or rights.restrictions:
            return None, True
        pinned = _pinned(where)
        for name in entity.visible_with:
            reference = entity.field(name).reference
            if reference is not None and reference.entity_column in pinned and isinstance(pinned.get(name), UUID):
                return name, rights.sees_with(entity, name, cast("Record", _Pinned(pinned)), work)
        return None, True

    def _whole_of(self, entity: EntityType[Any], where: Criteria) -> tuple[EntityType[Any], UUID] | None:
        """The one record whose parts are asked for, if that is all that is asked."""
        if entity.part_of is None or entity.variants or not isinstance(where, Compare):
            return None
        if where.op != "eq" or where.field != entity.part_of or not isinstance(where.value, UUID):
            return None
        reference = entity.field(entity.part_of).reference
        if reference is None or reference.entity is None or where.field in self._work.hidden(entity):
            return None
        return self._work.registry.entity(reference.entity), where.value

    def _parts(self, entity: EntityType[M], whole: tuple[EntityType[Any], UUID], limit: int) -> Page[M]:
        """The parts of one record: who sees that sees them, so there is no filter to compile and none to run."""
        work = self._work
        found = work.load(*whole)
        if found is None or not work.sees(whole[0], found):
            return Page(())
        parts = work.store(entity).parts(work.db, work.tenant, whole[1], limit + 1)
        following = cursor_of(entity, order_of(entity, "id"), parts[limit - 1]) if len(parts) > limit else None
        return self._masked(entity, Page(tuple(parts[:limit]), following))

    def _masked(self, entity: EntityType[M], page: Page[M]) -> Page[M]:
        work = self._work
        if not work.masks(entity):
            return page
        return type(page)(tuple(work.masked(entity, record) for record in page.items), page.next)


def _pinned(where: Criteria) -> dict[str | None, Any]:
    """The fields of which all records that fit have the one value."""
    terms = where.terms if isinstance(where, And) else (where,)
    return {term.field: term.value for term in terms if isinstance(term, Compare) and term.op == "eq"}


class _Pinned:
    """What is known of every record that fits: as much of a record as is needed to ask what it is visible with."""

    def __init__(self, values: Mapping[str | None, Any]) -> None:
        self._values = values

    def __getattr__(self, name: str) -> Any:
        return self._values[name]


def _with(medians: Mapping[str, Decimal], name: str, value: Decimal | None) -> Mapping[str, Decimal]:
    return medians if value is None else {**medians, name: value}
