"""The errors of this plugin."""

from __future__ import annotations

from collections.abc import Sequence

from crmkit.sdk import ConflictError, InvalidValueError

__all__ = ["CaseStatusError", "UnknownQueueError"]


class CaseStatusError(ConflictError):
    """A case cannot come from its status to the one that was asked for; ``allowed`` lists those it can."""

    code = "service_desk.case_status"

    def __init__(self, number: int, *, at: str, to: str, allowed: Sequence[str]) -> None:
        self.number, self.at, self.to, self.allowed = number, at, to, tuple(allowed)
        ways = ", ".join(self.allowed) or "nothing"
        super().__init__(f"case {number} cannot become {to!r} while it is {at!r}; from there it can become: {ways}")


class UnknownQueueError(InvalidValueError):
    """No queue has this key; ``known`` lists those that take cases."""

    code = "service_desk.unknown_queue"

    def __init__(self, key: str, *, known: Sequence[str]) -> None:
        self.key, self.known = key, tuple(known)
        super().__init__("queue", key, f"is no queue that takes cases; there are: {', '.join(self.known) or 'none'}")
