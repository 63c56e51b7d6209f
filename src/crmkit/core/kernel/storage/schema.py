"""The database's tables as operators see them: what is applied, what is pending, and how to apply it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from crmkit.core.kernel.deployment.starting import schema_problems
from crmkit.core.kernel.entities.catalog import write_catalogue
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.compacting import compact
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.storage.migrations import Migrations, UnitStatus, schema_of
from crmkit.core.kernel.storage.tables import metadata

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

    from crmkit.core.kernel.deployment.starting import Assembly
    from crmkit.errors import Problem

__all__ = ["Schema"]

CORE: Final = "core"
BASE: Final = "base"

_GROWN: Final = """
    SELECT name FROM unnest(CAST(%s AS text[])) AS name JOIN pg_class ON pg_class.oid = to_regclass(name)
    WHERE pg_relation_size(pg_class.oid) > 2 * 8192 * greatest(relpages, 1)
"""
"""Tables with more than twice the pages of 8 KiB that they had when they were last analysed."""


class Schema:
    """The tables of the core and of every loaded plugin.

    Args:
        assembly: what is loaded.
        engine: where the tables are.
    """

    def __init__(self, assembly: Assembly, engine: Engine) -> None:
        self._assembly, self._engine = assembly, engine
        self._schema = assembly.runtime.config.database.schema
        self._migrations = Migrations(engine, assembly.units, schema=self._schema, after_revision=self._write_catalogue)

    def status(self) -> list[UnitStatus]:
        """What is applied and what is pending, the core first."""
        return self._migrations.status()

    def upgrade(self, plugin: str | None = None, *, progress: Callable[[str], None] | None = None) -> None:
        """Apply what is pending, of all or of one plugin; each revision in a transaction of its own.

        Args:
            plugin: only this one (``core`` for the core).
            progress: told each revision before it is applied.

        Raises:
            StorageError: if a revision fails; it leaves nothing behind, those before it stay.
        """
        self._migrations.upgrade(plugin, progress=progress)
        with self._engine.connect() as connection, engines.begin(connection):
            for unit in self._assembly.units:
                if plugin in {None, unit.id}:  # also where the tables were made by hand from `sql`
                    self._write_catalogue(connection, unit.id)

    def downgrade(self, plugin: str, revision: str = BASE) -> None:
        """Take back what was applied after a revision, newest first, with everything that is stored in those tables.

        Args:
            plugin: whose (``core`` for the core's); what depends on it is not looked at.
            revision: the one to stay; none by default, which removes the plugin from the catalogue too.

        Raises:
            MigrationError: if there is no such revision, or a revision cannot be taken back.
        """
        self._migrations.downgrade(plugin, revision)
        if revision == BASE and plugin != CORE:
            with self._engine.connect() as connection, engines.begin(connection):
                write_catalogue(Db(connection, self._schema), plugin, ())

    def tables(self) -> dict[str, dict[str, Any]]:
        """The tables that are really there, as plain data: equal if and only if they are, but for columns' order."""
        with self._engine.connect() as connection, engines.begin(connection, read_only=True):
            return schema_of(connection, self._schema)

    def analyze(self) -> None:
        """Let PostgreSQL take stock of the tables that have doubled since it last did, as a large import doubles them.

        Until it has, it may look up the party of each new mechanism by the wrong index, at a cost that grows with each.
        Autovacuum takes stock too, but only once a minute. SQLite needs no such thing.
        """
        if self._engine.dialect.name != "postgresql":
            return
        tables = {*metadata.tables.values(), *(entity.table for entity in self._assembly.runtime.registry)}
        preparer = self._engine.dialect.identifier_preparer
        within = f"{preparer.quote(self._schema)}." if self._schema else ""
        names = sorted(f"{within}{preparer.quote(table.name)}" for table in tables)
        with guarded(), self._engine.connect() as connection, engines.begin(connection):
            grown = connection.exec_driver_sql(_GROWN, (names,)).scalars().all()
            if grown:
                connection.exec_driver_sql(f"ANALYZE (SKIP_LOCKED) {', '.join(grown)}")

    def compact(self) -> None:
        """Write the database anew, so that nothing of what was deleted or erased is left in its files.

        Deleting leaves the old bytes in free pages, on SQLite in the write-ahead log and in the pieces of the search
        index too. On SQLite this takes as much room again as the database has, and nobody can write meanwhile; on
        PostgreSQL each of crmkit's tables is locked while it is written anew (``VACUUM FULL``), and then the samples of
        values that the planner keeps, if the role owns the database. There a row stays that somebody else may still
        see, in a transaction that began before: run it again when that has ended. What the server's own write-ahead
        log and backups still hold is up to whoever keeps those.

        Raises:
            RetryableStorageError: if somebody else is at work for longer than the connection waits.
        """  # by guarded
        names = sorted({*metadata.tables, *(e.table.name for e in self._assembly.runtime.registry)})
        with guarded():
            compact(self._engine, names, self._schema)

    def sql(self, plugin: str | None = None) -> str:
        """The SQL of all revisions from the first on, for a database administrator to read or run."""
        return self._migrations.sql(plugin)

    def problems(self) -> list[Problem]:
        """Where the database is behind the code."""
        with self._engine.connect() as connection, engines.begin(connection, read_only=True):
            return schema_problems(Db(connection, self._schema), self._assembly)

    def _write_catalogue(self, connection: Connection, plugin: str) -> None:
        write_catalogue(Db(connection, self._schema), plugin, self._assembly.entities(plugin))
