"""Replays the change log from empty, record by record, and compares the outcome with the tables."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import islice
from typing import Any, Final, NamedTuple
from uuid import UUID

from attrs import define
from sqlalchemy import Select, bindparam, exists, func, select, tuple_

from crmkit.core.kernel.entities.columns import Id, Integer, Json, codec_of
from crmkit.core.kernel.entities.custom import PREFIX
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, unit_table
from crmkit.core.kernel.verification.model import LIMIT, MOST, NIL, PAGE, Checking, Finding, Stored, read_as

__all__ = ["history_findings"]

BATCH: Final = 500
"""How many records are compared with their tables at a time."""

_STAMPS: Final = frozenset({"id", "version", "updated_at"})


# -- the change log ---------------------------------------------------------------------------------------------------

_C = change_table.c
_PLACE = (_C.record_id, _C.version, _C.unit_id, _C.seq)
_AFTER = (
    bindparam("record", type_=Id()),
    bindparam("version", type_=Integer()),
    bindparam("unit", type_=Id()),
    bindparam("seq", type_=Integer()),
)
_CHANGES = Statement(
    select(*_PLACE, _C.entity, _C.op, _C.diff, _C.root_id, _C.root_version)
    .where(_C.tenant_id == bindparam("tenant"), tuple_(*_PLACE) > tuple_(*_AFTER))
    .order_by(*_PLACE)
    .limit(LIMIT)
)
_VERSIONS = Statement(
    select(_C.root_id, func.max(_C.root_version), func.count(_C.root_version.distinct()))
    .where(
        _C.tenant_id == bindparam("tenant"),
        _C.root_id >= bindparam("first", type_=Id()),
        _C.root_id <= bindparam("last", type_=Id()),
    )
    .group_by(_C.root_id)
)
_WITHOUT_UNIT = Statement(
    select(_C.entity, _C.record_id)
    .where(
        _C.tenant_id == bindparam("tenant"),
        ~exists().where(unit_table.c.tenant_id == bindparam("tenant"), unit_table.c.id == _C.unit_id),
    )
    .limit(LIMIT)
)


class _Logged(NamedTuple):
    """One row of the change log."""

    id: UUID
    version: int
    entity: str
    op: str
    diff: Mapping[str, Any]
    root: UUID
    root_version: int


@define
class _Replayed:
    """What a record must be, by its history so far; ``state`` is None before its insert and after its deletion.

    Attributes:
        part_of: the field that names what it is part of; None if it is no part, or nothing is known of it.
        broken: the last fault of its history itself.
    """

    id: UUID
    entity: str
    part_of: str | None
    version: int = 0
    state: dict[str, Any] | None = None
    broken: str | None = None

    def apply(self, change: _Logged) -> None:
        """Take the next step."""
        current = self.state or {}
        after = {**current, **{name: pair[1] for name, pair in change.diff.items()}}
        self.broken = self._fault(change, current, after) or self.broken
        self.version = change.version
        self.state = None if change.op == "delete" else after

    def _fault(self, change: _Logged, current: Mapping[str, Any], after: Mapping[str, Any]) -> str | None:
        version = change.version
        if version <= self.version:
            return f"two changes of it claim the version {version}"
        if (change.op == "insert") != (self.state is None):
            there = "not " if self.state is None else ""
            return f"its version {version} is an {change.op} of a record that is {there}there"
        differing = sorted(name for name, (before, _) in change.diff.items() if current.get(name) != before)
        if differing:
            return f"version {version} does not follow from the one before in: {', '.join(differing)}"
        return self._fault_of_root(change, current if change.op == "delete" else after)

    def _fault_of_root(self, change: _Logged, image: Mapping[str, Any]) -> str | None:
        version = change.version
        if self.part_of is None:
            own = (change.root, change.root_version) == (self.id, version)
            return None if own else f"its version {version} is logged as that of a part of another record"
        if version != self.version + 1:
            return f"its version {version} follows on version {self.version}"
        root = image.get(self.part_of)
        return None if root == str(change.root) else f"its version {version} is logged as part of another record"


def history_findings(checking: Checking) -> Iterator[Finding]:
    """Where the rows of a tenant are not what the change log makes of them, and where the log itself is broken."""
    checking.say("history")
    for entity, id_ in checking.db.rows(_WITHOUT_UNIT, {"tenant": checking.tenant, "most": MOST}):
        yield checking.found("no_unit", entity, "a change of it belongs to a unit of work that is not there", id_)
    unknown: Counter[str] = Counter()
    done = 0
    replayed, tables = _replayed(checking), _Tables(checking)
    while batch := list(islice(replayed, BATCH)):
        unknown.update(one.entity for one in batch if one.entity not in checking.catalogue)
        yield from tables.compared(batch)
        done += len(batch)
        checking.say(f"history, {done:,} records")
    for entity, count in sorted(unknown.items()):
        message = f"there is history of {count} of its records, and the catalogue does not know it"
        yield checking.found("orphaned_history", entity, message)
    for one in tables.entities.values():
        checking.say(f"{one.entity} without history")
        yield from _without_history(checking, one)


def _replayed(checking: Checking) -> Iterator[_Replayed]:
    """Each record as its changes make it, in the order of ids; only the record at hand is kept."""
    at_hand: dict[str, _Replayed] = {}
    record: UUID | None = None
    for change in _changes(checking):
        if change.id != record:
            yield from at_hand.values()
            at_hand, record = {}, change.id
        one = at_hand.get(change.entity)
        if one is None:
            known = checking.catalogue.get(change.entity)
            part_of = known.part_of if known else None
            one = at_hand[change.entity] = _Replayed(change.id, change.entity, part_of)
        one.apply(change)
    yield from at_hand.values()


def _changes(checking: Checking) -> Iterator[_Logged]:
    """The whole change log, in the order of records and their versions, page by page."""
    db = checking.db
    to_id, to_json = read_as(Id(), db), read_as(Json(), db)
    place = {"record": NIL, "version": 0, "unit": NIL, "seq": 0}
    while True:
        rows = db.rows(_CHANGES, {"tenant": checking.tenant, "most": PAGE, **place})
        for id_, version, _, _, entity, op, diff, root, root_version in rows:
            yield _Logged(to_id(id_), version, entity, op, to_json(diff), to_id(root), root_version)
        if len(rows) < PAGE:
            return
        last = rows[-1]
        place = {"record": to_id(last[0]), "version": last[1], "unit": to_id(last[2]), "seq": last[3]}


# -- the tables -------------------------------------------------------------------------------------------------------


class _Versions(NamedTuple):
    """The versions of a record that its own changes and those of its parts tell of."""

    last: int
    told: int


class _Tables:
    """The tables of a tenant's records, read by ranges of ids, which a batch of replayed records is one of."""

    def __init__(self, checking: Checking) -> None:
        self._checking = checking
        self.entities = {name: one for name, one in checking.catalogue.items() if one.kind != "derived"}

    def compared(self, batch: list[_Replayed]) -> Iterator[Finding]:
        """Where rows are not what their history makes of them."""
        params = {"tenant": self._checking.tenant, "first": batch[0].id, "last": batch[-1].id}
        versions = self._versions(params)
        for entity in dict.fromkeys(one.entity for one in batch):
            stored = self.entities.get(entity)
            if stored is None:  # purged, or not as the catalogue says: told elsewhere
                continue
            rows = self._images(stored, params)
            for one in batch:
                if one.entity == entity:
                    said = _Versions(one.version, one.version) if stored.part_of else versions[one.id]
                    message = one.broken or _gap(said) or _difference(stored, one, said.last, rows.get(one.id))
                    if message:
                        yield self._checking.found("history", entity, message, one.id)

    def _versions(self, params: Mapping[str, Any]) -> Mapping[UUID, _Versions]:
        """What changes of a record and of its parts say of its versions."""
        to_id, none = read_as(Id(), self._checking.db), _Versions(0, 0)
        found = self._checking.db.rows(_VERSIONS, params)
        return defaultdict(lambda: none, {to_id(root): _Versions(last, told) for root, last, told in found})

    def _images(self, one: Stored, params: Mapping[str, Any]) -> dict[UUID, dict[str, Any]]:
        db, names = self._checking.db, [c.name for c in one.clause.columns if c.name != "tenant_id"]
        in_range = one.statement("in range", lambda: _in_range(one))
        found = (dict(zip(names, row, strict=True)) for row in db.rows(in_range, params))
        to_id, imaged = read_as(Id(), db), _imaging(one, db.dialect)
        return {to_id(row["id"]): imaged(row) for row in found}


def _in_range(one: Stored) -> Select[Any]:
    rows = one.clause
    return select(*(c for c in rows.columns if c.name != "tenant_id")).where(
        rows.c.tenant_id == bindparam("tenant"),
        rows.c.id >= bindparam("first", type_=Id()),
        rows.c.id <= bindparam("last", type_=Id()),
    )


def _gap(said: _Versions) -> str | None:
    if said.last == said.told:
        return None
    return f"its history tells of {said.told} versions, and the last one is {said.last}"


def _imaging(one: Stored, dialect: str) -> Callable[[Mapping[str, Any]], dict[str, Any]]:
    """What turns a row into the form that the change log has, with its version."""
    fields = [
        (name, [(c, _to_json(one.clause.c[c].type, dialect)) for c in said["columns"]])
        for name, said in one.fields.items()
        if name not in _STAMPS
    ]

    def imaged(row: Mapping[str, Any]) -> dict[str, Any]:
        image: dict[str, Any] = {"version": row["version"]}
        for name, columns in fields:
            values = [None if (raw := row[c]) is None else convert(raw) for c, convert in columns]
            if name == "custom":
                image.update({PREFIX + key[2:]: {key[0]: value} for key, value in (values[0] or {}).items()})
            else:
                image[name] = values[0] if len(values) == 1 else values
        return image

    return imaged


def _to_json(type_: Any, dialect: str) -> Callable[[Any], Any]:
    codec = codec_of(type_, dialect)
    from_driver, to_json = codec.from_driver, codec.to_json
    if from_driver is None:
        return to_json or _as_it_is
    if to_json is None:
        return from_driver
    return lambda raw: to_json(from_driver(raw))


def _as_it_is(value: Any) -> Any:
    return value


def _difference(one: Stored, wanted: _Replayed, version: int, image: dict[str, Any] | None) -> str | None:
    if image is None or wanted.state is None:
        if image is None and wanted.state is not None:
            return "it is not in the table, and by its history it was not deleted"
        return None if image is None else "it is in the table, and by its history it was deleted"
    said = image.pop("version")
    if said != version:
        return f"it is at version {said} in the table, and at {version} by its history"
    names = {*image, *(name for name in wanted.state if name in one.fields or name.startswith(PREFIX))}
    differing = [
        n for n in sorted(names) if _comparable(one, n, image.get(n)) != _comparable(one, n, wanted.state.get(n))
    ]
    return f"it differs from its history in: {', '.join(differing)}" if differing else None


def _comparable(one: Stored, name: str, value: Any) -> Any:
    """A value in JSON form such that equal ones are equal: 12 and 12.0000, lists and tuples."""
    type_ = one.fields.get(name, {}).get("type")
    if value is None or value == [None, None]:
        return None
    if type_ == "decimal":
        return Decimal(value)
    if type_ == "money":
        return Decimal(value[0]), value[1]
    return list(value) if isinstance(value, tuple) else value


def _without_history(checking: Checking, one: Stored) -> Iterator[Finding]:
    params = {"tenant": checking.tenant, "entity": one.entity, "most": MOST}
    for (id_,) in checking.db.rows(one.statement("not logged", lambda: _not_logged(one)), params):
        yield checking.found("history", one.entity, "it is in the table and has no history", id_)


def _not_logged(one: Stored) -> Select[Any]:
    rows = one.clause
    logged = exists().where(
        _C.tenant_id == bindparam("tenant"), _C.record_id == rows.c.id, _C.entity == bindparam("entity")
    )
    return select(rows.c.id).where(rows.c.tenant_id == bindparam("tenant"), ~logged).limit(LIMIT)
