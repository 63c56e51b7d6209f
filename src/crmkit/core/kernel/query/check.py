"""What a criteria may say about an entity: which fields, operators and values fit, and how much of it is allowed.

The check is one walk that also takes the criteria apart: into a *template*, which has the names of parameters in the
place of values, and the parameters. Criteria of the same structure have equal templates, so SQL is built once for all
of them (see `crmkit.core.kernel.query.sql`). Templates are plain tuples, because they are hashed on every query.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, Protocol

from attrs import field as attribute
from attrs import frozen

from crmkit.core.kernel.entities.custom import NO_CUSTOM, PREFIX, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType
from crmkit.core.kernel.entities.shape import FieldShape
from crmkit.core.kernel.query.fields import (
    COMPARED,
    OPERATORS,
    SUMMED,
    Registry,
    coerce,
    criteria_field,
    like_pattern,
    related_entity,
    root_name,
)
from crmkit.core.kernel.query.moments import moment_for
from crmkit.errors import CriteriaError, FieldForbiddenError, InvalidOperatorError, LimitExceededError
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

__all__ = [
    "ALL",
    "IN_SETS",
    "NONE",
    "Asking",
    "Params",
    "Reader",
    "Template",
    "Variables",
    "check_criteria",
    "in_list",
    "resolve",
]

Template = tuple[Any, ...]
Params = dict[str, Any]

ALL: Final[Template] = ("and",)
"""The template that fits every record."""
NONE: Final[Template] = ("or",)
"""The template that fits no record."""
IN_SETS: Final = "in sets"
"""Ends the join to records that name another in a custom field without an index: they are read once, not per record."""
_OPPOSITE: Final = {"lt": "ge", "le": "gt", "gt": "le", "ge": "lt"}
_SOME: Final = frozenset({("gt", 0), ("ge", 1), ("ne", 0)})
_NONE: Final = frozenset({("eq", 0), ("le", 0), ("lt", 1)})
_COUNT: Final = FieldShape(name="count", type="integer", columns=(), nullable=False, label="Count")


@frozen(kw_only=True)
class Variables:
    """What the variables of a criteria stand for.

    Attributes:
        actor: the actor's id.
        teams: keys of the actor's teams.
        subtree: keys of these teams and of all teams below them.
    """

    actor: str
    teams: frozenset[str] = frozenset()
    subtree: frozenset[str] = frozenset()


class Reader(Protocol):
    """Whose eyes a criteria is read with."""

    @property
    def variables(self) -> Variables:
        """What its variables stand for."""
        ...

    @property
    def custom(self) -> CustomShapes:
        """The custom fields of the tenant."""
        ...

    def hidden_fields(self, permission: str, entity: EntityType[Any]) -> frozenset[str]:
        """The fields of ``entity`` that a forbid hides."""
        ...


# -- the walk ---------------------------------------------------------------------------------------------------------


def check_criteria(
    criteria: Criteria,
    registry: Registry,
    entity: EntityType[Any],
    reader: Reader | None = None,
    *,
    custom: CustomShapes = NO_CUSTOM,
) -> None:
    """Check that ``criteria`` may be asked of ``entity``.

    Args:
        criteria: of any origin, also built in Python, however deep.
        registry: the entities of the deployment.
        entity: what it is asked of.
        reader: whose right to see each field is checked; None for nobody's.
        custom: the custom fields of the tenant, where there is no reader to know them.

    Raises:
        UnknownFieldError: for a field or relation that there is not; names the nearest one.
        FieldForbiddenError: for a field that the reader may not see, through relations too.
        InvalidOperatorError: for an operator or value that does not fit the field's type.
        InvalidKeyError: for a custom field's name that is none.
        InvalidValueError: for a value that no stored one could equal.
        LimitExceededError: for more than 32 levels, 1,000 parts or 1,000 characters in a text.
    """
    resolve(criteria, entity, Asking(registry, reader, custom=custom), {})


@frozen
class Asking:
    """On what terms a criteria is taken apart.

    Attributes:
        registry: the entities of the deployment.
        reader: whose right to see each field is checked, and who its variables stand for; None for nobody.
        prefix: begins the names of its parameters.
        related: the template that keeps hidden records of a related entity out of relations and aggregates.
        custom: the custom fields of the tenant, where there is no reader to know them.
    """

    registry: Registry
    reader: Reader | None = None
    prefix: str = "w"
    related: Callable[[EntityType[Any]], Template] = attribute(default=lambda _: ALL)
    custom: CustomShapes = NO_CUSTOM


def resolve(criteria: Criteria, entity: EntityType[Any], asking: Asking, params: Params) -> Template:
    """Check ``criteria`` (see `check_criteria`, also for what is raised) and take it apart.

    Args:
        criteria: what is asked.
        entity: what it is asked of.
        asking: on what terms.
        params: its values are added here.
    """
    return _Walk(asking, params).read(criteria, entity, 1)


class _Walk:
    __slots__ = ("custom", "nodes", "params", "prefix", "reader", "registry", "related")

    def __init__(self, asking: Asking, params: Params) -> None:
        self.registry, self.reader, self.related = asking.registry, asking.reader, asking.related
        self.prefix, self.params, self.nodes = asking.prefix, params, 0
        self.custom = asking.custom if asking.reader is None else asking.reader.custom

    def read(self, criteria: Criteria, entity: EntityType[Any], depth: int) -> Template:
        self.nodes += 1
        if depth > MAX_DEPTH:
            raise LimitExceededError("depth of a criteria", MAX_DEPTH)
        if self.nodes > MAX_NODES:
            raise LimitExceededError("parts of a criteria", MAX_NODES)
        match criteria:
            case Compare():
                return self._compare(criteria, entity)
            case And() | Or():
                tag = "and" if isinstance(criteria, And) else "or"
                return (tag, *[self.read(t, entity, depth + 1) for t in criteria.terms])
            case Not():
                return ("not", self.read(criteria.term, entity, depth + 1))
            case Exists():
                return self._exists(criteria, entity, depth)
            case Aggregate():
                return self._aggregate(criteria, entity, depth)
            case _:
                raise CriteriaError(f"{criteria!r} is not a criteria; write one with f, such as f.stage == 'lead'")

    def _field(self, entity: EntityType[Any], name: str) -> FieldShape:
        field = criteria_field(entity, name, self.custom)
        reader = self.reader
        if reader is not None:
            permission = f"{root_name(self.registry, entity)}.read"
            if field.name in reader.hidden_fields(permission, entity):
                raise FieldForbiddenError(permission, reader.variables.actor, entity=entity.name, field=field.name)
        return field

    def _name(self, value: Any) -> str:
        name = f"{self.prefix}{len(self.params)}"
        self.params[name] = value
        return name

    def _compare(self, criteria: Compare, entity: EntityType[Any]) -> Template:
        field, op, value = self._field(entity, criteria.field), criteria.op, criteria.value
        if op not in OPERATORS[field.type]:
            fitting = ", ".join(sorted(OPERATORS[field.type]))
            raise InvalidOperatorError(op, field.name, f"does not fit type {field.type}, which has {fitting}")
        if op == "empty":
            return ("empty", field.columns[0], value)
        if isinstance(value, Variable):
            value = self._variable(value, field, op)
        if op == "in":
            return self._in(field, [_fitting(field, op, self._variable(v, field, "eq")) for v in value])
        return self._leaf(field, op, _fitting(field, op, value))

    def _leaf(self, field: FieldShape, op: str, value: Any) -> Template:
        if field.type == "money":
            return ("money", *field.columns, op, self._name(value.amount), self._name(value.currency))
        if field.type == "choices":  # stored as a list of keys, which no quotation mark is part of
            return ("like", field.columns[0], self._name(like_pattern(op, f'"{value}"')))
        if op in {"contains", "starts_with"}:
            return ("like", field.columns[0], self._name(like_pattern(op, value)))
        return ("cmp", field.columns[0], op, self._name(value))

    def _in(self, field: FieldShape, values: list[Any]) -> Template:
        if not values:
            return NONE
        if field.type == "money":
            return ("or", *[self._leaf(field, "eq", v) for v in values])
        return in_list(field.columns[0], values, self.prefix, self.params)

    def _variable(self, value: Any, field: FieldShape, op: str) -> Any:
        if not isinstance(value, Variable):
            return value
        wanted = "eq" if value.name == "actor" else "in"
        if field.type != "text" or (op != wanted and (op, wanted) != ("ne", "eq")):
            raise InvalidOperatorError(op, field.name, f"the variable {value.name!r} is compared with {wanted!r}")
        known = self.reader.variables if self.reader is not None else Variables(actor="")
        found = getattr(known, value.name)
        return found if isinstance(found, str) else sorted(found)

    def _exists(self, criteria: Exists, entity: EntityType[Any], depth: int) -> Template:
        other, join = self._related(entity, criteria.relation)
        return ("exists", other.name, join, self.read(criteria.where, other, depth + 1), self.related(other))

    def _related(self, entity: EntityType[Any], relation: str) -> tuple[EntityType[Any], Template]:
        other, reference, forward = related_entity(self.registry, entity, relation, self.custom)
        if relation.startswith(PREFIX):
            return other, ("id", self._field(entity, relation).columns[0])
        if reference.name.startswith(PREFIX):
            self._field(other, reference.name)
            wanted = reference.name in self.custom.indexed.get(other.name, ())
            return other, (reference.column, "id", *([] if wanted else [IN_SETS]))
        self._field(entity if forward else other, reference.column)
        if forward:
            return other, ("id", reference.column)
        if reference.entity_column is None:
            return other, (reference.column, "id")
        return other, (reference.column, "id", reference.entity_column, self._name(entity.name))

    def _aggregate(self, criteria: Aggregate, entity: EntityType[Any], depth: int) -> Template:
        other, join = self._related(entity, criteria.relation)
        if criteria.relation.startswith(PREFIX):
            raise InvalidOperatorError(
                criteria.function, criteria.relation, "leads to one record; ask whether it exists"
            )
        field = _COUNT if criteria.field is None else self._field(other, criteria.field)
        fitting = {"count": ("integer",), "sum": SUMMED}.get(criteria.function, COMPARED)
        if field.type not in fitting:
            raise InvalidOperatorError(criteria.function, field.name, f"does not fit a field of type {field.type}")
        if isinstance(criteria.value, Variable):
            raise InvalidOperatorError(criteria.op, field.name, "an aggregate is compared with a number or value")
        value = _fitting(field, criteria.op, criteria.value)
        where, seen = self.read(criteria.where, other, depth + 1), self.related(other)
        related = ("exists", other.name, join, where, seen)
        if criteria.function in {"min", "max"} and criteria.op not in {"eq", "ne"}:
            return self._extreme(criteria.function, criteria.op, field, value, related)
        if criteria.function == "count" and (criteria.op, value) in _SOME:
            return related
        if criteria.function == "count" and (criteria.op, value) in _NONE:
            return ("not", related)
        currency = None
        if field.type == "money":
            value, currency = value.amount, (field.columns[1], self._name(value.currency))
        column = field.columns[0] if field.columns else None
        what = (criteria.function, column, criteria.op, self._name(value), currency)
        return ("agg", other.name, join, what, where, seen)

    def _extreme(self, function: str, op: str, field: FieldShape, value: Any, related: Template) -> Template:
        """That the least or greatest value compares so, told by single records, of which indexes find the first.

        The greatest is more than a value if one is; it is less if there is one, and none that is the value or more.
        """
        if (function == "max") == (op in {"gt", "ge"}):
            return (*related, self._leaf(field, op, value))
        against = self._leaf(field, _OPPOSITE[op], value)
        # Of money, only what is of the currency counts.
        some = (
            ("cmp", field.columns[1], "eq", against[-1])
            if field.type == "money"
            else ("empty", field.columns[0], False)
        )
        return ("and", (*related, some), ("not", (*related, against)))


def _fitting(field: FieldShape, op: str, value: Any) -> Any:
    """The parameter that stands for ``value``; see `coerce` for what is refused."""
    return moment_for(field, op, value) if isinstance(value, Relative) else coerce(field, op, value)


def in_list(column: str, values: list[Any], prefix: str, params: Params) -> Template:
    """The template of ``column IN values``, padded to a power of two so that few statements serve all lengths."""
    start, count = len(params), 1 << (len(values) - 1).bit_length()
    padded = values + [values[-1]] * (count - len(values))
    params.update({f"{prefix}{start + i}": v for i, v in enumerate(padded)})
    return ("in", column, prefix, start, count)
