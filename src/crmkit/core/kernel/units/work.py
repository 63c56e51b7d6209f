"""The state of one unit of work; services and hosts see `UnitOfWork`, the kernel sees this."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import evolve, frozen

from crmkit.core.kernel.access.policy import Rights
from crmkit.core.kernel.custom_fields.definitions import read_definitions, texts_of, with_custom
from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.quality.judging import Judged, judge
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.units.denials import Denial, denial_of
from crmkit.core.kernel.units.gate import Gate
from crmkit.core.kernel.units.projecting import ChangeNotes, Left, project
from crmkit.core.kernel.units.reading import Reading
from crmkit.core.kernel.units.writing import Buffer
from crmkit.errors import ClosedUnitError, ForbiddenError, HookDefinitionError
from crmkit.values.event import Origin
from crmkit.values.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.hooks.context import Context
    from crmkit.core.kernel.hooks.hook import Guard
    from crmkit.core.kernel.hooks.registry import HookTable
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.storage.storing import Lock
    from crmkit.core.kernel.units.gate import Operation
    from crmkit.errors import CrmkitError, Refusal
    from crmkit.values.event import Event

__all__ = ["UnitFacts", "Work"]

M = TypeVar("M", bound="Record")


@frozen(kw_only=True)
class UnitFacts:
    """What the unit says of itself in ``crm_unit``; and how many jobs came before it, each the cause of the next."""

    reason: str | None = None
    source: str | None = None
    caused_by: UUID | None = None
    chain: int = 0


_UNDONE = (
    "identity",
    "locked",
    "asks",
    "refusals",
    "events",
    "told",
    "undoes",
    "jobs",
    "reversible",
    "command",
    "depth",
    "seq",
    "versions",
    "changed",
    "left",
    "touched",
    "poisoned",
    "policy_touched",
    "files_gone",
    "rights",
    "definitions",
)
"""What of a unit's state a savepoint takes back; denials stay, since they were denied all the same."""


class Work(Reading):
    """One actor, one tenant, one transaction: what is loaded, buffered, to be told and denied.

    Attributes:
        identity: every record loaded or written so far, as it is now, unmasked; None where a lookup found nothing.
        buffer: what commands have written and no flush has stored yet.
        depth: how many commands are running, one inside of the other.
        versions: of the records written so far.
        changed: the whole records changed since projections were last told; empty if there are no projections.
        left: what facts referred to before, of those whose change projections are not told yet.
        definitions: the custom fields of the tenant.
        judged: what rules of quality say of the records of the unit, at its end.
        touched: the whole records changed since the unit, or the attempt that it is in, has begun.
        jobs: how many jobs were written with it.
        files_gone: contents of attachments that nothing of this unit names any more, to be removed after commit.
        poisoned: a command failed, so that only rollback is left.
    """

    def __init__(  # the parts of a unit, given by the one place that makes them
        self,
        runtime: Runtime,
        db: Db,
        *,
        tenant: str,
        actor: Actor,
        on_behalf_of: str | None,
        rights: Rights,
        definitions: Definitions,
        hooks: HookTable,
        enabled: frozenset[str],
        now: datetime,
        facts: UnitFacts,
        read_only: bool,
        policy_generation: int = 0,
    ) -> None:
        self.runtime, self.db, self.tenant, self.actor, self.on_behalf_of = runtime, db, tenant, actor, on_behalf_of
        self.rights, self.hooks, self.enabled, self.now, self.facts = rights, hooks, enabled, now, facts
        self.definitions = definitions
        self.read_only, self.policy_generation = read_only, policy_generation
        self.registry = runtime.registry
        self.id = new_id()
        self.gate = Gate(self)
        self.buffer = Buffer(self)
        self.identity: dict[tuple[str, UUID], Any] = {}  # a record or None, of the kind that the key names
        self.locked: dict[tuple[str, UUID], Lock] = {}
        self.asks: list[tuple[Guard[Any], Any]] = []
        self.refusals: list[Refusal] = []
        self.events: list[Event] = []
        self.told: list[dict[str, Any]] = []
        self.undoes: list[UUID] = []
        self.denials: list[Denial] = []
        self.reversible = True
        self.command: Operation | None = None
        self.depth = 0
        self.seq = 0
        self.versions: dict[UUID, int] = {}
        self.projections = runtime.projections(enabled)
        self.changed: ChangeNotes = {}
        self.left: dict[Left, None] = {}
        self.touched: ChangeNotes = {}
        self.judged: Judged = {}
        self.jobs = 0
        self.hastened: set[tuple[str, str]] = set()
        self.files_gone: set[str] = set()
        self.poisoned = False
        self.closed = False
        self.policy_touched = False
        self._unlimited: Rights | None = None
        self.actors_noted: dict[tuple[str, str], tuple[str, str]] = {}
        self.context: Context  # set by the unit, which it reads through

    # -- state --------------------------------------------------------------------------------------------------------

    def close(self) -> None:
        """End the unit, and let go of its records: units are rings of objects, which Python frees now and then."""
        self.closed = True
        self.buffer = Buffer(self)
        self.identity.clear()

    def check_open(self) -> None:
        """Refuse any use after the end.

        Raises:
            ClosedUnitError: if the unit has ended.
        """
        if self.closed:
            raise ClosedUnitError

    def tell(self, operation: Operation, targets: list[tuple[str, Any]]) -> None:
        """Note an outermost command for ``crm_unit``."""
        self.told.append({"command": operation.name, "targets": [[entity, str(id_)] for entity, id_ in targets]})
        self.reversible = self.reversible and operation.reversible

    def emit(self, event: Event) -> None:
        """Note an event, to be delivered after commit.

        Raises:
            HookDefinitionError: if nobody lists its class among the events that they emit, so that nobody would hear.
        """
        name = type(event).__name__
        if not self.hooks.knows(type(event)):
            message = f"{name} is listed in the events of no area and no plugin; add it to your Plugin's events"
            raise HookDefinitionError(name, type(event).__module__, message)
        origin = Origin(
            id=new_id(),
            tenant=self.tenant,
            unit=self.id,
            actor=self.actor.id,
            on_behalf_of=self.on_behalf_of,
            at=self.now,
        )
        self.events.append(evolve(event, origin=origin))

    def flush(self) -> None:
        """Check and store what is buffered."""
        self.buffer.flush()

    def settle(self) -> None:
        """Store what is buffered, and what is derived from it."""
        self.flush()
        project(self)

    def conclude(self) -> None:
        """Store what is buffered, refuse what no rule of quality lets pass, and store what is derived."""
        self.flush()
        self.judged = judge(self, self.touched)
        project(self)

    # -- savepoints ---------------------------------------------------------------------------------------------------

    @contextmanager
    def savepoint(self) -> Generator[None]:
        """Undo what the block writes, loads, emits and notes, if it raises; the error is raised on."""
        self.flush()
        with guarded():
            savepoint = self.db.connection.begin_nested()
        kept = {name: copy(getattr(self, name)) for name in _UNDONE}
        born = set(self.buffer.born)
        outer, self.touched = self.touched, {}
        try:
            yield
            self.flush()
            judge(self, self.touched)
            with guarded():
                savepoint.commit()
            self.touched = {**outer, **self.touched}
        except BaseException:
            savepoint.rollback()
            for name, value in kept.items():
                setattr(self, name, value)
            self.buffer.born, self.buffer.writes = born, []
            raise

    # -- permission ---------------------------------------------------------------------------------------------------

    def require(self, permission: str) -> None:
        """See that the actor may do this at all.

        Raises:
            ForbiddenError: if not.
        """
        if not self.rights.may(permission):
            raise ForbiddenError(permission, self.actor.id)

    @contextmanager
    def unlimited(self) -> Generator[None]:
        """Let nothing be hidden from what is read in the block; what was buffered is checked before."""
        self.flush()
        before = self.rights
        if self._unlimited is None or self._unlimited.custom is not before.custom:
            self._unlimited = evolve(Rights.unlimited(self.actor.id, "own records of a plugin"), custom=before.custom)
        self.rights = self._unlimited
        try:
            yield
        finally:
            self.rights = before

    def note_denial(self, operation: Operation, error: CrmkitError) -> None:
        """Remember a denial for the audit."""
        denial = denial_of(self, operation, error)
        if denial is not None:
            self.denials.append(denial)

    def team_of(self, owner: str | None) -> str | None:
        """The team of a new record where none was named: the only one of its owner, if that is who acts or lends."""
        for rights in (self.rights, *(d.rights for d in self.rights.delegated)):
            if rights.actor == owner and len(rights.teams) == 1:
                return next(iter(rights.teams))
        return None

    # -- custom fields ------------------------------------------------------------------------------------------------

    def custom_texts(self, entity: EntityType[Any], record: Record) -> Iterator[str]:
        """The texts of the searchable custom fields of ``record``, choices by their labels, whoever may read them."""
        fields = self.definitions.entities.get(entity.name)
        if fields is not None and record.custom:
            for one in fields.searchable:
                yield from texts_of(one, record.custom)

    def redefine(self) -> None:
        """Take definitions of custom fields that this unit has changed into account, and tell other processes."""
        self.flush()
        raise_policy_generation(self)
        self.definitions = read_definitions(self.db, self.tenant)
        self.rights = with_custom(self.rights, self.definitions.shapes)

    # -- buffered writes, called by Records ---------------------------------------------------------------------------

    def buffer_insert(self, record: M) -> M:
        """See `Records.add`."""
        return self.buffer.insert(record)

    def buffer_update(self, before: M, after: M) -> M:
        """See `Records.update`."""
        return self.buffer.update(before, after)

    def buffer_delete(self, record: Record) -> None:
        """See `Records.remove`."""
        self.buffer.delete(record)
