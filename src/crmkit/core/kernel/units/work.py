"""The state of one unit of work; services and hosts see `UnitOfWork`, the kernel sees this."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar, cast

from attrs import evolve, frozen

from crmkit.core.kernel.access.policy import permission_for
from crmkit.core.kernel.custom_fields.definitions import read_definitions, texts_of, with_custom
from crmkit.core.kernel.deployment.tenants import raise_policy_generation
from crmkit.core.kernel.quality.judging import Judged, judge
from crmkit.core.kernel.storage.faults import guarded
from crmkit.core.kernel.units.gate import Gate
from crmkit.core.kernel.units.projecting import ChangeNotes, project
from crmkit.core.kernel.units.writing import Buffer
from crmkit.errors import ClosedUnitError, ForbiddenError, HookDefinitionError, NotFoundError
from crmkit.values.event import Origin
from crmkit.values.ids import new_id

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from crmkit.core.kernel.access.actors import Actor
    from crmkit.core.kernel.access.policy import Rights
    from crmkit.core.kernel.custom_fields.definitions import Definitions
    from crmkit.core.kernel.deployment.runtime import Runtime
    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.hooks.context import Context
    from crmkit.core.kernel.hooks.hook import Guard
    from crmkit.core.kernel.hooks.registry import HookTable
    from crmkit.core.kernel.storage.database import Db
    from crmkit.core.kernel.storage.storing import Lock, Store
    from crmkit.core.kernel.units.gate import Operation
    from crmkit.errors import CrmkitError, Refusal
    from crmkit.values.event import Event

__all__ = ["Denial", "Work"]

M = TypeVar("M", bound="Record")


@frozen(kw_only=True)
class Denial:
    """Something that was denied: who wanted what. Written in a transaction of its own after the unit has ended."""

    actor: str
    on_behalf_of: str | None
    command: str | None
    permission: str
    entity: str | None
    record: UUID | None
    at: datetime


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
    "touched",
    "poisoned",
    "policy_touched",
    "rights",
    "definitions",
)
"""What of a unit's state a savepoint takes back; denials stay, since they were denied all the same."""


class Work:
    """One actor, one tenant, one transaction: what is loaded, buffered, to be told and denied.

    Attributes:
        identity: every record loaded or written so far, as it is now, unmasked; None where a lookup found nothing.
        buffer: what commands have written and no flush has stored yet.
        depth: how many commands are running, one inside of the other.
        versions: of the records written so far.
        changed: the whole records changed since projections were last told; empty if there are no projections.
        definitions: the custom fields of the tenant.
        judged: what rules of quality say of the records of the unit, at its end.
        touched: the whole records changed since the unit, or the attempt that it is in, has begun.
        jobs: how many jobs were written with it.
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
        self.touched: ChangeNotes = {}
        self.judged: Judged = {}
        self.jobs = 0
        self.poisoned = False
        self.closed = False
        self.policy_touched = False
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

    def note_denial(self, operation: Operation, error: CrmkitError) -> None:
        """Remember a denial for the audit."""
        if isinstance(error, ForbiddenError):
            permission, record = error.permission, error.id
        elif isinstance(error, NotFoundError):
            permission, record = operation.permission or operation.name, error.id
        else:
            return
        self.denials.append(
            Denial(
                actor=self.actor.id,
                on_behalf_of=self.on_behalf_of,
                command=operation.name,
                permission=permission,
                entity=error.entity,
                record=cast("UUID | None", record),  # ids are UUIDs wherever the gate raises
                at=self.now,
            )
        )

    def team_of(self, owner: str | None) -> str | None:
        """The team of a new record where none was named: the only one of its owner, if that is who acts or lends."""
        for rights in (self.rights, *(d.rights for d in self.rights.delegated)):
            if rights.actor == owner and len(rights.teams) == 1:
                return next(iter(rights.teams))
        return None

    # -- single records -----------------------------------------------------------------------------------------------

    def store(self, entity: EntityType[M]) -> Store[M]:
        """The entity's store on this dialect."""
        return self.runtime.store(entity, self.db.dialect)

    def load(self, entity: EntityType[M], id_: UUID, *, share: bool = False) -> M | None:
        """The record as it is in this unit, whoever may see it."""
        key = (entity.name, id_)
        share = share and not self.read_only
        if key in self.identity and (not share or key in self.locked or self.db.dialect == "sqlite"):
            cached: M | None = self.identity[key]
            return cached
        return self._read(entity, id_, "key" if share else None)

    def hold(self, entity: EntityType[M], id_: UUID, *, alone: bool = False) -> M | None:
        """The record as it is now, whoever may see it; nobody changes it until the unit has ended.

        For a record that a decision rests on, such as the pipeline of a move. If units decide by what each of them
        reads and writes elsewhere, let each hold one record ``alone`` before it reads, so that they take turns.

        Args:
            entity: the record's entity.
            id_: its id.
            alone: whether others may not hold it either.
        """
        key = (entity.name, id_)
        lock: Lock = "alone" if alone else "share"
        if key in self.identity and (self.db.dialect == "sqlite" or self.locked.get(key) in {lock, "alone"}):
            cached: M | None = self.identity[key]
            return cached
        return self._read(entity, id_, lock)

    def _read(self, entity: EntityType[M], id_: UUID, lock: Lock | None = None) -> M | None:
        """Read a record, which others may have written since this unit read it.

        What is held for a decision is as it is now. What merely stays where it is, such as the target of a command,
        is as the unit knows it, so that a write to it is refused as stale; unless it was merged or is gone.
        """
        key = (entity.name, id_)
        found = self.store(entity).read(self.db, self.tenant, id_, lock=lock)
        if lock is not None:
            self.locked[key] = lock
        known: M | None = self.identity.setdefault(key, found)
        if known is None:  # what the unit has deleted may still be found until that is stored
            return None
        if found is None:
            outdated = key not in self.buffer.born
        else:
            moved = lock != "key" or getattr(found, "merged_into", None) is not None
            outdated = moved and found.version > known.version
        if outdated:
            self.identity[key] = found
        return found if outdated else known

    def get(self, entity: EntityType[M], id_: UUID, *, share: bool = False) -> M:
        """The record, unmasked, if the actor may see it.

        Raises:
            NotFoundError: if there is none, or it is hidden.
        """
        record = self.load(entity, id_, share=share)
        if record is None or not self.sees(entity, record):
            raise NotFoundError(entity.name, id_)
        return record

    def sees(self, entity: EntityType[Any], record: Record) -> bool:
        """Whether the actor may see ``record`` as it is now."""
        return self.may(self.permission(entity, "read"), entity, record)

    def may(self, permission: str, entity: EntityType[Any], record: Record) -> bool:
        """Whether the actor may do this to ``record``."""
        return self.rights.check(permission, entity, record, self)

    def permission(self, entity: EntityType[Any], verb: str) -> str:
        """The permission that ``verb`` needs on records of ``entity``; of a part, its root's."""
        names = self.runtime.permission_names
        name = names.get((entity.name, verb))
        if name is None:
            name = names[entity.name, verb] = permission_for(self.registry, entity, verb)
        return name

    def hidden(self, entity: EntityType[Any], verb: str = "read") -> frozenset[str]:
        """The fields of ``entity`` that the actor may not read, or write."""
        return self.rights.hidden_fields(self.permission(entity, verb), entity)

    def granted(self, entity: str, id: UUID, permission: str, kind: str, keys: tuple[str, ...]) -> bool:
        """Whether this record is shared with one of ``keys``; asked by the policy."""
        return self.runtime.rights_source.granted(self.db, self.tenant, entity, id, permission, kind, keys)

    def referred(self, entity: EntityType[Any], field: str, record: Record) -> EntityType[Any]:
        """The entity that the reference ``field`` of ``record`` names.

        Raises:
            TypeError: if the field is no reference.
        """
        reference = entity.field(field).reference
        if reference is None:
            msg = f"{entity.name}.{field} is no reference"
            raise TypeError(msg)
        name = reference.entity or getattr(record, reference.entity_column or "")
        return self.registry.entity(name)

    def masked(self, entity: EntityType[M], record: M) -> M:
        """``record`` without the values that the actor may not read."""
        hidden = self.masks(entity)
        if not hidden:
            return record
        return self.store(entity).codec.replaced(record, dict.fromkeys(hidden))

    def masks(self, entity: EntityType[Any]) -> frozenset[str]:
        """The fields that are taken out of records: those that the actor may not read, and custom ones removed."""
        gone = self.definitions.shapes.hidden.get(entity.name)
        hidden = self.hidden(entity)
        return hidden if gone is None else hidden | gone

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
