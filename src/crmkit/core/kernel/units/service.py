"""The base of all services: what a command's body may do."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from crmkit.core.kernel.units.projecting import Projecting
from crmkit.errors import OutsideCommandError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from uuid import UUID

    from crmkit.core.kernel.entities.entity import EntityType, Record
    from crmkit.core.kernel.hooks.hook import Collect, Guard
    from crmkit.core.kernel.units.gate import Gate
    from crmkit.core.kernel.units.unit import UnitOfWork
    from crmkit.core.kernel.units.work import Work
    from crmkit.errors import Refusal
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

    def settings(self, settings: type[T]) -> T:
        """The plugin's settings of this deployment."""
        return self._work.runtime.settings_of(settings)
