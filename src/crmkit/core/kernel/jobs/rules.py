"""What is decided about jobs, as functions of values."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from crmkit.core.kernel.hooks.health import place_of
from crmkit.errors import ForbiddenError, UnknownActorError

if TYPE_CHECKING:
    from types import CodeType

__all__ = ["MAX_CHAIN", "JobState", "backoff", "cause_of", "verdict"]

JobState = Literal["queued", "running", "done", "dead", "refused", "dropped"]

MAX_CHAIN = 8
"""How long a chain of jobs whose effects make further jobs may become."""

_LARGEST_EXPONENT = 30


def backoff(failures: int, *, first: float, longest: float, jitter: float) -> timedelta:
    """How long to wait before what has failed is tried again: doubled each time, and scattered.

    For jobs, and for plugins that try something again by times of their own.

    Args:
        failures: how often it has failed; at least 1.
        first: the wait after the first failure, in seconds.
        longest: the longest wait, in seconds.
        jitter: 0 to 1, drawn anew each time, so that what failed together does not come back together.
    """
    whole = min(longest, first * 2.0 ** min(failures - 1, _LARGEST_EXPONENT))
    return timedelta(seconds=whole * (0.5 + jitter / 2))


def verdict(error: BaseException, failures: int, max_attempts: int) -> JobState:
    """What becomes of a job that has failed: its actor's lack of a right is not cured by trying again."""
    if isinstance(error, (ForbiddenError, UnknownActorError)):
        return "refused"
    return "dead" if failures >= max_attempts else "queued"


def cause_of(error: BaseException, code: CodeType | None) -> str:
    """Type and place of an error, as ``KeyError at points.py:12``; never its text, which may hold names."""
    said = f"{type(error).__name__} at {place_of(error, code)}"
    if isinstance(error, ForbiddenError):
        return f"{said}: lacks {error.permission}"
    return said
