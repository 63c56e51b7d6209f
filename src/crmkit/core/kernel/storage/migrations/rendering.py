"""Writes the source of a first migration from tables: a tool for developers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from textwrap import wrap
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Column, MetaData, Table

from crmkit.core.kernel.entities.columns import Exact

if TYPE_CHECKING:
    from sqlalchemy import ForeignKey

__all__ = ["render"]

# A released migration must make the same tables for ever, so it is written in SQLAlchemy's types, not in crmkit's,
# which may change. Each constant is what the type of that name in `columns` is today, on SQLite and on PostgreSQL.
FROZEN: Final[Mapping[str, tuple[str, str]]] = MappingProxyType({
    "text": ("TEXT", 'sa.Text().with_variant(sa.Text(collation="C"), "postgresql")'),
    "integer": ("INTEGER", "sa.BigInteger()"),
    "boolean": ("FLAG", "sa.Boolean(create_constraint=False)"),
    "date": ("DAY", 'sa.Text().with_variant(sa.Date(), "postgresql")'),
    "instant": ("INSTANT", 'sa.Text().with_variant(postgresql.TIMESTAMP(timezone=True), "postgresql")'),
    "id": ("ID", 'sa.LargeBinary(16).with_variant(sa.Uuid(), "postgresql")'),
    "decimal": ("EXACT_{scale}", 'sa.BigInteger().with_variant(sa.Numeric(19, {scale}), "postgresql")'),
    "grams": ("GRAMS", 'sa.Text().with_variant(postgresql.ARRAY(sa.Integer()), "postgresql")'),
    "json": ("JSON", 'sa.Text().with_variant(postgresql.JSONB(), "postgresql")'),
})

BESIDE: Final = "beside"
"""In a table's ``info``: the statements that make and drop what it needs beside it on SQLite."""
_ON_SQLITE: Final = 'if op.get_context().dialect.name == "sqlite":'

_MODULE: Final = '''"""{title}."""

import sqlalchemy as sa
from alembic import op
{imports}
revision = {revision!r}
down_revision = {below!r}

{types}


def upgrade() -> None:
    """Apply."""
    {upgrade}


def downgrade() -> None:
    """Take back."""
    {downgrade}
'''

# An expression in an index, as Alembic writes it. That of keyset orders needs no SQL text; for any other, text()
# keeps the parentheses that PostgreSQL wants, which literal_column() would lose.
_IS_NULL: Final = re.compile(r"sa\.(?:literal_column|text)\((['\"])\(?(\w+) IS (NOT )?NULL\)?\1\)")
_EXPRESSION: Final = re.compile(r"sa\.(?:literal_column|text)\(('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\")\)")


def render(
    metadata: MetaData, *, revision: str = "0001_initial", below: str | None = None, title: str = "The first tables"
) -> str:
    """The source of a migration that makes all tables of ``metadata``, for SQLite and PostgreSQL.

    Args:
        metadata: the plugin's, with tables of the column types of `crmkit.sdk`.
        revision: its id, the name of the file without ``.py``.
        below: the revision before it.
        title: what it does, for its docstring.

    Returns:
        A module. It imports nothing of crmkit, so it stays what it is when crmkit changes.
    """
    from alembic.autogenerate import render_python_code
    from alembic.operations import ops
    from alembic.runtime.migration import MigrationContext

    used: dict[str, str] = {}
    context = MigrationContext.configure(dialect_name="postgresql")
    tables = [t for t in _with_others(metadata).sorted_tables if t.name in metadata.tables]
    beside = [table.info[BESIDE] for table in tables if BESIDE in table.info]
    making: list[Any] = []
    for table in tables:
        table.info = {}  # of a copy; Alembic would write it down
        making.append(ops.CreateTableOp.from_table(table))
        making += [ops.CreateIndexOp.from_index(i) for i in sorted(table.indexes, key=lambda i: str(i.name))]
    dropping: list[Any] = [ops.DropTableOp.from_table(table) for table in reversed(tables)]
    item = _renderer(used)
    upgrade = render_python_code(ops.UpgradeOps(making), render_item=item, migration_context=context)
    downgrade = render_python_code(ops.DowngradeOps(dropping), render_item=item, migration_context=context)
    upgrade, downgrade = _with_beside(beside, _without_remarks(upgrade), _without_remarks(downgrade))
    types = "\n".join(f"{name} = {source}" for name, source in sorted(used.items()))
    return _MODULE.format(
        title=title,
        imports="from sqlalchemy.dialects import postgresql\n" if "postgresql." in types else "",
        revision=revision,
        below=below,
        types=types,
        upgrade=_EXPRESSION.sub(r"sa.text(\1)", _IS_NULL.sub(_is_null, upgrade)),
        downgrade=downgrade,
    )


def _with_others(metadata: MetaData) -> MetaData:
    """A copy in which there are also the tables of others that its own refer to; the order of tables needs them."""
    copy = MetaData(naming_convention=metadata.naming_convention)
    own = [table.to_metadata(copy) for table in metadata.tables.values()]
    for key in (key for table in own for key in table.foreign_keys):
        other, name = _target(key)
        if other not in metadata.tables:
            Table(other, copy, Column(name), extend_existing=True)
    return copy


def _target(key: ForeignKey) -> tuple[str, str]:
    """The table and the column that a foreign key names."""
    table, _, column = key.target_fullname.rpartition(".")
    return table, column


def _is_null(found: re.Match[str]) -> str:
    quote, name, negated = found.groups()
    return f"sa.column({quote}{name}{quote}).{'is_not' if negated else 'is_'}(None)"


def _with_beside(beside: Iterable[tuple[str, str]], upgrade: str, downgrade: str) -> tuple[str, str]:
    """The two functions with what tables need beside them on SQLite only (see `BESIDE`)."""
    for making, dropping in beside:
        upgrade += f"\n    {_ON_SQLITE}\n        op.execute({_literal(making)})"
        downgrade = f"{_ON_SQLITE}\n        op.execute({_literal(dropping)})\n    {downgrade}"
    return upgrade, downgrade


def _literal(statement: str) -> str:
    """A string literal, of several lines where it is long."""
    return " ".join(map(repr, wrap(statement, 100, drop_whitespace=False)))


def _without_remarks(source: str) -> str:
    """Leave out the remarks in which Alembic asks to adjust what it wrote."""
    return "\n".join(line for line in source.splitlines() if not line.strip().startswith("# ###")).strip()


def _renderer(used: dict[str, str]) -> Callable[[str, Any, Any], Any]:
    def item(kind: str, thing: Any, _: Any) -> Any:
        logical: str | None = getattr(thing, "logical", None) if kind == "type" else None
        if logical is None:
            return False  # as Alembic would
        name, source = FROZEN[logical]
        scale = thing.scale if isinstance(thing, Exact) else None
        name = name.format(scale=scale)
        used[name] = source.format(scale=scale)
        return name

    return item
