"""Rules by which cases come into queues, and the agents among whom a queue's cases are distributed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from attrs import Attribute, field, frozen
from attrs.validators import ge, instance_of, optional

from crmkit.plugins.service_desk.cases.model import KINDS, PRIORITIES, Kind, Priority
from crmkit.plugins.service_desk.limits import LONGEST_LINE
from crmkit.sdk import InvalidValueError, Record, checks

__all__ = ["Agent", "RoutingRule"]


def _as_tuple(given: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(dict.fromkeys(given))


def _words(instance: object, attribute: Attribute[Any], value: tuple[object, ...]) -> None:
    for one in value:
        checks.text(LONGEST_LINE)(instance, attribute, one)


def _among(*known: str) -> Any:
    def check(_: object, attribute: Attribute[Any], value: tuple[object, ...]) -> None:
        for one in value:
            if one not in known:
                raise InvalidValueError(attribute.name, one, f"is none of: {', '.join(known)}")

    return check


@frozen(kw_only=True)
class RoutingRule(Record):
    """Which cases come into a queue. Of the rules that fit a case the first decides; an empty condition always fits.

    Attributes:
        label: for people.
        place: rules are asked in this order, lower ones first; 0 or more.
        queue_id: the queue.
        kinds: only cases of one of these kinds.
        channels: only cases that came over one of these channels.
        tiers: only cases of parties of one of these tiers.
        priorities: only cases of one of these priorities.
        words: only cases with one of these in subject or body, whatever the case and accents.
        priority: what such a case gets, where nobody says another; None to leave it.
        skill: what whoever works on such a case has to know; None for nothing in particular.
    """

    label: str = field(validator=checks.text(LONGEST_LINE))
    place: int = field(default=100, validator=[instance_of(int), ge(0)])
    queue_id: UUID
    kinds: tuple[Kind, ...] = field(default=(), converter=_as_tuple, validator=_among(*KINDS))
    channels: tuple[str, ...] = field(default=(), converter=_as_tuple, validator=_words)
    tiers: tuple[str, ...] = field(default=(), converter=_as_tuple, validator=_words)
    priorities: tuple[Priority, ...] = field(default=(), converter=_as_tuple, validator=_among(*PRIORITIES))
    words: tuple[str, ...] = field(default=(), converter=_as_tuple, validator=_words)
    priority: Priority | None = field(default=None, validator=checks.one_of(PRIORITIES))
    skill: str | None = field(default=None, validator=checks.key)


@frozen(kw_only=True)
class Agent(Record):
    """Somebody among whom the cases of a queue are distributed: a part of the queue.

    Attributes:
        queue_id: the queue.
        actor_id: who.
        skills: keys of what this agent knows.
        capacity: how many cases, of all queues, the agent has under way at most; None for any number.
        available: whether new cases are assigned to the agent.
    """

    queue_id: UUID
    actor_id: str = field(validator=checks.text(LONGEST_LINE))
    skills: tuple[str, ...] = field(default=(), converter=_as_tuple, validator=_words)
    capacity: int | None = field(default=None, validator=optional([instance_of(int), ge(0)]))
    available: bool = True
