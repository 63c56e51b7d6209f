"""What happened to problems and solutions."""

from __future__ import annotations

from uuid import UUID

from attrs import frozen

from crmkit.sdk import Event

__all__ = ["ProblemSolved", "SolutionUsed"]


@frozen(kw_only=True)
class ProblemSolved(Event):
    """A problem does not happen any more.

    Attributes:
        problem: the problem.
        cases: the cases that come from it and are still under way, of those that the actor may see.
    """

    problem: UUID
    cases: tuple[UUID, ...] = ()


@frozen(kw_only=True)
class SolutionUsed(Event):
    """A solution has resolved a case.

    Attributes:
        case: the case.
        solution: the solution.
    """

    case: UUID
    solution: UUID
