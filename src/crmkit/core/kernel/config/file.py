"""The configuration file: reading it, finding the line of a key, and changing one value without touching the rest."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import tomllib
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from crmkit.errors import ConfigError

__all__ = ["Key", "key_lines", "leaves", "parse_toml", "read_toml", "set_in_file"]

Key = tuple[str, ...]

_AT_LINE = re.compile(r" \(at line (\d+), column (\d+)\)$")


def read_toml(path: str | os.PathLike[str]) -> str:
    """The text of the file.

    Raises:
        ConfigError: if it cannot be read, or is not UTF-8.
    """
    try:
        return Path(path).read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from None
    except FileNotFoundError:
        raise ConfigError(f"{path} does not exist; create it: crmkit init") from None
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}") from error


def parse_toml(text: str, name: object) -> dict[str, Any]:
    """The values in ``text``, numbers with a point as exact decimals.

    Args:
        text: a TOML document.
        name: the file's name, for errors.

    Raises:
        ConfigError: if it is no TOML; names the line.
    """
    try:
        return tomllib.loads(text, parse_float=Decimal)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        if place := _AT_LINE.search(message):
            what = message[: place.start()]
            raise ConfigError(f"{name} line {place[1]}, column {place[2]}: {what}") from None
        raise ConfigError(f"{name} line {len(text.splitlines()) or 1}: {message}") from None
    except RecursionError:
        raise ConfigError(f"{name} is nested too deeply") from None


def leaves(values: Mapping[str, Any], at: Key = ()) -> Iterator[tuple[Key, Any]]:
    """Every value that is no table, and every empty table, with its key."""
    for name, value in values.items():
        key = (*at, name)
        if isinstance(value, Mapping) and value:
            yield from leaves(value, key)
        else:
            yield key, value


# -- lines ------------------------------------------------------------------------------------------------------------


def key_lines(text: str) -> dict[Key, int]:
    """The line, counted from 1, on which each key of a valid document is set.

    TOML parsers keep no lines. So each statement, which is the fewest lines that parse, is parsed by itself.
    """
    found: dict[Key, int] = {}
    section: Key = ()
    for line, statement in _statements(text):
        bare = statement.lstrip()
        if bare.startswith("["):
            section = next((key for key, _ in leaves(tomllib.loads(statement))), ())
            found.setdefault(section, line)
        else:
            for key, _ in leaves(tomllib.loads(statement)):
                found.setdefault((*section, *key), line)
    return found


def _statements(text: str) -> Iterator[tuple[int, str]]:
    pending: list[str] = []
    start = 0
    for line, content in enumerate(text.splitlines(keepends=True), 1):
        if not pending:
            if not content.strip() or content.lstrip().startswith("#"):
                continue
            start = line
        pending.append(content)
        statement = "".join(pending)
        if _is_complete(statement):
            yield start, statement
            pending.clear()


def _is_complete(statement: str) -> bool:
    try:
        tomllib.loads(statement)
    except tomllib.TOMLDecodeError:
        return False
    return True


# -- changing ---------------------------------------------------------------------------------------------------------


def set_in_file(path: str | os.PathLike[str], key: str, value: Any) -> None:
    """Set one value in a configuration file; comments, order and layout of all else stay as they are.

    The file is created if there is none, and replaced in one step, so that no reader sees half of it.

    Args:
        path: the file.
        key: a dotted key, such as ``crmkit.plugins``.
        value: what to set: text, a truth value, a number, or a list of such. None removes the key.

    Raises:
        ConfigError: if the file is no TOML, cannot be written, or is written so that this key cannot be changed in it.
    """
    import tomlkit  # slow to import, and only commands that edit need it
    from tomlkit.exceptions import TOMLKitError

    value = list(value) if isinstance(value, tuple) else value
    target = Path(path).resolve()  # a link stays a link
    before = _read_exactly(target)
    wanted = _with(parse_toml(before, path), tuple(key.split(".")), value)
    try:
        document = tomlkit.parse(before)
        _set(document, key.split("."), value)
        after = tomlkit.dumps(document)
        done = parse_toml(after, path) == wanted
    except (TOMLKitError, ConfigError, TypeError, ValueError):
        done, after = False, ""
    if not done:
        raise ConfigError(f"{path}: {key} cannot be changed by program there; set it by hand to {value!r}")
    if after != before:
        _replace(target, after)


def _read_exactly(path: Path) -> str:
    """The text with its own line ends; empty if there is no file."""
    if not path.exists():
        return ""
    read_toml(path)  # for its errors
    return path.read_bytes().decode("utf-8-sig")


def _with(values: dict[str, Any], key: Key, value: Any) -> dict[str, Any]:
    """``values`` as they should be after the change; what the edited file is checked against.

    Raises:
        ConfigError: if a value stands where a table is needed.
    """
    *sections, name = key
    table = values
    for section in sections:
        table = table.setdefault(section, {})
        if not isinstance(table, dict):
            raise ConfigError(f"{'.'.join(key)}: {section!r} is a value, not a table; change it by hand")
    if value is None:
        table.pop(name, None)
    else:
        table[name] = value
    return values


def _set(document: MutableMapping[str, Any], key: Sequence[str], value: Any) -> None:
    import tomlkit

    *sections, name = key
    table = document
    for depth, section in enumerate(sections):
        if section not in table:
            table[section] = tomlkit.table(is_super_table=depth < len(sections) - 1)
        table = table[section]
    if value is None:
        table.pop(name, None)
    elif isinstance(value, list) and isinstance(table.get(name), list):
        _edit_list(table[name], value)
    else:
        table[name] = tomlkit.value(str(value)) if isinstance(value, Decimal) else value


def _edit_list(array: list[Any], wanted: list[Any]) -> None:
    """Remove and append element by element, so that comments between the others stay."""
    for element in [e for e in list(array) if e not in wanted]:
        array.remove(element)
    if list(array) != wanted[: len(array)]:  # in another order: nothing can stay where it is
        array.clear()
    array.extend(wanted[len(array) :])


def _replace(path: Path, text: str) -> None:
    try:
        with tempfile.NamedTemporaryFile("wb", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(text.encode())
        if path.exists():
            shutil.copymode(path, file.name)  # it may hold secrets, and be readable by its owner only
        Path(file.name).replace(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror or error}") from error
