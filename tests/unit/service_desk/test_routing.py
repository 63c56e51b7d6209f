"""Which rule fits a case, and who gets it. No database is needed to argue about it."""

from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmkit import new_id
from crmkit.errors import InvalidValueError
from crmkit.plugins.service_desk.cases.model import Case
from crmkit.plugins.service_desk.queues.model import STRATEGIES
from crmkit.plugins.service_desk.routing.model import Agent, RoutingRule
from crmkit.plugins.service_desk.routing.rules import distributed, first_fitting, fits, in_turn

QUEUE, PARTY = new_id(), new_id()
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def case(number=1, **said):
    return Case(**{"number": number, "party_id": PARTY, "subject": "Leaking roof", "opened_at": NOW, **said})


def rule(**said):
    return RoutingRule(**{"label": "Roofs", "queue_id": QUEUE, **said})


def agent(name, **said):
    return Agent(queue_id=QUEUE, actor_id=name, **said)


def split(strategy, cases, agents, **said):
    given = distributed(strategy, cases, agents, **{"loads": {}, **said})
    return dict(sorted(Counter(one.actor for one in given).items(), key=str))


HUNDRED = [case(number) for number in range(1, 101)]
ANN, BEA, CID = agent("ann"), agent("bea"), agent("cid")


# -- the documented split of 100 cases --------------------------------------------------------------------------------


def test_round_robin_goes_round():
    assert split("round_robin", HUNDRED, [CID, ANN, BEA]) == {"ann": 34, "bea": 33, "cid": 33}


def test_round_robin_goes_on_from_who_was_last():
    assert split("round_robin", HUNDRED, [ANN, BEA, CID], last="ann") == {"ann": 33, "bea": 34, "cid": 33}


def test_round_robin_over_many_runs_is_as_over_one():
    last, given = None, Counter()
    for start in range(0, 100, 7):
        run = distributed("round_robin", HUNDRED[start : start + 7], [ANN, BEA, CID], loads={}, last=last)
        given.update(one.actor for one in run)
        last = run[-1].actor
    assert given == {"ann": 34, "bea": 33, "cid": 33}


def test_least_busy_evens_out_what_was_there():
    assert split("least_busy", HUNDRED, [ANN, BEA, CID], loads={"ann": 10}) == {"ann": 27, "bea": 37, "cid": 36}


def test_by_skill_gives_a_case_to_who_knows_and_keeps_who_knows_much_free():
    cases = [case(n, skill="tiles" if n <= 40 else None) for n in range(1, 101)]
    agents = [agent("ann", skills=("tiles", "walls")), agent("bea", skills=("tiles",)), agent("cid")]
    given = distributed("by_skill", cases, agents, loads={})
    assert Counter(one.actor for one in given[:40]) == {"ann": 20, "bea": 20}
    assert Counter(one.actor for one in given) == {"ann": 33, "bea": 33, "cid": 34}


def test_nobody_gets_what_nobody_can():
    assert split("by_skill", [case(skill="gutters")], [ANN]) == {None: 1}
    assert split("round_robin", HUNDRED, []) == {None: 100}
    assert split("least_busy", HUNDRED, [agent("ann", capacity=30)], loads={"ann": 10}) == {None: 80, "ann": 20}
    assert split("round_robin", HUNDRED, [ANN, agent("bea", available=False)]) == {"ann": 100}
    assert distributed("manual", HUNDRED, [ANN], loads={}) == ()


# -- what holds of every distribution ---------------------------------------------------------------------------------

SKILLS = st.sampled_from(["tiles", "walls", "gutters"])
AGENTS = st.lists(
    st.builds(
        agent,
        st.sampled_from([f"a{n}" for n in range(8)]),
        skills=st.lists(SKILLS, max_size=2).map(tuple),
        capacity=st.none() | st.integers(0, 12),
        available=st.booleans(),
    ),
    unique_by=lambda one: one.actor_id,
    max_size=6,
)
CASES = st.lists(st.none() | SKILLS, max_size=40).map(lambda found: [case(n, skill=s) for n, s in enumerate(found, 1)])
LOADS = st.dictionaries(st.sampled_from([f"a{n}" for n in range(8)]), st.integers(0, 15))


@given(strategy=st.sampled_from(STRATEGIES[1:]), cases=CASES, agents=AGENTS, loads=LOADS)
def test_every_case_is_answered_for_and_nobody_gets_more_than_they_can(strategy, cases, agents, loads):
    given = distributed(strategy, cases, agents, loads=loads)
    assert [one.case for one in given] == [one.id for one in cases]
    by_name, got = {one.actor_id: one for one in agents}, Counter()
    for asked, one in zip(cases, given, strict=True):
        free = {
            name
            for name, who in by_name.items()
            if who.available and (who.capacity is None or loads.get(name, 0) + got[name] < who.capacity)
        }
        able = {n for n in free if strategy != "by_skill" or asked.skill is None or asked.skill in by_name[n].skills}
        assert (one.actor in able) if able else one.actor is None
        got[one.actor] += one.actor is not None


@given(cases=CASES, names=st.sets(st.sampled_from(["ann", "bea", "cid", "dan"]), min_size=1), loads=LOADS)
def test_least_busy_leaves_nobody_two_ahead_who_got_anything(cases, names, loads):
    given = Counter(one.actor for one in distributed("least_busy", cases, [agent(n) for n in names], loads=loads))
    total = {name: loads.get(name, 0) + given[name] for name in names}
    assert all(total[one] <= min(total.values()) + 1 for one in given)


@given(cases=CASES, agents=AGENTS, loads=LOADS, strategy=st.sampled_from(STRATEGIES))
def test_the_order_in_which_agents_are_told_does_not_matter(cases, agents, loads, strategy):
    assert distributed(strategy, cases, agents, loads=loads) == distributed(strategy, cases, agents[::-1], loads=loads)


def test_the_most_pressing_case_is_first_and_then_the_oldest():
    cases = [case(1), case(2, priority="urgent"), case(3, priority="low"), case(4, priority="urgent")]
    assert [one.number for one in in_turn(cases)] == [2, 4, 1, 3]


# -- rules ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("said", "fit"),
    [
        ({}, True),
        ({"kinds": ["incident", "question"]}, True),
        ({"kinds": ["incident"]}, False),
        ({"channels": ["phone"]}, False),
        ({"tiers": ["gold"]}, False),
        ({"priorities": ["normal"]}, True),
        ({"words": ["LEAK"]}, True),
        ({"words": ["röof"]}, True),
        ({"words": ["wall", "roof"], "kinds": ["question"]}, True),
        ({"words": ["wall"]}, False),
    ],
)
def test_a_rule_fits_if_every_condition_does(said, fit):
    assert fits(rule(**said), case()) is fit


def test_of_those_that_fit_the_first_decides():
    later, first, other = rule(place=5), rule(place=2), rule(place=1, kinds=["letter"])
    assert first_fitting([later, first, other], case()) is first
    assert first_fitting([other], case()) is None


@pytest.mark.parametrize("said", [{"kinds": ["riddle"]}, {"priorities": ["asap"]}, {"place": -1}, {"words": [" "]}])
def test_a_rule_that_cannot_be_is_refused(said):
    with pytest.raises((InvalidValueError, ValueError)):
        rule(**said)
