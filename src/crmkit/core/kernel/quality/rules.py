"""Pure decisions: which criteria a rule may have, and how outcomes add up to a score."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, Final

from crmkit.core.kernel.quality.model import Dimension, QualityRule, QualityScore, Unfulfilled
from crmkit.core.kernel.query.check import check_criteria
from crmkit.core.kernel.query.fields import related_entity
from crmkit.errors import InvalidValueError
from crmkit.values.criteria import Aggregate, And, Compare, Criteria, Exists, Not, Or, Relative, Variable

if TYPE_CHECKING:
    from crmkit.core.kernel.entities.custom import CustomShapes
    from crmkit.core.kernel.entities.entity import EntityType
    from crmkit.core.kernel.entities.registry import EntityRegistry
    from crmkit.values.ref import Ref

__all__ = ["Outcome", "check_rule", "reasons_of", "score_of", "share_of"]

Outcome = tuple[QualityRule, bool]
"""A rule that is about a record, and whether the record fulfils it."""

_LEVELS: Final = {"block": 0, "warn": 1}


def check_rule(rule: QualityRule, registry: EntityRegistry, custom: CustomShapes) -> None:
    """Check that a rule can be asked, and that its answer changes only with the record and its parts.

    Args:
        rule: the rule.
        registry: the entities of the deployment.
        custom: the custom fields of the tenant.

    Raises:
        UnknownFieldError: if there is no such entity, field or relation.
        CriteriaError: if a criteria does not fit the entity.
        InvalidValueError: if it is about a part, looks at other records, at who asks or at the time.
    """  # some of them by what this calls
    entity = registry.entity(rule.entity)
    if entity.part_of is not None:
        whole = registry.root_of(entity).name
        raise InvalidValueError("entity", rule.entity, f"is part of a {whole}; make a rule for that")
    for criteria in (rule.where, rule.when):
        check_criteria(criteria, registry, entity, custom=custom)
        _check_bounds(criteria, entity, registry, custom)


def _check_bounds(criteria: Criteria, entity: EntityType[Any], registry: EntityRegistry, custom: CustomShapes) -> None:
    match criteria:
        case And() | Or():
            for term in criteria.terms:
                _check_bounds(term, entity, registry, custom)
        case Not():
            _check_bounds(criteria.term, entity, registry, custom)
        case Exists() | Aggregate():
            other, reference, forward = related_entity(registry, entity, criteria.relation, custom)
            if forward or other.part_of != reference.column:
                way = f"leads to another {other.name}; a rule looks at a record and its parts only"
                raise InvalidValueError("condition", criteria.relation, way)
            _check_values(getattr(criteria, "value", None))
            _check_bounds(criteria.where, other, registry, custom)
        case Compare():
            _check_values(criteria.value)
        case _:  # `check_criteria` knows that there is no other
            pass


def _check_values(value: Any) -> None:
    for one in value if isinstance(value, tuple) else (value,):
        if isinstance(one, Relative):
            way = "moves with the time, and scores do not; name a date"
            raise InvalidValueError("condition", str(one), way)
        if isinstance(one, Variable):
            raise InvalidValueError("condition", one.name, "depends on who asks; a rule is the same for everybody")


def share_of(outcomes: Iterable[Outcome], dimension: Dimension | None = None) -> int | None:
    """The score: the weights of the rules that are fulfilled in a hundredth of those of all, rounded down.

    So it is 100 only if every rule is fulfilled.

    Args:
        outcomes: of the rules that are about the record.
        dimension: of only these rules; of all by default.

    Returns:
        0 to 100; None if no rule is about it.
    """
    counted = [(rule.weight, fulfilled) for rule, fulfilled in outcomes if dimension in {None, rule.dimension}]
    total = sum(weight for weight, _ in counted)
    return 100 * sum(weight for weight, fulfilled in counted if fulfilled) // total if total else None


def reasons_of(outcomes: Iterable[Outcome]) -> Iterator[Unfulfilled]:
    """The rules that are not fulfilled, blocking ones first, then the weightiest."""
    failed = [rule for rule, fulfilled in outcomes if not fulfilled]
    for rule in sorted(failed, key=lambda r: (_LEVELS[r.level], -r.weight, r.key)):
        yield Unfulfilled(
            key=rule.key,
            label=rule.label,
            message=rule.message,
            level=rule.level,
            dimension=rule.dimension,
            weight=rule.weight,
        )


def score_of(ref: Ref, outcomes: Iterable[Outcome]) -> QualityScore:
    """All that rules say of a record."""
    known = tuple(outcomes)
    return QualityScore(
        ref=ref,
        score=share_of(known),
        completeness=share_of(known, "completeness"),
        validity=share_of(known, "validity"),
        unfulfilled=tuple(reasons_of(known)),
    )
