"""Pure decisions about custom fields: which values they take, and what a record's are to be."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.core.kernel.custom_fields import texts
from crmkit.core.kernel.custom_fields.model import (
    INDEXED_KINDS,
    SEARCHED_KINDS,
    UNIQUE_KINDS,
    CustomField,
    FieldKind,
    check_key,
)
from crmkit.core.kernel.entities.columns import EMPTY
from crmkit.core.kernel.entities.custom import DECIMAL_PLACES, PREFIX, letter_of, plain_decimal, untagged
from crmkit.core.kernel.entities.entity import nearest
from crmkit.errors import InvalidValueError, LimitExceededError, UnknownFieldError
from crmkit.values.instants import as_instant
from crmkit.values.money import Money

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.definitions import EntityFields
    from crmkit.core.kernel.entities.entity import EntityType

__all__ = ["MAX_LONG_TEXT", "MAX_TEXT", "accepted", "check_definition", "fits", "settled"]

MAX_TEXT: Final = 500
"""Characters in a text, so that it fits into an index in any script."""
MAX_LONG_TEXT: Final = 100_000
_INT64: Final = 2**63
_MAX_DECIMAL: Final = Decimal(10) ** 12
_UNIT: Final = Decimal(1).scaleb(-DECIMAL_PLACES)
_CONTROLS: Final = frozenset(map(chr, [*range(32), *range(127, 160)]))
_LINES: Final = frozenset("\t\n\r")


# -- one value --------------------------------------------------------------------------------------------------------


def accepted(field: CustomField, value: Any) -> Any:
    """``value`` as ``field`` holds it; None for what is none, such as an empty list of choices.

    Raises:
        InvalidValueError: if it is of another type, or none of the field's choices.
        NaiveDatetimeError: if it is an instant without a time zone.
        LimitExceededError: if it is too long.
    """  # raised by what this calls; callers want to know
    return _ACCEPT[field.kind](field, value)


def _str(field: CustomField, value: Any, limit: int, *, lines: bool = False) -> str:
    if not isinstance(value, str):
        raise InvalidValueError(field.name, _shortened(value), "is not a text")
    if len(value) > limit:
        raise LimitExceededError(f"characters in {field.name}", limit, got=len(value))
    if not value.strip():
        raise InvalidValueError(field.name, value, "is blank; leave it out, or give None")
    unfit = _CONTROLS - _LINES if lines else _CONTROLS
    if any(c in unfit or "\ud800" <= c <= "\udfff" for c in value):
        raise InvalidValueError(field.name, value[:80], "contains a control character or half of a surrogate pair")
    return str.__str__(value)


def _text(field: CustomField, value: Any) -> str:
    return _str(field, value, MAX_TEXT).strip()


def _long_text(field: CustomField, value: Any) -> str:
    return _str(field, value, MAX_LONG_TEXT, lines=True).replace("\r\n", "\n").replace("\r", "\n").strip()


def _number(field: CustomField, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise InvalidValueError(field.name, _shortened(value), "is not a whole number, such as 42")
    if not -_INT64 <= value < _INT64:
        raise InvalidValueError(field.name, _shortened(value), "does not fit 64 bits")
    return int(value)


def _decimal(field: CustomField, value: Any) -> Decimal:
    if not isinstance(value, int | Decimal) or isinstance(value, bool):
        raise InvalidValueError(field.name, _shortened(value), "is not exact; give a Decimal or an int")
    if isinstance(value, Decimal) and not value.is_finite():
        raise InvalidValueError(field.name, str(value), "is not a finite number")
    exact = Decimal(value)
    if abs(exact) >= _MAX_DECIMAL:
        raise InvalidValueError(field.name, _shortened(value), f"is too large; it must lie below {_MAX_DECIMAL:,}")
    if exact != exact.quantize(_UNIT):
        raise InvalidValueError(field.name, str(exact)[:40], f"has more than {DECIMAL_PLACES} decimal places")
    return plain_decimal(exact)


def _money(field: CustomField, value: Any) -> Money:
    if not isinstance(value, Money):
        raise InvalidValueError(field.name, _shortened(value), "is not a Money, such as Money('12.50', 'EUR')")
    return value


def _date(field: CustomField, value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValueError(
            field.name, _shortened(value), "is not a date without a time, such as date(2026, 3, 31)"
        )
    return date(value.year, value.month, value.day)


def _instant(field: CustomField, value: Any) -> datetime:
    found = as_instant(value, field=field.name)
    return found if type(found) is datetime else datetime.combine(found.date(), found.timetz())


def _boolean(field: CustomField, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidValueError(field.name, _shortened(value), "is neither True nor False")
    return value


def _choice(field: CustomField, value: Any) -> str:
    if not isinstance(value, str) or value not in field.labels:
        known = ", ".join(field.choice_keys)
        hint = nearest(value[:80], field.choice_keys) if isinstance(value, str) else None
        did_you_mean = f"; did you mean {hint!r}?" if hint else ""
        raise InvalidValueError(field.name, _shortened(value), f"is none of: {known[:400]}{did_you_mean}")
    return str(value)


def _choices(field: CustomField, value: Any) -> tuple[str, ...] | None:
    if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
        raise InvalidValueError(field.name, _shortened(value), "is no list of choices")
    wanted = {_choice(field, each) for each in value}
    return tuple(key for key in field.choice_keys if key in wanted) or None


def _reference(field: CustomField, value: Any) -> UUID:
    if not isinstance(value, UUID):
        raise InvalidValueError(field.name, _shortened(value), f"is not the id of a {field.refers_to}")
    return UUID(int=value.int)


def _through(normal: Callable[[str, str], str], limit: int) -> Callable[[CustomField, Any], str]:
    def accept(field: CustomField, value: Any) -> str:
        return normal(field.name, _str(field, value, limit))

    return accept


_ACCEPT: Final[Mapping[FieldKind, Callable[[CustomField, Any], Any]]] = {
    "text": _text,
    "long_text": _long_text,
    "number": _number,
    "decimal": _decimal,
    "money": _money,
    "date": _date,
    "instant": _instant,
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "reference": _reference,
    "url": _through(texts.url, texts.MAX_URL),
    "email": _through(texts.email, MAX_TEXT),
    "phone": _through(texts.phone, MAX_TEXT),
}


def _shortened(value: Any) -> str:
    """A value as an error shows it; it may be anything."""
    try:
        return repr(value)[:80]
    except Exception:  # noqa: BLE001  # a repr may do anything, and this is on the way to an error already
        return type(value).__name__


def fits(field: CustomField, value: Any) -> bool:
    """Whether ``value`` is stored as values of ``field`` are, and is one that it takes."""
    if letter_of(value) != field.letter:
        return False
    try:
        return bool(accepted(field, value) == value)
    except (InvalidValueError, LimitExceededError):
        return False


# -- the values of a record -------------------------------------------------------------------------------------------


def settled(
    fields: EntityFields, given: Mapping[str, Any], before: Mapping[str, Any] | None, hidden: Iterable[str] = ()
) -> Mapping[str, Any]:
    """The values that a record is to have: those given, checked, and defaults for a new record.

    A value that stays what it was is not checked again, since its definition may have changed meanwhile.

    Args:
        fields: of the record's entity.
        given: by key.
        before: the record's values so far; None for a new record.
        hidden: names of fields that the actor may not write, so need not give either.

    Raises:
        UnknownFieldError: for a key that is none of the fields; names the nearest one.
        InvalidKeyError: for what is no key at all.
        InvalidValueError: if a value does not fit its field, or one is missing that is required.
    """  # raised by what this calls; callers want to know
    kept: dict[str, Any] = {}
    for key, value in given.items():
        if value is None:
            continue
        if before is not None and key in before and (before[key] is value or _same(before[key], value)):
            kept[key] = before[key]
            continue
        field = fields.live.get(key)
        if field is None:
            name = PREFIX + check_key("custom field", key)
            raise UnknownFieldError(fields.entity, name, nearest=_nearest(key, fields.live))
        found = accepted(field, value)
        if found is not None:
            kept[key] = found
    if before is None:
        _fill(fields, kept)
    _check_required(fields, kept, before, hidden)
    return MappingProxyType(kept) if kept else EMPTY


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _nearest(key: str, known: Iterable[str]) -> str | None:
    found = nearest(key, known)
    return None if found is None else PREFIX + found


def _fill(fields: EntityFields, kept: dict[str, Any]) -> None:
    for key, field in fields.defaulted.items():
        if key not in kept:
            kept[key] = untagged(field.default)


def _check_required(
    fields: EntityFields, kept: Mapping[str, Any], before: Mapping[str, Any] | None, hidden: Iterable[str]
) -> None:
    for key, field in fields.required.items():
        if key not in kept and field.name not in hidden and (before is None or key in before):
            raise InvalidValueError(field.name, None, "is required")


def check_definition(field: CustomField, target: EntityType[Any] | None) -> None:
    """Refuse what does not go together in the definition of a field.

    Args:
        field: the definition.
        target: the entity that a reference names.

    Raises:
        InvalidValueError: if something does not.
    """
    kind = field.kind
    if (kind in {"choice", "choices"}) is not bool(field.choices):
        raise InvalidValueError("choices", field.choice_keys, f"do not fit the kind {kind!r}; a choice has some")
    if (kind == "reference") is not (field.refers_to is not None):
        raise InvalidValueError("refers_to", field.refers_to, f"does not fit the kind {kind!r}; a reference has it")
    if target is not None and target.part_of is not None:
        raise InvalidValueError("refers_to", field.refers_to, "is part of another record; refer to that one")
    for said, fitting, name in (
        (field.unique, UNIQUE_KINDS, "unique"),
        (field.indexed, INDEXED_KINDS, "indexed"),
        (field.searchable, SEARCHED_KINDS, "searchable"),
    ):
        if said and kind not in fitting:
            raise InvalidValueError(
                name, said, f"does not fit the kind {kind!r}; fitting: {', '.join(sorted(fitting))}"
            )
    if field.unique and field.default is not None:
        raise InvalidValueError("default", field.default, "cannot be that of a unique field, since two would have it")
