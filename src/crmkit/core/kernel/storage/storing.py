"""How records of one entity are read and written on one dialect: prepared statements and codecs, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from sqlalchemy import Column, and_, bindparam, delete, insert, literal_column, or_, select, update

from crmkit.core.kernel.entities.codec import RowCodec
from crmkit.core.kernel.entities.columns import Id, Integer, codec_of
from crmkit.core.kernel.entities.entity import EntityType, M
from crmkit.core.kernel.entities.shape import Reference
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.statements import Statement
from crmkit.errors import StaleVersionError

if TYPE_CHECKING:
    from uuid import UUID

    from crmkit.core.kernel.storage.database import Db

__all__ = ["CHUNK", "Lock", "Store", "chunks", "store_of"]


Lock = Literal["key", "share", "alone"]
"""What stays as it is until the transaction ends, on PostgreSQL; SQLite has one writer at a time anyway.

- key: nobody deletes the row, or locks it to merge it; so what is attached to it cannot be stranded.
- share: nobody changes it; for a row that a decision rests on.
- alone: nobody changes it or decides by it; for whoever decides by rows that others write, and they by this one's.
"""
_LOCKS: Final[Mapping[Lock, dict[str, Any]]] = {
    "key": {"read": True, "key_share": True},  # FOR KEY SHARE
    "share": {"read": True},  # FOR SHARE
    "alone": {"key_share": True},  # FOR NO KEY UPDATE: what "key" holds does not stand in its way
}
T = TypeVar("T")

CHUNK: Final = 100
"""How many values of a unique key one statement asks for where many are wanted."""


def chunks(values: Iterable[T]) -> Iterator[list[T]]:
    """``values`` in lists of the same length, the last one filled up, so that one statement serves all."""
    every = list(values)
    for start in range(0, len(every), CHUNK):
        chunk = every[start : start + CHUNK]
        yield chunk + chunk[-1:] * (CHUNK - len(chunk))


class Store(Generic[M]):
    """Reads and writes the rows of one entity on one dialect; knows neither permissions nor history.

    Attributes:
        codec: between rows and records.
    """

    def __init__(self, entity: EntityType[M], dialect: str) -> None:
        self.entity = entity
        self.codec = RowCodec(entity, dialect)
        table = entity.table
        self.columns = [table.c[c] for c in self.codec.columns]
        one = select(*self.columns).where(table.c.tenant_id == bindparam("tenant"), table.c.id == bindparam("record"))
        self._select = Statement(one)
        self._locking = {lock: Statement(one.with_for_update(**asked)) for lock, asked in _LOCKS.items()}
        self._insert = Statement(insert(table).values({c.name: bindparam(c.name) for c in table.columns}))
        self._updates: dict[tuple[str, ...], Statement] = {}
        same = (
            table.c.tenant_id == bindparam("tenant"),
            table.c.id == bindparam("record"),
            table.c.version == bindparam("expected"),
        )
        self._same = same
        self._version = Statement(
            select(table.c.version).where(table.c.tenant_id == bindparam("tenant"), table.c.id == bindparam("record"))
        )
        self._referring: dict[str, Statement] = {}
        self._many: dict[Any, Statement] = {}
        self._parts = None if entity.part_of is None else self._build_parts(table.c[entity.part_of])

    def read(self, db: Db, tenant: str, id_: UUID, *, lock: Lock | None = None) -> M | None:
        """The record, whoever may see it; None if there is none.

        Args:
            db: the unit's connection.
            tenant: the unit's tenant.
            id_: the record's id.
            lock: what others may not do to the row until the transaction ends; they may do anything by default.
        """
        statement = self._locking[lock] if lock is not None and db.dialect == "postgresql" else self._select
        rows = db.rows(statement, {"tenant": tenant, "record": id_})
        return self.codec.load(rows[0]) if rows else None

    def parts(self, db: Db, tenant: str, root: UUID, limit: int) -> list[M]:
        """The first ``limit`` records that are part of ``root``, by id; none if nothing can be part of another here."""
        if self._parts is None:
            return []
        return [self.codec.load(row) for row in db.rows(self._parts, {"tenant": tenant, "root": root, "most": limit})]

    def insert(self, db: Db, tenant: str, records: list[M]) -> None:
        """Insert rows, in order."""
        prepared, values = db.prepare(self._insert), self.codec.values
        db.send_many(prepared, [(tenant, *values(r)) for r in records])

    def update(self, db: Db, tenant: str, columns: tuple[str, ...], pairs: list[tuple[M, M]]) -> None:
        """Set some columns, version and updated_at of rows that are still at the version of their ``before``.

        Raises:
            StaleVersionError: if one has moved on or is gone.
        """
        statement = self._updates.get(columns)
        if statement is None:
            statement = self._updates[columns] = self._build_update(columns)
        prepared, codec = db.prepare(statement), self.codec
        every = codec.columns
        rows = []
        for before, after in pairs:
            values: dict[str, Any] = dict(zip(every, codec.values(after), strict=True))
            values["tenant"] = tenant
            values["record"], values["expected"] = values["id"], before.version
            rows.append(tuple([values[name] for name in prepared.names]))
        if db.send_many(prepared, rows) != len(pairs):
            raise self._stale(db, tenant, [(b.id, b.version, a.version) for b, a in pairs])

    def delete(self, db: Db, tenant: str, records: list[M]) -> None:
        """Delete rows that are still at the version of ``records``.

        Raises:
            StaleVersionError: if one has moved on or is gone.
        """
        deleted = 0
        for version, alike in groupby(records, key=attrgetter("version")):  # consecutive ones, to keep their order
            for length, params in id_lists([record.id for record in alike], db.dialect):
                statement = self._many.get(("delete", length))
                if statement is None:
                    table = self.entity.table
                    same = (table.c.tenant_id == bindparam("tenant"), table.c.version == bindparam("expected"))
                    one_of = among(table.c.id, length)
                    statement = self._many["delete", length] = Statement(delete(table).where(*same, one_of))
                deleted += db.run(statement, {"tenant": tenant, "expected": version, **params})
        if deleted != len(records):
            raise self._stale(db, tenant, [(r.id, r.version, 0) for r in records])

    def referring(self, db: Db, tenant: str, reference: Reference, entity: str, id_: UUID) -> list[M]:
        """Every row whose ``reference`` names the record ``id_`` of ``entity``, whoever may see it."""
        statement = self._referring.get(reference.column)
        table = self.entity.table
        if statement is None:
            where = [table.c.tenant_id == bindparam("tenant"), table.c[reference.column] == bindparam("record")]
            if reference.entity_column is not None:
                where.append(table.c[reference.entity_column] == bindparam("entity"))
            statement = self._referring[reference.column] = Statement(select(*self.columns).where(*where))
        params = {"tenant": tenant, "record": id_}
        if reference.entity_column is not None:
            params["entity"] = entity
        return [self.codec.load(row) for row in db.rows(statement, params)]

    # -- many at once, for undo, restore and merge --------------------------------------------------------------------

    def read_many(self, db: Db, tenant: str, ids: Iterable[UUID], *, lock: bool = False) -> dict[UUID, M]:
        """The records of these ids that are there, whoever may see them.

        Args:
            db: where.
            tenant: whose.
            ids: which.
            lock: keep others from changing, deleting and referring to them until the transaction ends.
        """
        lock = lock and db.dialect == "postgresql"
        found: dict[UUID, M] = {}
        for length, params in id_lists(ids, db.dialect):
            statement = self._many.get(("read", lock, length))
            if statement is None:
                table = self.entity.table
                rows = select(*self.columns).where(table.c.tenant_id == bindparam("tenant"), among(table.c.id, length))
                # In one order, so that two who lock the same rows wait instead of blocking each other for ever.
                ordered = rows.order_by(table.c.id).with_for_update() if lock else rows
                statement = self._many["read", lock, length] = Statement(ordered)
            loaded = map(self.codec.load, db.rows(statement, {"tenant": tenant, **params}))
            found.update((record.id, record) for record in loaded)
        return found

    def referring_ids(
        self, db: Db, tenant: str, reference: Reference, entity: str, ids: Iterable[UUID]
    ) -> dict[UUID, UUID]:
        """The id of every row whose ``reference`` names one of the records ``ids`` of ``entity``, and that one's id."""
        more = {} if reference.entity_column is None else {"entity": entity}
        to_id = codec_of(Id(), db.dialect).from_driver or _as_it_is
        found: dict[UUID, UUID] = {}
        for length, params in id_lists(ids, db.dialect):
            statement = self._many.get((reference.column, length))
            if statement is None:
                table = self.entity.table
                columns = (table.c.id, table.c[reference.column])
                statement = self._many[reference.column, length] = self._build_referring(reference, length, columns)
            rows = db.rows(statement, {"tenant": tenant, **more, **params})
            found.update((to_id(id_), to_id(other)) for id_, other in rows)
        return found

    def referring_many(
        self, db: Db, tenant: str, reference: Reference, entity: str, ids: Iterable[UUID]
    ) -> dict[UUID, M]:
        """Every row whose ``reference`` names one of the records ``ids`` of ``entity``, whoever may see it."""
        more = {} if reference.entity_column is None else {"entity": entity}
        found: dict[UUID, M] = {}
        for length, params in id_lists(ids, db.dialect):
            statement = self._many.get(("referring", reference.column, length))
            if statement is None:
                rows = self._build_referring(reference, length, self.columns)
                statement = self._many["referring", reference.column, length] = rows
            loaded = map(self.codec.load, db.rows(statement, {"tenant": tenant, **more, **params}))
            found.update((record.id, record) for record in loaded)
        return found

    def _build_referring(self, reference: Reference, length: int, columns: Sequence[Column[Any]]) -> Statement:
        table = self.entity.table
        column = table.c[reference.column]
        where = [table.c.tenant_id == bindparam("tenant"), among(column, length)]
        if reference.entity_column is not None:
            where.append(table.c[reference.entity_column] == bindparam("entity"))
        return Statement(select(*columns).where(*where).order_by(table.c.id))

    def holding(self, db: Db, tenant: str, columns: tuple[str, ...], values: Sequence[tuple[Any, ...]]) -> list[M]:
        """Every row that has one of ``values`` in ``columns``, whoever may see it."""
        key = ("holding", columns)
        statement = self._many.get(key)
        if statement is None:
            table = self.entity.table
            same = [
                and_(*(table.c[c] == bindparam(f"{c}_{n}", type_=table.c[c].type) for c in columns))
                for n in range(CHUNK)
            ]
            rows = select(*self.columns).where(table.c.tenant_id == bindparam("tenant"), or_(*same))
            statement = self._many[key] = Statement(rows)
        found: list[M] = []
        for chunk in chunks(values):
            named = {f"{c}_{n}": v for n, each in enumerate(chunk) for c, v in zip(columns, each, strict=True)}
            found += [self.codec.load(row) for row in db.rows(statement, {"tenant": tenant, **named})]
        return found

    def _build_parts(self, root: Column[Any]) -> Statement:
        table = self.entity.table
        rows = select(*self.columns).where(table.c.tenant_id == bindparam("tenant"), root == bindparam("root"))
        most: Any = bindparam("most", type_=Integer())
        # The offset is said, because on SQLite it would be a parameter without a name.
        return Statement(rows.order_by(table.c.id).limit(most).offset(literal_column("0")))

    def _build_update(self, columns: tuple[str, ...]) -> Statement:
        table = self.entity.table
        changed = (*columns, "version", "updated_at")
        return Statement(update(table).where(*self._same).values({c: bindparam(c) for c in changed}))

    def _stale(self, db: Db, tenant: str, expected: list[tuple[UUID, int, int]]) -> StaleVersionError:
        """The error for the first row of a batch that was not at the version expected (or, unwritten, written to)."""
        for id_, before, after in expected:
            rows = db.rows(self._version, {"tenant": tenant, "record": id_})
            actual = rows[0][0] if rows else None
            if actual not in {before, after}:
                return StaleVersionError(self.entity.name, id_, expected=before, actual=actual)
        id_, before, _ = expected[0]
        return StaleVersionError(self.entity.name, id_, expected=before)


@lru_cache(maxsize=4_096)
def store_of(entity: EntityType[M], dialect: str) -> Store[M]:
    """The one store of an entity on a dialect: deployments in one process share what it has compiled."""
    return Store(entity, dialect)


def _as_it_is(value: Any) -> Any:
    return value
