"""Rules: what a role permits or forbids. `crmkit.core.kernel.access.policy` adds them up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal

from attrs import frozen

from crmkit.core.kernel.entities.custom import NO_CUSTOM, PREFIX, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.errors import InvalidKeyError, InvalidOperatorError, InvalidValueError
from crmkit.values.criteria import ALWAYS, MAX_DEPTH, And, Compare, Criteria, Not, Or, Variable

__all__ = ["Effect", "Rule", "Scope", "SourcedRule", "covers", "criteria_text", "fields_of"]

Effect = Literal["permit", "forbid"]
Scope = Literal["own", "team", "subtree", "all"]

_NAME: Final = r"[a-z][a-z0-9_]*"
_PATTERN: Final = re.compile(rf"\*|\*\.{_NAME}|{_NAME}(\.{_NAME})*\.(\*|{_NAME})")
_SCOPES: Final = ("own", "team", "subtree", "all")


@frozen(kw_only=True)
class Rule:
    """One permit or forbid.

    A permit gives a permission on the records that lie in ``scope`` and fit ``where``; a forbid takes it, and beats
    every permit. A forbid with ``fields`` takes fields only, of all records.

    Attributes:
        effect: permit or forbid.
        permission: one (``deal.read``), all of an entity (``deal.*``), one verb of all (``*.read``), or all (``*``).
        scope: own (the actor is the owner), team (own, or the record's team is one of the actor's), subtree (own, or
            its team is one of these or below them), all. Records without owner or team lie in scope all only.
        where: a condition on the record's own fields; no relations, no ``contains`` or ``starts_with``.
        fields: names of fields, ``custom.size`` of a custom one, or ``class:personal`` for all fields of a class.

    Raises:
        InvalidKeyError: if the permission is no such pattern.
        InvalidValueError: if effect or scope is none, or fields come with anything but a plain forbid.
        InvalidOperatorError: if ``where`` looks beyond the record, at parts of texts, or belongs to no one entity.
    """

    effect: Effect
    permission: str
    scope: Scope = "all"
    where: Criteria = ALWAYS
    fields: tuple[str, ...] = ()

    def __attrs_post_init__(self) -> None:
        if self.effect not in {"permit", "forbid"}:
            raise InvalidValueError("effect", self.effect, "is neither permit nor forbid")
        if _PATTERN.fullmatch(self.permission) is None:
            raise InvalidKeyError("permission", self.permission, "is none, such as deal.read, deal.*, *.read or *")
        if self.scope not in _SCOPES:
            raise InvalidValueError("scope", self.scope, f"is none of {', '.join(_SCOPES)}")
        if self.fields and (self.effect, self.scope, self.where) != ("forbid", "all", ALWAYS):
            raise InvalidValueError("fields", self.fields, "come with a forbid of scope all without a condition only")
        if self.where != ALWAYS and self.permission.startswith("*"):
            raise InvalidOperatorError("where", self.permission, "needs a permission of one entity, such as deal.*")
        _check_where(self.where)

    def covers(self, permission: str) -> bool:
        """Whether the rule speaks of ``permission``."""
        return covers(self.permission, permission)

    def __str__(self) -> str:
        parts = [self.effect, self.permission]
        if self.fields:
            parts.append(f"for {', '.join(self.fields)}")
        elif self.scope != "all":
            parts.append(f"in scope {self.scope}")
        if self.where != ALWAYS:
            parts.append(f"where {criteria_text(self.where)}")
        return " ".join(parts)


def covers(pattern: str, permission: str) -> bool:
    """Whether ``pattern`` (see `Rule`) includes ``permission``."""
    if pattern in {"*", permission}:
        return True
    if pattern.endswith(".*"):
        return permission.startswith(pattern[:-1])
    return pattern.startswith("*.") and permission.endswith(pattern[1:])


def _check_where(where: Criteria, depth: int = 1) -> None:
    """A condition must hold in Python and SQL without looking anything up, and be cheap for every row.

    Raises:
        InvalidOperatorError: if it is none such.
    """
    if depth > MAX_DEPTH:
        raise InvalidOperatorError("where", "rule", "nests too deep")
    match where:
        case And() | Or():
            for term in where.terms:
                _check_where(term, depth + 1)
        case Not():
            _check_where(where.term, depth + 1)
        case Compare() if where.op not in {"contains", "starts_with"}:
            pass
        case Compare():
            raise InvalidOperatorError(where.op, where.field, "cannot be used in a rule; compare whole values")
        case _:
            raise InvalidOperatorError("where", "rule", "a rule looks at the record's own fields only")


_WORDS: Final = {"eq": "=", "ne": "is not", "lt": "<", "le": "<=", "gt": ">", "ge": ">=", "in": "is one of"}


def criteria_text(criteria: Criteria) -> str:
    """A condition of a rule, for people."""
    match criteria:
        case And() | Or():
            word = " and " if isinstance(criteria, And) else " or "
            return "(" + word.join(criteria_text(t) for t in criteria.terms) + ")" if criteria.terms else "always"
        case Not():
            return f"not {criteria_text(criteria.term)}"
        case Compare():
            if criteria.op == "empty":
                return f"{criteria.field} is {'' if criteria.value else 'not '}empty"
            return f"{criteria.field} {_WORDS[criteria.op]} {_value_text(criteria.value)}"
        case _:
            return repr(criteria)


def _value_text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(_value_text(v) for v in value) or "nothing"
    return f"the {value.name}" if isinstance(value, Variable) else str(value)


@frozen
class SourcedRule:
    """A rule and where it comes from.

    Attributes:
        source: such as ``role seller`` or ``elevated: merging``.
        rule: the rule.
    """

    source: str
    rule: Rule


def fields_of(rule: Rule, entity: EntityType[Any], custom: CustomShapes = NO_CUSTOM) -> Iterator[str]:
    """The fields of ``entity``, custom ones too, that ``rule`` takes."""
    for name in rule.fields:
        data_class = name.removeprefix("class:")
        if data_class != name:
            yield from (f.name for f in entity.shape.fields.values() if f.data_class == data_class)
            yield from custom.of_class(entity.name, data_class)
        elif name in entity.shape.fields or name.startswith(PREFIX):
            yield name
