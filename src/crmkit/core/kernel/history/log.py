"""The change log as it is stored: prepared statements and what their rows mean. Knows no rights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, func, literal_column, select, tuple_

from crmkit.core.kernel.entities.columns import Flag, Id, Instant, Integer, Json, codec_of
from crmkit.core.kernel.jobs.administration import to_be_undone, undone
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, once_table, unit_table
from crmkit.values.change import Operation

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = ["Log", "LoggedUnit"]


class Logged(NamedTuple):
    """One row of ``crm_change``, with what its unit says of itself.

    Attributes:
        unit: the unit of work.
        seq: its place in the unit.
        entity: of the record.
        id: of the record.
        version: the record's, after the change.
        op: insert, update or delete.
        stored: field to [before, after] in JSON form, as the driver gives it or as a mapping; see `diff`.
        root: id of the record that it is part of, or its own.
        root_version: that one's version after the change.
        actor: who did it; None while the unit is still running.
        at: when; None while the unit is still running.
        source: of the unit.
    """

    unit: UUID
    seq: int
    entity: str
    id: UUID
    version: int
    op: Operation
    stored: Any
    root: UUID
    root_version: int
    actor: str | None
    at: datetime | None
    source: str | None

    @property
    def key(self) -> tuple[str, UUID]:
        """The record: entity and id."""
        return self.entity, self.id

    @property
    def diff(self) -> Mapping[str, Any]:
        """Field to [before, after], in JSON form.

        Read each time: kept for all changes of a large unit, the values would keep the garbage collector busy.
        """
        said: Mapping[str, Any] = self.stored if isinstance(self.stored, Mapping) else _diff_of(self.stored)
        return said


class LoggedUnit(NamedTuple):
    """One row of ``crm_unit``; see `crmkit.core.kernel.history.model.UnitEntry`."""

    id: UUID
    actor: str
    on_behalf_of: str | None
    commands: Any
    reason: str | None
    source: str | None
    at: datetime
    undoes: UUID | None
    caused_by: UUID | None
    reversible: bool
    purged: str | None


PAGE: Final = 1_000
"""How many rows are read at once where there may be any number."""
_C, _U = change_table.c, unit_table.c
_TENANT: Any = bindparam("tenant")
_ROWS: Any = select(
    _C.unit_id,
    _C.seq,
    _C.entity,
    _C.record_id,
    _C.version,
    _C.op,
    _C.diff,
    _C.root_id,
    _C.root_version,
    _U.actor_id,
    _U.at,
    _U.source,
).select_from(
    # Outer, because the unit that is still running has no row yet.
    change_table.outerjoin(unit_table, (_U.tenant_id == _C.tenant_id) & (_U.id == _C.unit_id))
)
_OF_RECORD = Statement(_ROWS.where(_C.tenant_id == _TENANT, _C.record_id == bindparam("record")).order_by(_C.version))
_OF_ROOT = Statement(
    _ROWS.where(_C.tenant_id == _TENANT, _C.root_id == bindparam("record")).order_by(
        _C.root_version, _C.unit_id, _C.seq
    )
)
_OF_UNIT = Statement(_ROWS.where(_C.tenant_id == _TENANT, _C.unit_id == bindparam("unit")).order_by(_C.seq))
_DELETIONS = Statement(
    _ROWS
    .where(
        _C.tenant_id == _TENANT,
        _C.op == literal_column("'delete'"),
        tuple_(_C.unit_id, _C.seq) > tuple_(bindparam("unit", type_=Id()), bindparam("seq", type_=Integer())),
    )
    .order_by(_C.unit_id, _C.seq)
    .limit(bindparam("most", type_=Integer()))
)
_UNITS: Any = select(
    _U.id,
    _U.actor_id,
    _U.on_behalf_of,
    _U.commands,
    _U.reason,
    _U.source,
    _U.at,
    _U.undoes,
    _U.caused_by,
    _U.reversible,
    _U.purged,
)
_UNIT = Statement(_UNITS.where(_U.tenant_id == _TENANT, _U.id == bindparam("unit")))
_CAUSED = Statement(_UNITS.where(_U.tenant_id == _TENANT, _U.caused_by == bindparam("unit")).order_by(_U.id))
_RECENT = Statement(
    _UNITS
    .where(_U.tenant_id == _TENANT, _U.id < bindparam("before"))
    .order_by(_U.id.desc())
    .limit(bindparam("most", type_=Integer()))
)
_OF_KEYS = (once_table.c.tenant_id == _TENANT, once_table.c.unit_id == bindparam("unit"))
_KEPT = Statement(select(func.count()).select_from(once_table).where(*_OF_KEYS))
_RELEASE = Statement(delete(once_table).where(*_OF_KEYS))


@cache
def _of_records(length: int) -> Statement:
    return Statement(_ROWS.where(_C.tenant_id == _TENANT, among(_C.record_id, length)).order_by(_C.version))


@cache
def _since(length: int) -> Statement:
    later = (_C.tenant_id == _TENANT, among(_C.record_id, length), _C.unit_id > bindparam("since"))
    return Statement(_ROWS.where(*later).order_by(_C.version))


@cache
def _last(length: int) -> Statement:
    versions = select(_C.record_id, func.max(_C.version)).group_by(_C.record_id)
    return Statement(versions.where(_C.tenant_id == _TENANT, among(_C.record_id, length)))


@cache
def _many_units(length: int) -> Statement:
    return Statement(_UNITS.where(_U.tenant_id == _TENANT, among(_U.id, length)))


class Log:
    """The change log of one tenant.

    Args:
        db: where it is.
        tenant: whose.
    """

    def __init__(self, db: Db, tenant: str) -> None:
        self._db, self._tenant = db, tenant
        self._id, self._instant = _reader(Id(), db.dialect), _reader(Instant(), db.dialect)
        self._json, self._flag = _reader(Json(), db.dialect), _reader(Flag(), db.dialect)

    # -- changes ------------------------------------------------------------------------------------------------------

    def of_record(self, id_: UUID, entity: str) -> list[Logged]:
        """A record's own changes, by version."""
        return [one for one in self._changes(_OF_RECORD, record=id_) if one.entity == entity]

    def of_records(self, ids: Iterable[UUID]) -> list[Logged]:
        """The changes of many records, by version."""
        found: dict[tuple[UUID, int], Logged] = {}
        for length, params in id_lists(ids, self._db.dialect):
            found.update(((one.unit, one.seq), one) for one in self._changes(_of_records(length), **params))
        return list(found.values())

    def since(self, ids: Iterable[UUID], unit: UUID) -> list[Logged]:
        """The changes of many records by units that began later than one."""
        lists = id_lists(ids, self._db.dialect)
        return [one for length, params in lists for one in self._changes(_since(length), since=unit, **params)]

    def of_root(self, id_: UUID) -> list[Logged]:
        """The changes of a record and of what was part of it when it was changed."""
        return self._changes(_OF_ROOT, record=id_)

    def of_unit(self, unit: UUID) -> list[Logged]:
        """What a unit of work changed, in order."""
        return self._changes(_OF_UNIT, unit=unit)

    def deletions(self) -> Iterator[Logged]:
        """Every deletion of a record, oldest first, page by page; reads all of history."""
        place: dict[str, Any] = {"unit": UUID(int=0), "seq": 0}
        while True:
            found = self._changes(_DELETIONS, most=PAGE, **place)
            yield from found
            if len(found) < PAGE:
                return
            place = {"unit": found[-1].unit, "seq": found[-1].seq}

    def last_versions(self, ids: Iterable[UUID]) -> dict[UUID, int]:
        """The last version that each record had, be it that of its deletion."""
        found: dict[UUID, int] = {}
        for length, params in id_lists(ids, self._db.dialect):
            rows = self._db.rows(_last(length), {"tenant": self._tenant, **params})
            found.update((self._id(id_), version) for id_, version in rows)
        return found

    def last_write(self, key: tuple[str, UUID], fields: Iterable[str] | None, but: frozenset[UUID]) -> UUID | None:
        """The last unit but those given that wrote one of ``fields`` of a record, or the record as a whole."""
        names: frozenset[str] | None = None if fields is None else frozenset(fields)
        for one in reversed(self.of_record(key[1], key[0])):
            if one.unit not in but and (names is None or one.op != "update" or not names.isdisjoint(one.diff)):
                unit: UUID = one.unit
                return unit
        return None

    # -- units --------------------------------------------------------------------------------------------------------

    def unit(self, unit: UUID) -> LoggedUnit | None:
        """What a unit of work says of itself; None if there is none, or it is still running."""
        found = self._unit_rows(_UNIT, unit=unit)
        return found[0] if found else None

    def units(self, ids: Iterable[UUID]) -> list[LoggedUnit]:
        """What many units say of themselves, without the one that is still running."""
        lists = id_lists(ids, self._db.dialect)
        return [one for length, params in lists for one in self._unit_rows(_many_units(length), **params)]

    def caused(self, unit: UUID) -> list[LoggedUnit]:
        """The units that a unit's events have caused."""
        return self._unit_rows(_CAUSED, unit=unit)

    def recent(self, before: UUID, most: int) -> list[LoggedUnit]:
        """The last units before one, newest first."""
        return self._unit_rows(_RECENT, before=before, most=most)

    def release(self, unit: UUID, undo: UUID, now: datetime) -> tuple[int, int, int]:
        """Settle the jobs of a unit that is undone, and release its idempotency keys.

        Returns:
            How many jobs are dropped, how many are queued again, and how many keys there were.
        """
        dropped, again = undone(self._db, self._tenant, unit, undo, now)
        return dropped, again, self._db.run(_RELEASE, {"tenant": self._tenant, "unit": unit})

    def to_be_released(self, unit: UUID) -> tuple[int, int, int]:
        """What `release` would answer."""
        dropped, again = to_be_undone(self._db, self._tenant, unit)
        return dropped, again, self._db.rows(_KEPT, {"tenant": self._tenant, "unit": unit})[0][0]

    # -- inside -------------------------------------------------------------------------------------------------------

    def _changes(self, statement: Statement, **params: Any) -> list[Logged]:
        to_id, to_instant = self._id, self._instant
        rows = self._db.rows(statement, {"tenant": self._tenant, **params})
        # A unit has many changes, so what is said of it is read once.
        units = {row[0]: (to_id(row[0]), None if row[10] is None else to_instant(row[10])) for row in rows}
        found = []
        for raw_unit, seq, entity, id_, version, op, diff, root, root_version, actor, _, source in rows:
            (unit, at), own = units[raw_unit], to_id(id_)
            whole = own if root == id_ else to_id(root)
            found.append(Logged(unit, seq, entity, own, version, op, diff, whole, root_version, actor, at, source))
        return found

    def _unit_rows(self, statement: Statement, **params: Any) -> list[LoggedUnit]:
        to_id, rows = self._id, self._db.rows(statement, {"tenant": self._tenant, **params})
        return [
            LoggedUnit(
                id=to_id(id_),
                actor=actor,
                on_behalf_of=behalf,
                commands=self._json(commands),
                reason=reason,
                source=source,
                at=self._instant(at),
                undoes=None if undoes is None else to_id(undoes),
                caused_by=None if caused_by is None else to_id(caused_by),
                reversible=self._flag(reversible),
                purged=purged,
            )
            for id_, actor, behalf, commands, reason, source, at, undoes, caused_by, reversible, purged in rows
        ]


_diff_of: Any = codec_of(Json(), "postgresql").from_driver  # which takes text as well as what is parsed


def _reader(type_: Any, dialect: str) -> Any:
    convert = codec_of(type_, dialect).from_driver
    return convert if convert is not None else lambda value: value
