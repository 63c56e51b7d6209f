"""How plugins fare: faults and slow calls by plugin and hook. Calls that go well leave no trace and cost nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from types import CodeType
from typing import Final

from attrs import evolve, frozen

from crmkit.errors import CrmkitError

__all__ = ["CONTAINED", "HOST", "Health", "HookHealth", "place_of"]

CONTAINED: Final = (Exception, SystemExit, GeneratorExit)
"""What a plugin may raise without harm to others. Interrupts and cancellations are not the plugin's: they pass."""

HOST: Final = "host"
"""Under this name go subscribers of the host application."""

LONGEST_TEXT: Final = 500  # characters of an error's text that are kept

log = logging.getLogger("crmkit")


@frozen(kw_only=True)
class HookHealth:
    """How one plugin fares in one hook, since the process began or since the plugin was reset.

    Attributes:
        plugin: the plugin's id; ``host`` for the host application's subscribers.
        hook: the hook's name, or the event's.
        faults: calls that raised or gave an answer of a wrong type.
        error: type and text of the last fault; for operators, never shown to users.
        place: file and line of the last fault, as ``budget.py:12``.
        slow: calls that took longer than allowed.
        worst: the longest of the slow calls, in seconds.
        strikes: how many of all these count towards its being skipped.
        skipped: whether it is asked no more.
    """

    plugin: str
    hook: str
    faults: int = 0
    error: str | None = None
    place: str | None = None
    slow: int = 0
    worst: float = 0.0
    strikes: int = 0
    skipped: bool = False


class Health:
    """Keeps count of what went wrong, and decides who is asked no more. One per process and CRM.

    Args:
        tolerated: so many strikes of one plugin in one hook, and it is skipped.
        slow_after: calls that take longer count as slow, in seconds.
    """

    def __init__(self, *, tolerated: int = 5, slow_after: float = 1.0) -> None:
        self.tolerated, self.slow_after = tolerated, slow_after
        self._entries: dict[tuple[str, str], HookHealth] = {}
        self._watchers: list[Callable[[], None]] = []
        self._lock = threading.Lock()

    def fault(
        self, plugin: str, hook: str, error: BaseException, *, skippable: bool, code: CodeType | None = None
    ) -> str:
        """Record that a call raised, and log it without the error's text, which may hold names.

        An error of crmkit's own is no strike: that somebody lacks a right, or a record is gone, is the fault of one
        call, and no reason to deprive everybody else.

        Args:
            plugin: who failed.
            hook: in which hook or on which event.
            error: what was raised.
            skippable: whether it may come to be skipped.
            code: the code of the implementation, so that the place named is the plugin's own.

        Returns:
            The error's type and place, as ``KeyError at budget.py:12``; fit for users to see.
        """
        place = place_of(error, code)
        cause = f"{type(error).__name__} at {place}"
        log.warning("plugin %r failed in %s: %s", plugin, hook, cause)
        text, strike = _text(error), skippable and not isinstance(error, CrmkitError)
        self._record(plugin, hook, lambda e: evolve(e, faults=e.faults + 1, error=text, place=place), strike=strike)
        return cause

    def slow(self, plugin: str, hook: str, seconds: float, *, skippable: bool) -> None:
        """Record that a call took ``seconds``; a strike, if it may come to be skipped."""
        log.warning("plugin %r took %.1f s in %s", plugin, seconds, hook)
        self._record(plugin, hook, lambda e: evolve(e, slow=e.slow + 1, worst=max(e.worst, seconds)), strike=skippable)

    def _record(self, plugin: str, hook: str, change: Callable[[HookHealth], HookHealth], *, strike: bool) -> None:
        with self._lock:
            old = self._entries.get((plugin, hook)) or HookHealth(plugin=plugin, hook=hook)
            new = change(old)
            if strike:
                new = evolve(new, strikes=old.strikes + 1, skipped=old.strikes + 1 >= self.tolerated)
            self._entries[plugin, hook] = new
        if new.skipped and not old.skipped:
            log.error("plugin %r is skipped in %s after %d strikes", plugin, hook, new.strikes)
            self._tell()

    def skipped(self, plugin: str, hook: str) -> bool:
        """Whether the plugin is asked no more in this hook."""
        entry = self._entries.get((plugin, hook))
        return entry is not None and entry.skipped

    def reset(self, plugin: str) -> None:
        """Forget what went wrong in ``plugin``, so that it is asked again everywhere."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == plugin]:
                del self._entries[key]
        self._tell()

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call ``watcher`` whenever somebody begins or ceases to be skipped."""
        self._watchers.append(watcher)

    def _tell(self) -> None:
        for watcher in self._watchers:
            watcher()

    def __iter__(self) -> Iterator[HookHealth]:
        return iter(sorted(self._entries.values(), key=lambda entry: (entry.plugin, entry.hook)))


def place_of(error: BaseException, code: CodeType | None = None) -> str:
    """File and line where ``error`` was raised: the innermost line in the file of ``code``, else where that begins."""
    place = f"{_file(code.co_filename)}:{code.co_firstlineno}" if code else "an unknown place"
    step = error.__traceback__
    while step is not None:
        filename = step.tb_frame.f_code.co_filename
        if code is None or filename == code.co_filename:
            place = f"{_file(filename)}:{step.tb_lineno}"
        step = step.tb_next
    return place


def _file(path: str) -> str:
    return path.replace("\\", "/").rsplit("/", 1)[-1]


def _text(error: BaseException) -> str:
    try:
        text = str(error)
    except CONTAINED:  # a plugin's error class may fail at that, too
        text = "(an error that cannot be shown)"
    return f"{type(error).__name__}: {text}"[:LONGEST_TEXT]
