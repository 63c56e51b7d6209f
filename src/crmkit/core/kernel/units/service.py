"""The base of all services: what a command's body may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from crmkit.core.kernel.units.numbering import next_number
from crmkit.core.kernel.units.projecting import Projecting
from crmkit.errors import ForbiddenError, NotFoundError, OutsideCommandError
from crmkit.values.criteria import ALWAYS

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.hooks.hook import Collect, Guard
    from crmkit.core.kernel.keys.keys import Keys
    from crmkit.core.kernel.units.gate import Gate
    from crmkit.core.kernel.units.unit import UnitOfWork
    from crmkit.core.kernel.units.work import Work
    from crmkit.errors import Refusal
    from crmkit.values.criteria import Criteria
    from crmkit.values.event import Event

__all__ = ["Records", "Service"]

M = TypeVar("M", bound="Record")
T = TypeVar("T")
A = TypeVar("A")


class Records:
    """Writes records into the unit's buffer; the gate checks and stores them when the command's body has ended."""

    __slots__ = ("_work",)

    def __init__(self, work: Work) -> None:
        self._work = work

    def add(self, record: M) -> M:
        """Store a new record; returns it at version 1, with its timestamps.

        The flush refuses an id that another record has, or had before it was removed (`RemovedIdError`): what was
        removed comes back by `History.restore`.

        Raises:
            OutsideCommandError: if no command is running.
        """
        return self._writing().buffer_insert(record)

    def update(self, before: M, after: M) -> M:
        """Store ``after`` in the place of ``before``; returns it at its next version, or ``before`` if nothing differs.

        Fields that the actor may not read are kept as they are stored.

        Args:
            before: as `UnitOfWork.get` gives it.
            after: the changed record; its ``version`` tells which one the caller had read.

        Raises:
            StaleVersionError: if the record has moved on since the caller read it.
            OutsideCommandError: if no command is running.
        """
        return self._writing().buffer_update(before, after)

    def remove(self, record: Record) -> None:
        """Delete a record, and with it what is declared ``on_delete="delete"``; history keeps the full image.

        Raises:
            InUseError: if a record declared ``on_delete="refuse"`` still refers to it.
            OutsideCommandError: if no command is running.
        """
        self._writing().buffer_delete(record)

    def merge(self, loser: M, winner: M) -> M:
        """Make a record part of another one of its entity: whatever refers to it, in any table, then refers to that.

        For entities whose table has ``ref(<itself>, "merged_into", nullable=True)``. The loser stays as what says where
        everything went; nothing new can refer to it. What both have and only one may have is folded into one by the
        rule that its reference declares. Neither record changes otherwise: a command that wants values chosen or a
        state set updates them before. All of it is undone by undoing the unit of work. Needs the right to change
        both, and everything that refers to the loser.

        Args:
            loser: what becomes part of the other one.
            winner: what has everything in the end.

        Returns:
            The winner.

        Raises:
            InvalidValueError: if they are the same, or records of the entity are never merged.
            NotFoundError: if one of them is gone or hidden.
            ConflictError: if one of them has been merged before.
            MergeRefusedError: if the outcome would break a reference or a unique key.
            OutsideCommandError: if no command is running.
        """  # raised by what this calls; callers want to know
        from crmkit.core.kernel.history.merging import merge_records  # it stands on units of work

        work = self._writing()
        entity: EntityType[M] = work.registry.by_model(type(winner))
        return merge_records(work, entity, loser.id, winner.id)

    def _writing(self) -> Work:
        if not self._work.depth:
            raise OutsideCommandError
        return self._work


class Service:
    """The base of all services; subclasses have methods marked `command` and `query`.

    Attributes:
        records: writes records.
    """

    def __init__(self, uow: UnitOfWork) -> None:
        self._unit = uow
        work = uow._work  # noqa: SLF001  # the kernel's own unit
        self._work: Work = work
        self._gate: Gate = work.gate
        self.records = Records(work)

    @property
    def uow(self) -> UnitOfWork:
        """The unit of work that the service belongs to."""
        return self._unit

    @property
    def keys(self) -> Keys:
        """What only this deployment can write for this tenant: signed tokens and keyed hashes."""
        return self._unit.keys

    def emit(self, event: Event) -> None:
        """Tell what has happened; delivered after commit, to nobody if there is none."""
        self._work.emit(event)

    def guard(self, hook: Guard[T], payload: T) -> None:
        """Let plugins say no to ``payload``, after this body and before anything is written."""
        self._work.asks.append((hook, payload))

    def refuse(self, refusal: Refusal) -> None:
        """Say no by a policy of one's own; reported together with all other refusals."""
        self._work.refusals.append(refusal)

    def collect(self, hook: Collect[T, A], payload: T) -> list[tuple[str, A]]:
        """What plugins answer to ``payload``, each with the plugin's id."""
        self._work.flush()  # a refusal of what was written must not pass for the hook's fault
        return hook.ask(self._work.context, payload)

    def hold(self, what: EntityType[M], id: UUID, *, alone: bool = False) -> M:
        """A record as it is now, which nobody changes before the unit has ended; for a decision that rests on it.

        Those who decide by what each of them reads elsewhere take turns if those who change that hold a record
        ``alone`` first, and those who only read hold the same one. A unit that only reads holds nothing.

        Args:
            what: the entity of the record.
            id: its id.
            alone: whether others may not hold it either.

        Raises:
            NotFoundError: if there is none, or the actor may not see it.
        """
        work = self._work
        if work.read_only:
            return self.uow.get(what, id)
        work.flush()
        found = work.hold(what, id, alone=alone)
        if found is None or not work.sees(what, found):
            raise NotFoundError(what.name, id)
        return work.masked(what, found)

    def own_records(
        self,
        what: EntityType[M] | type[M],
        where: Criteria = ALWAYS,
        *,
        order: str | None = None,
        limit: int | None = None,
    ) -> list[M]:
        """Records of the service's own plugin, whoever may see them: for what must not depend on who asks.

        Whether somebody may be written to is decided by all that they said, not by what of it the actor may read. Show
        none of these records; say what follows from them.

        Args:
            what: an entity of the service's own plugin, or its model.
            where: which of its records.
            order: see `UnitOfWork.find`.
            limit: only the first ones, 1 to 1000; all by default.

        Raises:
            ForbiddenError: if the entity belongs to somebody else.
        """
        work = self._work
        entity = work.registry.of(what)
        if work.runtime.registry.plugin_of(entity.name) != work.runtime.services.get(type(self)):
            raise ForbiddenError(work.permission(entity, "read"), work.actor.id, entity=entity.name)
        with work.unlimited():
            if limit is not None:
                return list(self.uow.find(what, where, order=order, limit=limit))
            return list(self.uow.each(what, where, order=order))

    def derive(self, what: EntityType[M], ids: Iterable[UUID]) -> Projecting:
        """Records whose derived rows are to be written anew although the records have not changed.

        For a plugin that rebuilds what it derives, or keeps there what it has done with a record. Nobody changes the
        records before the unit has ended. A derived row that the actor's rights do not reach is written all the same,
        since it follows from the record.

        Args:
            what: the entity of the records.
            ids: which.

        Raises:
            OutsideCommandError: if no command is running.
        """
        work = self.records._writing()  # noqa: SLF001  # two halves of what a body may write
        work.settle()
        wanted = list(ids)
        held = work.store(what).read_many(work.db, work.tenant, wanted, lock=True)
        work.identity.update({(what.name, id_): record for id_, record in held.items()})
        return Projecting.of(work, what, wanted)

    def hasten(self, schedule: str) -> None:
        """Have a schedule of the service's own plugin run as soon as the unit is committed, once, besides its times.

        For what need not wait until its time comes: the schedule sees to what is due, and makes up for a hastened run
        that was lost. However often it is asked for in a unit, it is one job.

        Args:
            schedule: its name.

        Raises:
            OutsideCommandError: if no command is running.
            KeyError: if the plugin has no schedule of that name.
        """
        work = self.records._writing()  # noqa: SLF001  # two halves of what a body may write
        plugin = work.runtime.services[type(self)]
        if (plugin, schedule) not in work.runtime.schedules:
            msg = f"plugin {plugin!r} has no schedule {schedule!r}"
            raise KeyError(msg)
        work.hastened.add((plugin, schedule))

    def number(self, what: EntityType[Any]) -> int:
        """The next number of the tenant for a new record of an entity: 1, 2, 3 ...

        No two records get the same one, and later units get higher ones: whoever takes one holds the counter until the
        unit ends, so others who want one wait for that. A unit that is rolled back gives its numbers back, so there are
        no gaps; one that is undone does not, since people may have read its numbers.

        Args:
            what: the entity of the record.

        Raises:
            OutsideCommandError: if no command is running.
        """
        return next_number(self.records._writing(), what)  # noqa: SLF001  # two halves of what a body may write

    def settings(self, settings: type[T]) -> T:
        """The plugin's settings of this deployment."""
        return self._work.runtime.settings_of(settings)
