"""What a problem is, and what a solution."""

from __future__ import annotations

from typing import Final, Literal, get_args
from uuid import UUID

from attrs import field, frozen

from crmkit.plugins.service_desk.limits import LONGEST_BODY, LONGEST_LINE
from crmkit.sdk import Record, checks

__all__ = ["PROBLEM_STATUSES", "Problem", "ProblemStatus", "Solution", "SolutionUse", "Suggestion"]

ProblemStatus = Literal["open", "known", "solved"]
PROBLEM_STATUSES: Final[tuple[ProblemStatus, ...]] = get_args(ProblemStatus)


@frozen(kw_only=True)
class Problem(Record):
    """What lies behind several cases.

    Attributes:
        title: in one line.
        body: what is known about it.
        status: open (nobody knows why), known (the cause is) or solved (it does not happen any more).
    """

    title: str = field(validator=checks.text(LONGEST_LINE))
    body: str = field(default="", validator=checks.text(LONGEST_BODY, blank=True))
    status: ProblemStatus = field(default="open", validator=checks.one_of(PROBLEM_STATUSES))


@frozen(kw_only=True)
class Solution(Record):
    """What resolves cases, written down once and used again.

    Attributes:
        title: in one line.
        body: what to do.
        problem_id: the problem that it solves or works around.
        retired: whether it is offered no more; cases that it has resolved keep it.
    """

    title: str = field(validator=checks.text(LONGEST_LINE))
    body: str = field(validator=checks.text(LONGEST_BODY))
    problem_id: UUID | None = None
    retired: bool = False


# -- what queries answer ----------------------------------------------------------------------------------------------


@frozen(kw_only=True)
class SolutionUse:
    """How often a solution has resolved a case.

    Attributes:
        solution: the solution.
        cases: how many cases, of those that the actor may see.
    """

    solution: Solution
    cases: int


@frozen(kw_only=True)
class Suggestion:
    """A solution that may resolve a case.

    Attributes:
        solution: the solution.
        similarity: of its text, or that of its problem, to the case's; above 0, at most 1.
        cases: how many cases it has resolved, of those that the actor may see.
    """

    solution: Solution
    similarity: float
    cases: int
