"""What the extra `dedupe` brings; imported where it is first needed, so that the plugin loads without it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Final

from crmkit.sdk import ConfigError, required_module

__all__ = ["required", "similarities", "sound_of"]

required: Final = partial(required_module, install="crmkit[dedupe]")


def sound_of(words: str) -> str | None:
    """How words sound in English: Metaphone (Philips, "Hanging on the Metaphone", 1990).

    None without the extra: parties are added and changed without it, too.
    """
    try:
        sound: str = required("jellyfish", what="names are compared").metaphone(words)
    except ConfigError:
        return None
    return sound


@cache
def similarities() -> tuple[Callable[[str, str], float], Callable[[str, str], int]]:
    """The similarity of two names, 0 to 1 (Jaro-Winkler), and the edits between two texts (Damerau-Levenshtein).

    Winkler, "String Comparator Metrics and Enhanced Decision Rules in the Fellegi-Sunter Model", 1990; Damerau, 1964.
    DuckDB computes the same values for texts in ASCII, which is what folding makes of Latin letters.
    """
    module = required("jellyfish", what="names are compared")
    return module.jaro_winkler_similarity, module.damerau_levenshtein_distance
