"""Where a text stands in the files of a database: of SQLite all of them, of PostgreSQL the pages of each table."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, text

from crmkit import CRM

TRIES = 5


def places_left(crm: CRM, word: str, *folders: Path) -> list[str]:
    """The same once the database was written anew.

    PostgreSQL keeps a dead row while anybody else may still see it, such as its own autovacuum at work at that moment;
    so it is written anew some times, until nothing is left.
    """
    found: list[str] = []
    for _ in range(TRIES):
        crm.schema.compact()
        found = places_of(crm, word, *folders)
        if not any(place.startswith(("crm", "ix_", "ox_", "uq_", "pg_")) for place in found):
            break
    return found


def places_of(crm: CRM, word: str, *folders: Path) -> list[str]:
    """The files, or tables, in whose bytes a word stands, in UTF-8 or UTF-16."""
    wanted = [word.encode(), word.encode("utf-16-le")]
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    if crm.engine.dialect.name == "sqlite":
        database = Path(str(crm.engine.url.database))
        files += [path for path in database.parent.iterdir() if path.name.startswith(database.name)]
        return sorted(path.name for path in files if _says(path.read_bytes(), wanted))
    return sorted([path.name for path in files if _says(path.read_bytes(), wanted)] + _tables(crm, wanted))


def _says(raw: bytes, wanted: list[bytes]) -> bool:
    return any(word in raw for word in wanted)


def _tables(crm: CRM, wanted: list[bytes]) -> list[str]:
    """Tables and indexes in whose files the word stands, or in whose rows, since long values are compressed."""
    with crm.engine.connect() as connection:
        connection.execute(text("CHECKPOINT"))
        relations = connection.execute(
            text(
                "SELECT relname, oid FROM pg_class WHERE relkind IN ('r', 'i', 't') AND pg_relation_size(oid) > 0"
                " AND (relnamespace = 'pg_toast'::regnamespace OR pg_table_is_visible(oid))"
            )
        ).all()
        found = [name for name, oid in relations if _says(_read(connection, oid), wanted)]
        named = "SELECT oid::regclass::text FROM pg_class WHERE relname LIKE 'crm\\_%' AND relkind = 'r'"
        for (name,) in connection.execute(text(named)).all():
            rows = connection.execute(text(f"SELECT t::text FROM {name} t")).scalars()  # with its schema, and quoted
            if any(wanted[0].decode() in row for row in rows):
                found.append(name)
        return found


def _read(connection: Connection, oid: int) -> bytes:
    """The bytes of the file of a table or an index."""
    reading = text("SELECT pg_read_binary_file(pg_relation_filepath(:oid), 0, pg_relation_size(:oid), true)")
    return bytes(connection.execute(reading, {"oid": oid}).scalar() or b"")
