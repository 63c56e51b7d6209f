"""Noting anew which values of unique fields are taken, from the records: after ``crmkit verify`` found a difference."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen

from crmkit.core.kernel.access.actors import SYSTEM
from crmkit.core.kernel.custom_fields.queries import (
    Held,
    claim_values,
    holders_of,
    noted_keys,
    noted_values,
    page_with_value,
    release_values,
)
from crmkit.core.kernel.custom_fields.tables import CUSTOM_FIELD
from crmkit.core.kernel.custom_fields.uniqueness import held
from crmkit.core.kernel.entities.custom import shown, tagged
from crmkit.core.kernel.units.work import UnitFacts
from crmkit.errors import AlreadyExistsError

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.model import CustomField
    from crmkit.core.kernel.units.units import Units
    from crmkit.core.kernel.units.work import Work

__all__ = ["Clash", "UniqueReport", "UniqueValues"]

BATCH: Final = 500
"""How many values are looked at in one transaction."""
MOST_LISTED: Final = 1_000
"""How many clashes are listed; all are counted."""


@frozen(kw_only=True)
class Clash:
    """Two records that have the same value in a unique field, which no command lets happen.

    Attributes:
        tenant: whose records.
        entity: of the records.
        field: the field, such as ``custom.badge``.
        value: the value, in JSON form.
        holder: the record that the value is noted for.
        record: the other record, which keeps its value, too.
    """

    tenant: str
    entity: str
    field: str
    value: Any
    holder: UUID
    record: UUID


@frozen(kw_only=True)
class UniqueReport:
    """What noting values anew has changed, or would change.

    Attributes:
        noted: how many values that records have were not noted as theirs.
        released: how many values were noted for a record that does not have them.
        clashes: the first 1,000 values that another record has, too.
        clashing: how many there are.
    """

    noted: int
    released: int
    clashes: tuple[Clash, ...]
    clashing: int


class UniqueValues:
    """The table of taken values of unique custom fields, as an operator looks after it.

    Args:
        units: makes units of work.
        tenants: gives the ids of all tenants.
    """

    def __init__(self, units: Units[Any], tenants: Callable[[], Iterable[str]]) -> None:
        self._units, self._tenants = units, tenants

    def rebuild(
        self,
        *,
        tenant: str | None = None,
        dry_run: bool = False,
        progress: Callable[[str, str, int], None] | None = None,
    ) -> UniqueReport:
        """Let the table say what the records have; what is right already is not written.

        Works in short transactions, while others read and write; stopped at any point, it can be called again. No value
        of any record is touched. Where two have the same one, whoever it is noted for already holds it, else the older.

        Args:
            tenant: of this tenant only; of all by default.
            dry_run: write nothing, and say what would be written.
            progress: told the tenant, the entity and how many of its values have been looked at, after every batch.
        """
        done = _Done(progress or (lambda _tenant, _entity, _count: None))
        for one in [tenant] if tenant else list(self._tenants()):
            _Noting(self._units, one, done, dry_run=dry_run).run()
        return UniqueReport(
            noted=done.noted, released=done.released, clashes=tuple(done.clashes), clashing=done.clashing
        )


class _Done:
    """What has been done so far, over all tenants."""

    def __init__(self, progress: Callable[[str, str, int], None]) -> None:
        self.progress = progress
        self.noted = self.released = self.clashing = 0
        self.clashes: list[Clash] = []

    def add(self, clashes: list[Clash]) -> None:
        """Count clashes, and keep the first ones."""
        self.clashing += len(clashes)
        self.clashes += clashes[: MOST_LISTED - len(self.clashes)]


class _Noting:
    """Notes the values of one tenant."""

    def __init__(self, units: Units[Any], tenant: str, done: _Done, *, dry_run: bool) -> None:
        self._units, self._tenant, self._done, self._dry_run = units, tenant, done, dry_run
        # Of a rehearsal: what would have been released and noted, of the entity at hand.
        self._gone: set[Held] = set()
        self._new: dict[tuple[str, str], UUID] = {}

    def run(self) -> None:
        """Release what nobody has, then note what is missing: so a value that has changed hands is free."""
        with self._unit() as work:
            names = dict.fromkeys(entity for entity, _, _ in noted_keys(work.db, work.tenant))
            names |= dict.fromkeys(name for name, of in work.definitions.entities.items() if of.unique)
        for name in names:
            self._gone, self._new = set(), {}
            self._release(name)
            count = 0
            for key in self._keys(name):
                count = self._note(name, key, count)

    @contextmanager
    def _unit(self) -> Generator[Work]:
        facts = UnitFacts(source="setup")
        with self._units.begin(SYSTEM, self._tenant, facts=facts, read_only=self._dry_run) as uow:
            yield uow._work  # noqa: SLF001  # the kernel's own unit

    def _keys(self, name: str) -> list[str]:
        with self._unit() as work:
            return [key for key in self._fields(work, name) if name in work.registry]

    def _fields(self, work: Work, name: str) -> Mapping[str, CustomField]:
        """The unique fields of an entity, which stay so until the batch is written."""
        of = work.definitions.entities.get(name)
        every = {} if of is None else {**of.removed, **of.live}
        if not self._dry_run:
            ids = [one.id for one in every.values()]
            now = work.store(CUSTOM_FIELD).read_many(work.db, work.tenant, ids, lock=True)
            every = {one.key: one for one in now.values()}
        return {key: one for key, one in every.items() if one.unique}

    def _records(self, work: Work, name: str, ids: Iterable[UUID]) -> Mapping[UUID, Any]:
        """Records, which nobody changes before the batch is written."""
        store = work.store(work.registry.entity(name))
        return store.read_many(work.db, work.tenant, ids, lock=not self._dry_run)

    # -- releasing ----------------------------------------------------------------------------------------------------

    def _release(self, name: str) -> None:
        after = ("", "")
        while True:
            with self._unit() as work:
                fields = self._fields(work, name)
                page = noted_values(work.db, work.tenant, name, after=after, size=BATCH)
                stale = [one for one in page if one[0] not in fields]
                if name in work.registry:  # else nobody can tell what its records have
                    records = self._records(work, name, {id_ for key, _, id_ in page if key in fields})
                    stale += [one for one in page if one[0] in fields and not _has(records.get(one[2]), fields, one)]
                if self._dry_run:
                    self._gone.update(stale)
                else:
                    release_values(work.db, work.tenant, name, stale)
            self._done.released += len(stale)
            if len(page) < BATCH:
                return
            after = page[-1][:2]

    # -- noting -------------------------------------------------------------------------------------------------------

    def _note(self, name: str, key: str, count: int) -> int:
        """Note the values of one field; returns how many values of the entity have been looked at."""
        after: UUID | None = None
        while True:
            try:
                with self._unit() as work:
                    ids, new, clashes = self._batch(work, name, key, after)
            except AlreadyExistsError:  # another unit was faster; what it has noted is seen now
                continue
            self._done.noted += new
            self._done.add(clashes)
            count += len(ids)
            self._done.progress(self._tenant, name, count)
            if len(ids) < BATCH:
                return count
            after = ids[-1]

    def _batch(self, work: Work, name: str, key: str, after: UUID | None) -> tuple[list[UUID], int, list[Clash]]:
        """The records looked at, how many values were noted, and what another record has, too."""
        one = self._fields(work, name).get(key)
        if one is None:  # it is unique no more
            return [], 0, []
        store = work.store(work.registry.entity(name))
        ids = [r.id for r in page_with_value(work.db, work.tenant, store, one.physical, after=after, size=BATCH)]
        records = self._records(work, name, ids)
        having: list[Held] = []
        for id_ in ids:
            having += [(key, value, id_) for value in held({key: one}, records.get(id_)).values()]
        takers = self._takers(work, name, [(key, value) for _, value, _ in having])
        new: list[Held] = []
        clashes: list[Clash] = []
        for _, value, id_ in having:
            holder = takers.get((key, value))
            if holder is None:
                takers[key, value] = id_
                new.append((key, value, id_))
            elif holder != id_:
                said = shown(tagged(records[id_].custom[key]))
                clashes.append(
                    Clash(tenant=work.tenant, entity=name, field=one.name, value=said, holder=holder, record=id_)
                )
        if self._dry_run:
            self._new.update({(key, value): id_ for _, value, id_ in new})
        else:
            claim_values(work.db, work.tenant, name, new)
        return ids, len(new), clashes

    def _takers(self, work: Work, name: str, wanted: list[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        """Whom values are noted for, or would be by now in a rehearsal."""
        noted = holders_of(work.db, work.tenant, name, dict.fromkeys(wanted))
        noted = {pair: id_ for pair, id_ in noted.items() if (*pair, id_) not in self._gone}
        return noted | {pair: self._new[pair] for pair in wanted if pair in self._new}


def _has(record: Any, fields: Mapping[str, CustomField], noted: Held) -> bool:
    key, value, _ = noted
    return held({key: fields[key]}, record).get(key) == value
