"""The event bus: tells the host application what happened, in its own process, after commit. Blinker underneath."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, Generic, TypeVar, cast

from blinker import Signal

from crmkit.core.kernel.hooks.health import HOST, Health
from crmkit.core.kernel.hooks.signatures import check_callable, code_of
from crmkit.values.event import Event

__all__ = ["Bus"]

E = TypeVar("E", bound=Event)


class _Subscriber(Generic[E]):
    """One subscription. The same function may have several, so it is no key by itself."""

    __slots__ = ("event", "fn")

    def __init__(self, event: type[E], fn: Callable[[E], None]) -> None:
        self.event, self.fn = event, fn

    def __call__(self, event: E) -> None:
        self.fn(event)


class Bus:
    """Delivers events to the subscribers of the host application.

    They are called one by one, in the order in which they subscribed, after the commit and outside of any transaction.
    One that raises is recorded under the plugin ``host`` and logged; the others get the event all the same, and the
    unit stays committed.

    Args:
        health: where failures are recorded.
    """

    def __init__(self, health: Health) -> None:
        self._health: Final = health
        self._signal: Final = Signal("What was committed, event by event.")

    def on(self, event: type[E], fn: Callable[[E], None]) -> Callable[[], None]:
        """Call ``fn`` with every event of this class or a subclass of it.

        Args:
            event: the class of events; `Event` stands for all.
            fn: takes the event. It is held on to until it is unsubscribed.

        Returns:
            A function that ends the subscription; calling it again does nothing.

        Raises:
            HookDefinitionError: if ``fn`` is asynchronous or does not take one argument.
        """
        check_callable(fn, hook=event.__name__, takes=("event",))
        subscriber = _Subscriber(event, fn)
        self._signal.connect(subscriber, weak=False)
        return lambda: self._signal.disconnect(subscriber)

    def deliver(self, events: Iterable[Event]) -> None:
        """Tell everybody about ``events``, in their order."""
        for event in events:
            for subscriber in self._subscribers_of(event):
                self._tell(subscriber, event)

    def _subscribers_of(self, event: Event) -> list[_Subscriber[Any]]:
        # Signal.send would stop at the first failure, and promises no order.
        connected = cast("list[_Subscriber[Any]]", list(self._signal.receivers.values()))
        return [subscriber for subscriber in connected if isinstance(event, subscriber.event)]

    def _tell(self, subscriber: _Subscriber[Any], event: Event) -> None:
        try:
            subscriber(event)
        except Exception as error:  # noqa: BLE001  # the isolation of subscribers is what the bus is for
            name = type(event).__name__
            self._health.fault(HOST, name, error, skippable=False, code=code_of(subscriber.fn))
