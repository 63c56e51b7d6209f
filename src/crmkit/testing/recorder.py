"""A recorder of events."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, TypeVar

from crmkit.api import Event

if TYPE_CHECKING:
    from crmkit.api import CRM

__all__ = ["Recorder"]

E = TypeVar("E", bound=Event)


class Recorder:
    """Keeps every event that is delivered in this process, in the order of delivery.

    Attributes:
        events: what it has recorded.
    """

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._ends: list[Callable[[], None]] = []

    def listen(self, crm: CRM) -> None:
        """Record the events of ``crm``, which may be one of several, from now on."""
        self._ends.append(crm.on(Event, self.events.append))

    def stop(self) -> None:
        """Record no more; what was recorded stays."""
        while self._ends:
            self._ends.pop()()

    def of(self, event: type[E]) -> list[E]:
        """The recorded events of this class or a subclass of it."""
        return [one for one in self.events if isinstance(one, event)]

    def one(self, event: type[E]) -> E:
        """The only recorded event of this class.

        Raises:
            AssertionError: if there is none, or more than one; names all that was recorded.
        """
        found = self.of(event)
        if len(found) != 1:
            raise AssertionError(
                f"expected one {event.__name__}, recorded were: {', '.join(self.names) or 'no events'}"
            )
        return found[0]

    @property
    def names(self) -> list[str]:
        """The names of the recorded events' classes, in order."""
        return [type(event).__name__ for event in self.events]

    def clear(self) -> None:
        """Forget what was recorded."""
        self.events.clear()

    def __iter__(self) -> Iterator[Event]:
        return iter(self.events)

    def __len__(self) -> int:
        return len(self.events)
