"""What a check is told, and what it finds; works on the shapes in the catalogue alone, never on a plugin's code."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import bindparam, column, table

from crmkit.core.kernel.entities.columns import Coded, Day, Exact, Flag, Id, Instant, Integer, Json, Text, codec_of
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from sqlalchemy import Executable, TableClause

    from crmkit.core.kernel.storage.database import Db

__all__ = ["LIMIT", "MOST", "NIL", "PAGE", "Check", "Checking", "Finding", "Stored", "columns_of", "ids_in", "read_as"]

MOST: Final = 20
"""How many findings of one kind are listed."""
PAGE: Final = 2_000
"""How many rows are read at a time."""
NIL: Final = UUID(int=0)
"""Where pages in the order of ids begin."""
LIMIT: Final = bindparam("most", type_=Integer())

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
        subject: the entity, table or plugin that it is about.
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


@frozen(kw_only=True, eq=False)
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
    clause: TableClause = field(repr=False)
    _statements: dict[Any, Statement] = field(init=False, repr=False, factory=dict)

    @classmethod
    def of(cls, plugin: str, shape: Mapping[str, Any], schema: str | None = None) -> Stored:
        """What a stored shape describes, the same for the same shape; ``schema`` is where its table is."""
        return _described(plugin, json.dumps(shape, sort_keys=True, default=dict), schema)

    @classmethod
    def _of(cls, plugin: str, shape: Mapping[str, Any], schema: str | None) -> Stored:
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

    def statement(self, key: Any, build: Callable[[], Executable]) -> Statement:
        """What ``build`` makes, made once: the same is asked for each tenant, and there may be many."""
        found = self._statements.get(key)
        if found is None:
            found = self._statements[key] = Statement(build())
        return found

    @property
    def merges(self) -> bool:
        """Whether its records can be merged, and stay behind as what says where everything went."""
        return "merged_into" in self.fields


@lru_cache(maxsize=1_024)
def _described(plugin: str, shape: str, schema: str | None) -> Stored:
    return Stored._of(plugin, json.loads(shape), schema)  # noqa: SLF001  # its own constructor


def _typed(said: Mapping[str, Any]) -> Iterator[tuple[str, Coded]]:
    first, *more = said["columns"]
    if said["type"] == "money":
        yield first, Exact(said.get("scale") or 4)
        yield more[0], Text()
    else:
        yield first, _TYPES[said["type"]](said.get("scale"))


@frozen(kw_only=True)
class Checking:
    """What a check of one tenant's records is told.

    Attributes:
        db: in a read-only transaction that sees one state of the database all through.
        tenant: whose records are looked at.
        catalogue: every entity whose table is as it should be, by name; of absent plugins too.
        plugins: ids of all plugins that are installed or have tables, with ``core``.
        say: to be told each step.
    """

    db: Db
    tenant: str
    catalogue: Mapping[str, Stored]
    plugins: frozenset[str]
    say: Callable[[str], None]

    def found(self, check: str, subject: str, message: str, record: Any = None) -> Finding:
        """A finding about a record of the tenant; its id may be as the driver gives it."""
        id_ = record if record is None or isinstance(record, UUID) else read_as(Id(), self.db)(record)
        return Finding(check=check, subject=subject, tenant=self.tenant, record=id_, message=message)


Check = Callable[[Checking], Iterable[Finding]]
"""Looks at all records of one tenant. Reads page by page, since there may be any number of them."""


def columns_of(one: Stored) -> tuple[str, ...]:
    """Every column that the entity's table must have."""
    return tuple(c.name for c in one.clause.columns)


def read_as(type_: Coded, db: Db) -> Callable[[Any], Any]:
    """What turns a value as the driver gives it into Python's."""
    convert = codec_of(type_, db.dialect).from_driver
    return convert if convert is not None else lambda value: value


def ids_in(named: Iterable[str]) -> list[Any]:
    """The parameters of an ``IN`` over ids."""
    return [bindparam(name, type_=Id()) for name in named]
