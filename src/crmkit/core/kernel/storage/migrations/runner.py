"""Runs migrations: one revision, one transaction, one process at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from io import StringIO
from threading import Lock
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import column, func, select, table
from sqlalchemy.schema import CreateSchema

from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.faults import guarded, is_fault, translate
from crmkit.core.kernel.storage.migrations.revisions import (
    Unit,
    applied,
    revisions_of,
    version_rows,
    version_table,
)
from crmkit.core.kernel.storage.migrations.scripts import environment, first_line, load
from crmkit.errors import CrmkitError, MigrationError, RetryableStorageError

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory
    from sqlalchemy import Connection, Engine

__all__ = ["Migrations", "UnitStatus"]

CORE: Final = "core"
BASE: Final = "base"
ADVISORY_LOCK: Final = int.from_bytes(b"crmkit")
WAIT: Final = 60_000
"""Milliseconds that a migration on SQLite waits for another process to end one revision."""

Progress = Callable[[str], None]
AfterRevision = Callable[["Connection", str], None]

# Alembic hands its operations to revision files through one global, `alembic.op`.
_running = Lock()


@frozen(kw_only=True)
class UnitStatus:
    """How far a unit's migrations are applied.

    Attributes:
        id: the plugin's id, or ``core``.
        current: the revision in the database; None if nothing was applied.
        head: the newest revision in the code; None if there is none.
        pending: the revisions that an upgrade would apply, oldest first.
    """

    id: str
    current: str | None
    head: str | None
    pending: tuple[str, ...]

    @property
    def newer(self) -> bool:
        """Whether the database is newer than the code: it is at a revision that the code does not have."""
        return self.current is not None and self.current != self.head and not self.pending


class Migrations:
    """The migrations of several units over one database.

    Args:
        engine: where the tables are; it is attached if it was not.
        units: in any order; each is upgraded after what it depends on, the core first.
        schema: the schema of crmkit's tables, on PostgreSQL; made if it is missing.
        after_revision: called with the connection and the unit's id at the end of each revision, in its transaction.
    """

    def __init__(
        self,
        engine: Engine,
        units: Iterable[Unit],
        schema: str | None = None,
        *,
        after_revision: AfterRevision | None = None,
    ) -> None:
        self._engine = engines.attach(engine)
        self._units = {unit.id: unit for unit in _in_order(list(units))}
        self._schema = schema
        self._after_revision = after_revision
        self._postgresql = engine.dialect.name == "postgresql"

    # -- what there is ------------------------------------------------------------------------------------------------

    def status(self) -> list[UnitStatus]:
        """What is applied and what is pending, in the order of upgrading."""
        with guarded(), self._engine.connect() as connection, engines.begin(connection, read_only=True):
            there = applied(connection, list(self._units), self._schema)
        return [self._status(unit, there[unit.id]) for unit in self._units.values()]

    @staticmethod
    def _status(unit: Unit, there: str | None) -> UnitStatus:
        line = revisions_of(unit)
        known = there is None or there in line
        pending = line[line.index(there) + 1 if there else 0 :] if known else ()
        return UnitStatus(id=unit.id, current=there, head=line[-1] if line else None, pending=pending)

    # -- up and down --------------------------------------------------------------------------------------------------

    def upgrade(self, unit: str | None = None, *, progress: Progress | None = None) -> None:
        """Apply what is pending; each revision in a transaction of its own, so that one that fails leaves nothing.

        Any number of processes may do this at once: one applies a revision, and the others find it applied.

        Args:
            unit: only this one and what it depends on.
            progress: told each revision before it is applied, as ``unit: revision``.
        """
        for one in self._wanted(unit):
            line = revisions_of(one)
            script = load(one, line)

            def step(there: str | None, line: Sequence[str] = line, one: Unit = one) -> str | None:
                return _after(one, line, there)

            self._walk(one, script, step, progress, up=True)

    def downgrade(self, unit: str, revision: str, *, progress: Progress | None = None) -> None:
        """Take back what was applied after ``revision``, newest first; what depends on it is not looked at.

        Args:
            unit: which one.
            revision: the one to stay, or ``base`` for none, which removes the version table too.
            progress: told each revision before it is taken back, as ``unit: revision``.

        Raises:
            MigrationError: if there is no such revision, or a revision cannot be taken back.
        """
        one = self._unit(unit)
        line = revisions_of(one)
        if revision != BASE and revision not in line:
            raise MigrationError(unit, f"there is no revision {revision!r}; there are: {', '.join(line) or 'none'}")
        keep = -1 if revision == BASE else line.index(revision)

        def step(there: str | None) -> str | None:
            at = _position(one, line, there)
            return line[at] if at > keep else None

        self._walk(one, load(one, line), step, progress, up=False)

    def _walk(
        self,
        unit: Unit,
        script: ScriptDirectory,
        step: Callable[[str | None], str | None],
        progress: Progress | None,
        *,
        up: bool,
    ) -> None:
        """Take steps, each in its own transaction, until there is none; who waited finds the steps of others taken."""
        with guarded(), _running, self._connected() as connection:
            while True:
                with self._transaction(connection):
                    revision = step(applied(connection, [unit.id], self._schema)[unit.id])
                    if revision is None:
                        return
                    if progress is not None:
                        progress(f"{unit.id}: {revision}")
                    self._take(connection, unit, script, revision, up=up)

    def _take(self, connection: Connection, unit: Unit, script: ScriptDirectory, revision: str, *, up: bool) -> None:
        try:
            self._run(connection, unit, script, revision, up=up)
            if self._after_revision is not None:
                self._after_revision(connection, unit.id)
            if not self._postgresql:
                _check_foreign_keys(connection, unit, revision)
        except Exception as error:
            raise _failure(unit, revision, error) from error

    def _run(self, connection: Connection, unit: Unit, script: ScriptDirectory, revision: str, *, up: bool) -> None:
        below = script.get_revision(revision).down_revision

        def steps(there: Any, _: Any) -> Any:
            if up:
                return script._upgrade_revs(revision, there)  # noqa: SLF001  # what Alembic's own commands call
            return script._downgrade_revs(str(below or BASE), there)  # noqa: SLF001  # see above

        with environment(script, fn=steps) as context:
            context.configure(
                connection=connection, version_table=version_table(unit.id), version_table_schema=self._schema
            )
            context.run_migrations()
        if not up and below is None:
            version_rows(unit.id, self._schema).drop(connection)

    @contextmanager
    def _connected(self) -> Generator[Connection]:
        """A connection for migrations.

        On SQLite foreign keys are not enforced while tables are made anew (https://sqlite.org/lang_altertable.html,
        section 7), which can only be said outside of a transaction; they are checked before each commit instead.
        """
        with self._engine.connect() as connection:
            if self._postgresql:
                # A snapshot taken before the advisory lock was had would not show what others have applied.
                yield connection.execution_options(isolation_level="READ COMMITTED")
                return
            driver = engines.driver_connection(connection)
            patience = driver.execute("PRAGMA busy_timeout").fetchone()[0]
            driver.execute("PRAGMA foreign_keys=OFF")
            driver.execute(f"PRAGMA busy_timeout={WAIT}")
            try:
                yield connection
            finally:
                driver.execute("PRAGMA foreign_keys=ON")
                driver.execute(f"PRAGMA busy_timeout={int(patience)}")

    @contextmanager
    def _transaction(self, connection: Connection) -> Generator[None]:
        with engines.begin(connection):
            if self._postgresql:
                connection.execute(select(func.pg_advisory_xact_lock(ADVISORY_LOCK)))
                self._enter_schema(connection)
            yield

    def _enter_schema(self, connection: Connection) -> None:
        """Make names without a schema, in SQL text too, mean the one of crmkit's tables, until the transaction ends."""
        if self._schema is None:
            return
        namespaces = table("pg_namespace", column("nspname"), schema="pg_catalog")
        there = select(namespaces.c.nspname).where(namespaces.c.nspname == self._schema)
        if connection.scalar(there) is None:
            connection.execute(CreateSchema(self._schema))
        path = func.concat(f'"{self._schema}", ', func.current_setting("search_path"))
        connection.execute(select(func.set_config("search_path", path, True)))  # noqa: FBT003  # until the end

    # -- as SQL -------------------------------------------------------------------------------------------------------

    def sql(self, unit: str | None = None) -> str:
        """The SQL of all revisions from the first on, for this database's kind; the database is not asked.

        What ``after_revision`` would do is not in it.

        Args:
            unit: only this one and what it depends on.
        """
        out = StringIO()
        if not self._postgresql:
            out.write("PRAGMA foreign_keys=OFF;\n\n")
        elif self._schema:
            out.write(f'CREATE SCHEMA IF NOT EXISTS "{self._schema}";\n\n')
            out.write(f'SET search_path TO "{self._schema}", public;\n\n')
        with _running:
            for one in self._wanted(unit):
                self._write_sql(one, out)
        if not self._postgresql:
            out.write("PRAGMA foreign_keys=ON;\n")
        return out.getvalue()

    def _write_sql(self, unit: Unit, out: StringIO) -> None:
        line = revisions_of(unit)
        script = load(unit, line)

        def steps(_: Any, __: Any) -> Any:
            return script._upgrade_revs("head", BASE)  # noqa: SLF001  # what Alembic's own command calls

        out.write(f"-- {unit.id}\n\n")
        if not line:
            return
        try:
            with environment(script, fn=steps, as_sql=True, destination_rev="head") as context:
                context.configure(
                    dialect_name=self._engine.dialect.name,
                    dialect_opts={"paramstyle": "named"},
                    literal_binds=True,
                    output_buffer=out,
                    transactional_ddl=True,
                    transaction_per_migration=True,
                    version_table=version_table(unit.id),
                    version_table_schema=self._schema,
                )
                context.run_migrations()
        except Exception as error:
            reason = f"cannot be written as SQL without a database: {first_line(error)}"
            raise MigrationError(unit.id, reason) from error

    # -- units --------------------------------------------------------------------------------------------------------

    def _unit(self, unit: str) -> Unit:
        if unit not in self._units:
            raise MigrationError(unit, f"there is no such unit; there are: {', '.join(self._units)}")
        return self._units[unit]

    def _wanted(self, unit: str | None) -> list[Unit]:
        if unit is None:
            return list(self._units.values())
        wanted, more = {CORE}, [self._unit(unit)]
        while more:
            one = more.pop()
            wanted.add(one.id)
            more += [self._units[d] for d in one.depends if d in self._units and d not in wanted]
        return [one for one in self._units.values() if one.id in wanted]


def _in_order(units: list[Unit]) -> list[Unit]:
    """Each after what it depends on, the core first, otherwise as given. A circle stays one: start refuses it."""
    units = sorted(units, key=lambda unit: unit.id != CORE)
    known, done = {unit.id for unit in units}, list[Unit]()
    while units:
        placed = {unit.id for unit in done}
        ready = next((u for u in units if known.intersection(u.depends) <= placed), units[0])
        units.remove(ready)
        done.append(ready)
    return done


def _position(unit: Unit, line: Sequence[str], there: str | None) -> int:
    if there is None:
        return -1
    if there not in line:
        reason = f"the database is at revision {there!r}, which the code does not have; it is newer than the code, or"
        raise MigrationError(unit.id, f"{reason} the file was lost. Install the version that brought it")
    return line.index(there)


def _after(unit: Unit, line: Sequence[str], there: str | None) -> str | None:
    at = _position(unit, line, there) + 1
    return line[at] if at < len(line) else None


def _failure(unit: Unit, revision: str, error: Exception) -> CrmkitError:
    if isinstance(error, CrmkitError):
        return error
    if is_fault(error) and isinstance(known := translate(error), RetryableStorageError):
        return known
    return MigrationError(unit.id, f"{revision} failed, and nothing of it was applied: {first_line(error)}")


def _check_foreign_keys(connection: Connection, unit: Unit, revision: str) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        reason = f"{revision} would leave rows of {broken[0]} that refer to rows of {broken[2]} that are not there"
        raise MigrationError(unit.id, f"{reason}; nothing of it was applied")
