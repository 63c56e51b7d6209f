"""The statement auditor: every statement that crmkit sends names the tenant for every alias of a tenant's table.

It is switched on for the whole suite (invariant 15). A statement is parsed once per text.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator
from typing import Any

import sqlglot
from sqlalchemy import Engine, event
from sqlglot import expressions as exp

DEPLOYMENT = frozenset({"crm_tenant", "crm_catalog", "crm_plugin_state"})
"""Tables of the deployment as a whole, which operators read across tenants."""


INDEXES = {"crm_search_index": "crm_search"}
"""SQLite's full-text indexes: numbers of rows by numbers that the tenant is part of, and nothing else.

They have no tenant of their own. They are read beside the table that they index, or for their last number only.
"""

_PLACE = re.compile(r"\?|%s|%\(\w+\)s")
"""Where a parameter stands in a statement."""


class UnscopedStatementError(AssertionError):
    """crmkit sent a statement that could touch another tenant's rows."""


def switch_on() -> None:
    """Audit every statement of every engine in this process."""
    if not event.contains(Engine, "before_cursor_execute", _audit):
        event.listen(Engine, "before_cursor_execute", _audit)


def _audit(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
    if "crm_" in statement and _sent_by_crmkit():
        faults = unscoped(statement, connection.dialect.name)
        if faults:
            raise UnscopedStatementError(f"no tenant predicate for {', '.join(faults)} in:\n{statement}")


def _sent_by_crmkit() -> bool:
    """Whether the kernel's door to the database is on the stack; tests and migrations send SQL of their own."""
    frame = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename.endswith("crmkit/core/kernel/storage/database.py"):
            return True
        frame = frame.f_back
    return False


@functools.lru_cache(maxsize=20_000)
def unscoped(statement: str, dialect: str) -> tuple[str, ...]:
    """The aliases of tenants' tables in ``statement`` that no condition ties to a tenant."""
    text = _PLACE.sub("NULL", statement).replace("%%", "%")
    tree = sqlglot.parse_one(text, read="postgres" if dialect == "postgresql" else "sqlite")
    return tuple(alias for table in tree.find_all(exp.Table) for alias in _fault(table))


def _fault(table: exp.Table) -> Iterator[str]:
    name, alias = table.name, table.alias_or_name
    if not name.startswith("crm_") or name in DEPLOYMENT or name.startswith("crm_version_"):
        return
    scope = table.find_ancestor(exp.Select, exp.Update, exp.Delete, exp.Insert, exp.Copy)
    if name in INDEXES:
        if isinstance(scope, exp.Select) and not _beside(scope, INDEXES[name]):
            yield alias
        return
    if isinstance(scope, exp.Insert | exp.Copy):
        columns = {c.name for c in scope.this.find_all(exp.Identifier)}
        if "tenant_id" not in columns:
            yield name
        return
    if scope is None or not any(_ties(eq, alias, scope) for eq in scope.find_all(exp.EQ)):
        yield alias


def _beside(scope: exp.Select, table: str) -> bool:
    """Whether a full-text index is read with its table, which is looked at by itself, or for its numbers only."""
    joined = {t.name for part in (scope.args.get("joins") or ()) for t in part.find_all(exp.Table)}
    return table in joined or [c.name for c in scope.expressions] == ["rowid"]


def _ties(eq: exp.EQ, alias: str, scope: exp.Expression) -> bool:
    """Whether ``eq`` always holds for rows of ``alias`` and compares their tenant."""
    sides = [s for s in (eq.left, eq.right) if isinstance(s, exp.Column) and s.name == "tenant_id"]
    if not any(s.table in {alias, ""} for s in sides):
        return False
    node = eq.parent
    while isinstance(node, exp.And | exp.Paren):
        node = node.parent
    if not isinstance(node, exp.Where | exp.Join):
        return False
    return node.find_ancestor(exp.Select, exp.Update, exp.Delete) is scope
