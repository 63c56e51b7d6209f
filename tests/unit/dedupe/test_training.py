"""What is learned from the parties that are there, and what stands where nothing can be learned."""

import pytest
from attrs import evolve

from crmkit.plugins.dedupe.comparing.weights import Weights
from crmkit.plugins.dedupe.linkage.settings import TRAINING, Plan, Population, informed, train

PLAN = Plan(weights=Weights.before_any_data("person"), learn_m=True)
PRESENT = frozenset(column for rule in TRAINING for column in rule)


class Linker:
    """Notes what it is to learn, and cannot learn ``m``."""

    def __init__(self):
        self.training, self.asked = self, []

    def estimate_u_using_random_sampling(self, *, max_pairs, seed):
        self.asked.append(("u", max_pairs, seed))

    def estimate_parameters_using_expectation_maximisation(self, rule, *, max_pairs):
        self.asked.append(("m", max_pairs))
        raise ValueError("m_probability value 1.6e-310 is below the minimum allowed value")


@pytest.mark.parametrize(
    ("parties", "certain", "learned"),
    [(299, 60, []), (300, 49, ["u"]), (300, 50, ["u", "m", "m", "m"])],
    ids=["too few parties", "too few pairs that are certain", "enough of both"],
)
def test_from_too_little_nothing_is_learned_and_what_cannot_be_learned_is_believed(parties, certain, learned):
    linker = Linker()
    train(linker, PLAN, Population(parties=parties, present=PRESENT, certain=certain))
    assert [what for what, *_ in linker.asked] == learned
    assert all(asked[1] == PLAN.sample for asked in linker.asked)


def test_unless_it_is_asked_for_only_u_is_learned():
    linker = Linker()
    train(linker, evolve(PLAN, learn_m=False), Population(parties=1000, present=PRESENT, certain=100))
    assert [what for what, *_ in linker.asked] == ["u"]


def test_by_what_nobody_has_nothing_is_learned():
    linker = Linker()
    train(linker, PLAN, Population(parties=1000, present=frozenset({"name_key"}), certain=100))
    assert [what for what, *_ in linker.asked] == ["u", "m"]


@pytest.mark.parametrize(("parties", "certain"), [(1_000, 0), (1_000, 400_000), (300, 10)])
def test_how_probable_a_pair_is_beforehand_stays_within_reason(parties, certain):
    plan = informed(PLAN, Population(parties=parties, present=PRESENT, certain=certain))
    assert 0 < plan.weights.prior <= 0.1


def test_of_few_parties_it_is_believed():
    assert informed(PLAN, Population(parties=2, present=PRESENT, certain=1)) == PLAN
