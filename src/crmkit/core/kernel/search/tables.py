"""The derived table of searchable texts, and the index over it of each database.

On PostgreSQL that is a GIN index over the grams, which needs no extension; on SQLite a full-text index (FTS5) over
them, which keeps no copy of the texts: it is told of each row by the projection, and finds the row by ``docid``.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import DDL, Column, Index, PrimaryKeyConstraint, Table, column, event, table

from crmkit.core.kernel.entities.columns import Grams, Id, Integer, Text
from crmkit.core.kernel.entities.table import NAMES_ENTITY
from crmkit.core.kernel.storage.migrations import BESIDE
from crmkit.core.kernel.storage.tables import metadata

__all__ = ["index_table", "search_table"]

search_table = Table(
    "crm_search",
    metadata,
    Column("tenant_id", Text(), nullable=False),
    Column("entity", Text(), nullable=False, info=dict(NAMES_ENTITY)),
    Column("record_id", Id(), nullable=False),
    # Under which number SQLite's index knows the row, ascending in the order of writing; none on PostgreSQL.
    Column("docid", Integer()),
    # See `crmkit.core.kernel.search.rules.document_of`.
    Column("text", Text(), nullable=False),
    Column("grams", Grams(), nullable=False),
    PrimaryKeyConstraint("tenant_id", "entity", "record_id"),
)
# The newest first, for words that are in so many records that it is best to just look at one after the other.
# Each of the indexes is empty on the other database, since its condition holds for no row there.
Index(
    "ix_crm_search_newest",
    search_table.c.tenant_id,
    search_table.c.record_id,
    search_table.c.entity,
    sqlite_where=search_table.c.docid.is_(None),
)
Index("ix_crm_search_docid", search_table.c.docid, postgresql_where=search_table.c.docid.is_not(None))
Index(
    "ix_crm_search_grams",
    search_table.c.grams,
    postgresql_using="gin",
    sqlite_where=search_table.c.docid.is_(None),
)

index_table = table(
    "crm_search_index",
    column("rowid", Integer()),
    column("grams", Grams()),
    column("crm_search_index", Text()),
    column("rank", Integer()),
)
"""SQLite's full-text index.

The column of its own name stands for all of it in ``MATCH``; and takes orders, with ``rank`` as what they are about.
"""

_MAKE: Final = (
    "CREATE VIRTUAL TABLE crm_search_index USING fts5("
    "grams, content='crm_search', content_rowid='docid', detail=none, columnsize=0, tokenize='ascii')"
)
_DROP: Final = "DROP TABLE crm_search_index"

search_table.info[BESIDE] = (_MAKE, _DROP)
for _moment, _statement in (("after_create", _MAKE), ("before_drop", _DROP)):
    _ddl: Any = DDL(_statement)  # type: ignore[no-untyped-call]  # SQLAlchemy says nothing of its arguments
    event.listen(search_table, _moment, _ddl.execute_if(dialect="sqlite"))
