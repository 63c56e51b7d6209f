"""Cases come into queues by rules, and are distributed among the agents; problems and solutions."""

from collections import Counter

import pytest
from attrs import evolve

from crmkit import f, new_id
from crmkit.errors import ConflictError, CrmkitError, InvalidValueError, UnknownActorError
from crmkit.plugins.service_desk import Case, CaseAssigned, ProblemSolved, ServiceDesk, SolutionUsed
from crmkit.plugins.service_desk.errors import UnknownQueueError


def do(crm, what, actor="ada"):
    with crm.begin(actor) as uow:
        return what(uow.use(ServiceDesk))


@pytest.fixture
def desk(crm):
    """Two queues with agents and rules."""
    with crm.begin("ada") as uow:
        desk = uow.use(ServiceDesk)
        desk.add_queue("roofs", label="Roofs", strategy="round_robin", team="sales")
        desk.add_queue("law", label="Law", strategy="by_skill", priority="high")
        desk.add_queue("rest", label="Rest")
        for actor in ("sam", "sue", "ned"):
            desk.set_agent("roofs", actor)
        desk.set_agent("law", "sue", skills=["court"])
        desk.add_rule("Letters", queue="law", place=1, kinds=["letter"], skill="court")
        desk.add_rule("Roofs", queue="roofs", place=2, words=["roof"], priority="low")
        desk.add_rule("All", queue="rest", place=9)
    return crm


def test_a_case_comes_into_the_queue_of_the_first_rule_that_fits(desk, opened):
    queues = {queue.id: queue.key for queue in do(desk, ServiceDesk.queues)}
    letter = opened(kind="letter", details={"sender": "Court", "received_on": "2026-03-01"})
    roof, wall, said = opened(), opened(subject="Wall"), opened(queue="rest", priority="urgent")
    found = [(queues[c.queue_id], c.priority, c.skill) for c in (letter, roof, wall, said)]
    assert found == [
        ("law", "high", "court"),
        ("roofs", "low", None),
        ("rest", "normal", None),
        ("rest", "urgent", None),
    ]


def test_cases_are_distributed_by_the_schedule_as_soon_as_they_come(desk, opened, tenant, told):
    cases = [opened(priority=priority) for priority in ("low", "urgent", "normal", "high")]
    desk.jobs.run_once(tenant=tenant)
    now = {case.number: case for case in do(desk, ServiceDesk.page)}
    assert [now[case.number].assignee_id for case in cases] == ["ned", "ned", "sue", "sam"]
    assert {case.status for case in now.values()} == {"open"}
    assert len(told(CaseAssigned)) == 4


def test_round_robin_goes_on_from_one_run_to_the_next(desk, opened):
    given = Counter()
    for _ in range(4):
        for _ in range(5):
            opened()
        given.update(one.actor for one in do(desk, ServiceDesk.distribute))
    assert given == {"ned": 7, "sam": 7, "sue": 6}


def test_who_is_not_active_gets_none_and_what_nobody_can_take_waits(desk, opened, actors):
    letter = opened(kind="letter", details={"sender": "Court", "received_on": "2026-03-01"})
    do(desk, lambda service: service.remove_agent("law", "sue"))
    do(desk, lambda service: service.set_agent("law", "ned", skills=["tiles"]))
    for _ in range(3):
        opened()
    actors.add("sam", roles=["seller"], teams=["sales"], active=False)
    given = {one.case: one.actor for one in do(desk, ServiceDesk.distribute)}
    assert given.pop(letter.id) is None
    assert sorted(given.values()) == ["ned", "ned", "sue"]


def test_distributing_is_undone(desk, opened):
    case = opened()
    with desk.begin("ada") as uow:
        uow.use(ServiceDesk).distribute()
        unit = uow.id
    with desk.begin("ada") as uow:
        uow.history.undo(unit)
        assert uow.get(Case, case.id).assignee_id is None
        assert [queue.last_assigned for queue in uow.use(ServiceDesk).queues()] == [None] * 3


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (lambda desk: desk.add_rule("X", queue="attic"), UnknownQueueError),
        (lambda desk: desk.add_rule("X", queue="roofs", kinds=["riddle"]), InvalidValueError),
        (lambda desk: desk.set_agent("roofs", "mallory"), UnknownActorError),
        (lambda desk: desk.set_agent("attic", "sam"), UnknownQueueError),
        (lambda desk: desk.set_agent("roofs", "ada", capacity=-1), ValueError),
        (lambda desk: desk.remove_rule(new_id()), CrmkitError),
    ],
)
def test_rules_and_agents_that_cannot_be_are_refused(step, error, desk, rows):
    before = rows()
    with pytest.raises(error):
        do(desk, step)
    assert rows() == before


# -- problems and solutions -------------------------------------------------------------------------------------------


@pytest.fixture
def flashing(crm):
    """A problem, with its solution and another one."""
    with crm.begin("ada") as uow:
        desk = uow.use(ServiceDesk)
        problem = desk.add_problem("Lead flashing tears", body="Around chimneys of 2019")
        right = desk.add_solution("Replace the flashing", "Cut it out, solder a new one", problem=problem.id)
        desk.add_solution("Send the invoice again", "From the archive")
    return problem, right


def test_a_solution_is_used_again_and_counted(crm, opened, flashing, told):
    problem, right = flashing
    cases = [opened(), opened()]
    for case in cases:
        solved = do(crm, lambda desk, case=case: desk.solve(case.id, right.id))
        assert (solved.status, solved.solution_id, solved.problem_id) == ("resolved", right.id, problem.id)
        assert solved.outcome == right.body
    assert [(one.solution.id, one.cases) for one in do(crm, ServiceDesk.uses)] == [(right.id, 2)]
    assert told(SolutionUsed) == [SolutionUsed(case=case.id, solution=right.id) for case in cases]
    assert [case.number for case in do(crm, lambda desk: desk.cases_of(problem.id))] == [1, 2]


def test_solutions_are_suggested_by_what_the_case_says_and_by_their_problem(crm, opened, flashing):
    _, right = flashing
    by_solution = opened(subject="Who replaces my flashing?")
    by_problem = opened(subject="Chimney", body="Water comes in around the chimneys, the lead is torn")
    other = opened(subject="Hello")
    found = [do(crm, lambda desk, case=case: desk.suggest(case.id)) for case in (by_solution, by_problem, other)]
    assert [[one.solution.id for one in suggestions] for suggestions in found] == [[right.id], [right.id], []]
    assert all(0 < one.similarity <= 1 for suggestions in found for one in suggestions)


def test_a_retired_solution_is_neither_suggested_nor_used(crm, opened, flashing, rows):
    _, right = flashing
    case = opened(subject="Who replaces my flashing?")
    do(crm, lambda desk: desk.edit_solution(evolve(right, retired=True)))
    before = rows()
    assert do(crm, lambda desk: desk.suggest(case.id)) == ()
    with pytest.raises(ConflictError, match="is retired"):
        do(crm, lambda desk: desk.solve(case.id, right.id))
    assert rows() == before


def test_solving_a_problem_tells_which_cases_still_come_from_it(crm, opened, flashing, told):
    problem, _ = flashing
    done, case = opened(), opened()
    for one in (done, case):
        do(crm, lambda desk, one=one: desk.tie(one.id, problem.id))
    do(crm, lambda desk: desk.resolve(done.id, outcome="x"))
    do(crm, lambda desk: desk.edit_problem(evolve(problem, status="solved")))
    assert told(ProblemSolved) == [ProblemSolved(problem=problem.id, cases=(case.id,))]


def test_cases_are_found_by_their_texts(crm, opened):
    case = opened(subject="Cracked tile", body="By the storm")
    with crm.begin("ada", read_only=True) as uow:
        assert [hit.ref.id for hit in uow.search.find("storm tile")] == [case.id]
        assert uow.count(Case, f.subject == "Cracked tile") == 1
