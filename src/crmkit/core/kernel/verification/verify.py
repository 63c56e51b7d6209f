"""Checks that what is stored agrees with itself: tables with the catalogue, references with rows, rows with history.

Works on the shapes in the catalogue alone, so it covers plugins that are disabled or whose packages are gone. It only
reads, tenant by tenant, with bounded memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Final

from sqlalchemy import inspect

from crmkit.core.kernel.custom_fields.checking import unique_findings
from crmkit.core.kernel.deployment.tenants import tenant_ids
from crmkit.core.kernel.entities.catalog import read_catalogue
from crmkit.core.kernel.storage import engines
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.storage.tables import catalog_table
from crmkit.core.kernel.verification.merges import merge_findings
from crmkit.core.kernel.verification.model import Check, Checking, Finding, Stored, columns_of
from crmkit.core.kernel.verification.orphans import orphans, state_orphans
from crmkit.core.kernel.verification.references import dangling, doubled, referring_to_merged
from crmkit.core.kernel.verification.replaying import history_findings
from crmkit.core.kernel.verification.structure import columns_there, plugins_of, structure, tables_of

if TYPE_CHECKING:
    from sqlalchemy import Engine

__all__ = ["CHECKS", "verify"]

CHECKS: Final[tuple[Check, ...]] = (
    dangling,
    referring_to_merged,
    doubled,
    orphans,
    merge_findings,
    history_findings,
    unique_findings,
)
"""The kernel's own checks of a tenant's records."""


def verify(
    engine: Engine,
    schema: str | None = None,
    *,
    tenant: str | None = None,
    progress: Callable[[str], None] | None = None,
    checks: Iterable[Check] = (),
    plugins: Iterable[str] = (),
) -> Iterator[Finding]:
    """Everything that is wrong with what is stored, as it is found.

    Args:
        engine: where crmkit's tables are.
        schema: the schema that they are in, on PostgreSQL.
        tenant: look at the records of this tenant only.
        progress: told each step before it is taken.
        checks: further ones of each tenant's records.
        plugins: the ids of those that are installed.

    Raises:
        StorageError: if the database cannot be read.
    """
    say = progress or (lambda _: None)
    with guarded(), engines.snapshot(engine) as connection:
        db = Db(connection, schema)
        inspector = inspect(connection)
        if not inspector.has_table(catalog_table.name, schema):
            yield Finding(check="no_tables", subject="core", message="the database has no crmkit tables")
            return
        say("tables and keys")
        there = tables_of(inspector, schema)
        catalogue = {name: Stored.of(plugin, shape, schema) for name, (plugin, shape) in read_catalogue(db).items()}
        known = frozenset(plugins) | plugins_of(there) | {one.plugin for one in catalogue.values()} | {"core"}
        yield from structure(catalogue, there)
        if tenant is None:
            yield from state_orphans(db, known)
        whole = {n: one for n, one in catalogue.items() if columns_there(there, one).issuperset(columns_of(one))}
        for id_, _ in tenant_ids(db):
            if tenant in {None, id_}:
                checking = Checking(db=db, tenant=id_, catalogue=whole, plugins=known, say=_of_tenant(say, id_))
                for check in (*CHECKS, *checks):
                    yield from check(checking)


def _of_tenant(say: Callable[[str], None], tenant: str) -> Callable[[str], None]:
    return lambda step: say(f"{tenant}: {step}")
