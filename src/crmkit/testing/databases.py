"""The databases of a test run: an engine each, migrated as far as anybody asked, with a foreign tenant in it."""

from __future__ import annotations

from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import column, func, literal_column, select, table

from crmkit.api import CRM, Config, Ref, make_engine
from crmkit.testing.actors import Actors
from crmkit.testing.factories import a_deal, a_person, an_activity, an_interaction

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine, Select

__all__ = ["CANARY", "CANARY_TENANT", "Databases", "rows_of"]

CANARY_TENANT: Final = "canary-tenant"
CANARY: Final = "zwischenfruchtanbau"
"""A word that only the foreign tenant's records contain: what another tenant is shown must never contain it."""

_DENIALS: Final = "crm_denial"


class Databases:
    """Keeps one engine for each database, and migrates each for every set of plugins once.

    Every database gets a tenant of canaries, which no output of another tenant may ever show.

    Attributes:
        folder: where attachments are kept, of all databases of the run.
    """

    def __init__(self) -> None:
        self._temporary = TemporaryDirectory(prefix="crmkit-files-")
        self.folder = self._temporary.name
        self._engines: dict[str, Engine] = {}
        self._migrated: set[tuple[str, frozenset[str]]] = set()

    def engine(self, url: str) -> Engine:
        """The engine over ``url``; the core's tables and the canaries are there."""
        engine = self._engines.get(url)
        if engine is None:
            engine = self._engines[url] = make_engine(url)
            crm = CRM(Config.of({"files.folder": self.folder}), engine=engine, actors=Actors())
            crm.schema.upgrade()
            crm.start()
            if CANARY_TENANT not in dict(crm.tenants.list()):
                _fill(crm)
        return engine

    def migrate(self, url: str, crm: CRM) -> None:
        """Apply the migrations of the plugins of ``crm``, unless that was done before."""
        key = url, frozenset(crm.config.crmkit.plugins)
        if key not in self._migrated:
            crm.schema.upgrade()
            self._migrated.add(key)

    def close(self) -> None:
        """Give up all connections, and what was attached."""
        while self._engines:
            self._engines.popitem()[1].dispose()
        self._temporary.cleanup()


def _fill(crm: CRM) -> None:
    crm.tenants.create(CANARY_TENANT)
    with crm.begin("ada", CANARY_TENANT) as uow:
        party = a_person(uow, given_name=CANARY, family_name=CANARY, emails=["canary@canary.example"])
        a_deal(uow, party.id, title=CANARY)
        an_interaction(uow, party.id, summary=CANARY)
        an_activity(uow, party.id, subject=CANARY)
        about = Ref("party", party.id)
        uow.comments.add(about, f"{CANARY} @max")
        uow.attachments.attach(about, name=CANARY, content=CANARY.encode())
        uow.decisions.record(about, CANARY, basis=CANARY)


def rows_of(connection: Connection, tenant: str) -> dict[str, list[str]]:
    """Everything that is stored for a tenant, by table, to be compared with what is stored later.

    Denials are left out: they are the one trace that a refusal leaves.

    Args:
        connection: to the database.
        tenant: whose rows.
    """
    found = {}
    for name in _tables_of_tenants(connection):
        rows = table(name, column("tenant_id"))
        of_tenant: Select[Any] = select(literal_column("*")).select_from(rows).where(rows.c.tenant_id == tenant)
        found[name] = sorted(repr(tuple(row)) for row in connection.execute(of_tenant))
    return found


def _tables_of_tenants(connection: Connection) -> list[str]:
    """By name; asked of the database's catalogue at once, since to reflect each table costs more than its rows do."""
    if connection.dialect.name == "sqlite":
        tables = table("sqlite_master", column("name"))
        columns: Any = func.pragma_table_info(tables.c.name).table_valued("name")
        wanted = select(tables.c.name).select_from(tables.join(columns, columns.c.name == "tenant_id"))
    else:
        # Not the information schema, whose views take fifty times as long in a database of many tables.
        tables = table("pg_class", column("oid"), column("relname"), column("relkind"))
        columns = table("pg_attribute", column("attrelid"), column("attname"))
        named = (columns.c.attrelid == tables.c.oid) & (columns.c.attname == "tenant_id")
        here = (tables.c.relkind == "r") & func.pg_table_is_visible(tables.c.oid)
        wanted = select(tables.c.relname).select_from(tables.join(columns, named)).where(here)
    return sorted(n for n in connection.execute(wanted).scalars() if n.startswith("crm_") and n != _DENIALS)
