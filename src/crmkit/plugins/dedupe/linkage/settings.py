"""What splink is told: comparisons, blocking rules and the plan of training. It is the same for every backend.

Nothing here knows where the comparing is done; `crmkit.plugins.dedupe.linkage.backends` brings the two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen
from attrs.validators import and_, ge, gt, le, lt

from crmkit.plugins.dedupe.comparing.traits import KEYS, SHARED
from crmkit.plugins.dedupe.comparing.weights import Comparison, Level, Weights
from crmkit.plugins.dedupe.requiring import required

if TYPE_CHECKING:
    from splink import Linker, SettingsCreator
    from splink.internals.blocking_rule_creator import BlockingRuleCreator
    from splink.internals.comparison_level_creator import ComparisonLevelCreator

__all__ = ["BLOCK", "CERTAIN", "ID", "Plan", "Population", "column_of", "informed", "learned", "settings", "train"]

ID: Final = "unique_id"
WHAT: Final = "many parties are compared"
_ALMOST_NEVER: Final = 1e-9
_ALMOST_ALWAYS: Final = 1 - 1e-9
_MOST_COMMON: Final = 0.1
"""However many pairs are certain: as a prior, more would make one of whatever has a name in common."""
BLOCK: Final = "block_"
"""In front of a trait, the column that pairs are found by: empty where so many parties share the value that it says
nothing."""


@frozen(kw_only=True)
class Plan:
    """How a linkage is done.

    Attributes:
        weights: what is believed before training.
        threshold: the probability from which on a pair is proposed.
        learn_m: whether ``m`` is learned, by expectation maximisation over the pairs that `TRAINING` finds. Only where
            a good part of them are duplicates; else it takes living in one place for being one person.
        learn_from: pairs that are certain (same name and birth date, name and address, or mechanism) that it takes to
            learn ``m`` from; with fewer the beliefs stand, since too few examples teach nonsense.
        fewest: parties that it takes to learn ``u`` from.
        sample: pairs that ``u`` is learned from, and pairs that ``m`` is learned from by each rule, at most.
        seed: of that sample, so that the same parties give the same result.
        certain_recall: the share of all true pairs that is believed to be certain.
    """

    weights: Weights
    threshold: float = field(default=0.5, validator=and_(gt(0), lt(1)))
    learn_m: bool = False
    learn_from: int = field(default=50, validator=ge(1))
    fewest: int = field(default=300, validator=ge(2))
    sample: int = field(default=5_000_000, validator=ge(1_000))
    seed: int = 1
    certain_recall: float = field(default=0.7, validator=and_(gt(0), le(1)))


@frozen(kw_only=True)
class Population:
    """The parties of one kind that are compared.

    Attributes:
        parties: how many there are.
        present: the traits that any of them has.
        certain: how many pairs are certain, by `CERTAIN`.
    """

    parties: int
    present: frozenset[str]
    certain: int


CERTAIN: Final = (("name_key", "birth_key"), ("name_key", "street_key"), ("name_key", "emails"), ("name_key", "phones"))
"""What two records have in common only if they are of one party, or as good as only then."""
TRAINING: Final = (("birth_key",), ("name_key",), ("place_key",))
"""What pairs have in common that ``m`` is learned from, one after the other: each teaches what it does not name."""


def column_of(comparison: Comparison) -> str:
    """The name of a comparison in columns of splink."""
    return comparison.name.replace(" ", "_")


def settings(plan: Plan, present: frozenset[str]) -> SettingsCreator:
    """The settings object of splink; any backend takes it.

    Args:
        plan: how the linkage is done.
        present: the traits that any party has; others are neither compared nor compared by.

    Raises:
        ConfigError: if splink is not installed.
    """  # raised by required
    splink, library = required("splink", what=WHAT), required("splink.comparison_library", what=WHAT)
    made: SettingsCreator = splink.SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name=ID,
        probability_two_random_records_match=plan.weights.prior,
        comparisons=[
            library.CustomComparison(output_column_name=column_of(one), comparison_levels=_levels(one))
            for one in plan.weights.comparisons
            if present.intersection(one.columns)
        ],
        blocking_rules_to_generate_predictions=[_block((BLOCK + key,)) for key in (*KEYS, *SHARED) if key in present],
        retain_intermediate_calculation_columns=True,
    )
    return made


def train(linker: Linker, plan: Plan, population: Population) -> None:
    """Let a linker learn from the parties that it was given.

    Args:
        linker: to be trained.
        plan: how the linkage is done.
        population: of these parties.
    """
    if population.parties < plan.fewest:
        return
    linker.training.estimate_u_using_random_sampling(max_pairs=plan.sample, seed=plan.seed)
    if not plan.learn_m or population.certain < plan.learn_from:
        return
    for rule in TRAINING:
        if population.present.issuperset(rule):
            # A level that no probable pair reaches goes to 0, which splink refuses; then what is believed stands.
            with suppress(ValueError):
                linker.training.estimate_parameters_using_expectation_maximisation(_block(rule), max_pairs=plan.sample)


def informed(plan: Plan, population: Population) -> Plan:
    """A plan that begins with how probable it is among these parties that two picked by chance are one.

    It follows from the pairs that are certain; splink's own estimate is the same, but reads all parties once more.
    """
    possible = population.parties * (population.parties - 1) / 2
    if population.parties < plan.fewest or not possible:
        return plan
    prior = max(population.certain, 1) / plan.certain_recall / possible
    return evolve(plan, weights=evolve(plan.weights, prior=min(max(prior, _ALMOST_NEVER), _MOST_COMMON)))


def learned(linker: Linker, weights: Weights) -> Weights:
    """The weights that a linker has learned, over those that were believed before.

    Args:
        linker: after its training.
        weights: what was believed.
    """
    model = linker.misc.save_model_to_json()
    said = {c["output_column_name"]: c["comparison_levels"] for c in model["comparisons"]}
    known = tuple(
        evolve(one, levels=tuple(_taught(one.levels, said[column_of(one)]))) if column_of(one) in said else one
        for one in weights.comparisons
    )
    return evolve(weights, comparisons=known)


def _taught(levels: Iterable[Level], said: list[Mapping[str, Any]]) -> Iterable[Level]:
    """Levels with what was learned of each; those of splink begin with the one for what is missing."""
    for level, learned_of in zip(levels, said[1:], strict=True):
        m, u = learned_of.get("m_probability", level.m), learned_of.get("u_probability", level.u)
        yield evolve(level, m=_within(m), u=_within(u))


def _within(probability: float) -> float:
    return min(max(probability, _ALMOST_NEVER), _ALMOST_ALWAYS)


# -- in the words of splink -------------------------------------------------------------------------------------------


def _block(rule: tuple[str, ...]) -> BlockingRuleCreator:
    splink = required("splink", what=WHAT)
    lists = [column for column in rule if column.removeprefix(BLOCK) in SHARED]
    made: BlockingRuleCreator = splink.block_on(*rule, arrays_to_explode=lists or None)
    return made


def _levels(comparison: Comparison) -> list[ComparisonLevelCreator]:
    library = required("splink.comparison_level_library", what=WHAT)
    missing = [library.NullLevel(column) for column in comparison.columns]
    first = missing[0] if len(missing) == 1 else library.And(*missing).configure(is_null_level=True)
    return [first, *(_level(level, comparison, library) for level in comparison.levels)]


def _level(level: Level, comparison: Comparison, library: Any) -> ComparisonLevelCreator:
    columns = level.columns or comparison.columns
    match level.test:
        case "same":
            tests = [library.ExactMatchLevel(column) for column in columns]
        case "swapped":
            tests = [library.ColumnsReversedLevel(*columns, symmetrical=True)]
        case "near":
            tests = [library.JaroWinklerLevel(column, level.at) for column in columns]
        case "edits":
            tests = [library.DamerauLevenshteinLevel(column, int(level.at)) for column in columns]
        case "shared":
            tests = [library.ArrayIntersectLevel(column) for column in columns]
        case _:
            tests = [library.ElseLevel()]
    made: ComparisonLevelCreator = tests[0] if len(tests) == 1 else library.And(*tests)
    return made.configure(m_probability=level.m, u_probability=level.u, label_for_charts=level.name)
