"""Criteria in words: an English sentence of the labels of fields and the names of relations.

Every criteria can be said, also one whose fields are gone. Parentheses stand wherever the sentence could be read in
two ways, so criteria that read alike mean the same.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from crmkit.core.kernel.entities.custom import NO_CUSTOM, PREFIX, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.query.fields import Registry, criteria_field, naming_field, related_entity
from crmkit.errors import CriteriaError, CrmkitError, LimitExceededError
from crmkit.values.criteria import (
    MAX_DEPTH,
    MAX_NODES,
    Aggregate,
    And,
    Compare,
    Criteria,
    Exists,
    Not,
    Or,
    Relative,
    Variable,
)
from crmkit.values.money import Money

__all__ = ["in_words", "value_in_words"]

Known = EntityType[Any] | None
"""What is asked about; None where it is not there any more."""

_IS: Final = {
    "eq": "is {}",
    "ne": "is not {}",
    "lt": "is less than {}",
    "le": "is at most {}",
    "gt": "is more than {}",
    "ge": "is at least {}",
    "in": "is one of {}",
    "contains": "contains {}",
    "starts_with": "starts with {}",
}
_WHEN: Final = {**_IS, "lt": "is before {}", "le": "is {} or earlier", "gt": "is after {}", "ge": "is {} or later"}
_IS_NOT: Final = {
    "is": "is not",
    "is not": "is",
    "contains": "does not contain",
    "starts": "does not start",
}
_COUNT: Final = {
    "eq": "exactly {}",
    "ne": "any number but {} of",
    "lt": "fewer than {}",
    "le": "at most {}",
    "gt": "more than {}",
    "ge": "at least {}",
}
_VARIABLES: Final = {"actor": "me", "teams": "my teams", "subtree": "my teams and those below them"}


def in_words(criteria: Criteria, entity: str, registry: Registry, custom: CustomShapes = NO_CUSTOM) -> str:
    """What ``criteria`` asks of ``entity``.

    Args:
        criteria: any one, of known fields or not.
        entity: the entity's name.
        registry: the entities of the deployment.
        custom: the custom fields of the tenant.

    Raises:
        CriteriaError: if it is no criteria.
        LimitExceededError: if it nests deeper than 32 levels or has more than 1,000 parts.
    """  # raised by what this calls; callers want to know
    words = _Words(registry, custom)
    known = words.known(entity)
    noun = entity if known is None else _small(known.label)
    match criteria:
        case And(()):
            return f"every {noun}"
        case Or(()):
            return f"no {noun}"
        case _:
            return f"{noun} {words.say(criteria, known, 1, alone=True)}"


class _Words:
    def __init__(self, registry: Registry, custom: CustomShapes) -> None:
        self.registry, self.custom, self.nodes = registry, custom, 0

    def known(self, name: str) -> Known:
        return next((e for e in self.registry if e.name == name), None)

    def say(self, criteria: Criteria, entity: Known, depth: int, *, alone: bool = False) -> str:
        """A relative clause; ``alone`` if nothing follows it that it could be taken together with.

        Raises:
            CriteriaError: if it is no criteria.
            LimitExceededError: if it nests too deep or has too many parts.
        """
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise LimitExceededError("depth of a criteria", MAX_DEPTH)
        if self.nodes > MAX_NODES:
            raise LimitExceededError("parts of a criteria", MAX_NODES)
        match criteria:
            case Compare():
                return self._compared(criteria, entity)
            case And(terms) | Or(terms):
                return self._joined(criteria, terms, entity, depth)
            case Not(term):
                return self._denied(term, entity, depth, alone=alone)
            case Exists():
                return self._having(criteria, entity, depth, alone=alone)
            case Aggregate():
                return self._aggregated(criteria, entity, depth)
            case _:
                raise CriteriaError(f"{criteria!r} is not a criteria")

    def _compared(self, criteria: Compare, entity: Known) -> str:
        field = self._field(entity, criteria.field)
        return f"whose {self._label(entity, field, criteria.field)} {_predicate(criteria, field)}"

    def _joined(self, criteria: Criteria, terms: tuple[Criteria, ...], entity: Known, depth: int) -> str:
        every = isinstance(criteria, And)
        if not terms:
            return "that is any at all" if every else "that is none at all"
        if len(terms) == 1:
            return self.say(terms[0], entity, depth + 1)
        said = []
        for term in terms:
            text = self.say(term, entity, depth + 1)
            said.append(f"({text})" if _is_joined(term) else text)
        return (" and " if every else " or ").join(said)

    def _denied(self, term: Criteria, entity: Known, depth: int, *, alone: bool) -> str:
        match term:
            case Compare():
                field = self._field(entity, term.field)
                return f"whose {self._label(entity, field, term.field)} {_opposite(_predicate(term, field))}"
            case Exists():
                return self._having(term, entity, depth + 1, alone=alone, none=True)
            case _:
                return f"that is not one ({self.say(term, entity, depth + 1)})"

    def _having(self, criteria: Exists, entity: Known, depth: int, *, alone: bool, none: bool = False) -> str:
        other, forward = self._follow(entity, criteria.relation)
        name = self._relation(other, criteria.relation)
        article = "no " if none else f"{_article(name)} " if forward else ""
        return f"that has {article}{name}{self._such(criteria.where, other, depth, alone=alone)}"

    def _aggregated(self, criteria: Aggregate, entity: Known, depth: int) -> str:
        other, _ = self._follow(entity, criteria.relation)
        name, such = self._relation(other, criteria.relation), self._such(criteria.where, other, depth)
        if criteria.field is None:
            return f"that has {_COUNT[criteria.op].format(value_in_words(criteria.value))} {name}{such}"
        field = self._field(other, criteria.field)
        label = self._label(other, field, criteria.field)
        when = field is not None and field.type in {"date", "instant"}
        first, last = ("first", "last") if when else ("least", "greatest")
        which = {"sum": "total", "min": first, "max": last}[criteria.function]
        predicate = (_WHEN if when else _IS)[criteria.op].format(value_in_words(criteria.value))
        return f"whose {which} {label} of {name}{such} {predicate}"

    def _such(self, where: Criteria, other: Known, depth: int, *, alone: bool = False) -> str:
        """What related records fit, in parentheses where more could follow or it is of several parts."""
        if where == And(()):
            return ""
        text = self.say(where, other, depth + 1, alone=alone)
        return f" {text}" if alone and not _is_joined(where) else f" ({text})"

    def _follow(self, entity: Known, relation: str) -> tuple[Known, bool]:
        if entity is None:
            return None, False
        try:
            other, _, forward = related_entity(self.registry, entity, relation, self.custom)
        except CrmkitError:
            return None, False
        return other, forward

    def _relation(self, other: Known, name: str) -> str:
        if other is None:
            return f"{name!r} (not there)"
        _, field = naming_field(name)
        if not field:
            return _spaced(name.removeprefix(PREFIX))
        return f"{_small(other.label)} records with it as {self._label(other, self._field(other, field), field)}"

    def _field(self, entity: Known, name: str) -> FieldShape | None:
        try:
            return None if entity is None else criteria_field(entity, name, self.custom)
        except CrmkitError:
            return None

    def _label(self, entity: Known, field: FieldShape | None, name: str) -> str:
        """The field's label; its name where two fields have the same label, or there is no such field any more."""
        if entity is None or field is None:
            return f"{name!r} (not there)"
        every = {**entity.shape.fields, **self.custom.of(entity.name)}
        if name not in every:
            return _spaced(name)  # a currency
        alike = [f for f in every.values() if f.label.casefold() == field.label.casefold()]
        return _small(field.label) if len(alike) < 2 else _spaced(name)  # noqa: PLR2004  # itself and another


def _is_joined(criteria: Criteria) -> bool:
    """Whether it is said with "and" or "or"; one of a single term is said as that."""
    while isinstance(criteria, And | Or) and len(criteria.terms) == 1:
        criteria = criteria.terms[0]
    return isinstance(criteria, And | Or) and bool(criteria.terms)


# -- fields -----------------------------------------------------------------------------------------------------------


def _predicate(criteria: Compare, field: FieldShape | None) -> str:
    if criteria.op == "empty":
        return "is empty" if criteria.value else "is not empty"
    forms = _WHEN if field is not None and field.type in {"date", "instant"} else _IS
    return forms[criteria.op].format(value_in_words(criteria.value))


def _opposite(predicate: str) -> str:
    begin, _, rest = predicate.partition(" ")
    if begin == "is" and rest.startswith("not "):
        return f"is {rest.removeprefix('not ')}"
    return f"{_IS_NOT[begin]} {rest}"


# -- values -----------------------------------------------------------------------------------------------------------


def value_in_words(value: Any) -> str:  # noqa: PLR0911  # one line per type
    """A value of a criteria, for people."""
    match value:
        case tuple():
            return ", ".join(map(value_in_words, value)) or "nothing"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value.replace(tzinfo=None).isoformat(sep=' ').removesuffix(':00')} UTC"
        case date() | UUID() | Relative():
            return str(value)
        case Money():
            return f"{_number(value.amount)} {value.currency}"
        case int() | Decimal():
            return _number(Decimal(value))
        case Variable():
            return _VARIABLES[value.name]
        case _:
            return repr(value)


def _number(value: Decimal) -> str:
    if not value.is_finite() or abs(value.adjusted()) > 40:  # noqa: PLR2004  # fits no field; zeros would fill pages
        return str(value)
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _small(label: str) -> str:
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _spaced(name: str) -> str:
    return name.replace("_", " ")


def _article(noun: str) -> str:
    return "an" if noun[:1] in "aeiou" else "a"
