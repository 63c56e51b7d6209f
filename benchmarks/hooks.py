"""Calling a hook, against pluggy's own call of the same functions."""

from __future__ import annotations

from functools import partial
from types import SimpleNamespace
from typing import Any, Final

import pluggy
from attrs import frozen

from benchmarks.measuring import measure, median_ratio, typical
from benchmarks.report import Figure, Table
from benchmarks.sizes import Size
from crmkit.core.kernel.hooks.health import Health
from crmkit.core.kernel.hooks.registry import Contribution, HookRegistry
from crmkit.sdk import Collect

__all__ = ["calling"]

COUNTS: Final = (0, 5, 20)
GOALS: Final = {5: 0.5}
_CALLS: Final = 2_000


@frozen
class Thing:
    """What is asked about."""


asking = Collect("thing_asking", Thing, str, doc="Asked by the benchmark.")
_THING: Final = Thing()
_spec, _impl = pluggy.HookspecMarker("bench"), pluggy.HookimplMarker("bench")


class _Spec:
    @_spec
    def thing_asking(self, context: object, payload: object) -> None:
        """Asked by the benchmark."""


class _Plugin:
    @_impl
    def thing_asking(self, context: object, payload: object) -> str:  # noqa: ARG002  # as little as can be
        return "an answer"


def calling(size: Size) -> Table:
    """Measure collecting from 0, 5 and 20 implementations."""
    rows = []
    for count in COUNTS:
        context, manager = _context(count), _manager(count)
        assert [answer for _, answer in asking.ask(context, _THING)] == _through_pluggy(manager)
        ways = {"pluggy": partial(_through_pluggy, manager), "crmkit": partial(_through_crmkit, context)}
        samples = measure(ways, repeat=_CALLS, rounds=size.rounds, warm=100)
        figures = [
            *[Figure(label=f"{name} CPU", value=typical(samples[name]).cpu * 1e6, unit="us") for name in ways],
            Figure(
                label="crmkit / pluggy", value=median_ratio(samples["crmkit"], samples["pluggy"]), goal=GOALS.get(count)
            ),
        ]
        rows.append((f"{count} implementations", figures))
    return Table(title="Collecting from hooks", rows=rows)


def _through_pluggy(manager: pluggy.PluginManager) -> object:
    return manager.hook.thing_asking(context=None, payload=_THING)


def _through_crmkit(context: Any) -> object:
    return asking.ask(context, _THING)


def _context(count: int) -> Any:
    """What a hook needs of a context: the table of a profile with ``count`` plugins."""

    def answer(context: Any, payload: Thing) -> str:  # noqa: ARG001  # as little as can be
        return "an answer"

    given = [Contribution(plugin="core", declares=(asking,))]
    given += [Contribution(plugin=f"p{n}", hooks=(asking.by(answer),)) for n in range(count)]
    table = HookRegistry(given, Health()).compile([f"p{n}" for n in range(count)])
    return SimpleNamespace(_hooks=table)


def _manager(count: int) -> pluggy.PluginManager:
    manager = pluggy.PluginManager("bench")
    manager.add_hookspecs(_Spec)
    for _ in range(count):
        manager.register(_Plugin())
    return manager
