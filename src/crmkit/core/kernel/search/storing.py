"""Documents as they are stored: read, compared and written, many at a time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from attrs import frozen
from sqlalchemy import (
    ColumnElement,
    and_,
    bindparam,
    column,
    delete,
    func,
    insert,
    literal_column,
    select,
    table,
    update,
)

from crmkit.core.kernel.entities.columns import Id, Integer, Text, codec_of
from crmkit.core.kernel.search.rules import grams_of, without
from crmkit.core.kernel.search.tables import index_table, search_table
from crmkit.core.kernel.storage.among import among, id_lists
from crmkit.core.kernel.storage.inserting import copies, insert_absent
from crmkit.core.kernel.storage.statements import Statement

if TYPE_CHECKING:
    from crmkit.core.kernel.storage.database import Db

__all__ = [
    "LAST",
    "NIL",
    "Key",
    "StoredDocument",
    "documented_ids",
    "forget_counts",
    "forget_documents",
    "forget_part",
    "join_pieces",
    "read_documents",
    "write_documents",
]

Key = tuple[str, UUID]
"""The entity's name and the id of a record."""
LAST: Final = UUID(int=2**128 - 1)
"""After which there is no id."""
NIL: Final = UUID(int=0)
"""Before which there is none."""
PAGE: Final = 1_000


@frozen
class StoredDocument:
    """A row of the derived table.

    Attributes:
        docid: its number in SQLite's index; None on PostgreSQL.
        text: the document.
    """

    docid: int | None
    text: str


_row = search_table.c
_OF_RECORD: Final = (
    _row.tenant_id == bindparam("tenant"),
    _row.entity == bindparam("of_entity"),
    _row.record_id == bindparam("record"),
)
_READS: Final[dict[int, Statement]] = {}
_DOCUMENTED: Final = Statement(
    select(_row.record_id)
    .where(
        _row.tenant_id == bindparam("tenant"),
        _row.entity == bindparam("of_entity"),
        _row.record_id > bindparam("after"),
        _row.record_id <= bindparam("last"),
    )
    .order_by(_row.record_id)
    .limit(bindparam("most", type_=Integer()))
)
_INSERT: Final = Statement(insert(search_table).values({c.name: bindparam(c.name) for c in search_table.columns}))
_UPDATE: Final = Statement(
    update(search_table).where(*_OF_RECORD).values(text=bindparam("new_text"), grams=bindparam("new_grams"))
)
_DELETE: Final = Statement(delete(search_table).where(*_OF_RECORD))
_LAST: Final = Statement(select(index_table.c.rowid).order_by(index_table.c.rowid.desc()).limit(bindparam("most")))
_INDEX: Final = Statement(
    insert(index_table).values(rowid=bindparam("docid"), grams=bindparam("grams", type_=index_table.c.grams.type))
)
_ORDER: Final = Statement(
    insert(index_table).values(crm_search_index=bindparam("order"), rank=bindparam("by", type_=Integer()))
)
_CHANGES: Final = Statement(select(func.total_changes()))
_master = table("sqlite_master", column("name", Text()))
_COUNTED: Final = Statement(select(_master.c.name).where(_master.c.name == literal_column("'sqlite_stat1'")))
_counts = table("sqlite_stat1", column("tbl", Text()))
_FORGET_COUNTS: Final = Statement(
    delete(_counts).where(_counts.c.tbl >= bindparam("first"), _counts.c.tbl < bindparam("last"))
)
_STEP: Final = 1_000
"""How many pages of SQLite's index are joined in one transaction, some ten milliseconds' worth."""
_NOTHING_DONE: Final = 2
"""Fewer rows than these are changed by an order to join what is joined."""
_UNINDEX: Final = Statement(delete(index_table).where(index_table.c.rowid == bindparam("docid")))


def read_documents(db: Db, tenant: str, keys: Iterable[Key]) -> dict[Key, StoredDocument]:
    """What is stored for these records."""
    by_entity: dict[str, list[UUID]] = {}
    for entity, id_ in keys:
        by_entity.setdefault(entity, []).append(id_)
    to_id = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    found: dict[Key, StoredDocument] = {}
    for entity, ids in by_entity.items():
        for length, named in id_lists(ids, db.dialect):
            rows = db.rows(_reading(length), {"tenant": tenant, "of_entity": entity, **named})
            found.update({(entity, to_id(id_)): StoredDocument(docid, text) for id_, docid, text in rows})
    return found


def forget_documents(db: Db, tenant: str, fits: ColumnElement[bool]) -> None:
    """Remove the documents, by what their rows fit, of records that are removed past their projections."""
    rows = and_(_row.tenant_id == bindparam("tenant"), fits)
    if db.dialect == "sqlite":
        db.run(
            Statement(delete(index_table).where(index_table.c.rowid.in_(select(_row.docid).where(rows)))),
            {"tenant": tenant},
        )
    db.run(Statement(delete(search_table).where(rows)), {"tenant": tenant})


def forget_part(db: Db, tenant: str, part: str, whole: str) -> None:
    """Remove what the documents of one entity say of a part, whose records are removed past their projections."""
    said, after = f"{part}.", NIL
    while ids := documented_ids(db, tenant, whole, after, PAGE):
        stored = read_documents(db, tenant, [(whole, id_) for id_ in ids])
        write_documents(db, tenant, {key: without(one.text, said) for key, one in stored.items()}, stored)
        after = ids[-1]


def documented_ids(db: Db, tenant: str, entity: str, after: UUID, most: int, *, last: UUID = LAST) -> list[UUID]:
    """The ids of records of which there is a document, after one and up to another, in order."""
    params = {"tenant": tenant, "of_entity": entity, "after": after, "last": last, "most": most}
    to_id = codec_of(Id(), db.dialect).from_driver or (lambda raw: raw)
    return [to_id(id_) for (id_,) in db.rows(_DOCUMENTED, params)]


def join_pieces(db: Db, *, first: bool) -> bool:
    """Join pieces of SQLite's index, of which every transaction that writes leaves one; says whether more is left.

    Otherwise whoever comes next with a small change joins the pieces of large ones.

    Args:
        db: where; nothing is done on PostgreSQL.
        first: whether to begin with all of them; otherwise goes on.
    """
    if db.dialect != "sqlite":
        return False
    [(before,)] = db.rows(_CHANGES, {})
    db.run(_ORDER, {"order": "merge", "by": -_STEP if first else _STEP})
    [(after,)] = db.rows(_CHANGES, {})
    return bool(after - before >= _NOTHING_DONE)


def forget_counts(db: Db) -> None:
    """Let SQLite know nothing of how large its index is, which new connections then take for large.

    An ``ANALYZE`` while it was empty tells the planner that it has two rows. Then FTS5's own deletions, one for each
    piece that it joins, walk over all of it, which made adding a person to 50,000 take half as long again.
    """
    if db.dialect != "sqlite" or not db.rows(_COUNTED, {}):
        return
    db.run(_FORGET_COUNTS, {"first": index_table.name, "last": f"{index_table.name}~"})
    db.connection.exec_driver_sql("ANALYZE sqlite_master")  # reads again what is known, and counts nothing


def _reading(length: int) -> Statement:
    found = _READS.get(length)
    if found is None:
        where = (_row.tenant_id == bindparam("tenant"), _row.entity == bindparam("of_entity"))
        rows = select(_row.record_id, _row.docid, _row.text).where(*where, among(_row.record_id, length))
        found = _READS[length] = Statement(rows)
    return found


def write_documents(
    db: Db, tenant: str, wanted: Mapping[Key, str], stored: Mapping[Key, StoredDocument] | None = None
) -> int:
    """Let the stored documents of some records be as they should; those that are already are not written.

    Args:
        db: where.
        tenant: whose.
        wanted: the document of each record; an empty one for a record that is to have none.
        stored: what is stored for those of them that may have anything stored. Where they are written without a COPY,
            it is noticed if there is one all the same: of a record that was removed while search was switched off, and
            added again.

    Returns:
        How many documents were written or removed.
    """
    stored = stored or {}
    new = [(key, text) for key, text in wanted.items() if text and key not in stored]
    changed = [(key, text) for key, text in wanted.items() if text and key in stored and stored[key].text != text]
    gone = [key for key, text in wanted.items() if not text and key in stored]
    if db.dialect == "sqlite":  # the index reads the row to know what to forget, so it comes first
        stale = [stored[key].docid for key in (*gone, *(key for key, _ in changed))]
        if stale:
            db.run_many(_UNINDEX, [{"docid": docid} for docid in stale])
    if gone:
        db.run_many(_DELETE, [_named(tenant, key) for key in gone])
    if changed:
        db.run_many(_UPDATE, [_altered(tenant, key, text) for key, text in changed])
    rows = _rows(db, tenant, new)
    if rows:
        rows = _inserted(db, tenant, rows)
    if db.dialect == "sqlite":
        indexed = [*rows, *({"docid": stored[k].docid, "grams": grams_of(t, tenant)} for k, t in changed)]
        if indexed:
            db.run_many(_INDEX, indexed)
    return len(new) + len(changed) + len(gone)


def _inserted(db: Db, tenant: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Insert rows, and let stale ones that are in the way be as they should; returns those that were inserted."""
    if copies(db, len(rows)):
        db.run_many(_INSERT, rows)
        return rows
    if insert_absent(db, search_table, rows):
        return rows
    by_key = {(row["entity"], row["record_id"]): row for row in rows}
    there = read_documents(db, tenant, by_key)
    stale = {key for key, row in by_key.items() if there[key] != StoredDocument(row["docid"], row["text"])}
    write_documents(db, tenant, {key: by_key[key]["text"] for key in stale}, there)
    return [row for key, row in by_key.items() if key not in stale]


def _rows(db: Db, tenant: str, new: list[tuple[Key, str]]) -> list[dict[str, Any]]:
    first = 0
    if db.dialect == "sqlite" and new:  # nobody else writes meanwhile
        last = db.rows(_LAST, {"most": 1})
        first = last[0][0] + 1 if last else 1
    return [
        {
            "tenant_id": tenant,
            "entity": entity,
            "record_id": id_,
            "docid": first + n if first else None,
            "text": text,
            "grams": grams_of(text, tenant),
        }
        for n, ((entity, id_), text) in enumerate(new)
    ]


def _named(tenant: str, key: Key) -> dict[str, Any]:
    return {"tenant": tenant, "of_entity": key[0], "record": key[1]}


def _altered(tenant: str, key: Key, text: str) -> dict[str, Any]:
    return {**_named(tenant, key), "new_text": text, "new_grams": grams_of(text, tenant)}
