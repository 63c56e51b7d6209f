"""Checks that what is stored agrees with itself: tables with the catalogue, references with rows, rows with history.

Works on the shapes in the catalogue alone, so it covers plugins that are disabled or whose packages are gone. It only
reads, tenant by tenant, with bounded memory.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from attrs import frozen
from sqlalchemy import Select, bindparam, exists, func, inspect, select
from sqlalchemy.exc import SAWarning

from crmkit.core.kernel.deployment.tenants import tenant_ids
from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.history.replaying import MOST, Finding, Stored, columns_of, history_findings, to_id
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import catalog_table

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Inspector

__all__ = ["Finding", "verify"]

Progress = Callable[[str], None]
_MOST = bindparam("most", type_=Integer())


def verify(
    engine: Engine, schema: str | None = None, *, tenant: str | None = None, progress: Progress | None = None
) -> Iterator[Finding]:
    """Everything that is wrong with what is stored, as it is found.

    Args:
        engine: where crmkit's tables are.
        schema: the schema that they are in, on PostgreSQL.
        tenant: look at the records of this tenant only.
        progress: told each step before it is taken.

    Raises:
        StorageError: if the database cannot be read.
    """
    say = progress or (lambda _: None)
    with guarded(), _snapshot(engine) as connection:
        db = Db(connection, schema)
        inspector = inspect(connection)
        if not inspector.has_table(catalog_table.name, schema):
            yield Finding(check="no_tables", subject="core", message="the database has no crmkit tables")
            return
        say("tables and keys")
        catalogue = {name: Stored.of(plugin, shape, schema) for name, (plugin, shape) in read_catalogue(db).items()}
        there = {name: _looked_at(inspector, one.table, schema) for name, one in catalogue.items()}
        yield from (f for name, one in catalogue.items() for f in _structure(one, catalogue, there[name]))
        whole = {name: one for name, one in catalogue.items() if there[name].columns.issuperset(columns_of(one))}
        for id_, _ in tenant_ids(db):
            if tenant in {None, id_}:
                yield from _tenant_findings(db, id_, whole, say)


def _tenant_findings(db: Db, tenant: str, catalogue: dict[str, Stored], say: Progress) -> Iterator[Finding]:
    say(f"{tenant}: references and keys")
    for one in catalogue.values():
        for reference in one.references:
            yield from _dangling(db, tenant, one, reference, catalogue)
        for key in one.uniques:
            yield from _doubled(db, tenant, one, key)
    yield from history_findings(db, tenant, catalogue, partial(_say_records, say, tenant))


def _say_records(say: Progress, tenant: str, count: int) -> None:
    say(f"{tenant}: history, {count:,} records")


@contextmanager
def _snapshot(engine: Engine) -> Generator[Connection]:
    """A read-only transaction that sees one state of the database all through, whoever writes meanwhile."""
    with engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            with engines.begin(connection, read_only=True):
                yield connection
        else:  # it writes nothing, so REPEATABLE READ, which is refused to units of work, is right
            options = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
            with connection.execution_options(**options).begin():
                yield connection


# -- the tables themselves --------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class _Table:
    """What the database says of a table; without columns if there is none.

    Attributes:
        columns: their names.
        primary_key: its columns.
        uniques: the columns of each unique key.
        foreign_keys: columns, other table and its columns, of each.
    """

    columns: frozenset[str] = frozenset()
    primary_key: tuple[str, ...] = ()
    uniques: frozenset[tuple[str, ...]] = frozenset()
    foreign_keys: frozenset[tuple[tuple[str, ...], str, tuple[str, ...]]] = frozenset()


def _looked_at(inspector: Inspector, name: str, schema: str | None) -> _Table:
    if not inspector.has_table(name, schema):
        return _Table()
    with warnings.catch_warnings():
        # On SQLite unique keys are looked for among indexes, and of those with expressions nothing is needed.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        uniques = inspector.get_unique_constraints(name, schema)
    return _Table(
        columns=frozenset(c["name"] for c in inspector.get_columns(name, schema)),
        primary_key=tuple(inspector.get_pk_constraint(name, schema)["constrained_columns"]),
        uniques=frozenset(tuple(u["column_names"]) for u in uniques),
        foreign_keys=frozenset(
            (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
            for f in inspector.get_foreign_keys(name, schema)
        ),
    )


def _structure(one: Stored, catalogue: dict[str, Stored], there: _Table) -> Iterator[Finding]:
    """Where a table is not what the catalogue says of it."""
    if not there.columns:
        yield _about(one, "table_missing", f"the table {one.table} is not there")
        return
    wanted = columns_of(one)
    missing, further = sorted(set(wanted) - there.columns), sorted(there.columns - set(wanted))
    if missing:
        yield _about(one, "column_missing", f"the table {one.table} has no column {', '.join(missing)}")
    if further:
        yield _about(one, "column_unknown", f"the catalogue does not know {', '.join(further)} of {one.table}")
    if there.primary_key != ("tenant_id", "id"):
        yield _about(one, "primary_key", f"the primary key of {one.table} is not (tenant_id, id)")
    yield from _keys(one, catalogue, there)


def _keys(one: Stored, catalogue: dict[str, Stored], there: _Table) -> Iterator[Finding]:
    """The unique and foreign keys that are not there."""
    for key in one.uniques:
        if key not in there.uniques:
            yield _about(one, "unique_missing", f"{one.table} has no unique key ({', '.join(key)})")
    for reference in one.references:
        target = catalogue.get(reference["entity"] or "")
        if target and (("tenant_id", reference["column"]), target.table, ("tenant_id", "id")) not in there.foreign_keys:
            message = f"{one.table}.{reference['column']} has no foreign key to {target.table}"
            yield _about(one, "foreign_key_missing", message)


def _about(one: Stored, check: str, message: str) -> Finding:
    return Finding(check=check, subject=one.entity, message=message)


# -- references -------------------------------------------------------------------------------------------------------


def _dangling(
    db: Db, tenant: str, one: Stored, reference: dict[str, Any], catalogue: dict[str, Stored]
) -> Iterator[Finding]:
    """Rows that refer to a record that is not there."""
    named = reference["entity"]
    targets = [named] if named else _targets(db, tenant, one, reference)
    for name in targets:
        target = catalogue.get(name)
        if target is None:  # of a plugin that was purged: what refers to it keeps its label
            continue
        statement = Statement(_unresolved(one, reference, target))
        for (id_,) in db.rows(statement, {"tenant": tenant, "most": MOST} | ({} if named else {"entity": name})):
            message = f"its {reference['column']} names a {name} that is not there"
            record = to_id(db, id_)
            yield Finding(check="dangling", subject=one.entity, tenant=tenant, record=record, message=message)


def _targets(db: Db, tenant: str, one: Stored, reference: dict[str, Any]) -> list[str]:
    rows = one.clause
    names = rows.c[reference["entity_column"]]
    found = db.rows(
        Statement(select(names).distinct().where(rows.c.tenant_id == bindparam("tenant"))), {"tenant": tenant}
    )
    return sorted(name for (name,) in found if name is not None)


def _unresolved(one: Stored, reference: dict[str, Any], target: Stored) -> Select[Any]:
    rows, id_ = one.clause, one.clause.c[reference["column"]]
    others = target.clause.alias()  # since it may be the table that refers
    there = exists().where(others.c.tenant_id == bindparam("tenant"), others.c.id == id_)
    where = [rows.c.tenant_id == bindparam("tenant"), id_.is_not(None), ~there]
    if reference["entity"] is None:
        where.append(rows.c[reference["entity_column"]] == bindparam("entity"))
    return select(rows.c.id).where(*where).order_by(rows.c.id).limit(_MOST)


# -- unique keys ------------------------------------------------------------------------------------------------------


def _doubled(db: Db, tenant: str, one: Stored, key: tuple[str, ...]) -> Iterator[Finding]:
    """Rows that share what only one may have; the database should have refused them."""
    rows = one.clause
    columns = [rows.c[c] for c in key if c != "tenant_id"]
    where = [rows.c.tenant_id == bindparam("tenant"), *(c.is_not(None) for c in columns)]
    several = func.count() > bindparam("one", type_=Integer())
    statement = select(func.count()).where(*where).group_by(*columns).having(several).limit(_MOST)
    for (count,) in db.rows(Statement(statement), {"tenant": tenant, "one": 1, "most": MOST}):
        message = f"{count} records share one unique key ({', '.join(key)})"
        yield Finding(check="doubled", subject=one.entity, tenant=tenant, message=message)
