"""The commands about problems and solutions; a chapter of `crmkit.plugins.service_desk.service.ServiceDesk`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from attrs import evolve

from crmkit.plugins.service_desk.cases.model import UNDER_WAY, Case
from crmkit.plugins.service_desk.cases.rules import live
from crmkit.plugins.service_desk.cases.service import CaseId
from crmkit.plugins.service_desk.cases.tables import CASE
from crmkit.plugins.service_desk.flow.service import CaseFlow
from crmkit.plugins.service_desk.problems.events import ProblemSolved, SolutionUsed
from crmkit.plugins.service_desk.problems.model import Problem, Solution, SolutionUse, Suggestion
from crmkit.plugins.service_desk.problems.rules import similarity, telling_words
from crmkit.plugins.service_desk.problems.tables import PROBLEM, SOLUTION
from crmkit.sdk import ConflictError, LimitExceededError, Target, command, f, query

__all__ = ["ProblemId", "Problems", "SolutionId"]

ProblemId = Annotated[UUID, Target("service_desk.problem")]
SolutionId = Annotated[UUID, Target("service_desk.solution")]

_HITS = 20
_MOST = 50


class Problems(CaseFlow):
    """What cases come from, and what resolves them."""

    # -- problems -----------------------------------------------------------------------------------------------------

    @command("service_desk.problem.add", permission="service_desk.problem.create")
    def add_problem(self, title: str, *, body: str = "") -> Problem:
        """Write down what lies behind several cases.

        Args:
            title: in one line.
            body: what is known about it.

        Raises:
            InvalidValueError: if the title is blank.
        """  # by the model
        return self.records.add(Problem(title=title, body=body))

    @command("service_desk.problem.edit", permission="service_desk.problem.update")
    def edit_problem(self, problem: Problem) -> Problem:
        """Store a changed problem; that it is solved is told.

        Args:
            problem: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
        """  # raised by what this calls; callers want to know
        before = self.uow.get(PROBLEM, problem.id)
        stored = self.records.update(before, problem)
        if stored.status == "solved" and before.status != "solved":
            under_way = f.status.in_(list(UNDER_WAY)) & (f.problem_id == problem.id)
            self.emit(ProblemSolved(problem=problem.id, cases=tuple(c.id for c in self.uow.each(CASE, under_way))))
        return stored

    @command("service_desk.case.tie", permission="service_desk.case.update")
    def tie(self, case: CaseId, problem: ProblemId | None) -> Case:
        """Say which problem a case comes from.

        Args:
            case: its id.
            problem: the problem's; None if it comes from none.

        Raises:
            NotFoundError: if one of them is not there or hidden.
            ConflictError: if the case has become part of another one.
        """  # raised by what this calls; callers want to know
        before = live(self.uow.get(CASE, case))
        return self.records.update(before, evolve(before, problem_id=problem))

    @query("service_desk.problem.cases", permission="service_desk.problem.read")
    def cases_of(self, problem: ProblemId) -> tuple[Case, ...]:
        """The cases that come from a problem, by number, of those that the actor may see.

        Args:
            problem: its id.

        Raises:
            NotFoundError: if the problem is not there or hidden.
        """
        return tuple(sorted(self.uow.each(CASE, f.problem_id == problem), key=lambda case: case.number))

    # -- solutions ----------------------------------------------------------------------------------------------------

    @command("service_desk.solution.add", permission="service_desk.solution.create")
    def add_solution(self, title: str, body: str, *, problem: ProblemId | None = None) -> Solution:
        """Write down what resolves cases, to be used again.

        Args:
            title: in one line.
            body: what to do.
            problem: the problem that it solves or works around.

        Raises:
            NotFoundError: if the problem is not there or hidden.
            InvalidValueError: if a text is blank.
        """  # raised by what this calls; callers want to know
        return self.records.add(Solution(title=title, body=body, problem_id=problem))

    @command("service_desk.solution.edit", permission="service_desk.solution.update")
    def edit_solution(self, solution: Solution) -> Solution:
        """Store a changed solution.

        Args:
            solution: as `attrs.evolve` made it from what was read.

        Raises:
            NotFoundError: if it is gone or hidden.
            StaleVersionError: if it has moved on since it was read.
        """  # raised by what this calls; callers want to know
        return self.records.update(self.uow.get(SOLUTION, solution.id), solution)

    @command("service_desk.case.solve", permission="service_desk.case.update")
    def solve(self, case: CaseId, solution: SolutionId) -> Case:
        """Resolve a case by a solution that is written down, which counts as a use of it.

        The case comes from the solution's problem then, unless it comes from another one.

        Args:
            case: its id.
            solution: the solution's.

        Raises:
            NotFoundError: if one of them is not there or hidden.
            ConflictError: if the case has become part of another one, or the solution is retired.
            CaseStatusError: if the case cannot be resolved.
        """  # raised by what this calls; callers want to know
        found = self.uow.get(SOLUTION, solution)
        if found.retired:
            raise ConflictError(f"solution {found.title!r} is retired; use another one, or bring it back")
        before = live(self.uow.get(CASE, case))
        said = evolve(before, solution_id=solution, problem_id=before.problem_id or found.problem_id)
        self.records.update(before, said)
        stored = self.resolve(case, outcome=found.body)
        self.emit(SolutionUsed(case=case, solution=solution))
        return stored

    @query("service_desk.solution.uses", permission="service_desk.solution.read")
    def uses(self, *, limit: int = 50) -> tuple[SolutionUse, ...]:
        """The solutions that have resolved cases, the most used first.

        Args:
            limit: how many at most, 1 to 1000.

        Raises:
            LimitExceededError: if the limit is out of range.
        """
        if not 1 <= limit <= 1000:  # noqa: PLR2004  # the largest page
            raise LimitExceededError("solutions", 1000, got=limit)
        counts = self._uses()
        found = {one.id: one for one in self.uow.each(SOLUTION, f.id.in_(list(counts)))} if counts else {}
        ordered = sorted(found.values(), key=lambda one: (-counts[one.id], one.title, one.id))
        return tuple(SolutionUse(solution=one, cases=counts[one.id]) for one in ordered[:limit])

    @query("service_desk.case.suggest", permission="service_desk.solution.read")
    def suggest(self, case: CaseId, *, limit: int = 5) -> tuple[Suggestion, ...]:
        """The solutions that may resolve a case, the likeliest first; of those that the actor may see.

        Found by the telling words of the case in solutions and problems, and ordered by how much the texts look like
        each other; of equally likely ones the more used comes first.

        Args:
            case: its id.
            limit: how many at most, 1 to 50.

        Raises:
            NotFoundError: if the case is not there or hidden.
            LimitExceededError: if the limit is out of range.
        """
        if not 1 <= limit <= _MOST:
            raise LimitExceededError("suggestions", _MOST, got=limit)
        found = self.uow.get(CASE, case)
        text = f"{found.subject}\n{found.body}"
        likely = []
        for solution, about in self._candidates(text, found.problem_id):
            alike = max(
                similarity(text, f"{solution.title}\n{solution.body}"), similarity(found.subject, solution.title)
            )
            likely.append((max(alike, similarity(text, about)), solution))
        counts = self._uses([solution.id for _, solution in likely])
        ordered = sorted(likely, key=lambda one: (-one[0], -counts.get(one[1].id, 0), one[1].id))
        return tuple(
            Suggestion(solution=one, similarity=round(alike, 6), cases=counts.get(one.id, 0))
            for alike, one in ordered[:limit]
            if alike > 0
        )

    # -- inside -------------------------------------------------------------------------------------------------------

    def _candidates(self, text: str, problem: UUID | None) -> Iterable[tuple[Solution, str]]:
        """Solutions that share a telling word with a text, or whose problem does; each with its problem's text."""
        hits: dict[str, dict[UUID, None]] = {
            SOLUTION.name: {},
            PROBLEM.name: {} if problem is None else {problem: None},
        }
        for word in telling_words(text):
            for hit in self.uow.search.find(word, entities=[SOLUTION.name, PROBLEM.name], limit=_HITS):
                hits[hit.ref.entity][hit.ref.id] = None
        problems = list(hits[PROBLEM.name])
        where = f.id.in_(list(hits[SOLUTION.name]))
        if problems:
            where |= f.problem_id.in_(problems)
        if not (problems or hits[SOLUTION.name]):
            return []
        found = [one for one in self.uow.each(SOLUTION, where) if not one.retired]
        ids = [one.problem_id for one in found if one.problem_id is not None]
        about = {p.id: f"{p.title}\n{p.body}" for p in self.uow.each(PROBLEM, f.id.in_(ids))} if ids else {}
        return [(one, about.get(one.problem_id, "") if one.problem_id else "") for one in found]

    def _uses(self, solutions: list[UUID] | None = None) -> dict[UUID, int]:
        where = ~f.solution_id.is_empty() if solutions is None else f.solution_id.in_(solutions)
        if solutions is not None and not solutions:
            return {}
        return {one.key[0]: one.count for one in self.uow.tally(CASE, ["solution_id"], where=where)}
