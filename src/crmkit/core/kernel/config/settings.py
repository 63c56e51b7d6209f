"""Settings: frozen attrs classes, structured strictly from plain values, with errors that name the full key."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar, Union, get_args, get_origin

import attrs
import cattrs

from crmkit.core.kernel.config.strict import UnfitError, strict_converter
from crmkit.core.kernel.entities.entity import nearest
from crmkit.errors import ConfigError, InvalidSettingError, InvalidValueError, UnknownSettingError

__all__ = ["Origin", "setting_errors", "structure", "variable_of"]

T = TypeVar("T")
KeyPath = tuple[str | int, ...]
Origin = Callable[[str], str | None]
"""Where the value of a full dotted key comes from."""


def variable_of(key: str) -> str:
    """The environment variable that supplies ``key``: ``CRMKIT_DATABASE__URL`` for ``database.url``."""
    return "CRMKIT_" + key.upper().replace(".", "__")


def structure(settings: type[T], values: Mapping[str, Any], *, at: str = "", origin: Origin = lambda _: None) -> T:
    """An instance of ``settings`` made from ``values``.

    Args:
        settings: a frozen attrs class.
        values: plain values by field name; tables are mappings.
        at: the dotted key of the table that ``values`` is, such as ``plugins.membership``.
        origin: where the value of a key comes from, for errors.

    Raises:
        ConfigError: an UnknownSettingError or an InvalidSettingError. Further errors are added to the first as notes;
            `setting_errors` gives them one by one.
    """
    try:
        return strict_converter().structure(values, settings)
    except Exception as error:  # noqa: BLE001  # cattrs lets through whatever a validator raises
        found = _translated(error, settings, at, origin)
    for further in found[1:]:
        found[0].add_note(str(further))
    raise found[0]


def setting_errors(
    settings: type[Any], values: Mapping[str, Any], *, at: str = "", origin: Origin = lambda _: None
) -> list[ConfigError]:
    """Everything that keeps `structure` from succeeding; empty if nothing does."""
    try:
        strict_converter().structure(values, settings)
    except Exception as error:  # noqa: BLE001  # cattrs lets through whatever a validator raises
        return _translated(error, settings, at, origin)
    return []


def _translated(error: BaseException, settings: type[Any], at: str, origin: Origin) -> list[ConfigError]:
    root: KeyPath = tuple(at.split(".")) if at else ()
    return [e for path, expected, leaf in _leaves(error, root, settings) for e in _named(path, expected, leaf, origin)]


def _leaves(error: BaseException, path: KeyPath, expected: Any) -> Iterator[tuple[KeyPath, Any, BaseException]]:
    """Each single error in a tree of them, with the path of keys to it and the type that was expected there."""
    if not isinstance(error, cattrs.BaseValidationError):
        yield path, expected, error
        return
    for inner in error.exceptions:
        step, wanted = _step(inner)
        if step is None:  # raised by the class as a whole: its validators
            yield path, None if not isinstance(inner, cattrs.BaseValidationError) else expected, inner
        else:
            yield from _leaves(inner, (*path, step), wanted)


def _step(error: BaseException) -> tuple[str | int | None, Any]:
    for note in getattr(error, "__notes__", ()):
        if isinstance(note, cattrs.AttributeValidationNote):
            return note.name, note.type
        if isinstance(note, cattrs.IterableValidationNote):
            return note.index, note.type
    return None, None


def _named(path: KeyPath, expected: Any, error: BaseException, origin: Origin) -> Iterator[ConfigError]:
    if isinstance(error, cattrs.ForbiddenExtraKeysError):
        known = [a.alias for a in attrs.fields(error.cl)]
        for extra in sorted(error.extra_fields):
            close = nearest(extra, known)
            yield _unknown(path, extra, close, origin)
        return
    if isinstance(error, KeyError) and path and error.args == (path[-1],):
        key = _dotted(path)
        yield InvalidSettingError(key, f"is required; set it in the file, or as {variable_of(key)}")
        return
    key = _dotted((*path, _field_of(error))) if expected is None else _dotted(path)
    yield InvalidSettingError(key, _reason(error, expected), origin=origin(key))


def _unknown(path: KeyPath, extra: str, close: str | None, origin: Origin) -> UnknownSettingError:
    key = _dotted((*path, extra))
    return UnknownSettingError(key, nearest=_dotted((*path, close)) if close else None, origin=origin(key))


def _field_of(error: BaseException) -> str:
    """The field that a validator complains of: attrs' own hand it over, or begin their message with it."""
    if isinstance(error, InvalidValueError):
        return error.field
    given = [a.name for a in error.args if isinstance(a, attrs.Attribute)]
    quoted = str(error.args[0]).split("'")[1:2] if error.args and str(error.args[0]).startswith("'") else []
    return next(iter([*given, *quoted]), "")


def _reason(error: BaseException, expected: Any) -> str:
    if isinstance(error, (UnfitError, InvalidValueError)):
        return str(error)
    if isinstance(error, cattrs.StructureHandlerNotFoundError):
        return f"its declared type cannot be a setting: {error.type_!r}"
    if expected is None:
        return str(error.args[0]) if error.args else type(error).__name__
    return f"expected {_describe(expected)}"


def _dotted(path: KeyPath) -> str:
    dotted = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path if step != "")
    return dotted.removeprefix(".")


def _describe(settings: Any) -> str:
    options = [a for a in get_args(settings) if a is not type(None)] if _is_optional(settings) else []
    settings = options[0] if options else settings
    if attrs.has(settings) or get_origin(settings) in {dict, Mapping} or settings in {dict, Mapping}:
        return "a table"
    return getattr(settings, "__name__", repr(settings))


def _is_optional(settings: Any) -> bool:
    return get_origin(settings) is Union or type(settings).__name__ == "UnionType"
