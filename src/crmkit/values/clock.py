"""Where the time comes from. Nothing in crmkit asks the system for the time but `SystemClock`."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

from crmkit.values.instants import as_instant

__all__ = ["Clock", "FixedClock", "SystemClock"]


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current instant, aware, in UTC, to the microsecond."""
        return datetime.now(UTC)


class FixedClock:
    """A clock that stands still until it is moved, for tests.

    Args:
        at: the instant that it shows; aware.
    """

    def __init__(self, at: datetime) -> None:
        self._at = as_instant(at)

    def now(self) -> datetime:
        """The instant that the clock was set to, in UTC."""
        return self._at

    def advance(self, by: timedelta) -> datetime:
        """Move the clock by ``by`` (also backwards, as real clocks do) and return the new instant."""
        self._at += by
        return self._at
