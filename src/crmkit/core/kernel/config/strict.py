"""Strict structuring: how a plain value becomes the value of a setting, or is refused.

Nothing is converted that could be a mistake. Text is no number, 1 is no truth value, a float is no exact decimal, and
one text is no list of letters. Only what the environment supplies as text is read as its field wants it (`Spelled`).
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import cattrs
from attrs import field, frozen

from crmkit.core.kernel.config.secret import Secret
from crmkit.values.instants import as_instant

__all__ = ["Raw", "Spelled", "UnfitError", "strict_converter"]


@frozen
class Spelled:
    """A value from the environment, where everything is text: ``12`` is a number or two letters as its field wants it.

    Attributes:
        text: as it was written.
        value: what it is when read as TOML; the text itself where that fails.
    """

    text: str = field(repr=False)
    value: Any = field(repr=False)


class Raw(dict[str, Any]):
    """A table that is structured later, by whoever knows its class."""


class UnfitError(ValueError):
    """A value that does not fit its type; the text says what was expected."""


_KINDS: dict[type, str] = {bool: "a truth value", int: "a whole number", float: "a float", Decimal: "a number"}
_LONGEST_SHOWN = 40


def _unfit(expected: str, value: object, *, show: bool = True) -> UnfitError:
    """The error for ``value``; not shown where text was expected, because it may be a secret of the wrong type."""
    return UnfitError(f"expected {expected}, not {_kind_of(value)}{_shown(value) if show else ''}")


def _kind_of(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a table"
    if isinstance(value, (list, tuple, set, frozenset)):
        return "a list"
    if isinstance(value, str):
        return "text"
    return _KINDS.get(type(value), f"a {type(value).__name__}")


def _shown(value: object) -> str:
    if not isinstance(value, (str, int, float, Decimal)):
        return ""
    text = repr(value) if isinstance(value, str) else str(value)
    return f" ({text})" if len(text) <= _LONGEST_SHOWN else f" ({text[:_LONGEST_SHOWN]}...)"


def _plain(value: object) -> Any:
    return value.value if isinstance(value, Spelled) else value


def _text(value: object, _: object = str) -> str:
    if isinstance(value, Spelled):
        return value.value if isinstance(value.value, str) else value.text
    if not isinstance(value, str):
        raise _unfit("text", value, show=False)
    return value


def _secret(value: object, _: object) -> Secret:
    return value if isinstance(value, Secret) else Secret(_text(value))


def _raw(value: object, _: object) -> Raw:
    if not isinstance(value, Mapping):
        raise _unfit("a table", _plain(value))
    return Raw(value)


def _path(value: object, _: object) -> Path:
    return value if isinstance(value, Path) else Path(_text(value))


def _truth(value: object, _: object) -> bool:
    plain = _plain(value)
    if not isinstance(plain, bool):
        raise _unfit("true or false", plain)
    return plain


def _whole(value: object, _: object) -> int:
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, int):
        raise _unfit("a whole number", plain)
    return plain


def _float(value: object, _: object) -> float:
    plain = _plain(value)
    if isinstance(plain, bool) or not isinstance(plain, (int, float, Decimal)) or not math.isfinite(plain):
        raise _unfit("a number", plain)
    return float(plain)


def _exact(value: object, _: object) -> Decimal:
    plain = _plain(value)
    if isinstance(plain, float):
        raise UnfitError("expected an exact number, not a float; write Decimal('0.25')")
    if isinstance(plain, bool) or not isinstance(plain, (int, str, Decimal)):
        raise _unfit("an exact number", plain)
    try:
        exact = Decimal(plain)
    except InvalidOperation:
        raise _unfit("an exact number", plain) from None
    if not exact.is_finite():
        raise _unfit("an exact number", plain)
    return exact


def _instant(value: object, _: object) -> datetime:
    plain = _plain(value)
    if isinstance(plain, str):
        plain = _from_iso(datetime, plain, "a date and time with its offset")
    if not isinstance(plain, datetime):
        raise _unfit("a date and time with its offset", plain)
    return as_instant(plain)


def _day(value: object, _: object) -> date:
    plain = _plain(value)
    if isinstance(plain, str):
        plain = _from_iso(date, plain, "a date")
    if isinstance(plain, datetime) or not isinstance(plain, date):
        raise _unfit("a date", plain)
    return plain


def _time(value: object, _: object) -> time:
    plain = _plain(value)
    if isinstance(plain, str):
        plain = _from_iso(time, plain, "a time of day")
    if not isinstance(plain, time):
        raise _unfit("a time of day", plain)
    return plain


def _from_iso(cls: Any, text: str, expected: str) -> Any:
    try:
        return cls.fromisoformat(text)
    except ValueError:
        raise _unfit(expected, text) from None


def _one_of(choices: Mapping[Any, Any]) -> Callable[[object, object], Any]:
    """A hook for a closed set of values; ``choices`` maps what is written to what it means."""
    listed = " or ".join(repr(choice) for choice in choices)

    def choose(value: object, _: object) -> Any:
        spellings = (value.text, value.value) if isinstance(value, Spelled) else (value,)
        for given in spellings:
            for written, meant in choices.items():
                if type(given) is type(written) and given == written:
                    return meant
        raise _unfit(listed, _plain(value))

    return choose


_LITERAL: tuple[object, ...] = (Literal,)  # a tuple, since type checkers think that it could never be an origin


def _is_literal(settings: object) -> bool:
    return get_origin(settings) in _LITERAL


def _literal(settings: Any) -> Callable[[object, object], Any]:
    return _one_of({choice: choice for choice in get_args(settings)})


def _is_enumeration(settings: object) -> bool:
    return isinstance(settings, type) and issubclass(settings, enum.Enum)


def _member(value: object, settings: Any) -> Any:
    if isinstance(value, settings):
        return value
    return _one_of({member.value: member for member in settings})(value, settings)


_SEQUENCES: dict[Any, Callable[[list[Any]], Any]] = {
    list: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
    Sequence: tuple,
    AbstractSet: frozenset,
}


_ANYTHING: tuple[object, ...] = (Any, object)


def _is_sequence(settings: Any) -> bool:
    origin, args = get_origin(settings) or settings, get_args(settings)
    return origin in _SEQUENCES and (origin is not tuple or not args or args[-1] is Ellipsis)


def _sequence(settings: Any, converter: cattrs.BaseConverter) -> Callable[[object, object], Any]:
    element = (get_args(settings) or (Any,))[0]
    hook = converter.get_structure_hook(element)
    make = _SEQUENCES[get_origin(settings) or settings]

    def collect(value: object, _: object) -> Any:
        plain = _plain(value)
        if not isinstance(plain, (list, tuple, set, frozenset)):
            raise _unfit("a list", plain, show=element is not Secret)
        done, errors = [], []
        for index, given in enumerate(plain):
            try:
                done.append(hook(given, element))
            except Exception as error:  # noqa: BLE001  # reported with its index, below
                note = cattrs.IterableValidationNote(f"element {index}", index, element)
                error.add_note(note)
                errors.append(error)
        if errors:
            raise cattrs.IterableValidationError(f"in {settings!r}", errors, settings)  # pyright: ignore[reportCallIssue]  # the group adds the class
        return make(done)

    return collect


def _is_anything(settings: object) -> bool:
    return settings in _ANYTHING


@functools.cache
def strict_converter() -> cattrs.Converter:
    """The one converter of settings; made when the first settings are read."""
    converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
    hooks: dict[Any, Callable[[Any, Any], Any]] = {
        Raw: _raw,
        Secret: _secret,
        Path: _path,
        str: _text,
        bool: _truth,
        int: _whole,
        float: _float,
        Decimal: _exact,
        datetime: _instant,
        date: _day,
        time: _time,
        enum.Enum: _member,  # for cattrs before 25, where classes come before predicates
    }
    for settings, hook in hooks.items():
        converter.register_structure_hook(settings, hook)
    converter.register_structure_hook_func(_is_anything, lambda value, _: _plain(value))
    converter.register_structure_hook_factory(_is_literal, _literal)
    converter.register_structure_hook_func(_is_enumeration, _member)

    @converter.register_structure_hook_factory(_is_sequence)
    def sequence(settings: Any, converter: cattrs.BaseConverter) -> Callable[[object, object], Any]:
        return _sequence(settings, converter)

    return converter
