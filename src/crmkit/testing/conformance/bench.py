"""The deployment that checks are made on: the plugin, what it needs, and a database that is made when first used."""

from __future__ import annotations

import pkgutil
import tempfile
import uuid
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmkit.api import CRM, Config, EntityType, make_engine
from crmkit.errors import CrmkitError, Problem
from crmkit.testing import postgres
from crmkit.testing.actors import Actors
from crmkit.testing.conformance.specimens import Specimens
from crmkit.testing.conformance.writing import WRITING, Writing
from crmkit.testing.databases import rows_of
from crmkit.testing.plugin import SECRET_KEY

if TYPE_CHECKING:
    from sqlalchemy import Engine, MetaData

    from crmkit.api import Manifest, Record
    from crmkit.sdk import Plugin, Service

__all__ = ["Bench", "NotReadyError"]


class NotReadyError(Exception):
    """The deployment cannot be used for a check; why, another check says."""


class Bench:
    """A deployment with the plugin under test.

    Args:
        manifest: the plugin's.
        others: manifests of plugins that it needs and that are not installed.
        settings: the plugin's.
        examples: functions that make instances of classes; see `PluginConformance`.
        server: the URL of a PostgreSQL server to work on; SQLite files in a temporary folder if None.
    """

    def __init__(
        self,
        manifest: Manifest,
        *,
        others: Sequence[Manifest],
        settings: Mapping[str, Any],
        examples: Mapping[type[Any], Callable[..., Any]],
        server: str | None,
    ) -> None:
        self.manifest, self.id = manifest, manifest.id
        self.specimens = Specimens(examples)
        self._given, self._settings, self._server = [*others, manifest, WRITING], settings, server
        self._stack = ExitStack()
        self._broken: str | None = None

    def close(self) -> None:
        """Take everything down."""
        self._stack.close()

    # -- what is loaded -----------------------------------------------------------------------------------------------

    @cached_property
    def crm(self) -> CRM:
        """A CRM with the plugin loaded, over the database of the bench; see `start`."""
        return self.deployment(self._stack.enter_context(self.database()))

    def deployment(self, engine: Engine, *, plugin: bool = True) -> CRM:
        """A CRM that is not started; without the plugin if ``plugin`` says so."""
        ids = self._wanted if plugin else [i for i in self._wanted if i != self.id]
        values = {
            "crmkit": {"plugins": ids},
            "core": {"secret_keys": [SECRET_KEY]},
            "plugins": {self.id: dict(self._settings)} if plugin else {},
            "files": {"folder": self._stack.enter_context(tempfile.TemporaryDirectory(prefix="crmkit-files-"))},
        }
        return CRM(Config.of(values), engine=engine, manifests=self._given, actors=Actors())

    @cached_property
    def _wanted(self) -> list[str]:
        known = {m.id: m for m in (*CRM(Config.of({})).assemble().found.manifests, *self._given)}
        wanted, more = {WRITING.id}, [self.id]
        while more:
            one = more.pop()
            if one not in wanted:
                wanted.add(one)
                more += list(known[one].needs) if one in known else []
        return sorted(wanted)

    @property
    def faults(self) -> list[Problem]:
        """The parts of the plugin that cannot be imported."""
        return [fault.problem for fault in self.crm.assemble().runtime.faults if fault.plugin == self.id]

    @property
    def problems(self) -> list[Problem]:
        """What keeps a deployment with the plugin from starting, but for its database."""
        return list(self.crm.assemble().problems)

    @property
    def parts(self) -> list[Plugin]:
        """The plugin's implementation, and those of its bridges that are loaded."""
        return [part for owner, part in self.crm.assemble().parts if owner == self.id]

    @property
    def entities(self) -> list[EntityType[Any]]:
        """What the plugin stores."""
        return [entity for part in self.parts for entity in part.entities]

    @property
    def services(self) -> list[type[Service]]:
        """The plugin's services."""
        return [service for service, owner in self.crm.runtime.services.items() if owner == self.id]

    @property
    def settings_class(self) -> type[Any] | None:
        """The class of the plugin's settings."""
        return pkgutil.resolve_name(self.manifest.settings) if self.manifest.settings else None

    @property
    def metadata(self) -> MetaData | None:
        """The plugin's tables."""
        return import_module(self.manifest.tables).metadata if self.manifest.tables else None

    # -- databases ----------------------------------------------------------------------------------------------------

    @contextmanager
    def database(self) -> Generator[Engine]:
        """A new, empty database."""
        with ExitStack() as stack:
            if self._server is not None:
                url = stack.enter_context(postgres.database(self._server))
            else:
                folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="crmkit-"))
                url = f"sqlite:///{Path(folder) / 'crm.db'}"
            engine = make_engine(url)
            stack.callback(engine.dispose)
            yield engine

    def start(self) -> CRM:
        """The CRM, started on a migrated database.

        Raises:
            NotReadyError: if that fails.
        """
        if self._broken is None:
            self._broken = self._start()
        if self._broken:
            raise NotReadyError(self._broken)
        return self.crm

    def _start(self) -> str:
        """Upgrade and start; returns what keeps it from that, or nothing."""
        if self.faults or self.problems:
            return "; ".join(p.message for p in (*self.faults, *self.problems))
        try:
            self.crm.schema.upgrade()
            self.crm.start()
        except CrmkitError as error:
            return str(error)
        missing = sorted(set(self.metadata.tables if self.metadata else ()) - set(self.crm.schema.tables()))
        return f"tables are missing: {', '.join(missing)}" if missing else ""

    # -- at work ------------------------------------------------------------------------------------------------------

    def new_tenant(self) -> str:
        """A new tenant."""
        tenant = f"t-{uuid.uuid4().hex[:12]}"
        self.crm.tenants.create(tenant)
        return tenant

    def inhabited_tenant(self) -> tuple[str, list[Record]]:
        """A new tenant, and one record of each entity of the plugin in it.

        Raises:
            NotReadyError: if no record can be made or stored.
        """
        tenant = self.new_tenant()
        made: list[Record] = []
        try:
            with self.crm.begin("ada", tenant) as uow:
                for entity in self.entities:
                    if entity.kind == "entity":
                        made += self.specimens.records(uow, entity, uow.use(Writing).write)
        except (CrmkitError, TypeError, ValueError) as error:
            raise NotReadyError(f"no record of {self.id} can be stored: {error}") from error
        return tenant, made

    def switch(self, tenant: str, *, on: bool) -> None:
        """Enable or disable the plugin; for the deployment, if it is of the kind that is enabled as a whole."""
        verb = self.crm.plugins.enable if on else self.crm.plugins.disable
        verb(self.id, tenant=tenant if self.manifest.scope == "tenant" else None)

    def rows(self, tenant: str) -> dict[str, list[str]]:
        """Everything stored for the tenant."""
        with self.crm.engine.connect() as connection:
            return rows_of(connection, tenant)
