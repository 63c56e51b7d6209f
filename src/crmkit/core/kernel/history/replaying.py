"""Replays the change log from empty, record by record, and compares the outcome with the tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby, islice
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import bindparam, column, exists, func, select, table

from crmkit.core.kernel.entities.columns import Coded, Day, Exact, Flag, Id, Instant, Integer, Json, Text, codec_of
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, unit_table

if TYPE_CHECKING:
    from sqlalchemy import TableClause

    from crmkit.core.kernel.storage.database import Db

__all__ = ["MOST", "Finding", "Stored", "columns_of", "history_findings", "to_id"]

MOST: Final = 20
"""How many findings of one kind are listed."""

PAGE: Final = 2_000
BATCH: Final = 500
NIL: Final = UUID(int=0)

_STAMPS: Final = frozenset({"id", "version", "updated_at"})
_TYPES: Final[Mapping[str, Callable[[Any], Coded]]] = {
    "text": lambda _: Text(),
    "integer": lambda _: Integer(),
    "decimal": lambda scale: Exact(4 if scale is None else scale),
    "boolean": lambda _: Flag(),
    "date": lambda _: Day(),
    "instant": lambda _: Instant(),
    "id": lambda _: Id(),
    "json": lambda _: Json(),
}


@frozen(kw_only=True)
class Finding:
    """One thing that is wrong with what is stored. Says no values, since they may be secret.

    Attributes:
        check: stable name of the kind of finding, such as ``dangling``.
        subject: the entity that it is about.
        message: what is wrong, in one sentence.
        tenant: whose record it is; None if it is about a table.
        record: the record's id; None if it is about no single one.
    """

    check: str
    subject: str
    message: str
    tenant: str | None = None
    record: UUID | None = None

    def __str__(self) -> str:
        about = " ".join(str(part) for part in (self.tenant, self.subject, self.record) if part is not None)
        return f"{about}: {self.message} ({self.check})"


@frozen(kw_only=True)
class Stored:
    """One entity as the catalogue describes it; nothing else is known of it.

    Attributes:
        entity: its name.
        plugin: who registered it.
        table: its table.
        kind: entity, derived or fact.
        fields: what the catalogue says of each.
        references: the columns that refer to other records.
        uniques: groups of columns that are unique together.
        part_of: the field that names the record that it is part of.
        clause: the table with its columns, typed.
    """

    entity: str
    plugin: str
    table: str
    kind: str
    fields: Mapping[str, Mapping[str, Any]]
    references: tuple[dict[str, Any], ...]
    uniques: tuple[tuple[str, ...], ...]
    part_of: str | None
    clause: TableClause = field(eq=False, repr=False)

    @classmethod
    def of(cls, plugin: str, shape: Mapping[str, Any], schema: str | None = None) -> Stored:
        """What a stored shape describes; ``schema`` is where its table is."""
        fields: Mapping[str, Mapping[str, Any]] = shape["fields"]
        columns = [column(c, t) for said in fields.values() for c, t in _typed(said)]
        return cls(
            entity=shape["entity"],
            plugin=plugin,
            table=shape["table"],
            kind=shape["kind"],
            fields=fields,
            references=tuple(shape["references"]),
            uniques=tuple(tuple(u) for u in shape["uniques"]),
            part_of=shape["part_of"],
            clause=table(shape["table"], column("tenant_id", Text()), *columns, schema=schema),
        )


def _typed(said: Mapping[str, Any]) -> Iterator[tuple[str, Coded]]:
    first, *more = said["columns"]
    if said["type"] == "money":
        yield first, Exact(said.get("scale") or 4)
        yield more[0], Text()
    else:
        yield first, _TYPES[said["type"]](said.get("scale"))


def columns_of(one: Stored) -> tuple[str, ...]:
    """Every column that the entity's table must have."""
    return tuple(c.name for c in one.clause.columns)


def to_id(db: Db, raw: Any) -> UUID:
    """A record's id as the driver gives it."""
    convert = codec_of(Id(), db.dialect).from_driver
    id_: UUID = raw if convert is None else convert(raw)
    return id_


# -- the change log ---------------------------------------------------------------------------------------------------

_CHANGES = Statement(
    select(
        change_table.c.record_id,
        change_table.c.entity,
        change_table.c.version,
        change_table.c.op,
        change_table.c.diff,
    )
    .where(change_table.c.tenant_id == bindparam("tenant"), change_table.c.record_id > bindparam("after"))
    .order_by(change_table.c.record_id, change_table.c.version)
    .limit(bindparam("size", type_=Integer()))
)
_WITHOUT_UNIT = Statement(
    select(change_table.c.entity, change_table.c.record_id)
    .where(
        change_table.c.tenant_id == bindparam("tenant"),
        ~exists().where(unit_table.c.tenant_id == bindparam("tenant"), unit_table.c.id == change_table.c.unit_id),
    )
    .limit(bindparam("most", type_=Integer()))
)


@frozen
class _Replayed:
    """What a record must be, by its history; ``state`` is None if it was deleted."""

    id: UUID
    entity: str
    version: int
    state: dict[str, Any] | None
    broken: str | None


def history_findings(
    db: Db, tenant: str, catalogue: Mapping[str, Stored], progress: Callable[[int], None]
) -> Iterator[Finding]:
    """Where the rows of a tenant are not what the change log makes of them.

    Args:
        db: in a transaction that sees one state all through.
        tenant: whose.
        catalogue: the entities, by name.
        progress: told how many records have been replayed so far.
    """
    for entity, id_ in db.rows(_WITHOUT_UNIT, {"tenant": tenant, "most": MOST}):
        yield Finding(
            check="no_unit",
            subject=entity,
            tenant=tenant,
            record=to_id(db, id_),
            message="a change of it belongs to a unit of work that is not there",
        )
    logged = {name: one for name, one in catalogue.items() if one.kind == "entity"}
    done = 0
    replayed = _replayed(db, tenant)
    while batch := list(islice(replayed, BATCH)):
        progress(done)
        yield from _compared(db, tenant, logged, batch)
        done += len(batch)
    progress(done)
    for one in logged.values():
        yield from _without_history(db, tenant, one)


def _replayed(db: Db, tenant: str) -> Iterator[_Replayed]:
    read = codec_of(Json(), db.dialect).from_driver or (lambda value: value)
    for record, rows in _histories(db, tenant):
        for entity in dict.fromkeys(row[1] for row in rows):
            steps = [(version, op, read(diff)) for _, e, version, op, diff in rows if e == entity]
            yield _replay(to_id(db, record), entity, steps)


def _histories(db: Db, tenant: str) -> Iterator[tuple[Any, list[tuple[Any, ...]]]]:
    """Each record's changes, by version; read in pages that hold whole records."""
    after, size = NIL, PAGE
    while True:
        rows = db.rows(_CHANGES, {"tenant": tenant, "after": after, "size": size})
        groups = [(record, list(own)) for record, own in groupby(rows, key=lambda row: row[0])]
        if len(rows) == size:
            if len(groups) == 1:
                size *= 2
                continue
            groups.pop()  # may go on behind this page
        yield from groups
        if len(rows) < size:
            return
        after, size = to_id(db, groups[-1][0]), PAGE


def _replay(record: UUID, entity: str, steps: Iterable[tuple[int, str, Mapping[str, Any]]]) -> _Replayed:
    state: dict[str, Any] | None = None
    last, broken = 0, None
    for version, op, diff in steps:
        if version <= last:
            broken = f"two changes of it claim the version {version}"
        last = version
        if (op == "insert") != (state is None):
            broken = f"its version {version} is an {op} of a record that is {'not ' if state is None else ''}there"
        current = state or {}
        differing = sorted(name for name, (before, _) in diff.items() if current.get(name) != before)
        if differing:
            broken = f"version {version} does not follow from the one before in: {', '.join(differing)}"
        state = None if op == "delete" else {**current, **{name: after for name, (_, after) in diff.items()}}
    return _Replayed(record, entity, last, state, broken)


# -- the tables -------------------------------------------------------------------------------------------------------


def _compared(db: Db, tenant: str, catalogue: Mapping[str, Stored], batch: list[_Replayed]) -> Iterator[Finding]:
    raised = _raised(db, tenant, [one.id for one in batch])
    for entity in dict.fromkeys(one.entity for one in batch):
        if (stored := catalogue.get(entity)) is None:  # purged, or not as the catalogue says: told elsewhere
            continue
        wanted = [one for one in batch if one.entity == entity]
        rows = _rows(db, tenant, stored, [one.id for one in wanted])
        for one in wanted:
            version = max(one.version, raised.get(one.id, 0)) if stored.part_of is None else one.version
            message = one.broken or _difference(stored, one, version, rows.get(one.id))
            if message:
                yield Finding(check="history", subject=entity, tenant=tenant, record=one.id, message=message)


def _raised(db: Db, tenant: str, ids: list[UUID]) -> dict[UUID, int]:
    """The version to which each record was raised, by changes of its own or of its parts."""
    named = {f"id{place}": id_ for place, id_ in enumerate(ids)}
    statement = (
        select(change_table.c.root_id, func.max(change_table.c.root_version))
        .where(change_table.c.tenant_id == bindparam("tenant"), change_table.c.root_id.in_(_binds(named)))
        .group_by(change_table.c.root_id)
    )
    return {to_id(db, root): version for root, version in db.rows(Statement(statement), {"tenant": tenant, **named})}


def _binds(named: Mapping[str, UUID]) -> list[Any]:
    return [bindparam(name, type_=Id()) for name in named]


def _rows(db: Db, tenant: str, one: Stored, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    rows = one.clause
    names = [c.name for c in rows.columns if c.name != "tenant_id"]
    named = {f"id{place}": id_ for place, id_ in enumerate(ids)}
    statement = select(*(rows.c[name] for name in names)).where(
        rows.c.tenant_id == bindparam("tenant"), rows.c.id.in_(_binds(named))
    )
    found = (dict(zip(names, row, strict=True)) for row in db.rows(Statement(statement), {"tenant": tenant, **named}))
    return {to_id(db, row["id"]): _image(one, row, db.dialect) for row in found}


def _image(one: Stored, row: Mapping[str, Any], dialect: str) -> dict[str, Any]:
    """A row in the form that the change log has, with its version."""
    image: dict[str, Any] = {"version": row["version"]}
    for name, said in one.fields.items():
        values = [_json(row[c], one.clause.c[c].type, dialect) for c in said["columns"]]
        if name == "custom":
            image.update({f"custom.{key}": value for key, value in (values[0] or {}).items()})
        elif name not in _STAMPS:
            image[name] = values[0] if len(values) == 1 else values
    return image


def _json(raw: Any, type_: Any, dialect: str) -> Any:
    if raw is None:
        return None
    codec = codec_of(type_, dialect)
    value = raw if codec.from_driver is None else codec.from_driver(raw)
    return value if codec.to_json is None else codec.to_json(value)


def _difference(one: Stored, wanted: _Replayed, version: int, image: dict[str, Any] | None) -> str | None:
    if image is None or wanted.state is None:
        if image is None and wanted.state is not None:
            return "it is not in the table, and by its history it was not deleted"
        return None if image is None else "it is in the table, and by its history it was deleted"
    said = image.pop("version")
    if said != version:
        return f"it is at version {said} in the table, and at {version} by its history"
    names = {*image, *(name for name in wanted.state if name in one.fields or name.startswith("custom."))}
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


def _without_history(db: Db, tenant: str, one: Stored) -> Iterator[Finding]:
    rows = one.clause
    logged = exists().where(
        change_table.c.tenant_id == bindparam("tenant"),
        change_table.c.record_id == rows.c.id,
        change_table.c.entity == bindparam("entity"),
    )
    statement = select(rows.c.id).where(rows.c.tenant_id == bindparam("tenant"), ~logged)
    limited = Statement(statement.limit(bindparam("most", type_=Integer())))
    for (id_,) in db.rows(limited, {"tenant": tenant, "entity": one.entity, "most": MOST}):
        message = "it is in the table and has no history"
        yield Finding(check="history", subject=one.entity, tenant=tenant, record=to_id(db, id_), message=message)
