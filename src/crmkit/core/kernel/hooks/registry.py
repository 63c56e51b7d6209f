"""The hook registry: matches implementations with declared hooks at the start, and makes a table of them per profile.

pluggy does the matching. What is called afterwards are plain tuples of functions, made once per profile, because a
call through pluggy costs several times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import TYPE_CHECKING, Any, cast

from attrs import evolve, frozen

from crmkit.core.kernel.entities.entity import nearest
from crmkit.core.kernel.hooks.context import Context
from crmkit.core.kernel.hooks.health import CONTAINED, Health
from crmkit.core.kernel.hooks.hook import Hook, Implementation
from crmkit.core.kernel.hooks.order import CORE, Place, in_order, transitive
from crmkit.core.kernel.hooks.signatures import code_of, name_of
from crmkit.errors import Problem
from crmkit.values.event import Event

if TYPE_CHECKING:
    from pluggy import PluginManager

__all__ = ["Contribution", "HookRegistry", "HookTable"]

Call = tuple[str, Callable[[Context, Any], Any]]
"""A plugin's id and its function."""


@frozen(kw_only=True)
class Contribution:
    """What one area, plugin or bridge has to do with hooks. What it lists is taken as it is; the registry checks it.

    Attributes:
        plugin: the plugin's id; ``core`` for an area, and for a bridge its plugin's.
        declares: the hooks that it offers.
        hooks: its implementations and subscriptions.
        events: the classes of events that it emits.
        needs: ids of the plugins that come before it: those that its manifest needs, and those it names as ``after``.
        when: ids of plugins that have to be enabled, too, for its implementations to be asked; that makes a bridge.
    """

    plugin: str
    declares: tuple[object, ...] = ()
    hooks: tuple[object, ...] = ()
    events: tuple[type[Event], ...] = ()
    needs: frozenset[str] = frozenset()
    when: frozenset[str] = frozenset()


@frozen(eq=False)
class _Registered:
    """One implementation, and the plugins that have to be enabled for it to be asked."""

    implementation: Implementation
    when: frozenset[str]


@frozen(eq=False)
class _Offer:
    """A registered implementation as pluggy gets to see it: an object with one marked function."""

    registered: _Registered
    answer: Callable[..., Any]


# -- one profile ------------------------------------------------------------------------------------------------------


class HookTable:
    """What is asked in one profile: plain tuples, in order. `HookRegistry.compile` makes it.

    Args:
        implementations: of guards and collecting hooks, by hook, in order.
        subscriptions: to events, by the class of the event, in order.
        health: where faults are recorded, and who is skipped.

    Attributes:
        handlers: the durable subscribers by the name of the event and their own, as their jobs name them, each with
            the class of the event.
    """

    __slots__ = (
        "_calls",
        "_durable",
        "_implementations",
        "_subscribers",
        "_subscriptions",
        "handlers",
        "health",
        "slow_after",
    )

    def __init__(
        self,
        implementations: Mapping[Hook[Any], Sequence[Implementation]],
        subscriptions: Mapping[type[Event], Sequence[Implementation]],
        health: Health,
    ) -> None:
        self._implementations, self._subscriptions = implementations, subscriptions
        self.health, self.slow_after = health, health.slow_after
        self._durable = {event: tuple(i for i in given if i.durable) for event, given in subscriptions.items()}
        self.handlers = {(event.__name__, i.key): (event, i) for event, given in self._durable.items() for i in given}
        self.refresh()

    def refresh(self) -> None:
        """Leave out who is skipped, and let in who no longer is. Guards and durable subscribers are never skipped."""
        skipped = self.health.skipped
        self._calls: dict[Hook[Any], tuple[Call, ...]] = {
            hook: tuple((i.plugin, i.fn) for i in given if not (hook.skippable and skipped(i.plugin, hook.name)))
            for hook, given in self._implementations.items()
        }
        self._subscribers = {
            event: tuple(i for i in given if not i.durable and not skipped(i.plugin, i.name))
            for event, given in self._subscriptions.items()
        }

    def of(self, hook: Hook[Any]) -> tuple[Call, ...]:
        """The implementations of ``hook``: plugin and function, in order."""
        return self._calls.get(hook, ())

    def knows(self, event: type[Event]) -> bool:
        """Whether somebody says that they emit events of exactly this class."""
        return event in self._subscriptions

    def subscribers(self, event: type[Event]) -> tuple[Implementation, ...]:
        """Who is called in this process, after the commit, with an event of class ``event``; in order."""
        return self._subscribers.get(event, ())

    def durable(self, event: type[Event]) -> tuple[Implementation, ...]:
        """Who gets a job for an event of class ``event``, written in the event's own transaction; in order."""
        return self._durable.get(event, ())

    def fault(self, hook: Hook[Any], plugin: str, fn: Callable[..., Any], error: BaseException) -> str:
        """Record that an implementation raised; returns the error's type and place."""
        return self.health.fault(plugin, hook.name, error, skippable=hook.skippable, code=code_of(fn))

    def slow(self, hook: Hook[Any], plugin: str, seconds: float) -> None:
        """Record that an implementation took ``seconds``."""
        self.health.slow(plugin, hook.name, seconds, skippable=hook.skippable)

    @contextmanager
    def isolated(self, subscriber: Implementation) -> Generator[None]:
        """Keep what goes wrong inside from everybody else: it is recorded, and the caller goes on.

        It goes around the whole unit of work of a subscriber that is called in this process::

            with table.isolated(subscriber), begin(...) as uow:
                subscriber.fn(uow, event)

        Args:
            subscriber: who is called.
        """
        plugin, name = subscriber.plugin, subscriber.name
        began = perf_counter()
        try:
            yield
        except CONTAINED as error:
            self.health.fault(plugin, name, error, skippable=True, code=code_of(subscriber.fn))
        took = perf_counter() - began
        if took > self.slow_after:
            self.health.slow(
                plugin, name, took, skippable=False
            )  # it works in a transaction of its own; that takes time


# -- all profiles -----------------------------------------------------------------------------------------------------


class HookRegistry:
    """Every hook of this deployment and who implements it. Frozen from its construction on.

    Args:
        contributions: of the areas and of every loaded plugin and bridge.
        health: where faults are recorded.

    Attributes:
        problems: everything that is wrong with the contributions, for the start to report.
        hooks: the declared hooks by name, each with the id of the plugin that declares it.
    """

    def __init__(self, contributions: Iterable[Contribution], health: Health) -> None:
        self.problems: list[Problem] = []
        self.hooks: dict[str, tuple[str, Hook[Any]]] = {}
        self._health = health
        self._tables: dict[frozenset[str], HookTable] = {}
        given = list(contributions)
        needs: dict[str, set[str]] = {}
        for one in given:
            needs.setdefault(one.plugin, set()).update(one.needs)
        self._needs = transitive(needs)
        for one in given:
            self._declare(one)
        registered = [each for one in given for each in self._registered(one)]
        events = tuple(dict.fromkeys(event for one in given for event in one.events))
        self._subscriptions = self._subscribed([r for r in registered if not _is_answer(r)], events)
        self._implementations = self._matched([r for r in registered if _is_answer(r)])
        health.watch(self._refresh)

    def compile(self, enabled: Collection[str]) -> HookTable:
        """The table of the profile in which the plugins ``enabled`` are enabled; ``core`` always is."""
        profile = frozenset(enabled) | {CORE}
        table = self._tables.get(profile)
        if table is None:
            implementations = {hook: _active(given, profile) for hook, given in self._implementations.items()}
            subscriptions = {event: _active(given, profile) for event, given in self._subscriptions.items()}
            table = self._tables.setdefault(profile, HookTable(implementations, subscriptions, self._health))
        return table

    def _refresh(self) -> None:
        for table in list(self._tables.values()):
            table.refresh()

    def _problem(self, code: str, plugin: str, message: str, fix: str) -> None:
        self.problems.append(Problem(code, plugin, message, fix))

    def _declare(self, one: Contribution) -> None:
        for hook in one.declares:
            if not isinstance(hook, Hook):
                message = f"declares lists {name_of(hook)}, which is no hook"
                self._problem("not_a_hook", one.plugin, message, "List objects made with Guard(...) or Collect(...)")
            elif hook.name in self.hooks:
                other, _ = self.hooks[hook.name]
                message = f"the hook {hook.name!r} is also declared by {other!r}"
                self._problem("hook_clash", one.plugin, message, "Rename one of the two")
            else:
                self.hooks[hook.name] = (one.plugin, hook)

    def _registered(self, one: Contribution) -> Iterator[_Registered]:
        for implementation in one.hooks:
            if isinstance(implementation, Implementation):
                yield _Registered(evolve(implementation, plugin=one.plugin), one.when | {one.plugin})
            else:
                message = f"hooks lists {name_of(implementation)}, which is no implementation of a hook"
                fix = "Write the_hook.by(the_function), or on(TheEvent, the_function)"
                self._problem("not_an_implementation", one.plugin, message, fix)

    def _subscribed(
        self, registered: Sequence[_Registered], events: Sequence[type[Event]]
    ) -> dict[type[Event], tuple[_Registered, ...]]:
        heard: set[_Registered] = set()
        subscribed: dict[type[Event], tuple[_Registered, ...]] = {}
        for event in events:
            fitting = [r for r in registered if issubclass(event, cast("type[Event]", r.implementation.hook))]
            heard.update(fitting)
            subscribed[event] = self._ordered(fitting, event.__name__)
        names = [event.__name__ for event in events]
        for each in registered:
            if each not in heard:
                self._nobody(each, "unknown_event", "subscribes to", "emits", names)
        return subscribed

    def _matched(self, registered: Sequence[_Registered]) -> dict[Hook[Any], tuple[_Registered, ...]]:
        """Let pluggy match implementations with declarations, and put them in order."""
        manager = _manager([hook for _, hook in self.hooks.values()], registered)
        for lost in _pending(manager):
            self._nobody(lost, "unknown_hook", "implements", "declares", self.hooks)
        matched: dict[Hook[Any], tuple[_Registered, ...]] = {}
        for name, (declarer, hook) in self.hooks.items():
            found: list[_Registered] = [i.plugin.registered for i in getattr(manager.hook, name).get_hookimpls()]
            for each in found:
                if each.implementation.hook is not hook:
                    message = f"implements a hook {name!r} of its own making, not the one that {declarer!r} declares"
                    fix = f"Import the hook from {declarer!r}"
                    self._problem("foreign_hook", each.implementation.plugin, message, fix)
            matched[hook] = self._ordered(found, name)
        return matched

    def _nobody(self, lost: _Registered, code: str, does: str, verb: str, known: Iterable[str]) -> None:
        one = lost.implementation
        message = f"{does} {one.name!r} (with {one.key}), which nobody {verb}"
        hint = nearest(one.name, known)
        fix = f"Did you mean {hint!r}?" if hint else f"Name the plugin that {verb} it in the manifest's needs"
        self._problem(code, one.plugin, message, fix)

    def _ordered(self, given: Sequence[_Registered], name: str) -> tuple[_Registered, ...]:
        ordered, contradictory = in_order(given, _place, self._needs)
        if contradictory:
            message = f"the order in which {' and '.join(contradictory)} are asked contradicts itself"
            fix = "Take away a before= or after=; dependencies always come first"
            self._problem("hook_order", name, message, fix)
        return ordered


def _is_answer(registered: _Registered) -> bool:
    return isinstance(registered.implementation.hook, Hook)


def _place(registered: _Registered) -> Place:
    one = registered.implementation
    return Place(plugin=one.plugin, before=one.before, after=one.after)


def _active(given: Iterable[_Registered], profile: frozenset[str]) -> tuple[Implementation, ...]:
    return tuple(r.implementation for r in given if r.when <= profile)


# -- pluggy -----------------------------------------------------------------------------------------------------------


def _manager(hooks: Iterable[Hook[Any]], registered: Iterable[_Registered]) -> PluginManager:
    """A plugin manager that knows all hooks and implementations, each implementation as a plugin of its own."""
    from pluggy import HookimplMarker, HookspecMarker, PluginManager

    manager, spec, impl = PluginManager("crmkit"), HookspecMarker("crmkit"), HookimplMarker("crmkit")
    for hook in hooks:
        manager.add_hookspecs(type("Declared", (), {hook.name: spec(_asking())}))
    for index, each in enumerate(registered):
        answer = impl(specname=each.implementation.name)(_asking())
        manager.register(_Offer(each, answer), name=str(index))
    return manager


def _asking() -> Callable[..., Any]:
    """A new function with the signature of all hooks, for pluggy to mark and compare; nobody calls it."""
    return lambda context, payload: (context, payload)


def _pending(manager: PluginManager) -> Iterator[_Registered]:
    """The implementations of hooks that nobody declares; they are taken out."""
    from pluggy import PluginValidationError

    while True:
        try:
            manager.check_pending()
        except PluginValidationError as error:
            manager.unregister(error.plugin)
            yield cast("_Offer", error.plugin).registered
        else:
            return
