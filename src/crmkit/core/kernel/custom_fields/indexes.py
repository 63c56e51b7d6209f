"""Indexes of custom fields: one per table and kind of value, over all tenants, built outside of any unit of work."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final, Literal

from attrs import field, frozen
from sqlalchemy import Boolean, Column, Index, MetaData, Table, column, literal_column, select, table
from sqlalchemy.schema import CreateIndex, DropIndex

from crmkit.core.kernel.custom_fields.definitions import read_definitions
from crmkit.core.kernel.deployment.tenants import tenant_ids
from crmkit.core.kernel.entities.columns import Id, Json, Text
from crmkit.core.kernel.entities.custom import key_of
from crmkit.core.kernel.query.custom import CustomValue
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.errors import Problem, UnknownFieldError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from crmkit.core.kernel.deployment.runtime import Runtime

__all__ = ["FieldIndex", "FieldIndexes"]

PREFIX: Final = "cx_"
"""What the names of these indexes begin with; no others do."""
LONGEST: Final = 63
"""Characters in the name of an index on PostgreSQL."""

IndexState = Literal["built", "missing", "broken", "unused"]


@frozen(kw_only=True)
class FieldIndex:
    """An index of a custom field.

    Attributes:
        name: in the database.
        table: of which table.
        key: of the field; of an unused one what its name tells.
        state: built; missing; broken (building it was interrupted, and it serves nothing); or unused (no tenant wants
            it any more).
        tenants: those that want it.
    """

    name: str
    table: str
    key: str
    state: IndexState
    tenants: tuple[str, ...] = ()
    physical: str = field(default="", repr=False)


def index_name(table_name: str, physical: str) -> str:
    """The name of the index of a physical key, ``custom.n_size``, of a table."""
    name = f"{PREFIX}{table_name.removeprefix('crm_')}_{key_of(physical)}"
    if len(name) <= LONGEST:
        return name
    return f"{name[: LONGEST - 9]}_{hashlib.sha256(name.encode()).hexdigest()[:8]}"


class FieldIndexes:
    """What operators do about the indexes of custom fields. Not for request handlers.

    Args:
        runtime: what the deployment has loaded.
        engine: where crmkit's tables are.
    """

    def __init__(self, runtime: Runtime, engine: Engine) -> None:
        self._runtime, self._engine = runtime, engine
        self._schema = runtime.config.database.schema

    def indexes(self) -> list[FieldIndex]:
        """Every index that a tenant wants or that is there, by name."""
        wanted = self._wanted()
        with guarded(), self._engine.connect() as connection, engines.begin(connection, read_only=True):
            there = dict(self._there(connection))
        found = [
            FieldIndex(
                name=name,
                table=table_name,
                key=key_of(physical)[2:],
                state="missing" if name not in there else "built" if there[name][1] else "broken",
                tenants=tuple(tenants),
                physical=physical,
            )
            for name, (table_name, physical, tenants) in wanted.items()
        ]
        found += [
            FieldIndex(name=name, table=of, key=name.removeprefix(PREFIX), state="unused")
            for name, (of, _) in there.items()
            if name not in wanted
        ]
        return sorted(found, key=lambda one: one.name)

    def problems(self) -> list[Problem]:
        """The indexes that tenants want and that are missing or broken, each with what builds it."""
        return [self._problem(one) for one in self.indexes() if one.state in {"missing", "broken"}]

    def _problem(self, one: FieldIndex) -> Problem:
        entity = next(e.name for e in self._runtime.registry if e.table.name == one.table)
        wanting = (
            f"{len(one.tenants)} {'tenant wants' if len(one.tenants) == 1 else 'tenants want'} the index {one.name}"
        )
        if one.state == "missing":
            code, message = "index_missing", f"{wanting}, which is not there, so criteria read every record"
        else:
            code, message = "index_broken", f"{wanting}, building which was interrupted, so that it serves nothing"
        return Problem(code, f"{entity}.custom.{one.key}", message, f"Run: crmkit fields index {entity} {one.key}")

    def index(self, entity: str | None = None, key: str | None = None) -> list[FieldIndex]:
        """Build the indexes that are missing or broken, one after the other, while others read and write.

        PostgreSQL builds them concurrently, so nobody waits; it does itself wait for transactions that are open. SQLite
        has one writer at a time, so whoever writes waits until an index is built.

        Args:
            entity: only those of this entity.
            key: only those of fields of this key.

        Returns:
            Those that were built.

        Raises:
            UnknownFieldError: if ``entity`` is none.
            StorageError: if the database cannot build one; what it had begun is broken, and is built anew next time.
        """  # raised by what this calls; callers want to know
        of = None if entity is None else self._runtime.registry.entity(entity).table.name
        wanting = [
            one
            for one in self.indexes()
            if one.state in {"missing", "broken"} and of in {None, one.table} and key in {None, one.key}
        ]
        if key is not None and not any(one.key == key for one in self.indexes()):
            raise UnknownFieldError(entity or "crmkit", f"custom.{key}"[:80])
        for one in wanting:
            if one.state == "broken":
                self._drop(one)
            self._execute(CreateIndex(self._made(one)))
        return wanting

    def prune(self) -> list[FieldIndex]:
        """Drop the indexes that no tenant wants any more; returns them."""
        unused = [one for one in self.indexes() if one.state == "unused"]
        for one in unused:
            self._drop(one)
        return unused

    # -- inside -------------------------------------------------------------------------------------------------------

    def _wanted(self) -> dict[str, tuple[str, str, list[str]]]:
        """Name to table, physical key and the tenants that want it."""
        found: dict[str, tuple[str, str, list[str]]] = {}
        with guarded(), self._engine.connect() as connection, engines.begin(connection, read_only=True):
            db = Db(connection, self._schema)
            for tenant, _ in tenant_ids(db):
                for one in read_definitions(db, tenant):
                    if one.indexed and one.removed_at is None and one.entity in self._runtime.registry:
                        of = self._runtime.registry.entity(one.entity).table.name
                        name = index_name(of, one.physical)
                        found.setdefault(name, (of, one.physical, []))[2].append(tenant)
        return found

    def _there(self, connection: Connection) -> Iterator[tuple[str, tuple[str, bool]]]:
        """Name to table, and whether it serves, of the indexes of custom fields that there are."""
        if connection.dialect.name == "sqlite":
            known = table("sqlite_master", column("name"), column("tbl_name"), column("type"))
            rows: Iterable[Any] = connection.execute(
                select(known.c.name, known.c.tbl_name, literal_column("1")).where(known.c.type == "index")
            )
        else:
            rows = connection.execute(_in_catalogue(self._schema))
        for name, of, valid in rows:
            if name.startswith(PREFIX):
                yield name, (of, bool(valid))

    def _made(self, one: FieldIndex) -> Index:
        of = self._table(one)
        value = CustomValue(of.c.custom, one.physical)
        return Index(
            one.name,
            of.c.tenant_id,
            value,
            of.c.id,
            postgresql_where=value.is_not(None),
            sqlite_where=value.is_not(None),
            postgresql_concurrently=True,
        )

    @staticmethod
    def _table(one: FieldIndex) -> Table:
        """The table as far as the index needs it; apart from the entity's own, which knows none of these indexes."""
        return Table(one.table, MetaData(), Column("tenant_id", Text()), Column("id", Id()), Column("custom", Json()))

    def _drop(self, one: FieldIndex) -> None:
        self._execute(DropIndex(Index(one.name, self._table(one).c.id, postgresql_concurrently=True)))

    def _execute(self, ddl: Any) -> None:
        """Execute DDL on a connection of its own, on PostgreSQL in no transaction, as building concurrently demands."""
        with guarded(), self._engine.connect() as connection:
            if connection.dialect.name == "sqlite":
                with engines.begin(connection):
                    connection.execute(ddl)
            else:
                connection.execution_options(isolation_level="AUTOCOMMIT").execute(ddl)


def _in_catalogue(schema: str | None) -> Any:
    """The indexes of the schema, from PostgreSQL's own catalogue."""
    index = table("pg_index", column("indexrelid"), column("indrelid"), column("indisvalid", Boolean()))
    relations = table("pg_class", column("oid"), column("relname"), column("relnamespace"))
    spaces = table("pg_namespace", column("oid"), column("nspname"))
    own, of = relations.alias(), relations.alias()
    where = spaces.c.nspname == (literal_column("current_schema()") if schema is None else schema)
    return (
        select(own.c.relname, of.c.relname, index.c.indisvalid)
        .select_from(
            index
            .join(own, own.c.oid == index.c.indexrelid)
            .join(of, of.c.oid == index.c.indrelid)
            .join(spaces, spaces.c.oid == of.c.relnamespace)
        )
        .where(where)
    )
