"""Pure decisions: which rule fits a case, and how waiting cases are distributed among the agents of a queue."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from uuid import UUID

from attrs import frozen

from crmkit.plugins.service_desk.cases.model import PRIORITIES, Case
from crmkit.plugins.service_desk.queues.model import Strategy
from crmkit.plugins.service_desk.routing.model import Agent, RoutingRule
from crmkit.sdk import fold

__all__ = ["Assignment", "distributed", "first_fitting", "fits", "in_turn"]


@frozen
class Assignment:
    """Who gets a case.

    Attributes:
        case: the case's id.
        actor: who; None if nobody of the queue can take it.
    """

    case: UUID
    actor: str | None


def fits(rule: RoutingRule, case: Case) -> bool:
    """Whether a rule fits a case."""
    conditions = (
        (rule.kinds, case.kind),
        (rule.channels, case.channel),
        (rule.tiers, case.tier),
        (rule.priorities, case.priority),
    )
    if any(allowed and value not in allowed for allowed, value in conditions):
        return False
    if not rule.words:
        return True
    text = fold(f"{case.subject}\n{case.body}")
    return any(fold(word) in text for word in rule.words)


def first_fitting(rules: Iterable[RoutingRule], case: Case) -> RoutingRule | None:
    """The rule that decides: of those that fit the one with the lowest place, of several the one made first."""
    return min((rule for rule in rules if fits(rule, case)), key=lambda rule: (rule.place, rule.id), default=None)


def in_turn(cases: Iterable[Case]) -> list[Case]:
    """Waiting cases in the order in which they are distributed: the most pressing first, then the oldest."""
    return sorted(cases, key=lambda case: (-PRIORITIES.index(case.priority), case.number))


def distributed(
    strategy: Strategy,
    cases: Iterable[Case],
    agents: Sequence[Agent],
    *,
    loads: Mapping[str, int],
    last: str | None = None,
) -> tuple[Assignment, ...]:
    """Who gets which case.

    ``round_robin`` goes round the agents in the order of their ids, on from whoever got the last one: 100 cases among
    three agents are 34, 33 and 33. ``least_busy`` gives each case to whoever has the fewest under way, of several the
    first by id: so with 10, 0 and 0 under way, 100 cases are 27, 37 and 36. ``by_skill`` does the same among those who
    know what the case asks for; of equally busy ones the one who knows the least else, so that who knows much stays
    free. Nobody gets a case while not available or at capacity; a case that nobody can take waits on.

    Args:
        strategy: of the queue; with ``manual`` nobody gets any.
        cases: that wait, in the order in which they are to be distributed (see `in_turn`).
        agents: of the queue.
        loads: by actor, how many cases are under way.
        last: the actor who got a case last by round robin.
    """
    if strategy == "manual":
        return ()
    ring = sorted((agent for agent in agents if agent.available), key=lambda agent: agent.actor_id)
    busy = {agent.actor_id: loads.get(agent.actor_id, 0) for agent in ring}
    given = []
    for case in cases:
        free = [a for a in ring if a.capacity is None or busy[a.actor_id] < a.capacity]
        chosen = _CHOICES[strategy](case, free, busy, last)
        if chosen is not None:
            busy[chosen] += 1
            last = chosen
        given.append(Assignment(case.id, chosen))
    return tuple(given)


def _round_robin(case: Case, free: Sequence[Agent], busy: Mapping[str, int], last: str | None) -> str | None:  # noqa: ARG001  # all strategies are called alike
    names = [agent.actor_id for agent in free]
    after = [name for name in names if last is None or name > last]
    return next(iter(after or names), None)


def _least_busy(case: Case, free: Sequence[Agent], busy: Mapping[str, int], last: str | None) -> str | None:  # noqa: ARG001  # all strategies are called alike
    return min((agent.actor_id for agent in free), key=lambda name: (busy[name], name), default=None)


def _by_skill(case: Case, free: Sequence[Agent], busy: Mapping[str, int], last: str | None) -> str | None:  # noqa: ARG001  # all strategies are called alike
    able = [agent for agent in free if case.skill is None or case.skill in agent.skills]
    chosen = min(able, key=lambda agent: (busy[agent.actor_id], len(agent.skills), agent.actor_id), default=None)
    return None if chosen is None else chosen.actor_id


_CHOICES: Final = {"round_robin": _round_robin, "least_busy": _least_busy, "by_skill": _by_skill}
