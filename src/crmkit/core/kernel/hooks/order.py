"""In which order implementations of one hook are asked: dependencies, then declared before and after, then id."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TypeVar

from attrs import frozen

__all__ = ["Place", "in_order", "transitive"]

CORE = "core"

T = TypeVar("T")


@frozen(kw_only=True)
class Place:
    """What one implementation says about its place.

    Attributes:
        plugin: its plugin's id.
        before: ids of plugins that are to be asked later; those that are not there are ignored.
        after: ids of plugins that are to be asked earlier; likewise.
    """

    plugin: str
    before: Collection[str] = ()
    after: Collection[str] = ()


def in_order(
    given: Sequence[T], place: Callable[[T], Place], needs: Mapping[str, Collection[str]]
) -> tuple[tuple[T, ...], tuple[str, ...]]:
    """``given`` in the order in which they are asked.

    Args:
        given: the implementations; those of one plugin in the order in which it lists them.
        place: tells what each says about its place.
        needs: plugin to the plugins that come before it, directly or not (see `transitive`); core always does.

    Returns:
        The order, and the plugins whose wishes contradict each other: empty where all is well. Those come last, by id.
    """
    places = [place(one) for one in given]
    later: list[set[int]] = [set() for _ in given]
    for index, one in enumerate(places):
        for other_index, other in enumerate(places):
            if one.plugin != other.plugin and _precedes(one, other, needs):
                later[index].add(other_index)
    sequence = _sort(places, later)
    stuck = sorted(set(range(len(given))) - set(sequence), key=lambda index: (places[index].plugin, index))
    return tuple(given[index] for index in (*sequence, *stuck)), _contradictory(stuck, places, later)


def _precedes(one: Place, other: Place, needs: Mapping[str, Collection[str]]) -> bool:
    return (
        one.plugin == CORE
        or one.plugin in needs.get(other.plugin, ())
        or one.plugin in other.after
        or other.plugin in one.before
    )


def _sort(places: Sequence[Place], later: Sequence[Collection[int]]) -> list[int]:
    """Kahn's algorithm (Commun. ACM 5:558, 1962), always taking the smallest id that is free; stops at a cycle."""
    waits_for = [0] * len(places)
    for followers in later:
        for index in followers:
            waits_for[index] += 1
    free = [(places[index].plugin, index) for index, count in enumerate(waits_for) if not count]
    heapq.heapify(free)
    done: list[int] = []
    while free:
        _, index = heapq.heappop(free)
        done.append(index)
        for follower in later[index]:
            waits_for[follower] -= 1
            if not waits_for[follower]:
                heapq.heappush(free, (places[follower].plugin, follower))
    return done


def _contradictory(stuck: Sequence[int], places: Sequence[Place], later: Sequence[Collection[int]]) -> tuple[str, ...]:
    """The plugins of ``stuck`` without those that only wait for a cycle and are no part of one."""
    cycle = set(stuck)
    while waiting := {index for index in cycle if cycle.isdisjoint(later[index])}:
        cycle -= waiting
    return tuple(sorted({places[index].plugin for index in cycle}))


def transitive(needs: Mapping[str, Collection[str]]) -> dict[str, frozenset[str]]:
    """``needs`` with the needs of needs. Cycles, which the resolver reports, do no harm here."""
    closed: dict[str, frozenset[str]] = {}
    for plugin in needs:
        found: set[str] = set()
        waiting = list(needs[plugin])
        while waiting:
            other = waiting.pop()
            if other not in found:
                found.add(other)
                waiting.extend(needs.get(other, ()))
        closed[plugin] = frozenset(found - {plugin})
    return closed
