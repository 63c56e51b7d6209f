"""The composition root: areas, plugins and kernel put together into one `CRM`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar

from crmkit.core import wiring
from crmkit.core.interactions.service import Interactions
from crmkit.core.kernel.access.actors import ActorDirectory, directory_at, everybody
from crmkit.core.kernel.attachments.administration import Files
from crmkit.core.kernel.attachments.checking import file_check
from crmkit.core.kernel.attachments.folder import FolderStore
from crmkit.core.kernel.attachments.service import Attachments
from crmkit.core.kernel.comments.service import Comments, Notifications
from crmkit.core.kernel.config.config import Config
from crmkit.core.kernel.custom_fields.indexes import FieldIndexes
from crmkit.core.kernel.custom_fields.rebuilding import UniqueValues
from crmkit.core.kernel.decisions.service import Decisions
from crmkit.core.kernel.deployment.administration import Plugins, Tenants
from crmkit.core.kernel.deployment.starting import Assembly, assemble
from crmkit.core.kernel.hooks.health import Health
from crmkit.core.kernel.jobs.administration import Jobs
from crmkit.core.kernel.plugins.loading import load_cli
from crmkit.core.kernel.plugins.profile import graph
from crmkit.core.kernel.plugins.quarantine import Fault
from crmkit.core.kernel.quality.rebuilding import rebuild
from crmkit.core.kernel.search.checking import search_check
from crmkit.core.kernel.search.rebuilding import SearchIndex
from crmkit.core.kernel.storage.engines import attach, in_schema, make_engine
from crmkit.core.kernel.storage.joining import watch
from crmkit.core.kernel.storage.schema import Schema
from crmkit.core.kernel.units.service import Service as KernelService
from crmkit.core.kernel.units.unit import UnitOfWork as KernelUnit
from crmkit.core.kernel.units.units import Units
from crmkit.core.kernel.units.work import UnitFacts
from crmkit.core.kernel.verification.model import Finding
from crmkit.core.kernel.verification.verify import verify
from crmkit.core.parties.service import Parties
from crmkit.core.permissions.service import Permissions
from crmkit.core.pipelines.service import Pipelines
from crmkit.core.pipelines.staged.service import StagedService as CoreStagedService
from crmkit.errors import ConfigError, PluginQuarantinedError, StartupError, UnknownPluginError, UnknownTenantError
from crmkit.values.clock import Clock, SystemClock

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmkit.core.kernel.attachments.store import FileStore
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.jobs.model import JobStatus
    from crmkit.core.kernel.jobs.running import Outcome
    from crmkit.core.kernel.plugins.manifest import Manifest
    from crmkit.core.kernel.units.once import Key
    from crmkit.values.event import Event

__all__ = ["CRM", "Service", "StagedService", "UnitOfWork"]

E = TypeVar("E", bound="Event")
R = TypeVar("R")


class UnitOfWork(KernelUnit):
    """One actor, one tenant, one transaction, with the core's areas as attributes.

    Plugins' services are had by ``uow.use(TheirService)``.
    """

    @property
    def parties(self) -> Parties:
        """People and organisations."""
        return self.use(Parties)

    @property
    def interactions(self) -> Interactions:
        """What happened with parties, and what is planned."""
        return self.use(Interactions)

    @property
    def pipelines(self) -> Pipelines:
        """Deals and other staged work."""
        return self.use(Pipelines)

    @property
    def permissions(self) -> Permissions:
        """Roles, teams, grants, delegations."""
        return self.use(Permissions)

    @property
    def comments(self) -> Comments:
        """What colleagues have to say about any record."""
        return self.use(Comments)

    @property
    def notifications(self) -> Notifications:
        """Where comments mention the actor."""
        return self.use(Notifications)

    @property
    def attachments(self) -> Attachments:
        """Files that hang on any record."""
        return self.use(Attachments)

    @property
    def decisions(self) -> Decisions:
        """What was decided about any record, on which basis and by whom."""
        return self.use(Decisions)


class Service(KernelService):
    """The base of a plugin's services; its methods are marked `command` and `query`."""

    _unit: UnitOfWork

    @property
    def uow(self) -> UnitOfWork:
        """The unit of work that the service belongs to, with the core's areas: ``self.uow.parties``."""
        return self._unit


class StagedService(Service, CoreStagedService):
    """The base of services whose records move through stages, as deals do (`entry_stage`, `enter`, `move_record`)."""


def _config(given: object) -> Config:
    """The configuration, however it was given.

    Raises:
        ConfigError: if it is neither a `Config` nor a mapping.
    """
    if given is None:
        return Config.load()
    if isinstance(given, Mapping):
        return Config.of(given)
    if not isinstance(given, Config):
        way = 'give a Config, or a mapping such as {"database.url": "sqlite://"}'
        raise ConfigError(f"CRM cannot be configured by {given!r}; {way}")
    return given


class CRM:
    """A CRM inside of an application.

    Args:
        config: from `Config.load`, or a mapping as `Config.of` takes it, such as ``{"database.url": "sqlite://"}``; by
            default ``crmkit.toml`` and the environment.
        engine: the application's own engine; one for ``database.url`` by default.
        plugins: ids of plugins to load, instead of those that the configuration lists.
        manifests: plugins that are not installed as distributions, such as an application's own.
        actors: the application's users: a function of a tenant and ids; by default the one that ``crmkit.actors``
            names. Without any, every id is an active user.
        clock: tells the time; the machine's by default.
        files: where the contents of attachments are kept; in the folder ``files.folder`` by default.

    Raises:
        ConfigError: if the configuration cannot be used.
    """

    def __init__(
        self,
        config: Config | Mapping[str, Any] | None = None,
        *,
        engine: Engine | None = None,
        plugins: Sequence[str] | None = None,
        manifests: Sequence[Manifest] = (),
        actors: ActorDirectory | None = None,
        clock: Clock | None = None,
        files: FileStore | None = None,
    ) -> None:
        config = _config(config)
        self.config = config if plugins is None else config.override({"crmkit.plugins": list(plugins)})
        self._given, self._manifests = engine, tuple(manifests)
        named = self.config.crmkit.actors
        self._actors: ActorDirectory = actors or (directory_at(named) if named else everybody)
        self._clock: Clock = clock or SystemClock()
        self._files: FileStore = files or FolderStore(self.config.files.folder)
        self.health = Health(tolerated=self.config.hooks.max_faults, slow_after=self.config.hooks.slow_ms / 1000)
        self._engine: Engine | None = None
        self._assembly: Assembly | None = None
        self._units: Units[UnitOfWork] | None = None
        self._jobs: Jobs | None = None

    # -- life ---------------------------------------------------------------------------------------------------------

    def start(self) -> Self:
        """Resolve and import plugins, compare the database with the code, and freeze. Never migrates.

        Returns:
            This CRM, so that ``crm = CRM(...).start()`` works.

        Raises:
            StartupError: everything that keeps it from starting, each with its fix.
        """
        if self._units is not None:
            return self
        assembly = self.assemble()
        problems = list(assembly.problems) or self.schema.problems()
        if problems:
            raise StartupError(problems)
        self._units = Units(assembly.runtime, self.engine, UnitOfWork)
        return self

    def close(self) -> None:
        """Stop running jobs, and give up the connections of crmkit's own engine; the application's is left alone."""
        if self._jobs is not None:
            self._jobs.stop()
            self._jobs = None
        if self._engine is not None and self._given is None:
            self._engine.dispose()
        self._engine = self._units = self._assembly = None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """Where crmkit's tables are."""
        if self._engine is None:
            database = self.config.database
            if self._given is not None:
                self._engine = in_schema(attach(self._given), database.schema)
            else:
                self._engine = make_engine(database.url, schema=database.schema)
        return self._engine

    def attach(self, engine: Engine) -> Engine:
        """Make another engine of the application over the same database fit to be joined (see `join`)."""
        return attach(engine)

    def assemble(self) -> Assembly:
        """What the start puts together, with its problems; for tools that work although it cannot start."""
        if self._assembly is None:
            self._assembly = assemble(
                self.config,
                areas=wiring.AREAS,
                wiring=wiring.IMPLEMENTATIONS,
                rights_source=wiring.rights_source(self.config, self._actors),
                core_unit=wiring.MIGRATIONS,
                clock=self._clock,
                directory=self._actors,
                health=self.health,
                files=self._files,
                manifests=self._manifests,
            )
        return self._assembly

    @property
    def runtime(self) -> Runtime:
        """What the deployment has loaded: entities, operations, permissions, hooks."""
        return self.assemble().runtime

    # -- administration -----------------------------------------------------------------------------------------------

    @property
    def schema(self) -> Schema:
        """The database's tables: status, upgrade, SQL. Works before the start."""
        return Schema(self.assemble(), self.engine)

    @property
    def tenants(self) -> Tenants:
        """The tenants of the deployment."""
        assembly = self.assemble()
        return Tenants(assembly.runtime, self.engine, self._started(), assembly.parts)

    @property
    def plugins(self) -> Plugins:
        """The plugins of the deployment; what they have stored can be looked at before the start."""
        assembly = self.assemble()
        units = self._units or Units(assembly.runtime, self.engine, UnitOfWork)
        return Plugins(assembly, self.engine, units, lambda: self.tenants)

    @property
    def custom_fields(self) -> FieldIndexes:
        """The indexes of custom fields: which are missing, and building them. Works before the start."""
        return FieldIndexes(self.assemble().runtime, self.engine)

    @property
    def unique_values(self) -> UniqueValues:
        """The taken values of unique custom fields: note them anew from the records."""
        return UniqueValues(self._started(), lambda: [id_ for id_, _ in self.tenants.list(active=True)])

    @property
    def jobs(self) -> Jobs:
        """The jobs of the deployment: run them in this process, look at them, try them again."""
        if self._jobs is None:
            self._jobs = Jobs(self.runtime, self.engine, self._started())
        return self._jobs

    @property
    def files(self) -> Files:
        """The contents of attachments: clean and check the store."""
        return Files(self.runtime, self.engine)

    def appoint(self, actor: str, *, role: str = "administrator", tenant: str | None = None) -> None:
        """Give an actor a role in crmkit's own memberships, as setting up a tenant needs before anybody has any right.

        Args:
            actor: the actor's id.
            role: the role's key.
            tenant: in which tenant; the configured default by default.

        Raises:
            ConfigError: if roles are read from the application's directory.
            UnknownRoleError: if there is no such role; lists those there are.
            UnknownTenantError: if there is no such tenant.
        """
        if self.config.access.membership != "database":
            message = "who has which role is asked of the directory of actors here (access.membership)"
            raise ConfigError(message)
        tenant = tenant or self.config.crmkit.default_tenant
        if tenant is None:
            raise UnknownTenantError(None)
        with self._started().system(tenant) as uow:
            uow.permissions.assign(actor, role=role)

    @property
    def search(self) -> SearchIndex:
        """The texts by which records are found: make them anew from the records."""
        return SearchIndex(self.runtime, self._started(), lambda: [id_ for id_, _ in self.tenants.list(active=True)])

    def verify(self, *, tenant: str | None = None, progress: Callable[[str], None] | None = None) -> Iterator[Finding]:
        """Everything in which tables, keys, references, merges, history and files disagree, as it is found; only reads.

        Works before the start, and covers what disabled plugins and those that are gone have stored.

        Args:
            tenant: look at the records of this tenant only.
            progress: told each step before it is taken.
        """
        return verify(
            self.engine,
            self.config.database.schema,
            tenant=tenant,
            progress=progress,
            checks=(*wiring.CHECKS, file_check(self._files), search_check(self.runtime)),
            plugins=(manifest.id for manifest in self.assemble().found.manifests),
        )

    def rebuild_quality(self, *, tenant: str | None = None, progress: Callable[[str], None] | None = None) -> int:
        """Score all records anew, after rules of quality were changed; page by page, beside everything else.

        Args:
            tenant: only the records of this tenant; of all by default.
            progress: told each step.

        Returns:
            How many records were looked at.
        """
        tenants = [tenant] if tenant else [id_ for id_, _ in self.tenants.list(active=True)]
        return rebuild(self._started(), tenants, progress or (lambda _: None))

    def commands(self, plugin: str) -> Any:
        """The click group that a loaded plugin brings for the command line; None if it brings none.

        Raises:
            UnknownPluginError: if the plugin is not loaded.
            PluginQuarantinedError: if it, or its part for the command line, fails to load.
        """
        runtime = self.runtime
        if plugin in runtime.quarantined:
            raise PluginQuarantinedError(plugin, runtime.quarantined[plugin])
        if plugin not in runtime.manifests:
            raise UnknownPluginError(plugin, loaded=tuple(runtime.manifests))
        found = load_cli(runtime.manifests[plugin])
        if isinstance(found, Fault):
            raise found.error
        return found

    def plugin_graph(self, form: Literal["text", "mermaid"] = "text") -> str:
        """The installed plugins and what ties them together, as text or as a Mermaid flowchart."""
        return graph(self.assemble().found.manifests, form)

    # -- units of work ------------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self,
        actor: str,
        tenant: str | None = None,
        *,
        on_behalf_of: str | None = None,
        reason: str | None = None,
        source: str | None = None,
        read_only: bool = False,
    ) -> Generator[UnitOfWork]:
        """A unit of work in a transaction of crmkit's own: committed when the block ends, rolled back if it raises.

        Args:
            actor: who acts; the directory must know it.
            tenant: which tenant; the configured ``crmkit.default_tenant`` if not given.
            on_behalf_of: for whom, under a delegation: with what they have lent, less what the actor is forbidden.
            reason: why, for history.
            source: where the data comes from (``web``, ``import``), for history and provenance.
            read_only: refuse commands; on SQLite, take no write lock.

        Raises:
            UnknownTenantError: if there is no such tenant.
            UnknownActorError: if the directory does not know the actor, or says that it is not active.
            RetryableStorageError: if the database was locked or lost; the whole block may be run again (`run` does).
        """
        facts = UnitFacts(reason=reason, source=source)
        with self._started().begin(actor, tenant, on_behalf_of=on_behalf_of, facts=facts, read_only=read_only) as uow:
            yield uow

    @contextmanager
    def join(
        self,
        host: Any,
        actor: str,
        tenant: str | None = None,
        *,
        on_behalf_of: str | None = None,
        reason: str | None = None,
        source: str | None = None,
    ) -> Generator[UnitOfWork]:
        """A unit of work in the transaction of the application, which commits or rolls back.

        A refusal undoes what the unit wrote and leaves the application's transaction usable. Events are delivered after
        the application's commit, and never if it rolls back.

        Args:
            host: a SQLAlchemy Connection or ORM Session over an engine that `attach` has seen (or the CRM's own).
            actor: see `begin`.
            tenant: see `begin`.
            on_behalf_of: see `begin`.
            reason: see `begin`.
            source: see `begin`.

        Raises:
            JoinError: if the connection cannot be joined; says what to change.
            ConflictError: if SQLite's write lock cannot be had.
        """
        facts = UnitFacts(reason=reason, source=source)
        with self._started().join(host, actor, tenant, on_behalf_of=on_behalf_of, facts=facts) as uow:
            yield uow

    def run(
        self,
        fn: Callable[[UnitOfWork], R],
        actor: str,
        tenant: str | None = None,
        *,
        retries: int = 3,
        once: Key | None = None,
        on_behalf_of: str | None = None,
        reason: str | None = None,
        source: str | None = None,
    ) -> R:
        """Call ``fn`` in a unit of work that is run again, whole, when the database asks for it.

        Args:
            fn: takes the unit; may be called several times, so it must have no effect but through the unit.
            actor: see `begin`.
            tenant: see `begin`.
            retries: how many times to run it again after a deadlock, serialization failure, stale version or lost
                connection before the commit.
            once: do it once for this key, and give the same answer ever after; the answer must have a JSON form.
            on_behalf_of: see `begin`.
            reason: see `begin`.
            source: see `begin`.

        Raises:
            ConflictError: if the key was used before with another body.
        """
        facts = UnitFacts(reason=reason, source=source)
        return self._started().run(
            fn, actor, tenant, retries=retries, once=once, on_behalf_of=on_behalf_of, facts=facts
        )

    def on(self, event: type[E], fn: Callable[[E], None]) -> Callable[[], None]:
        """Call ``fn`` in this process with every event of the class, after commit, outside of any transaction.

        Returns:
            A function that ends the subscription.
        """
        return self.runtime.bus.on(event, fn)

    def _deliver(self, host: Any) -> Sequence[tuple[JobStatus, Outcome]]:
        """Deliver what waits for the host's commit, and run its jobs, in the host's transaction; for the test kit.

        Returns:
            Each job, and what has become of it.
        """
        ran: list[tuple[JobStatus, Outcome]] = []
        with self._started().inside(host) as connection:
            while True:
                told = watch(connection.engine).deliver_now(connection)
                jobs = self.jobs.run_told(but={job.id for job, _ in ran})
                ran += jobs
                if not told and not jobs:
                    return ran

    def _started(self) -> Units[UnitOfWork]:
        if self._units is None:
            raise ConfigError("this CRM has not been started; call crm.start() once, after crmkit db upgrade")
        return self._units
