"""Where the values of a configuration come from: file, environment, code; and how they are laid over each other."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import attrs
from attrs import frozen

from crmkit.core.kernel.config.file import Key, key_lines, leaves, parse_toml, read_toml
from crmkit.core.kernel.config.sections import Sections
from crmkit.core.kernel.config.strict import Spelled
from crmkit.errors import InvalidSettingError, UnknownSettingError

__all__ = ["Source", "code_source", "environment_source", "file_source", "merged", "origin_of"]

PREFIX = "CRMKIT_"


@frozen(eq=False, repr=False)
class Source:
    """One of the places that values come from.

    Attributes:
        values: what it says, by key.
        describe: where in it a key is set, for people.
    """

    values: Mapping[Key, Any]
    describe: Callable[[Key], str]


def file_source(path: str | os.PathLike[str]) -> Source:
    """What a TOML file says.

    Raises:
        ConfigError: if it cannot be read or is no TOML.
    """
    text, lines = read_toml(path), dict[Key, int]()

    def describe(key: Key) -> str:
        if not lines:  # only now, since most configurations are never asked
            lines.update(key_lines(text))
        return f"{Path(path).name} line {lines[key]}"

    return Source(dict(leaves(parse_toml(text, path))), describe)


def environment_source(environ: Mapping[str, str]) -> Source:
    """What the variables ``CRMKIT_<SECTION>__<KEY>`` say.

    Raises:
        UnknownSettingError: if a variable begins like one, but has one underscore where two belong.
    """
    names = {_key_of(name): name for name in sorted(environ) if _is_setting(name)}
    return Source(
        {key: Spelled(environ[name], _parsed(environ[name])) for key, name in names.items()},
        lambda key: f"environment {names[key]}",
    )


def code_source(values: Mapping[str, Any]) -> Source:
    """What code says, in nested tables or by dotted keys."""
    return Source({_split(key): value for key, value in leaves(values)}, lambda _: "code")


def _split(key: Key) -> Key:
    """Code may write ``{"database": {"url": ...}}`` or ``{"database.url": ...}``."""
    return tuple(".".join(key).split("."))


def _key_of(variable: str) -> Key:
    return tuple(variable.removeprefix(PREFIX).lower().split("__"))


def _is_setting(variable: str) -> bool:
    """Whether a variable is a setting; one without two underscores is none, since every setting lies in a section.

    Raises:
        UnknownSettingError: if it begins like one, but has one underscore where two belong.
    """
    if not variable.startswith(PREFIX):
        return False
    section, separator, rest = variable.removeprefix(PREFIX).partition("_")
    if "__" not in variable and separator and section.lower() in attrs.fields_dict(Sections):
        raise UnknownSettingError(variable, nearest=f"{PREFIX}{section}__{rest}", origin="the environment")
    return "__" in variable


def _parsed(text: str) -> Any:
    """``text`` as TOML reads a value; the text itself where it is none, or a table."""
    try:
        parsed = tomllib.loads(f"value = {text}", parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError):
        return text
    return text if len(parsed) > 1 or isinstance(parsed["value"], dict) else parsed["value"]


def merged(sources: Collection[Source]) -> dict[str, Any]:
    """The values of all sources as nested tables, later ones over earlier ones.

    Raises:
        InvalidSettingError: if a key is a table in one and a value in another.
    """
    tree: dict[str, Any] = {}
    for source in sources:
        for key, value in source.values.items():
            *sections, name = key
            table = tree
            for depth, section in enumerate(sections, 1):
                table = table.setdefault(section, {})
                if not isinstance(table, dict):
                    at = ".".join(key[:depth])
                    raise InvalidSettingError(at, "is a value here and a table there", origin=source.describe(key))
            if isinstance(table.get(name), dict) and table[name]:
                if isinstance(value, Mapping):  # an empty table adds nothing
                    continue
                raise InvalidSettingError(".".join(key), "is a table, not a value", origin=source.describe(key))
            table[name] = value
    return tree


def origin_of(sources: Collection[Source], key: str) -> str | None:
    """Where a key is set; for a table where its keys are, for what lies within a value where that is."""
    wanted = tuple(re.sub(r"\[\d+\]", "", key).split("."))
    set_in: dict[Key, str] = {}
    for source in sources:
        for found in source.values:
            if found[: len(wanted)] == wanted or wanted[: len(found)] == found:
                set_in[found] = source.describe(found)
    return ", ".join(dict.fromkeys(set_in.values())) or None
