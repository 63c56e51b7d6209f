"""Values of custom fields as texts, exactly and back: for files, the command line, and values of another kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from crmkit.core.kernel.custom_fields.rules import accepted
from crmkit.core.kernel.entities.custom import plain_decimal
from crmkit.errors import InvalidValueError, LimitExceededError
from crmkit.values.instants import format_instant, parse_instant
from crmkit.values.money import Money

if TYPE_CHECKING:
    from crmkit.core.kernel.custom_fields.model import CustomField, FieldKind

__all__ = ["converted", "custom_text", "read"]

_YES: Final = frozenset({"yes", "true", "1", "y", "x"})
_NO: Final = frozenset({"no", "false", "0", "n"})
_LONGEST: Final = 40


# -- writing ----------------------------------------------------------------------------------------------------------


def custom_text(value: Any) -> str:
    """A value as a text that `read` reads."""
    return _WRITE.get(type(value), str)(value)


_WRITE: Final[Mapping[type[Any], Callable[[Any], str]]] = {
    bool: lambda v: "yes" if v else "no",
    Decimal: lambda v: f"{v:f}",
    Money: lambda v: f"{plain_decimal(v.amount):f} {v.currency}",
    date: date.isoformat,
    datetime: format_instant,
    tuple: ", ".join,
}


# -- reading ----------------------------------------------------------------------------------------------------------


def read(field: CustomField, text: str) -> Any:
    """The value of ``field`` that a text stands for; None for a blank one.

    Choices may be written by their keys or labels, several with commas in between; money as ``12.50 EUR``; dates and
    instants in ISO 8601; references by ids.

    Raises:
        InvalidValueError: if it stands for none.
        LimitExceededError: if it is too long.
    """  # raised by what this calls; callers want to know
    given = text.strip()
    if not given:
        return None
    return accepted(field, _parsed(field, text if field.kind == "long_text" else given))


def _parsed(field: CustomField, text: str) -> Any:
    try:
        return _READ.get(field.kind, _as_it_is)(field, text)
    except (ValueError, InvalidOperation, OverflowError):  # those of Money and instants are ValueErrors, too
        raise InvalidValueError(field.name, text[:80], f"is not what a field of kind {field.kind!r} holds") from None


def _as_it_is(_: CustomField, text: str) -> Any:
    return text


def _number(_: CustomField, text: str) -> int:
    return int(_short(text))


def _decimal(_: CustomField, text: str) -> Decimal:
    return Decimal(_short(text))


def _short(text: str) -> str:
    if len(text) > _LONGEST or "_" in text:  # which Python takes in numbers, and nobody writes
        raise ValueError(text[:_LONGEST])
    return text


def _money(_: CustomField, text: str) -> Money:
    amount, _space, currency = _short(text).rpartition(" ")
    return Money(amount.strip(), currency)


def _boolean(_: CustomField, text: str) -> bool:
    word = text.casefold()
    if word not in _YES | _NO:
        raise ValueError(word[:_LONGEST])
    return word in _YES


def _choice(field: CustomField, text: str) -> str:
    """The key of the choice that is called so; what is none is refused later, with what there is."""
    same = (key for key, label in field.choices if text.casefold() in {key, label.casefold()})
    return next(same, text)


def _choices(field: CustomField, text: str) -> list[str]:
    return [_choice(field, one.strip()) for one in text.split(",") if one.strip()]


_READ: Final[Mapping[FieldKind, Callable[[CustomField, str], Any]]] = {
    "number": _number,
    "decimal": _decimal,
    "money": _money,
    "date": lambda _, text: date.fromisoformat(text),
    "instant": lambda _, text: parse_instant(text),
    "boolean": _boolean,
    "choice": _choice,
    "choices": _choices,
    "reference": lambda _, text: UUID(text),
}


# -- values of another kind -------------------------------------------------------------------------------------------


def converted(value: Any, to: CustomField) -> Any:
    """A value as one of another kind; None if that cannot be done exactly.

    A date is no instant and an amount without a currency no money, so these are not converted into each other.
    """
    if to.kind in {"date", "instant"} and isinstance(value, date):
        exact = isinstance(value, datetime) is (to.kind == "instant")
        return value if exact else None
    if isinstance(value, Decimal) and to.kind == "number":
        return int(value) if value == value.to_integral_value() else None
    try:
        return read(to, custom_text(value))
    except (InvalidValueError, LimitExceededError):
        return None
