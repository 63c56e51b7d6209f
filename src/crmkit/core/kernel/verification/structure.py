"""Are the tables what the catalogue says, and does the tenant lead every key? Asks the database, not the code."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy.exc import SAWarning

from crmkit.core.kernel.storage.migrations.revisions import VERSION_PREFIX
from crmkit.core.kernel.storage.tables import metadata
from crmkit.core.kernel.verification.model import Finding, Stored, columns_of

if TYPE_CHECKING:
    from sqlalchemy import Inspector

__all__ = ["LiveTable", "columns_there", "plugins_of", "structure", "tables_of"]

OF_NO_TENANT: Final = frozenset({"crm_catalog"})
"""Tables of the deployment as a whole."""
VIRTUAL: Final = frozenset({"crm_search_index"})
"""Virtual tables of SQLite, which have no keys."""
SHADOWS: Final = ("_data", "_idx", "_content", "_docsize", "_config")
"""What SQLite's FTS5 calls the tables behind a virtual one."""

_TENANT: Final = "tenant_id"
Keys = tuple[tuple[str, ...], str, tuple[str, ...]]


@frozen(kw_only=True)
class LiveTable:
    """What the database says of a table.

    Attributes:
        columns: their names.
        primary_key: its columns.
        uniques: the columns of each unique key and unique index; an expression is an empty name.
        foreign_keys: columns, other table and its columns, of each.
    """

    columns: frozenset[str] = frozenset()
    primary_key: tuple[str, ...] = ()
    uniques: frozenset[tuple[str, ...]] = frozenset()
    foreign_keys: frozenset[Keys] = frozenset()


def tables_of(inspector: Inspector, schema: str | None) -> dict[str, LiveTable]:
    """Every table that is called like one of crmkit's."""
    with warnings.catch_warnings():
        # Of indexes on expressions, which are never unique here, nothing is needed.
        warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index", SAWarning)
        primary = _by_name(inspector.get_multi_pk_constraint(schema))
        uniques = _by_name(inspector.get_multi_unique_constraints(schema))
        indexes = _by_name(inspector.get_multi_indexes(schema))
        foreign = _by_name(inspector.get_multi_foreign_keys(schema))
        return {
            name: LiveTable(
                columns=frozenset(c["name"] for c in columns),
                primary_key=tuple((primary.get(name) or {}).get("constrained_columns", ())),
                uniques=frozenset([
                    *(tuple(u["column_names"]) for u in uniques.get(name, ())),
                    *(tuple(c or "" for c in i["column_names"]) for i in indexes.get(name, ()) if i["unique"]),
                ]),
                foreign_keys=frozenset(
                    (tuple(f["constrained_columns"]), f["referred_table"], tuple(f["referred_columns"]))
                    for f in foreign.get(name, ())
                ),
            )
            for name, columns in _by_name(inspector.get_multi_columns(schema)).items()
        }


def _by_name(found: Mapping[Any, Any]) -> dict[str, Any]:
    return {name: said for (_, name), said in found.items() if name.startswith("crm_")}


def plugins_of(there: Mapping[str, LiveTable]) -> frozenset[str]:
    """The ids of those whose migrations have been here."""
    return frozenset(n.removeprefix(VERSION_PREFIX) for n in there if n.startswith(VERSION_PREFIX))


def columns_there(there: Mapping[str, LiveTable], one: Stored) -> frozenset[str]:
    """The columns that an entity's table has; none if it is not there."""
    return there.get(one.table, LiveTable()).columns


def structure(catalogue: Mapping[str, Stored], there: Mapping[str, LiveTable]) -> Iterator[Finding]:
    """Where tables are not what the catalogue says of them, or are not kept apart by tenant."""
    for one in catalogue.values():
        yield from _entity(one, catalogue, there.get(one.table))
    known = {one.table for one in catalogue.values()} | set(metadata.tables)
    for name, table in sorted(there.items()):
        if name.startswith(VERSION_PREFIX) or name in OF_NO_TENANT or _is_virtual(name):
            continue
        if name not in known:
            message = "no entity in the catalogue has this table; a purge or a migration has left it behind"
            yield Finding(check="table_unknown", subject=name, message=message)
        yield from _led_by_tenant(name, table, there)


def _is_virtual(name: str) -> bool:
    return name in VIRTUAL or any(name.removesuffix(shadow) in VIRTUAL for shadow in SHADOWS)


def _entity(one: Stored, catalogue: Mapping[str, Stored], there: LiveTable | None) -> Iterator[Finding]:
    if there is None:
        yield _about(one, "table_missing", f"the table {one.table} is not there")
        return
    wanted = columns_of(one)
    missing, further = sorted(set(wanted) - there.columns), sorted(there.columns - set(wanted))
    if missing:
        yield _about(one, "column_missing", f"the table {one.table} has no column {', '.join(missing)}")
    if further:
        yield _about(one, "column_unknown", f"the catalogue does not know {', '.join(further)} of {one.table}")
    if there.primary_key != (_TENANT, "id"):
        yield _about(one, "primary_key", f"the primary key of {one.table} is not (tenant_id, id)")
    yield from _keys(one, catalogue, there)


def _keys(one: Stored, catalogue: Mapping[str, Stored], there: LiveTable) -> Iterator[Finding]:
    """The unique and foreign keys that are not there."""
    for key in one.uniques:
        if key not in there.uniques:
            yield _about(one, "unique_missing", f"{one.table} has no unique key ({', '.join(key)})")
    for reference in one.references:
        target = catalogue.get(reference["entity"] or "")
        if target and ((_TENANT, reference["column"]), target.table, (_TENANT, "id")) not in there.foreign_keys:
            message = f"{one.table}.{reference['column']} has no foreign key to {target.table}"
            yield _about(one, "foreign_key_missing", message)


def _about(one: Stored, check: str, message: str) -> Finding:
    return Finding(check=check, subject=one.entity, message=message)


def _led_by_tenant(name: str, table: LiveTable, there: Mapping[str, LiveTable]) -> Iterator[Finding]:
    """The keys by which rows of several tenants could meet."""
    if table.primary_key[:1] != (_TENANT,):
        said = ", ".join(table.primary_key)
        message = f"its primary key ({said}) does not begin with tenant_id"
        yield Finding(check="tenant_not_first", subject=name, message=message)
    for key in sorted(table.uniques):
        if key[:1] != (_TENANT,):
            message = f"its unique key ({', '.join(key)}) does not begin with tenant_id"
            yield Finding(check="tenant_not_first", subject=name, message=message)
    for columns, other, others in sorted(table.foreign_keys):
        if other in there and (columns[:1], others[:1]) != ((_TENANT,), (_TENANT,)):
            message = f"its foreign key ({', '.join(columns)}) to {other} does not begin with tenant_id"
            yield Finding(check="tenant_not_first", subject=name, message=message)
