"""Does every reference name a record that is there and has not become part of another, and is what is unique unique?

The database looks for what is wrong; only the findings are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from sqlalchemy import Select, bindparam, exists, func, select

from crmkit.core.kernel.entities.columns import Integer
from crmkit.core.kernel.storage.statements import Statement
from crmkit.core.kernel.storage.tables import change_table, unit_table
from crmkit.core.kernel.verification.model import LIMIT, MOST, Checking, Finding, Stored

__all__ = ["dangling", "doubled", "referring_to_merged"]

_TENANT: Any = bindparam("tenant")
_PURGED = Statement(
    select(unit_table.c.purged).distinct().where(unit_table.c.tenant_id == _TENANT, unit_table.c.purged.is_not(None))
)


def dangling(checking: Checking) -> Iterator[Finding]:
    """Rows that refer to a record that is not there, unless it went with a plugin that is installed again."""
    purged = {p for (said,) in checking.db.rows(_PURGED, {"tenant": checking.tenant}) for p in said.split(",")}
    for one, reference, target in _references(checking):
        message = f"its {reference['column']} names a {target.entity} that is not there"
        logged = target.plugin in purged  # what was purged has left no history, either
        key = ("dangling", reference["column"], target, logged)
        unresolved = one.statement(key, partial(_unresolved, one, reference, target, logged=logged))
        for id_ in _ids(checking, unresolved, reference, target):
            yield checking.found("dangling", one.entity, message, id_)


def referring_to_merged(checking: Checking) -> Iterator[Finding]:
    """Rows that refer to what a merge has left behind, where nobody looks for them."""
    for one, reference, target in _references(checking):
        if not target.merges or one.kind == "derived":  # these follow by themselves
            continue
        message = f"its {reference['column']} names a {target.entity} that has been merged into another"
        stranded = one.statement(("merged", reference["column"], target), partial(_stranded, one, reference, target))
        for id_ in _ids(checking, stranded, reference, target):
            yield checking.found("merged", one.entity, message, id_)


def doubled(checking: Checking) -> Iterator[Finding]:
    """Rows that share what only one may have; the database should have refused them."""
    for one in checking.catalogue.values():
        for key in one.uniques:
            checking.say(f"unique keys of {one.entity}")
            sharing = one.statement(("doubled", key), partial(_sharing, one, key))
            for (count,) in checking.db.rows(sharing, {"tenant": checking.tenant, "one": 1, "most": MOST}):
                message = f"{count} records share one unique key ({', '.join(key)})"
                yield checking.found("doubled", one.entity, message)


def _references(checking: Checking) -> Iterator[tuple[Stored, dict[str, Any], Stored]]:
    """Every reference of every entity, with each entity that it names."""
    for one in checking.catalogue.values():
        for reference in one.references:
            checking.say(f"references of {one.entity}")
            named = reference["entity"]
            for name in [named] if named else _named(checking, one, reference):
                if name in checking.catalogue:  # else of a plugin that was purged: what refers to it keeps its label
                    yield one, reference, checking.catalogue[name]


def _named(checking: Checking, one: Stored, reference: dict[str, Any]) -> list[str]:
    names = one.clause.c[reference["entity_column"]]
    every = one.statement(
        ("named", names.name), lambda: select(names).distinct().where(one.clause.c.tenant_id == _TENANT)
    )
    found = checking.db.rows(every, {"tenant": checking.tenant})
    return sorted(name for (name,) in found if name is not None)


def _ids(checking: Checking, statement: Statement, reference: dict[str, Any], target: Stored) -> Iterator[Any]:
    more = {} if reference["entity"] else {"entity": target.entity}
    for (id_,) in checking.db.rows(statement, {"tenant": checking.tenant, "most": MOST} | more):
        yield id_


def _sharing(one: Stored, key: tuple[str, ...]) -> Select[Any]:
    rows = one.clause
    columns = [rows.c[c] for c in key if c != "tenant_id"]
    where = [rows.c.tenant_id == _TENANT, *(c.is_not(None) for c in columns)]
    several = func.count() > bindparam("one", type_=Integer())
    return select(func.count()).where(*where).group_by(*columns).having(several).limit(LIMIT)


def _unresolved(one: Stored, reference: dict[str, Any], target: Stored, *, logged: bool) -> Select[Any]:
    rows, id_ = one.clause, one.clause.c[reference["column"]]
    others = target.clause.alias()  # since it may be the table that refers
    there = exists().where(others.c.tenant_id == _TENANT, others.c.id == id_)
    found = _referring(one, reference).where(id_.is_not(None), ~there).order_by(rows.c.id).limit(LIMIT)
    return found.where(_was_there(id_)) if logged else found


def _was_there(id_: Any) -> Any:
    return exists().where(change_table.c.tenant_id == _TENANT, change_table.c.record_id == id_)


def _stranded(one: Stored, reference: dict[str, Any], target: Stored) -> Select[Any]:
    rows, others = one.clause, target.clause.alias()
    joined = _referring(one, reference).join_from(
        rows,
        others,
        (others.c.tenant_id == rows.c.tenant_id) & (others.c.id == rows.c[reference["column"]]),
    )
    return joined.where(others.c.tenant_id == _TENANT, others.c.merged_into.is_not(None)).limit(LIMIT)


def _referring(one: Stored, reference: dict[str, Any]) -> Select[Any]:
    rows = one.clause
    where = [rows.c.tenant_id == _TENANT]
    if reference["entity"] is None:
        where.append(rows.c[reference["entity_column"]] == bindparam("entity"))
    return select(rows.c.id).where(*where)
