"""What the extra `dedupe` brings; imported where it is first needed, so that the plugin loads without it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Final

from crmkit.sdk import ConfigError

__all__ = ["required", "similarities", "sound_of"]

WAY: Final = "python -m pip install 'crmkit[dedupe]'"


def required(name: str, what: str) -> ModuleType:
    """A module of the extra.

    Args:
        name: of the module.
        what: is done through it, for people.

    Raises:
        ConfigError: if it is not installed; says how to install it.
    """
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.split(".", 1)[0]
        raise ConfigError(f"{what} through {package}, which is not installed; run: {WAY}") from None


def sound_of(words: str) -> str | None:
    """How words sound in English: Metaphone (Philips, "Hanging on the Metaphone", 1990).

    None without the extra: parties are added and changed without it, too.
    """
    try:
        sound: str = required("jellyfish", "names are compared").metaphone(words)
    except ConfigError:
        return None
    return sound


@cache
def similarities() -> tuple[Callable[[str, str], float], Callable[[str, str], int]]:
    """The similarity of two names, 0 to 1 (Jaro-Winkler), and the edits between two texts (Damerau-Levenshtein).

    Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model", 1990; Damerau, 1964.
    DuckDB computes the same values for texts in ASCII, which is what folding makes of Latin letters.
    """
    module = required("jellyfish", "names are compared")
    return module.jaro_winkler_similarity, module.damerau_levenshtein_distance
