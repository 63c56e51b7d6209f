"""Taking turns: each way does a few repetitions, then the next one, over and over, so that a busy machine hits all."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

from attrs import frozen

__all__ = ["Sample", "Samples", "measure", "median_ratio", "typical"]

Way = Callable[[], object]
Samples = Mapping[str, Sequence["Sample"]]


@frozen
class Sample:
    """What one operation cost in one round, on average.

    Attributes:
        cpu: seconds that this process computed; of a server only the client's part.
        wall: seconds that went by.
    """

    cpu: float
    wall: float


def measure(
    ways: Mapping[str, Way], *, repeat: int, rounds: int, warm: int = 2, ready: Callable[[str], object] | None = None
) -> dict[str, list[Sample]]:
    """Let the ways take turns.

    Args:
        ways: by name; each does its operation once when called, with input of its own.
        repeat: how often each is called in a round.
        rounds: how many rounds there are; the order changes from one to the next.
        warm: how often each is called before anything counts.
        ready: told the name before a way's turn, to get its input ready without that counting.

    Returns:
        By name, one sample per round.
    """
    for name, way in ways.items():
        for _ in range(warm):
            if ready is not None:
                ready(name)
            way()
    samples: dict[str, list[Sample]] = {name: [] for name in ways}
    names = list(ways)
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            if ready is not None:
                ready(name)
            samples[name].append(_sample(ways[name], repeat))
    return samples


def _sample(way: Way, repeat: int) -> Sample:
    gc.collect()
    began, computed = time.perf_counter(), time.process_time()
    for _ in range(repeat):
        way()
    return Sample((time.process_time() - computed) / repeat, (time.perf_counter() - began) / repeat)


def typical(samples: Sequence[Sample]) -> Sample:
    """The medians."""
    return Sample(median(s.cpu for s in samples), median(s.wall for s in samples))


def median_ratio(above: Sequence[Sample], below: Sequence[Sample]) -> float:
    """The median over the rounds of how many times the CPU of one way is that of the other."""
    return median(a.cpu / b.cpu for a, b in zip(above, below, strict=True))
