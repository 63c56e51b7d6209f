"""The change log as it is stored: prepared statements and what their rows mean. Knows no rights."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, delete, func, select

from crmkit.core.kernel.entities.columns import Flag, Id, Instant, Integer, Json, codec_of
from crmkit.core.kernel.jobs.administration import cancel
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.storing import CHUNK, chunks
from crmkit.core.kernel.storage.tables import change_table, job_table, once_table, unit_table
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
        diff: field to [before, after], in JSON form.
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
    diff: Mapping[str, Any]
    root: UUID
    root_version: int
    actor: str | None
    at: datetime | None
    source: str | None

    @property
    def key(self) -> tuple[str, UUID]:
        """The record: entity and id."""
        return self.entity, self.id


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
_MANY = [bindparam(f"id_{n}", type_=Id()) for n in range(CHUNK)]
_OF_RECORD = Statement(_ROWS.where(_C.tenant_id == _TENANT, _C.record_id == bindparam("record")).order_by(_C.version))
_OF_RECORDS = Statement(_ROWS.where(_C.tenant_id == _TENANT, _C.record_id.in_(_MANY)).order_by(_C.version))
_OF_ROOT = Statement(
    _ROWS.where(_C.tenant_id == _TENANT, _C.root_id == bindparam("record")).order_by(
        _C.root_version, _C.unit_id, _C.seq
    )
)
_OF_UNIT = Statement(_ROWS.where(_C.tenant_id == _TENANT, _C.unit_id == bindparam("unit")).order_by(_C.seq))
_LAST = Statement(
    select(_C.record_id, func.max(_C.version))
    .where(_C.tenant_id == _TENANT, _C.record_id.in_(_MANY))
    .group_by(_C.record_id)
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
)
_UNIT = Statement(_UNITS.where(_U.tenant_id == _TENANT, _U.id == bindparam("unit")))
_CAUSED = Statement(_UNITS.where(_U.tenant_id == _TENANT, _U.caused_by == bindparam("unit")).order_by(_U.id))
_RECENT = Statement(
    _UNITS
    .where(_U.tenant_id == _TENANT, _U.id < bindparam("before"))
    .order_by(_U.id.desc())
    .limit(bindparam("most", type_=Integer()))
)
_OF_JOBS = (job_table.c.tenant_id == _TENANT, job_table.c.unit_id == bindparam("unit"), job_table.c.state == "queued")
_QUEUED = Statement(select(func.count()).select_from(job_table).where(*_OF_JOBS))
_OF_KEYS = (once_table.c.tenant_id == _TENANT, once_table.c.unit_id == bindparam("unit"))
_KEPT = Statement(select(func.count()).select_from(once_table).where(*_OF_KEYS))
_RELEASE = Statement(delete(once_table).where(*_OF_KEYS))


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
        for chunk in chunks(sorted(set(ids))):
            named = {f"id_{n}": id_ for n, id_ in enumerate(chunk)}
            found.update(((one.unit, one.seq), one) for one in self._changes(_OF_RECORDS, **named))
        return list(found.values())

    def of_root(self, id_: UUID) -> list[Logged]:
        """The changes of a record and of what was part of it when it was changed."""
        return self._changes(_OF_ROOT, record=id_)

    def of_unit(self, unit: UUID) -> list[Logged]:
        """What a unit of work changed, in order."""
        return self._changes(_OF_UNIT, unit=unit)

    def last_versions(self, ids: Iterable[UUID]) -> dict[UUID, int]:
        """The last version that each record had, be it that of its deletion."""
        found: dict[UUID, int] = {}
        for chunk in chunks(sorted(set(ids))):
            named = {f"id_{n}": id_ for n, id_ in enumerate(chunk)}
            rows = self._db.rows(_LAST, {"tenant": self._tenant, **named})
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

    def caused(self, unit: UUID) -> list[LoggedUnit]:
        """The units that a unit's events have caused."""
        return self._unit_rows(_CAUSED, unit=unit)

    def recent(self, before: UUID, most: int) -> list[LoggedUnit]:
        """The last units before one, newest first."""
        return self._unit_rows(_RECENT, before=before, most=most)

    def release(self, unit: UUID, now: datetime, *, rehearsing: bool) -> tuple[int, int]:
        """Drop the queued jobs of a unit and release its idempotency keys; or only count them."""
        params = {"tenant": self._tenant, "unit": unit}
        if rehearsing:
            return self._db.rows(_QUEUED, params)[0][0], self._db.rows(_KEPT, params)[0][0]
        return cancel(self._db, self._tenant, unit, now), self._db.run(_RELEASE, params)

    # -- inside -------------------------------------------------------------------------------------------------------

    def _changes(self, statement: Statement, **params: Any) -> list[Logged]:
        to_id, to_json = self._id, self._json
        return [
            Logged(
                unit=to_id(unit),
                seq=seq,
                entity=entity,
                id=to_id(id_),
                version=version,
                op=op,
                diff=to_json(diff),
                root=to_id(root),
                root_version=root_version,
                actor=actor,
                at=None if at is None else self._instant(at),
                source=source,
            )
            for unit, seq, entity, id_, version, op, diff, root, root_version, actor, at, source in self._db.rows(
                statement, {"tenant": self._tenant, **params}
            )
        ]

    def _unit_rows(self, statement: Statement, **params: Any) -> list[LoggedUnit]:
        to_id = self._id
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
            )
            for id_, actor, behalf, commands, reason, source, at, undoes, caused_by, reversible in self._db.rows(
                statement, {"tenant": self._tenant, **params}
            )
        ]


def _reader(type_: Any, dialect: str) -> Any:
    convert = codec_of(type_, dialect).from_driver
    return convert if convert is not None else lambda value: value
