"""The commands that route and distribute cases; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.model import UNDER_WAY, Case, Kind, Priority
from crmkit.plugins.service_desk.cases.service import Cases
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.queues.model import Queue
from crmkit.plugins.service_desk.queues.service import QueueId
from crmkit.plugins.service_desk.routing.model import Agent, RoutingRule
from crmkit.plugins.service_desk.routing.rules import Assignment, distributed, in_turn
from crmkit.sdk import command, f, query

__all__ = ["Routing"]


class Routing(Cases):
    """Which queue a case comes into, and who of the queue gets it."""

    # -- rules --------------------------------------------------------------------------------------------------------

    @command("service_desk.rule.add", permission="service_desk.rule.create")
    def add_rule(
        self,
        label: str,
        *,
        queue: str,
        place: int = 100,
        kinds: Sequence[Kind] = (),
        channels: Sequence[str] = (),
        tiers: Sequence[str] = (),
        priorities: Sequence[Priority] = (),
        words: Sequence[str] = (),
        priority: Priority | None = None,
        skill: str | None = None,
    ) -> RoutingRule:
        """Add a rule by which cases that nobody puts into a queue come into one.

        Args:
            label: for people.
            queue: the key of the queue.
            place: rules are asked in this order, lower ones first; the first one that fits decides.
            kinds: only cases of one of these kinds; of any by default, as for all conditions.
            channels: only cases that came over one of these.
            tiers: only cases of one of these tiers.
            priorities: only cases of one of these priorities.
            words: only cases with one of these in subject or body.
            priority: what such a case gets, where nobody says another.
            skill: what whoever works on such a case has to know.

        Raises:
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
            InvalidValueError: if a kind or priority is none, the label is blank or the place negative.
        """  # raised by what this calls; callers want to know
        return self.records.add(
            RoutingRule(
                label=label,
                place=place,
                queue_id=self._queue_called(queue).id,
                kinds=tuple(kinds),
                channels=tuple(channels),
                tiers=tuple(tiers),
                priorities=tuple(priorities),
                words=tuple(words),
                priority=priority,
                skill=skill,
            )
        )

    @command("service_desk.rule.remove", permission="service_desk.rule.delete")
    def remove_rule(self, rule: UUID) -> None:
        """Remove a routing rule; cases stay where they are.

        Args:
            rule: its id.

        Raises:
            NotFoundError: if it is gone or hidden.
        """  # raised by what this calls; callers want to know
        self.records.remove(self.uow.get(RoutingRule, rule))

    @query("service_desk.rule.list", permission="service_desk.rule.read")
    def rules(self) -> tuple[RoutingRule, ...]:
        """The routing rules in the order in which they are asked."""
        return self._rules()

    # -- agents -------------------------------------------------------------------------------------------------------

    @command("service_desk.queue.set_agent", permission="service_desk.queue.update")
    def set_agent(
        self,
        queue: str,
        actor: str,
        *,
        skills: Sequence[str] = (),
        capacity: int | None = None,
        available: bool = True,
    ) -> Agent:
        """Let somebody be among whom a queue's cases are distributed, or change what is known of them.

        Args:
            queue: the key of the queue.
            actor: who.
            skills: keys of what they know.
            capacity: how many cases, of all queues, they have under way at most; any number by default.
            available: whether new cases are assigned to them.

        Raises:
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
            UnknownActorError: if it is nobody who is active.
            InvalidValueError: if the capacity is negative.
        """  # raised by what this calls; callers want to know
        self._check_actor(actor)
        place = self._queue_called(queue)
        new = Agent(queue_id=place.id, actor_id=actor, skills=tuple(skills), capacity=capacity, available=available)
        known = [agent for agent in self._agents(place.id) if agent.actor_id == actor]
        if not known:
            return self.records.add(new)
        said = evolve(known[0], skills=new.skills, capacity=capacity, available=available)
        return self.records.update(known[0], said)

    @command("service_desk.queue.remove_agent", permission="service_desk.queue.update")
    def remove_agent(self, queue: str, actor: str) -> None:
        """Distribute no more cases of a queue to somebody; theirs stay theirs.

        Args:
            queue: the key of the queue.
            actor: who; somebody who is no agent of it is left alone.

        Raises:
            UnknownQueueError: if there is no such queue that takes cases; lists those there are.
        """  # raised by what this calls; callers want to know
        for agent in self._agents(self._queue_called(queue).id):
            if agent.actor_id == actor:
                self.records.remove(agent)

    @query("service_desk.queue.agents", permission="service_desk.queue.read")
    def agents(self, queue: QueueId) -> tuple[Agent, ...]:
        """The agents of a queue, by their ids.

        Args:
            queue: its id.

        Raises:
            NotFoundError: if the queue is gone or hidden.
        """
        return tuple(sorted(self._agents(queue), key=lambda agent: agent.actor_id))

    # -- distributing -------------------------------------------------------------------------------------------------

    @command("service_desk.case.distribute", permission="service_desk.case.distribute")
    def distribute(self, *, limit: int = 200) -> tuple[Assignment, ...]:
        """Assign the cases that wait in queues with a strategy, the most pressing first; a schedule does it, too.

        Who has how many is counted of the cases that the actor may see, so whoever does it should see all.

        Args:
            limit: how many cases of each queue.

        Returns:
            Who got which case; None for one that nobody of its queue can take.
        """
        loads = self._loads()
        given: list[Assignment] = []
        for queue in self.queues():
            if queue.strategy != "manual":
                new = self._distribute(queue, loads, limit)
                given += new
                for one in new:
                    if one.actor is not None:
                        loads[one.actor] = loads.get(one.actor, 0) + 1
        return tuple(given)

    def _distribute(self, queue: Queue, loads: Mapping[str, int], limit: int) -> Sequence[Assignment]:
        waiting = f.status.in_(["new", "open"]) & f.assignee_id.is_empty() & f.merged_into.is_empty()
        cases = self.uow.find(CASE, (f.queue_id == queue.id) & waiting, order="next_due_at", limit=limit)
        active = self.uow.active(agent.actor_id for agent in self._agents(queue.id)) if cases else frozenset()
        able = [agent for agent in self._agents(queue.id) if agent.actor_id in active]
        given = distributed(queue.strategy, in_turn(cases), able, loads=loads, last=queue.last_assigned)
        by_id: dict[UUID, Case] = {case.id: case for case in cases}
        for one in given:
            if one.actor is not None:
                self._placed(by_id[one.case], queue, one.actor)
        last = next((one.actor for one in reversed(given) if one.actor is not None), None)
        if last is not None:
            before = self.uow.get(Queue, queue.id)
            self.records.update(before, evolve(before, last_assigned=last))
        return given

    def _loads(self) -> dict[str, int]:
        """By actor, how many cases are under way."""
        where = f.status.in_(list(UNDER_WAY)) & ~f.assignee_id.is_empty() & f.merged_into.is_empty()
        return {str(one.key[0]): one.count for one in self.uow.tally(CASE, ["assignee_id"], where=where)}

    def _agents(self, queue: UUID) -> tuple[Agent, ...]:
        return tuple(self.uow.each(Agent, f.queue_id == queue))
