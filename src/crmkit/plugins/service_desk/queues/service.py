"""The commands and queries about queues; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.model import Priority
from crmkit.plugins.service_desk.errors import UnknownQueueError
from crmkit.plugins.service_desk.queues.model import Queue, Strategy
from crmkit.sdk import AlreadyExistsError, Service, Target, command, f, query

__all__ = ["QueueId", "Queues"]

QueueId = Annotated[UUID, Target("service_desk.queue")]


class Queues(Service):
    """Where cases wait for whoever takes them."""

    @command("service_desk.queue.add", permission="service_desk.queue.create")
    def add_queue(
        self,
        key: str,
        *,
        label: str,
        team: str | None = None,
        strategy: Strategy = "manual",
        priority: Priority | None = None,
        address: str | None = None,
    ) -> Queue:
        """Add a queue.

        Args:
            key: how commands and rules name it.
            label: for people.
            team: key of the team that works on it, and to which its cases belong.
            strategy: how its cases are assigned: manual, round_robin, least_busy or by_skill.
            priority: of its cases, unless who opens one says another.
            address: the e-mail address whose mail becomes cases of it.

        Raises:
            AlreadyExistsError: if a queue has this key or address.
            InvalidKeyError: if the key is none.
            InvalidValueError: if the label is blank, or the strategy or priority is none.
        """  # the last two by the model
        queue = Queue(
            key=key, label=label, team_id=team, strategy=strategy, priority=priority, address=_address(address)
        )
        self._check_free(queue)
        return self.records.add(queue)

    @command("service_desk.queue.edit", permission="service_desk.queue.update")
    def edit_queue(self, queue: Queue) -> Queue:
        """Store a changed queue; its key stays.

        Args:
            queue: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
            AlreadyExistsError: if another queue has its address.
        """  # the first two by update
        before = self.uow.get(Queue, queue.id)
        after = evolve(queue, key=before.key, address=_address(queue.address))
        self._check_free(after)
        return self.records.update(before, after)

    @query("service_desk.queue.list", permission="service_desk.queue.read")
    def queues(self, *, active: bool = True) -> tuple[Queue, ...]:
        """The queues, by their keys.

        Args:
            active: only those that take cases.
        """
        return tuple(queue for queue in self.uow.each(Queue, order="key") if queue.active or not active)

    def _queue_called(self, key: str) -> Queue:
        """The queue of this key, if it takes cases; for the bodies of commands.

        Raises:
            UnknownQueueError: if it does not, or is hidden; lists those that do.
        """
        found = self.uow.find(Queue, f.key == key, limit=1)
        if not found or not found[0].active:
            raise UnknownQueueError(key, known=[queue.key for queue in self.queues()])
        return found[0]

    def _check_free(self, queue: Queue) -> None:
        for name in ("key", "address"):
            value = getattr(queue, name)
            taken = value is not None and self.uow.find(
                Queue, (getattr(f, name) == value) & (f.id != queue.id), limit=1
            )
            if taken:
                raise AlreadyExistsError("service_desk.queue", (name,))


def _address(given: str | None) -> str | None:
    return None if given is None else given.strip().lower()
