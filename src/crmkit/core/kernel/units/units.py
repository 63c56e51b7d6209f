"""How units of work begin and end: in crmkit's own transaction, in the host's, or retried and done once."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sqlalchemy import Connection

from crmkit.core.kernel.access.actors import SYSTEM, Actor
from crmkit.core.kernel.attachments.removing import remove_unnamed
from crmkit.core.kernel.deployment.tenants import check_tenant_id, read_tenant
from crmkit.core.kernel.storage import engines, joining
from crmkit.core.kernel.storage.database import Db
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.units.once import Key, keep_answer, kept_answer
from crmkit.core.kernel.units.outbox import write_denials, write_unit
from crmkit.core.kernel.units.unit import UnitOfWork
from crmkit.core.kernel.units.work import UnitFacts, Work
from crmkit.errors import AlreadyExistsError, CrmkitError, PoisonedUnitError, UnknownActorError, UnknownTenantError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.hooks.hook import Implementation
    from crmkit.values.event import Event

__all__ = ["Units"]

log = logging.getLogger("crmkit")

U = TypeVar("U", bound=UnitOfWork)
R = TypeVar("R")

MAX_CHAIN = 8
"""How long a chain of subscribers that cause events that have subscribers may become."""
_chain: ContextVar[int] = ContextVar("crmkit_chain", default=0)
_host: ContextVar[Connection | None] = ContextVar("crmkit_host", default=None)
"""The connection that units of their own are to join instead, in tests of a host that rolls back."""


class Units(Generic[U]):
    """Makes units of work.

    Args:
        runtime: what this deployment has loaded.
        engine: where crmkit's tables are.
        unit: the class of units, with the areas as attributes.
    """

    def __init__(self, runtime: Runtime, engine: Engine, unit: type[U]) -> None:
        self._runtime, self._engine, self._unit = runtime, engine, unit
        self._schema = runtime.config.database.schema

    # -- own transaction ----------------------------------------------------------------------------------------------

    @contextmanager
    def begin(
        self,
        actor: str | Actor,
        tenant: str | None,
        *,
        on_behalf_of: str | None = None,
        facts: UnitFacts | None = None,
        read_only: bool = False,
    ) -> Generator[U]:
        """A unit in a transaction of its own; see `CRM.begin`."""
        host = _host.get()
        if host is not None:
            with self.join(host, actor, tenant, on_behalf_of=on_behalf_of, facts=facts, read_only=read_only) as uow:
                yield uow
            return
        with guarded():
            connection = self._engine.connect()
        work: Work | None = None
        try:
            with guarded():
                transaction = engines.begin(connection, read_only=read_only)
            try:
                done = work = self._open(
                    connection, actor, tenant, on_behalf_of, facts or UnitFacts(), read_only=read_only
                )
                yield self._unit(work)
                self._finish(work)
                with guarded(committing=True):
                    transaction.commit()
            except BaseException:
                with guarded():
                    transaction.rollback()
                raise
            finally:
                if work is not None:
                    work.close()
        finally:
            connection.close()
            if work is not None:
                self._deny(work)
        self._deliver(done)

    # -- the host's transaction ---------------------------------------------------------------------------------------

    @contextmanager
    def join(
        self,
        host: Any,
        actor: str | Actor,
        tenant: str | None,
        *,
        on_behalf_of: str | None = None,
        facts: UnitFacts | None = None,
        read_only: bool = False,
    ) -> Generator[U]:
        """A unit in the host's transaction; see `CRM.join`."""
        connection = joining.enter(host)
        joined = joining.watch(connection.engine)
        with guarded():
            savepoint = connection.begin_nested()
        work: Work | None = None
        try:
            # Rights that the host's transaction has changed, and may roll back, are not what others may have, too.
            done = work = self._open(
                connection,
                actor,
                tenant,
                on_behalf_of,
                facts or UnitFacts(),
                read_only=read_only,
                alone=joined.is_policy_touched(connection),
            )
            yield self._unit(work)
            self._finish(work)
            with guarded():
                savepoint.commit()
            if work.policy_touched:
                joined.touch_policy(connection)
        except BaseException:
            if savepoint.is_active:
                with guarded():
                    savepoint.rollback()
            if work is not None and work.denials:
                ended = work
                joined.enlist(connection, lambda: self._deny(ended), lambda: self._deny(ended))
            raise
        finally:
            if work is not None:
                work.close()
        joined.enlist(connection, lambda: self._deny_and_deliver(done), lambda: self._deny(done))

    # -- retried, and once --------------------------------------------------------------------------------------------

    def run(
        self,
        fn: Callable[[U], R],
        actor: str | Actor,
        tenant: str | None,
        *,
        on_behalf_of: str | None = None,
        facts: UnitFacts | None = None,
        retries: int = 3,
        once: Key | None = None,
    ) -> R:
        """A unit that may be run again as a whole; see `CRM.run`.

        Raises:
            CrmkitError: what ``fn`` raises, once it is not to be run again.
            AssertionError: never.
        """
        for attempt in range(retries + 1):
            try:
                with self.begin(actor, tenant, on_behalf_of=on_behalf_of, facts=facts) as uow:
                    return self._answer(fn, uow, once)
            except CrmkitError as error:
                if attempt == retries or not (error.retryable or _lost_race(error)):
                    raise
                log.info("running a unit again after: %s", error.code)
                time.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311  # jitter, not a secret
        raise AssertionError  # pragma: no cover  # the loop returns or raises

    def _answer(self, fn: Callable[[U], R], uow: U, once: Key | None) -> R:
        if once is None:
            return fn(uow)
        work = uow._work  # noqa: SLF001  # the kernel's own unit
        known, answer = kept_answer(work, once, fn)
        if not known:
            answer = fn(uow)
            keep_answer(work, once, answer)
        return answer  # type: ignore[no-any-return]  # of fn's own type, kept and restored

    # -- the parts ----------------------------------------------------------------------------------------------------

    @contextmanager
    def transaction(self, *, read_only: bool = False) -> Generator[Connection]:
        """A short transaction of its own; inside of `inside`, a savepoint of the host's."""
        host = _host.get()
        if host is not None:
            with host.begin_nested():
                yield host
            return
        with self._engine.connect() as connection, engines.begin(connection, read_only=read_only):
            yield connection

    @contextmanager
    def inside(self, host: Any) -> Generator[Connection]:
        """Let all units and jobs of the block take part in the host's transaction, as if it had been committed.

        For tests of a host that rolls back after each one.
        """
        connection = joining.enter(host)
        token = _host.set(connection)
        try:
            yield connection
        finally:
            _host.reset(token)

    @contextmanager
    def system(self, tenant: str, plugin: str | None = None) -> Generator[U]:
        """A unit with every right, for setting up a tenant or a plugin."""
        with self.begin(SYSTEM, tenant, facts=UnitFacts(source=f"setup:{plugin}" if plugin else "setup")) as uow:
            yield uow

    def _open(  # one place for both ways in
        self,
        connection: Connection,
        actor: str | Actor,
        tenant: str | None,
        on_behalf_of: str | None,
        facts: UnitFacts,
        *,
        read_only: bool,
        alone: bool = False,
    ) -> Work:
        runtime = self._runtime
        tenant = tenant if tenant is not None else runtime.config.crmkit.default_tenant
        if tenant is None:
            raise UnknownTenantError(None)
        db = Db(connection, self._schema, runtime.guard)
        found = read_tenant(db, check_tenant_id(tenant))
        who = actor if isinstance(actor, Actor) else self._actor(tenant, actor)
        now = runtime.clock.now()
        enabled, hooks = runtime.profile(db, found)
        return Work(
            runtime,
            db,
            tenant=tenant,
            actor=who,
            on_behalf_of=on_behalf_of,
            rights=runtime.rights(db, found, who, on_behalf_of, now, alone=alone),
            definitions=runtime.definitions(db, found, alone=alone),
            hooks=hooks,
            enabled=enabled,
            now=now,
            facts=facts,
            read_only=read_only,
            policy_generation=found.policy_generation,
        )

    def _actor(self, tenant: str, id_: str) -> Actor:
        found = self._runtime.directory(tenant, (id_,)).get(id_)
        if found is None or not found.active:
            raise UnknownActorError(id_, tenant)
        return found

    def _finish(self, work: Work) -> None:
        if work.poisoned:
            raise PoisonedUnitError
        if work.read_only:
            return
        work.conclude()
        write_unit(work)

    def _deny(self, work: Work) -> None:
        """Write denials in a transaction of their own: best effort, counted in health."""
        denials, work.denials = work.denials, []
        if not denials:
            return
        try:
            with self.transaction() as connection:
                write_denials(Db(connection, self._schema), work.tenant, denials)
        except Exception as error:  # noqa: BLE001  # an audit that fails must not hide the refusal itself
            self._runtime.health.fault("core", "denials", error, skippable=False)

    def _deny_and_deliver(self, work: Work) -> None:
        self._deny(work)
        self._deliver(work)

    def _deliver(self, work: Work) -> None:
        """Tell in-process subscribers, one by one; what one does wrong is its own."""
        if _host.get() is None:  # else the host rolls back what was noted
            self._runtime.actors_seen.update(work.actors_noted)
        if work.files_gone:
            self._remove_files(work)
        if work.jobs:
            self._runtime.bell.ring(work.tenant)
        if not work.events:
            return
        depth = _chain.get()
        token = _chain.set(depth + 1)
        try:
            for event in work.events:
                for subscriber in work.hooks.subscribers(type(event)):
                    with work.hooks.isolated(subscriber):
                        self._react(work, subscriber, event, depth)
            self._runtime.bus.deliver(work.events)
        finally:
            _chain.reset(token)

    def _remove_files(self, work: Work) -> None:
        """Remove contents that an erasure has left without a name; what fails here, ``crmkit files clean`` removes."""
        try:
            with self.transaction() as connection:  # which writes nothing, and lets nobody attach the same meanwhile
                remove_unnamed(Db(connection, self._schema), work.tenant, work.files_gone, self._runtime)
        except Exception as error:  # noqa: BLE001  # what is committed stays committed
            self._runtime.health.fault("core", "files", error, skippable=False)

    def _react(self, work: Work, subscriber: Implementation, event: Event, depth: int) -> None:
        """Run one plugin's subscriber in a unit of its own, with the rights of the event's actor.

        Raises:
            RecursionError: if events cause events without end.
        """
        if depth >= MAX_CHAIN:
            msg = f"events caused by events, {MAX_CHAIN} deep"
            raise RecursionError(msg)
        facts = UnitFacts(source=f"plugin:{subscriber.plugin}", caused_by=work.id)
        with self.begin(work.actor, work.tenant, on_behalf_of=work.on_behalf_of, facts=facts) as uow:
            subscriber.fn(uow, event)


def _lost_race(error: CrmkitError) -> bool:
    """Two runs with one key at the same time: the second finds the first one's answer when it is run again."""
    return isinstance(error, AlreadyExistsError) and error.entity == "crm_once"
