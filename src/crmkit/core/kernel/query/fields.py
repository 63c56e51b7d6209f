"""What criteria can say about the fields and relations of entities: operators, values, and where a name leads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from attrs import evolve

from crmkit.core.kernel.entities.custom import NO_CUSTOM, PREFIX, CustomShapes
from crmkit.core.kernel.entities.entity import EntityType, Record, nearest
from crmkit.core.kernel.entities.shape import FieldShape, Reference
from crmkit.errors import (
    InvalidKeyError,
    InvalidOperatorError,
    InvalidValueError,
    LimitExceededError,
    UnknownFieldError,
)
from crmkit.values.money import Money

__all__ = [
    "COMPARED",
    "MAX_TEXT",
    "OPERATORS",
    "SUMMED",
    "Registry",
    "coerce",
    "criteria_field",
    "fold",
    "like_pattern",
    "naming_field",
    "related_entity",
    "root_name",
]

M = TypeVar("M", bound=Record)

MAX_TEXT: Final = 1_000
"""How many characters a text in a criteria may have."""
_INT64: Final = 2**63
_DIGITS: Final = 18
_KEY: Final = re.compile(r"[a-z][a-z0-9_]{0,62}")


class Registry(Protocol):
    """What the compiler must know about the entities of a deployment."""

    def __iter__(self) -> Iterator[EntityType[Any]]: ...

    def entity(self, name: str) -> EntityType[Any]:
        """The entity called ``name``."""
        ...

    def by_model(self, model: type[M]) -> EntityType[M]:
        """The entity of a model or variant."""
        ...

    def inverse(self, entity: str, relation: str) -> tuple[EntityType[Any], Reference] | None:
        """The entity and its reference that ``relation`` names seen from ``entity``."""
        ...


# -- fields and values ------------------------------------------------------------------------------------------------

_ORDERED: Final = frozenset({"eq", "ne", "lt", "le", "gt", "ge", "in", "empty"})
OPERATORS: Final = {
    "text": _ORDERED | {"contains", "starts_with"},
    "integer": _ORDERED,
    "decimal": _ORDERED,
    "boolean": frozenset({"eq", "ne", "in", "empty"}),
    "date": _ORDERED,
    "instant": _ORDERED,
    "id": _ORDERED,
    "money": _ORDERED,
    "json": frozenset({"empty"}),
    "choices": frozenset({"contains", "empty"}),
}
SUMMED: Final = frozenset({"integer", "decimal", "money"})
COMPARED: Final = frozenset({"text", "integer", "decimal", "date", "instant", "money"})


def criteria_field(entity: EntityType[Any], name: str, custom: CustomShapes = NO_CUSTOM) -> FieldShape:
    """The field that ``name`` means in criteria, orders and groups; a money field's currency counts as a text field.

    Args:
        entity: whose field.
        name: of a field, or ``custom.size`` of a custom one.
        custom: the custom fields of the tenant.

    Raises:
        UnknownFieldError: if there is none; names the nearest one.
        InvalidKeyError: if the name of a custom field is not one.
    """
    found = entity.shape.fields.get(name)
    if found is not None:
        return found
    if name.startswith(PREFIX):
        return _custom_field(entity, name, custom)
    for shape in entity.shape.fields.values():
        if shape.type == "money" and name == shape.columns[1]:
            return evolve(shape, name=shape.name, type="text", columns=(name,))
    raise UnknownFieldError(entity.name, name[:80], nearest=nearest(name[:80], entity.shape.fields))


def _custom_field(entity: EntityType[Any], name: str, custom: CustomShapes) -> FieldShape:
    key, known = name.removeprefix(PREFIX), custom.of(entity.name)
    if name in known:
        return known[name]
    money = known.get(name.removesuffix("_currency"))
    if money is not None and money.type == "money":
        return evolve(money, type="text", columns=money.columns[1:])
    if _KEY.fullmatch(key) is None:
        raise InvalidKeyError("custom field", key[:80], "is none: a-z, 0-9 and _, beginning with a letter, at most 63")
    raise UnknownFieldError(entity.name, name, nearest=nearest(name, known))


def coerce(field: FieldShape, op: str, value: Any) -> Any:
    """``value`` as the column of ``field`` takes it.

    Raises:
        InvalidOperatorError: if it is of another type.
        InvalidValueError: if no stored value could be compared with it exactly.
        LimitExceededError: if it is a text of more than `MAX_TEXT` characters.
    """
    accepted, convert = _VALUES[field.type]
    if not isinstance(value, accepted) or (isinstance(value, bool) and field.type != "boolean"):
        kind = "an instant" if isinstance(value, datetime) else f"a {type(value).__name__}"
        raise InvalidOperatorError(op, field.name, f"compares a field of type {field.type} with {kind}")
    return convert(field, value)


def _text(field: FieldShape, value: str) -> str:
    if len(value) > MAX_TEXT:
        raise LimitExceededError(f"characters in a text compared with {field.name!r}", MAX_TEXT, got=len(value))
    if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
        raise InvalidValueError(field.name, value, "contains half of a surrogate pair")
    if "\0" in value:
        raise InvalidValueError(field.name, value, "contains a NUL character")
    return str.__str__(value)


def _integer(field: FieldShape, value: int) -> int:
    if not -_INT64 <= value < _INT64:
        raise InvalidValueError(field.name, value, "does not fit 64 bits")
    return int(value)


def _decimal(field: FieldShape, value: int | Decimal) -> Decimal:
    exact, scale = Decimal(value), field.scale or 0
    if not exact.is_finite() or exact.adjusted() > _DIGITS or abs(exact) * 10**scale >= _INT64:
        raise InvalidValueError(field.name, str(exact)[:40], "is too large or not finite")
    if exact != exact.quantize(Decimal(1).scaleb(-scale)):
        raise InvalidValueError(field.name, str(exact)[:40], f"has more than {scale} decimal places")
    return exact


def _date(field: FieldShape, value: date) -> date:
    if isinstance(value, datetime):
        raise InvalidOperatorError("eq", field.name, "compares a field of type date with an instant")
    return value


def _as_is(field: FieldShape, value: Any) -> Any:  # noqa: ARG001  # one signature for all
    return value


_VALUES: Final[dict[str, tuple[Any, Callable[[FieldShape, Any], Any]]]] = {
    "text": (str, _text),
    "integer": (int, _integer),
    "decimal": ((int, Decimal), _decimal),
    "boolean": (bool, _as_is),
    "date": (date, _date),
    "instant": (datetime, _as_is),
    "id": (UUID, _as_is),
    "money": (Money, _as_is),
    "json": ((), _as_is),
    "choices": (str, _text),
}


_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def fold(text: str) -> str:
    """``text`` with A to Z in lower case and everything else as it is: what ``lower()`` does in both databases."""
    return text.lower() if text.isascii() else text.translate(_LOWER)


def like_pattern(op: str, text: str) -> str:
    """The pattern of LIKE (escape character ``!``) for ``contains`` and ``starts_with``."""
    escaped = fold(text).replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"{escaped}%" if op == "starts_with" else f"%{escaped}%"


# -- relations --------------------------------------------------------------------------------------------------------


def related_entity(
    registry: Registry, entity: EntityType[Any], relation: str, custom: CustomShapes = NO_CUSTOM
) -> tuple[EntityType[Any], Reference, bool]:
    """What ``relation`` leads to: the other entity, the reference, and whether it leads forward (to one record).

    Raises:
        UnknownFieldError: if ``entity`` has no such relation; names the nearest one.
        InvalidOperatorError: if it may lead to any entity, so that nobody knows its fields.
    """
    if relation.startswith(PREFIX):
        reference = _custom_reference(criteria_field(entity, relation, custom), relation)
        return registry.entity(reference.entity or ""), reference, True
    other, name = naming_field(relation)
    if name:
        reference = _custom_reference(criteria_field(registry.entity(other), name, custom), relation)
        if reference.entity != entity.name:
            reason = f"names records of {reference.entity}, and none of {entity.name}"
            raise InvalidOperatorError("exists", relation, reason)
        return registry.entity(other), reference, False
    for reference in entity.shape.references:
        if reference.name == relation:
            if reference.entity is None:
                raise InvalidOperatorError("exists", relation, "leads to records of any kind; start from their side")
            return registry.entity(reference.entity), reference, True
    found = registry.inverse(entity.name, relation)
    if found is None:
        known = [r.name for r in entity.shape.references]
        raise UnknownFieldError(entity.name, relation[:80], nearest=nearest(relation[:80], known))
    return found[0], found[1], False


def naming_field(relation: str) -> tuple[str, str]:
    """The entity and the field of ``deal.custom.partner``: the deals that name a record as their partner.

    Both are empty if that is not what ``relation`` is.
    """
    entity, dot, key = relation.rpartition(f".{PREFIX}")
    return (entity, PREFIX + key) if dot else ("", "")


def _custom_reference(field: FieldShape, relation: str) -> Reference:
    if field.reference is None:
        raise InvalidOperatorError("exists", relation, f"is a field of type {field.type}, and leads to no record")
    return field.reference


def root_name(registry: Registry, entity: EntityType[Any]) -> str:
    """The name of the entity that ``entity`` is part of, at the top; its own where it stands alone."""
    while entity.part_of is not None:
        reference = entity.field(entity.part_of).reference
        if reference is None or reference.entity is None:
            break
        entity = registry.entity(reference.entity)
    return entity.name
