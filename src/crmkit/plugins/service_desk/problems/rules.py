"""How much texts look like each other: pure functions of texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from crmkit.sdk import fold

__all__ = ["MOST_WORDS", "similarity", "telling_words", "trigrams"]

MOST_WORDS: Final = 6
"""By how many words of a case solutions are looked for."""
_SHORTEST: Final = 4
_WORD: Final = re.compile(r"\w+")


def trigrams(text: str) -> Counter[str]:
    """The groups of three characters in the words of a text, each word between two blanks, as pg_trgm has them."""
    words = _WORD.findall(fold(text))
    return Counter(padded[i : i + 3] for padded in (f"  {word} " for word in words) for i in range(len(padded) - 2))


def similarity(one: str, other: str) -> float:
    """How much two texts look like each other, 0 to 1: Dice's coefficient of their trigrams (Ecology 26, 1945).

    Args:
        one: a text; accents and case do not matter.
        other: another.
    """
    mine, theirs = trigrams(one), trigrams(other)
    total = mine.total() + theirs.total()
    return 2 * (mine & theirs).total() / total if total else 0.0


def telling_words(text: str) -> Sequence[str]:
    """The words of a text that say most of what it is about: the longest, since articles and pronouns are short."""
    words = dict.fromkeys(word for word in _WORD.findall(fold(text)) if len(word) >= _SHORTEST)
    return sorted(words, key=lambda word: (-len(word), word))[:MOST_WORDS]
