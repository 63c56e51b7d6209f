"""What a rule of quality is, and what comes of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal

from attrs import field, frozen

from crmkit.core.kernel.entities.entity import Record
from crmkit.errors import InvalidValueError
from crmkit.values.checks import key, one_of, text
from crmkit.values.criteria import ALWAYS, Criteria, criteria_from_json, criteria_to_json
from crmkit.values.ref import Ref

__all__ = ["Dimension", "Level", "QualityRule", "QualityScore", "RuleReport", "Unfulfilled"]

Level = Literal["block", "warn"]
"""What happens where a rule is not fulfilled: the write is refused, or it is only said."""
Dimension = Literal["completeness", "validity"]
"""What a rule is about: whether something is there, or whether what is there can be right."""

MAX_WEIGHT: Final = 1_000
_LINE: Final = 200
_MESSAGE: Final = 1_000


def _in_json(criteria: Criteria | Mapping[str, Any]) -> Mapping[str, Any]:
    return criteria_to_json(criteria) if isinstance(criteria, Criteria) else criteria


def _in_json_or_none(criteria: Criteria | Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if criteria is None else _in_json(criteria)


def _weight(_: object, attribute: Any, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_WEIGHT:
        raise InvalidValueError(attribute.name, value, f"is not a whole number from 1 to {MAX_WEIGHT}")


def _flag(_: object, attribute: Any, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidValueError(attribute.name, value, "is neither True nor False")


@frozen(kw_only=True)
class QualityRule(Record):
    """What good records of one entity fit.

    Attributes:
        entity: the name of the entity, such as ``party``.
        key: names the rule; unique for the entity.
        label: for people, such as ``Has a way to be reached``.
        message: what is wrong where it is not fulfilled, and what to do.
        level: block or warn.
        dimension: completeness or validity.
        weight: how much it counts in the score, 1 to 1,000.
        condition: criteria in JSON form that good records fit; criteria are turned into it. See `where`.
        applies: criteria in JSON form of the records that it is about; None for all. See `when`.
        active: whether it is asked at all.
    """

    entity: str = field(validator=text(_LINE))
    key: str = field(validator=key)
    label: str = field(validator=text(_LINE))
    message: str = field(validator=text(_MESSAGE))
    level: Level = field(default="warn", validator=one_of(("block", "warn")))
    dimension: Dimension = field(default="completeness", validator=one_of(("completeness", "validity")))
    weight: int = field(default=1, validator=_weight)
    condition: Mapping[str, Any] = field(converter=_in_json)
    applies: Mapping[str, Any] | None = field(default=None, converter=_in_json_or_none)
    active: bool = field(default=True, validator=_flag)

    @property
    def where(self) -> Criteria:
        """What good records fit."""
        return criteria_from_json(self.condition)

    @property
    def when(self) -> Criteria:
        """Which records it is about."""
        return ALWAYS if self.applies is None else criteria_from_json(self.applies)


@frozen(kw_only=True)
class Unfulfilled:
    """A rule that a record does not fulfil.

    Attributes:
        key: of the rule.
        label: of the rule.
        message: what is wrong, and what to do.
        level: block or warn.
        dimension: completeness or validity.
        weight: how much it counts.
    """

    key: str
    label: str
    message: str
    level: Level
    dimension: Dimension
    weight: int


@frozen(kw_only=True)
class QualityScore:
    """How good a record is, by the rules that are about it and that the actor may know of.

    Attributes:
        ref: the record.
        score: 0 to 100; None if no rule is about it.
        completeness: the same by rules of completeness only.
        validity: the same by rules of validity only.
        unfulfilled: the rules that it does not fulfil, blocking ones first, then the weightiest.
    """

    ref: Ref
    score: int | None
    completeness: int | None
    validity: int | None
    unfulfilled: tuple[Unfulfilled, ...]


@frozen(kw_only=True)
class RuleReport:
    """How many records do not fulfil a rule.

    Attributes:
        rule: the rule.
        violations: how many of the records that the actor may see do not fulfil it.
        problem: why it cannot be asked, such as a field that is gone; None if it can, and then ``violations`` counts.
    """

    rule: QualityRule
    violations: int
    problem: str | None = None
